//! [`Tree`]: values with inner structure, flattened into one list of nodes, so that a deep value is two
//! allocations and not thousands.
//!
//! ```text
//! { 1, x = {} }, f      Table  Scalar 1  Scalar 1  Bytes "x"  Table End  End   Function code  upvalue… End
//!                       └key─┘ └─value─┘ └──key──┘ └─value─┘
//! ```
//! Tables and functions are numbered in the order in which they begin; `Again` refers to such a number, which keeps
//! cycles and shared references.

use std::ops::Range;

use crate::value::scalar::Scalar;

/// How deep tables and functions may nest. Reading and writing recurse, on the native stack of a task.
pub(crate) const MAX_DEPTH: u32 = 200;

/// One step of the walk through the values.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Scalar(Scalar),
    /// A string of any length, in [`Tree::bytes`].
    Bytes(Range<usize>),
    /// A table; its keys and values follow, up to `End`. The counts say how much room it needs.
    Table {
        elements: usize,
        fields: usize,
    },
    /// A Lua function, precompiled in [`Tree::bytes`]; its upvalues follow, up to `End`.
    Function(Range<usize>),
    /// In the place of an upvalue: the same variable as upvalue `n` of a function that has begun before.
    Shared {
        function: u32,
        n: u8,
    },
    /// A table or function that has begun before.
    Again(u32),
    /// A library table, by its name in [`Tree::bytes`].
    Library(Range<usize>),
    End,
}

/// A sequence of values of any depth.
#[derive(Clone, Default, Debug)]
pub(crate) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) bytes: Vec<u8>,
    /// How many values the sequence has.
    pub(super) roots: usize,
}

impl Tree {
    /// The tree of one string.
    pub(super) fn of_text(text: &str) -> Self {
        let mut tree = Self { roots: 1, ..Self::default() };
        let range = tree.store(text.as_bytes());
        tree.nodes.push(Node::Bytes(range));
        tree
    }

    /// Appends bytes and returns where they are.
    pub(super) fn store(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}
