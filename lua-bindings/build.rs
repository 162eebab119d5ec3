//! Exports the Lua API from the `moonfleet` binary, so that Lua modules written in C find it there when they are loaded.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=-rdynamic");
}
