//! [`Message`]: the tuple of values that a send hands to a receive.

use std::ffi::c_int;

use crate::raw::{Frame, Raise};
use crate::value::read::Reader;
use crate::value::refusal::Refusal;
use crate::value::scalar::{Plain, Scalar};
use crate::value::tree::Tree;
use crate::value::write::{Writer, push_scalar};

/// How many scalars a message holds without an allocation.
const INLINE: usize = 4;

/// Values on their way from one task to another, perhaps in another state.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Up to four values that need no heap.
    Inline { count: u8, values: [Scalar; INLINE] },
    /// Anything else.
    Deep(Box<Tree>),
}

impl Default for Message {
    fn default() -> Self {
        Self::Inline { count: 0, values: Default::default() }
    }
}

/// What error messages call the values of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Names {
    /// `value`, `argument 2`, `argument 3`, …
    Arguments,
    /// `result 1`, `result 2`, …
    Results,
}

impl Names {
    #[cold]
    fn name(self, n: c_int) -> String {
        match (self, n) {
            (Self::Arguments, 1) => "value".to_owned(),
            (Self::Arguments, n) => format!("argument {n}"),
            (Self::Results, n) => format!("result {n}"),
        }
    }
}

impl Message {
    /// The values from `first` to the top of the stack. `[-0, +0, -]`
    #[inline]
    pub(crate) fn read(frame: Frame<'_>, first: c_int, names: Names) -> Result<Self, Raise> {
        Self::read_range(frame, first, frame.top() - first + 1, names)
    }

    /// The `count` values from `first` on. `[-0, +0, -]`
    #[inline]
    pub(crate) fn read_range(
        frame: Frame<'_>,
        first: c_int,
        count: c_int,
        names: Names,
    ) -> Result<Self, Raise> {
        if let Some(message) = Self::read_inline(frame, first, count) {
            return Ok(message);
        }
        let mut reader = Reader::default();
        for n in 0..count {
            let top = frame.top();
            reader.root(frame, first + n).map_err(|refusal: Refusal| {
                frame.pop(frame.top() - top);
                refusal.raise(&names.name(n + 1))
            })?;
        }
        Ok(Self::Deep(Box::new(reader.finish())))
    }

    /// A message of one plain value.
    pub(crate) fn plain(value: Plain) -> Self {
        let mut values: [Scalar; INLINE] = Default::default();
        values[0] = value.into();
        Self::Inline { count: 1, values }
    }

    /// A message of one string.
    pub(crate) fn text(text: &str) -> Self {
        Self::Deep(Box::new(Tree::of_text(text)))
    }

    #[inline]
    fn read_inline(frame: Frame<'_>, first: c_int, count: c_int) -> Option<Self> {
        if count > INLINE as c_int {
            return None;
        }
        let mut values: [Scalar; INLINE] = Default::default();
        for (value, index) in values.iter_mut().zip(first..first + count) {
            *value = Scalar::read(frame, index)?;
        }
        Some(Self::Inline { count: count.max(0) as u8, values })
    }

    /// Pushes the values and returns how many. `[-0, +n, -]`
    ///
    /// On failure (no memory in Lua) the error value is on top. The message is dropped by then, not lost.
    #[inline]
    pub(crate) fn push(self, frame: Frame<'_>) -> Result<c_int, Raise> {
        match &self {
            Self::Inline { count, values } => {
                let values = &values[..usize::from(*count)];
                let pushed = values.iter().take_while(|value| value.try_push(frame)).count();
                if pushed < values.len() {
                    push_rest(frame, &values[pushed..])?;
                }
                Ok(c_int::from(*count))
            }
            Self::Deep(tree) => frame.protect(0, &mut &**tree, |scope, tree| Writer::write(scope, tree)),
        }
    }
}

/// Pushes scalars some of which need memory in Lua. `[-0, +n, -]`
fn push_rest(frame: Frame<'_>, values: &[Scalar]) -> Result<c_int, Raise> {
    frame.protect(0, &mut &*values, |scope, values| {
        values.iter().for_each(|value| push_scalar(scope, value));
        values.len() as c_int
    })
}
