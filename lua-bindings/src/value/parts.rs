//! A message as a sequence of parts: how code that is not about Lua stacks makes one, and takes one apart.

use crate::value::Message;
use crate::value::scalar::Scalar;
use crate::value::tree::{Node, Tree};

pub(crate) use crate::value::tree::MAX_DEPTH;

/// One step of the walk through the values of a message.
pub(crate) enum Part<'m> {
    Scalar(&'m Scalar),
    Bytes(&'m [u8]),
    /// A table begins; its keys and values follow, up to `End`.
    Table,
    End,
    /// The table that began as that many before it had begun.
    Again(u32),
    /// What only another Lua state can make use of.
    Foreign(&'static str),
}

impl Message {
    /// Calls `visit` with each part, in order, until it fails.
    pub(crate) fn visit<E>(&self, mut visit: impl FnMut(Part<'_>) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Inline { count, values } => {
                values[..usize::from(*count)].iter().try_for_each(|value| visit(Part::Scalar(value)))
            }
            Self::Deep(tree) => tree.nodes.iter().try_for_each(|node| visit(tree.part(node))),
        }
    }
}

impl Tree {
    fn part<'t>(&'t self, node: &'t Node) -> Part<'t> {
        match node {
            Node::Scalar(scalar) => Part::Scalar(scalar),
            Node::Bytes(range) => Part::Bytes(&self.bytes[range.clone()]),
            Node::Table { .. } => Part::Table,
            Node::End => Part::End,
            Node::Again(number) => Part::Again(*number),
            Node::Function(_) | Node::Shared { .. } => Part::Foreign("function"),
            Node::Library(_) => Part::Foreign("library table"),
        }
    }
}

/// A message in the making.
#[derive(Default)]
pub(crate) struct Parts {
    tree: Tree,
    begun: u32,
}

impl Parts {
    /// The next part is one of the message's values, and not inside one.
    pub(crate) fn begin_value(&mut self) {
        self.tree.roots += 1;
    }

    pub(crate) fn scalar(&mut self, scalar: Scalar) {
        self.tree.nodes.push(Node::Scalar(scalar));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let range = self.tree.store(bytes);
        self.tree.nodes.push(Node::Bytes(range));
    }

    /// Begins a table with that many elements and fields, and returns its number.
    pub(crate) fn begin_table(&mut self, elements: usize, fields: usize) -> u32 {
        self.tree.nodes.push(Node::Table { elements, fields });
        self.begun += 1;
        self.begun - 1
    }

    pub(crate) fn end_table(&mut self) {
        self.tree.nodes.push(Node::End);
    }

    /// The table with that number again.
    pub(crate) fn again(&mut self, number: u32) {
        self.tree.nodes.push(Node::Again(number));
    }

    pub(crate) fn finish(self) -> Message {
        Message::Deep(Box::new(self.tree))
    }
}
