//! The part of Lua's C API that is the same in every version: the names this crate uses, and no others.
//!
//! `mlua_sys` already gives LuaJIT the newer spelling of several calls (`lua_rawgetp`, `lua_resume` with a result
//! count, …). What it cannot hide is in [`super::compat`].

pub(crate) use mlua_sys::{
    LUA_HOOKCOUNT, LUA_MASKCOUNT, LUA_MULTRET, LUA_OK, LUA_REGISTRYINDEX, LUA_TBOOLEAN, LUA_TFUNCTION,
    LUA_TLIGHTUSERDATA, LUA_TNIL, LUA_TNONE, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, LUA_TTHREAD,
    LUA_TUSERDATA, LUA_YIELD, lua_CFunction, lua_Debug, lua_State, lua_call, lua_checkstack, lua_close,
    lua_concat, lua_createtable, lua_dump, lua_error, lua_getfield, lua_getglobal, lua_gethook,
    lua_gethookcount, lua_gethookmask, lua_getstack, lua_gettable, lua_gettop, lua_getupvalue, lua_insert,
    lua_iscfunction, lua_newthread, lua_next, lua_pcall, lua_pop, lua_pushboolean, lua_pushcclosure,
    lua_pushfstring, lua_pushinteger, lua_pushlightuserdata, lua_pushlstring, lua_pushnil, lua_pushnumber,
    lua_pushstring, lua_pushvalue, lua_rawequal, lua_rawget, lua_rawgeti, lua_rawgetp, lua_rawlen,
    lua_rawset, lua_rawseti, lua_rawsetp, lua_remove, lua_replace, lua_resume, lua_setfield, lua_setglobal,
    lua_setmetatable, lua_settable, lua_settop, lua_setupvalue, lua_status, lua_toboolean, lua_tocfunction,
    lua_tointegerx, lua_tolstring, lua_tonumberx, lua_topointer, lua_tothread, lua_touserdata, lua_type,
    lua_upvalueindex, lua_xmove, luaL_argerror, luaL_callmeta, luaL_checklstring, luaL_checkstack,
    luaL_checktype, luaL_getmetafield, luaL_getsubtable, luaL_loadbufferx, luaL_openlibs, luaL_tolstring,
    luaL_traceback, luaL_typename, luaL_where,
};
