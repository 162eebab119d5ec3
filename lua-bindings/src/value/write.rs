//! Tree → Lua. Runs under a protected call, and borrows the tree from outside it.

use std::ffi::c_int;

use crate::raw::Scope;
use crate::value::scalar::Scalar;
use crate::value::tree::{Node, Tree};
use crate::value::{Channel, Handle, library};

/// One walk over a tree; its fields are plain data (rule plain-frames).
#[derive(Clone, Copy)]
pub(super) struct Writer<'t> {
    tree: &'t Tree,
    /// The next node.
    at: usize,
    /// How many tables and functions have begun.
    begun: i64,
    /// Stack index of the table that holds them, number → object.
    objects: c_int,
}

impl<'t> Writer<'t> {
    /// Pushes every value of the tree, and returns how many. `[-0, +n, e]`
    pub(super) fn write(scope: Scope<'_>, tree: &'t Tree) -> c_int {
        let roots = c_int::try_from(tree.roots).unwrap_or(c_int::MAX);
        scope.grow(roots.saturating_add(8));
        scope.push_table(0, 0);
        let mut writer = Self { tree, at: 0, begun: 0, objects: scope.top() };
        (0..roots).for_each(|_| writer.value(scope));
        roots
    }

    fn take(&mut self) -> &'t Node {
        self.at += 1;
        &self.tree.nodes[self.at - 1]
    }

    fn is_at_end(&self) -> bool {
        matches!(self.tree.nodes[self.at], Node::End)
    }

    /// Numbers the object on top.
    fn begin(&mut self, scope: Scope<'_>) {
        scope.push_copy(-1);
        scope.raw_set_index(self.objects, self.begun);
        self.begun += 1;
    }

    /// `[-0, +1, e]`
    fn value(&mut self, scope: Scope<'_>) {
        match self.take() {
            Node::Scalar(scalar) => push_scalar(scope, scalar),
            Node::Bytes(range) => scope.push_bytes(&self.tree.bytes[range.clone()]),
            Node::Library(range) => library::push(scope, &self.tree.bytes[range.clone()]),
            Node::Again(number) => {
                scope.raw_get_index(self.objects, i64::from(*number));
            }
            Node::Table { elements, fields } => self.table(scope, *elements, *fields),
            Node::Function(range) => self.function(scope, &self.tree.bytes[range.clone()]),
            Node::Shared { .. } | Node::End => scope.push_nil(),
        }
    }

    fn table(&mut self, scope: Scope<'_>, elements: usize, fields: usize) {
        scope.grow(8);
        scope.push_table(elements, fields);
        self.begin(scope);
        let table = scope.top();
        while !self.is_at_end() {
            self.value(scope);
            self.value(scope);
            scope.raw_set(table);
        }
        self.at += 1;
    }

    fn function(&mut self, scope: Scope<'_>, code: &[u8]) {
        scope.grow(8);
        scope.push_binary(code);
        self.begin(scope);
        let function = scope.top();
        let mut n = 0;
        while !self.is_at_end() {
            n += 1;
            if let Node::Shared { function: other, n: m } = self.tree.nodes[self.at] {
                self.at += 1;
                scope.raw_get_index(self.objects, i64::from(other));
                scope.join_upvalues((function, n), (function + 1, c_int::from(m)));
                scope.pop(1);
            } else {
                self.value(scope);
                scope.set_upvalue(function, n);
            }
        }
        self.at += 1;
    }
}

/// Pushes a scalar that [`Scalar::try_push`] could not. `[-0, +1, m]`
pub(super) fn push_scalar(scope: Scope<'_>, scalar: &Scalar) {
    match scalar {
        Scalar::Short(text) => scope.push_bytes(text.as_bytes()),
        Scalar::Channel(handle) => {
            scope.push_filed(handle.number(), || Channel::from(handle.clone()));
            scope.weigh(Handle::WEIGHT);
        }
        plain => {
            plain.try_push(*scope);
        }
    }
}
