//! [`Chunk`]: Lua code, from a text or a file.

use std::ffi::CString;
use std::path::{Path, PathBuf};

use crate::embed::Error;

/// Lua code. A text is one by itself; its errors then say `rust:1:` and so on.
///
/// Only text is code here: precompiled chunks do not load, for Lua does not check them.
///
/// # Examples
/// ```
/// use moonfleet_lua::{Chunk, LuaState};
///
/// moonfleet::run(|| {
///     let lua = LuaState::builder().spawn_here().unwrap();
///     let error = lua.exec(Chunk::named("config", "x = = 1")).unwrap_err();
///     assert!(error.to_string().starts_with("config:1: unexpected symbol"));
///     assert!(lua.exec(Chunk::file("/no/such/file.lua")).unwrap_err().to_string().contains("/no/such/file.lua"));
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Chunk {
    name: String,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Text(Vec<u8>),
    File(PathBuf),
}

impl Chunk {
    /// Code that error messages call `name`.
    ///
    /// # Examples
    /// See [`Chunk`].
    pub fn named(name: impl Into<String>, code: impl Into<Vec<u8>>) -> Self {
        Self { name: format!("={}", name.into()), source: Source::Text(code.into()) }
    }

    /// The file at `path`, read when it is run. A first line that begins with `#` is skipped.
    ///
    /// # Examples
    /// See [`Chunk`].
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        Self { name: format!("@{}", path.display()), source: Source::File(path.to_owned()) }
    }

    /// The name as Lua wants it.
    pub(super) fn name(&self) -> CString {
        CString::new(self.name.replace('\0', "?")).unwrap_or_default()
    }

    /// The code itself. Suspends while a file is read.
    pub(super) fn read(self) -> Result<Vec<u8>, Error> {
        let path = match self.source {
            Source::Text(text) => return Ok(text),
            Source::File(path) => path,
        };
        let read = moonfleet::blocking(|| std::fs::read(&path));
        let mut code =
            read.map_err(|error| Error::Syntax(format!("cannot read {}: {error}", path.display())))?;
        if code.starts_with(b"#") {
            // The line break stays, so that lines keep their numbers.
            let end = code.iter().position(|&byte| byte == b'\n').unwrap_or(code.len());
            code.drain(..end);
        }
        Ok(code)
    }
}

impl From<&str> for Chunk {
    fn from(code: &str) -> Self {
        Self::named("rust", code)
    }
}

impl From<String> for Chunk {
    fn from(code: String) -> Self {
        Self::named("rust", code)
    }
}

impl From<&String> for Chunk {
    fn from(code: &String) -> Self {
        Self::named("rust", code.as_str())
    }
}
