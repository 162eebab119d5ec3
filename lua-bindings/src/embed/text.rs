//! [`LuaString`]: a string of Lua, which is bytes and usually UTF-8.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A Lua string: any bytes.
///
/// # Examples
/// ```
/// use moonfleet_lua::LuaString;
///
/// let text = LuaString::from("moon");
/// assert_eq!(text, "moon");
/// assert_eq!(text.to_str(), Ok("moon"));
/// assert!(LuaString::from(vec![0xff]).to_str().is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LuaString(Box<[u8]>);

impl LuaString {
    /// The bytes as text, if they are UTF-8.
    ///
    /// # Errors
    /// Where they are not.
    ///
    /// # Examples
    /// See [`LuaString`].
    pub fn to_str(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(&self.0)
    }

    /// The bytes as text; what is not UTF-8 is replaced.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet_lua::LuaString::from(vec![b'a', 0xff]).to_string_lossy(), "a\u{fffd}");
    /// ```
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The bytes themselves.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(moonfleet_lua::LuaString::from("ab").into_bytes(), [b'a', b'b']);
    /// ```
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into()
    }
}

impl Deref for LuaString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for LuaString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl fmt::Display for LuaString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_string_lossy())
    }
}

impl From<&str> for LuaString {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<String> for LuaString {
    fn from(text: String) -> Self {
        Self(text.into_bytes().into())
    }
}

impl From<&[u8]> for LuaString {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<Vec<u8>> for LuaString {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl PartialEq<str> for LuaString {
    fn eq(&self, text: &str) -> bool {
        *self.0 == *text.as_bytes()
    }
}

impl PartialEq<&str> for LuaString {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}
