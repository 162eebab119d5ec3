-- Off at first; "@on" and "@off" switch them; pieces are joined.
warn "not shown"
warn "@on"
warn("shown", " in pieces")
warn "@off"
warn "not shown either"
-- err: Lua warning: shown in pieces
