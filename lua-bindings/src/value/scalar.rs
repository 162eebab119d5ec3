//! [`Scalar`]: a Lua value that fits in two words and needs no heap.

use std::ffi::c_int;

use crate::raw::{Frame, Kind};
use crate::value::{Channel, Handle};

/// A value that crosses without an allocation.
#[derive(Clone, Default, Debug)]
pub(crate) enum Scalar {
    #[default]
    Nil,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Short(Short),
    Channel(Handle),
}

const _: () = assert!(size_of::<Scalar>() == 16, "four of them make a message");

/// A value that is nothing but bits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plain {
    Nil,
    Boolean(bool),
    Integer(i64),
    Number(f64),
}

impl Plain {
    /// The value at `index`, if it is plain. `[-0, +0, -]`
    #[inline]
    pub(crate) fn read(frame: Frame<'_>, index: c_int) -> Option<Self> {
        Some(match frame.kind(index) {
            Kind::Nil => Self::Nil,
            Kind::Boolean => Self::Boolean(frame.boolean(index)),
            Kind::Number if frame.is_integer(index) => Self::Integer(frame.integer(index)?),
            Kind::Number => Self::Number(frame.number(index)?),
            _ => return None,
        })
    }

    /// Pushes the value. `[-0, +1, -]`
    #[inline]
    pub(crate) fn push(self, frame: Frame<'_>) {
        match self {
            Self::Nil => frame.push_nil(),
            Self::Boolean(value) => frame.push_boolean(value),
            Self::Integer(value) => frame.push_integer(value),
            Self::Number(value) => frame.push_number(value),
        }
    }
}

impl From<Plain> for Scalar {
    fn from(plain: Plain) -> Self {
        match plain {
            Plain::Nil => Self::Nil,
            Plain::Boolean(value) => Self::Boolean(value),
            Plain::Integer(value) => Self::Integer(value),
            Plain::Number(value) => Self::Number(value),
        }
    }
}

/// A string of up to 14 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    length: u8,
    bytes: [u8; Self::CAPACITY],
}

impl Short {
    const CAPACITY: usize = 14;

    fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::CAPACITY];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self { length: text.len() as u8, bytes })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl Scalar {
    /// The value at `index`, unless it needs a tree.
    #[inline]
    pub(crate) fn read(frame: Frame<'_>, index: c_int) -> Option<Self> {
        Some(match frame.kind(index) {
            Kind::None | Kind::Nil => Self::Nil,
            Kind::Boolean => Self::Boolean(frame.boolean(index)),
            Kind::Number if frame.is_integer(index) => Self::Integer(frame.integer(index)?),
            Kind::Number => Self::Number(frame.number(index)?),
            Kind::Userdata => Self::Channel(shared(frame, index)?),
            Kind::String => Self::Short(frame.with_bytes(index, Short::new)??),
            _ => return None,
        })
    }

    /// Pushes the value if that takes no allocation in Lua. `[-0, +(1|0), -]`
    #[inline]
    pub(crate) fn try_push(&self, frame: Frame<'_>) -> bool {
        match self {
            Self::Nil => frame.push_nil(),
            Self::Boolean(value) => frame.push_boolean(*value),
            Self::Integer(value) => frame.push_integer(*value),
            Self::Number(value) => frame.push_number(*value),
            Self::Channel(handle) => return frame.push_known(handle.number()),
            Self::Short(_) => return false,
        }
        true
    }
}

/// The channel at `index`, which other states may know from now on; `None` if it is none, or there is no memory.
#[inline]
fn shared(frame: Frame<'_>, index: c_int) -> Option<Handle> {
    let channel = frame.userdata::<Channel>(index)?;
    let handle = channel.share(frame, index).inspect_err(|_| frame.pop(1));
    handle.ok().cloned()
}
