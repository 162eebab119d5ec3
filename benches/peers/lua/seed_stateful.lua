-- A quotation, to be measured and not to be edited: the listing of the article "Stateful Goroutines
-- in Lua", word for word. Moonfleet was asked to make the program this article describes come true.
--
-- Needs LuaSocket. On stock Lua it prints 0 and 0: the owner tries to resume the very coroutine that
-- resumed it, `coroutine.resume` answers false, the reply is lost, and nobody resumes a client again.

local socket = require("socket")

-- In this example, our state will be owned by a single coroutine.
-- This ensures that the data is never corrupted with concurrent access.
-- To read or write that state, other coroutines will send messages
-- to the owning coroutine and receive corresponding replies.

-- These tables encapsulate the requests and provide a way for the
-- owning coroutine to respond.
local function readOp(key)
    return {key = key, resp = coroutine.running()}
end

local function writeOp(key, val)
    return {key = key, val = val, resp = coroutine.running()}
end

local function main()
    local readOps, writeOps = 0, 0

    -- The reads and writes channels will be used by
    -- other coroutines to issue read and write requests.
    local reads, writes = {}, {}

    -- This coroutine owns the state, which is a table
    -- private to this stateful coroutine.
    local stateCoroutine = coroutine.create(function()
        local state = {}
        while true do
            local op
            if #reads > 0 then
                op = table.remove(reads, 1)
                coroutine.resume(op.resp, state[op.key])
            elseif #writes > 0 then
                op = table.remove(writes, 1)
                state[op.key] = op.val
                coroutine.resume(op.resp, true)
            else
                coroutine.yield()
            end
        end
    end)

    -- Start 100 coroutines to issue reads to the state-owning coroutine.
    for r = 1, 100 do
        coroutine.wrap(function()
            while true do
                local read = readOp(math.random(1, 5))
                table.insert(reads, read)
                coroutine.resume(stateCoroutine)
                coroutine.yield()
                readOps = readOps + 1
                socket.sleep(0.001)
            end
        end)()
    end

    -- Start 10 coroutines for writes, using a similar approach.
    for w = 1, 10 do
        coroutine.wrap(function()
            while true do
                local write = writeOp(math.random(1, 5), math.random(1, 100))
                table.insert(writes, write)
                coroutine.resume(stateCoroutine)
                coroutine.yield()
                writeOps = writeOps + 1
                socket.sleep(0.001)
            end
        end)()
    end

    -- Let the coroutines work for a second.
    socket.sleep(1)

    -- Finally, capture and report the op counts.
    print("readOps:", readOps)
    print("writeOps:", writeOps)
end

main()
