//! Modules written in C load into the interpreter, which exports the Lua API to them.

#![cfg(feature = "lua54")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The whole API of Lua 5.4, as in its headers: a module may use any of it, whether this crate does or not.
const API: &str = "
    lua_absindex lua_arith lua_atpanic lua_callk lua_checkstack lua_close lua_closeslot lua_closethread lua_compare
    lua_concat lua_copy lua_createtable lua_dump lua_error lua_gc lua_getallocf lua_getfield lua_getglobal lua_gethook
    lua_gethookcount lua_gethookmask lua_geti lua_getinfo lua_getiuservalue lua_getlocal lua_getmetatable lua_getstack
    lua_gettable lua_gettop lua_getupvalue lua_iscfunction lua_isinteger lua_isnumber lua_isstring lua_isuserdata
    lua_isyieldable lua_len lua_load lua_newstate lua_newthread lua_newuserdatauv lua_next lua_pcallk lua_pushboolean
    lua_pushcclosure lua_pushfstring lua_pushinteger lua_pushlightuserdata lua_pushlstring lua_pushnil lua_pushnumber
    lua_pushstring lua_pushthread lua_pushvalue lua_pushvfstring lua_rawequal lua_rawget lua_rawgeti lua_rawgetp
    lua_rawlen lua_rawset lua_rawseti lua_rawsetp lua_resetthread lua_resume lua_rotate lua_setallocf lua_setcstacklimit
    lua_setfield lua_setglobal lua_sethook lua_seti lua_setiuservalue lua_setlocal lua_setmetatable lua_settable
    lua_settop lua_setupvalue lua_setwarnf lua_status lua_stringtonumber lua_toboolean lua_tocfunction lua_toclose
    lua_tointegerx lua_tolstring lua_tonumberx lua_topointer lua_tothread lua_touserdata lua_type lua_typename
    lua_upvalueid lua_upvaluejoin lua_version lua_warning lua_xmove lua_yieldk
    luaL_addgsub luaL_addlstring luaL_addstring luaL_addvalue luaL_argerror luaL_buffinit luaL_buffinitsize
    luaL_callmeta luaL_checkany luaL_checkinteger luaL_checklstring luaL_checknumber luaL_checkoption luaL_checkstack
    luaL_checktype luaL_checkudata luaL_checkversion_ luaL_error luaL_execresult luaL_fileresult luaL_getmetafield
    luaL_getsubtable luaL_gsub luaL_len luaL_loadbufferx luaL_loadfilex luaL_loadstring luaL_newmetatable luaL_newstate
    luaL_openlibs luaL_optinteger luaL_optlstring luaL_optnumber luaL_prepbuffsize luaL_pushresult luaL_pushresultsize
    luaL_ref luaL_requiref luaL_setfuncs luaL_setmetatable luaL_testudata luaL_tolstring luaL_traceback luaL_typeerror
    luaL_unref luaL_where
    luaopen_base luaopen_coroutine luaopen_debug luaopen_io luaopen_math luaopen_os luaopen_package luaopen_string
    luaopen_table luaopen_utf8";

/// Calls back into Lua by a C function of its own, which a wait in Lua then has beneath it.
const MODULE: &str = r#"
typedef struct lua_State lua_State;
typedef int (*lua_CFunction)(lua_State *);
@declarations@
static const void *const whole_api[] = { @addresses@ };

static int apply(lua_State *L) {
    int (*call)(lua_State *, int, int, long, void *) = (void *)&lua_callk;
    int (*top)(lua_State *) = (void *)&lua_gettop;
    call(L, top(L) - 1, -1, 0, 0);
    return top(L);
}

int luaopen_cmodule(lua_State *L) {
    void (*push)(lua_State *, lua_CFunction, int) = (void *)&lua_pushcclosure;
    if (sizeof whole_api / sizeof whole_api[0] < 150 || !whole_api[0]) return 0;
    push(L, apply, 0);
    return 1;
}
"#;

/// Compiles the module, and returns the folder it is in.
fn compile() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("c-module-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder that can be written");
    let names: Vec<_> = API.split_whitespace().collect();
    let declarations: String = names.iter().map(|name| format!("extern char {name};\n")).collect();
    let addresses: String = names.iter().map(|name| format!("&{name}, ")).collect();
    let source = MODULE.replace("@declarations@", &declarations).replace("@addresses@", &addresses);
    std::fs::write(folder.join("cmodule.c"), source).expect("a folder that can be written");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o", "cmodule.so", "cmodule.c"])
        .current_dir(&folder)
        .status()
        .expect("a C compiler, as for Lua itself");
    assert!(compiled.success());
    folder
}

#[test]
fn a_module_in_c_loads_finds_the_whole_api_and_may_have_waits_above_it() {
    let folder = compile();
    let script = "
        local mf, apply = require 'moonfleet', require 'cmodule'
        assert(package.loaded.cmodule == apply)
        local ch = mf.channel()
        mf.spawn(function() ch:send('through C') end)
        print(apply(function(...) return select('#', ...), ch:receive() end, 1, nil, 3))
        print(select(2, mf.launch(function() return require 'cmodule'(math.max, 4, 2) end):join()))";
    let output = Command::new("timeout")
        .args(["--signal=KILL", "120", env!("CARGO_BIN_EXE_moonfleet"), "-e", script])
        .env_remove("LUA_INIT")
        .env("LUA_CPATH", folder.join("?.so"))
        .output()
        .expect("the interpreter starts");
    let _ = std::fs::remove_dir_all(&folder);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((stdout.as_ref(), stderr.as_ref()), ("3\tthrough C\n4\n", ""));
}
