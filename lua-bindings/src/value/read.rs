//! Lua → tree. Nothing here raises: a value that cannot cross ends the walk with a [`Refusal`].

use std::collections::HashMap;
use std::ffi::c_int;

use crate::raw::{Frame, Kind};
use crate::value::library;
use crate::value::refusal::Refusal;
use crate::value::scalar::Scalar;
use crate::value::tree::{MAX_DEPTH, Node, Tree};

/// Lua stack slots that one level of the walk may use.
const SLOTS_PER_LEVEL: c_int = 8;

/// One walk over the values of a message.
#[derive(Default)]
pub(super) struct Reader {
    tree: Tree,
    depth: u32,
    /// Tables and functions that have begun: identity → number.
    begun: HashMap<usize, u32>,
    /// Upvalues of the functions so far: identity → function and position.
    upvalues: HashMap<usize, (u32, u8)>,
}

impl Reader {
    /// Adds the value at `index` as the next root. `[-0, +0, -]`
    pub(super) fn root(&mut self, frame: Frame<'_>, index: c_int) -> Result<(), Refusal> {
        self.tree.roots += 1;
        self.value(frame, index)
    }

    pub(super) fn finish(self) -> Tree {
        self.tree
    }

    /// `index` is an absolute index.
    fn value(&mut self, frame: Frame<'_>, index: c_int) -> Result<(), Refusal> {
        if let Some(scalar) = Scalar::read(frame, index) {
            self.tree.nodes.push(Node::Scalar(scalar));
            return Ok(());
        }
        match frame.kind(index) {
            Kind::String => {
                let range = frame.with_bytes(index, |bytes| self.tree.store(bytes)).unwrap_or_default();
                self.tree.nodes.push(Node::Bytes(range));
                Ok(())
            }
            Kind::Table => self.table(frame, index),
            Kind::Function if !frame.is_c_function(index) => self.function(frame, index),
            _ => Err(Refusal::value(frame, index)),
        }
    }

    /// Numbers a table or function that begins; false if it has begun before, and a reference is enough.
    fn begin(&mut self, frame: Frame<'_>, index: c_int) -> Result<Option<u32>, Refusal> {
        let number = self.begun.len() as u32;
        if let Some(&earlier) = self.begun.get(&frame.identity(index)) {
            self.tree.nodes.push(Node::Again(earlier));
            return Ok(None);
        }
        if self.depth >= MAX_DEPTH {
            return Err(Refusal::because(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        if !frame.reserve(SLOTS_PER_LEVEL) {
            return Err(Refusal::because("no Lua stack left to walk it"));
        }
        self.begun.insert(frame.identity(index), number);
        self.depth += 1;
        Ok(Some(number))
    }

    fn end(&mut self) {
        self.tree.nodes.push(Node::End);
        self.depth -= 1;
    }

    fn table(&mut self, frame: Frame<'_>, index: c_int) -> Result<(), Refusal> {
        if let Some(range) = library::name_of(frame, index, |name| self.tree.store(name)) {
            self.tree.nodes.push(Node::Library(range));
            return Ok(());
        }
        let Some(_) = self.begin(frame, index)? else { return Ok(()) };
        let (at, elements) = (self.tree.nodes.len(), frame.raw_length(index));
        self.tree.nodes.push(Node::End);
        let mut pairs = 0;
        frame.push_nil();
        let key = frame.top();
        while frame.next(index) {
            self.value(frame, key).map_err(|refusal| refusal.in_key())?;
            self.value(frame, key + 1).map_err(|refusal| refusal.in_field(frame, key))?;
            frame.pop(1);
            pairs += 1;
        }
        self.tree.nodes[at] = Node::Table { elements, fields: usize::saturating_sub(pairs, elements) };
        self.end();
        Ok(())
    }

    fn function(&mut self, frame: Frame<'_>, index: c_int) -> Result<(), Refusal> {
        let Some(number) = self.begin(frame, index)? else { return Ok(()) };
        let start = self.tree.bytes.len();
        if frame.dump(index, &mut self.tree.bytes).is_err() {
            frame.pop(1);
            return Err(Refusal::because("a function that cannot be dumped"));
        }
        self.tree.nodes.push(Node::Function(start..self.tree.bytes.len()));
        for n in 1..=u8::MAX {
            let Some(name) = frame.push_upvalue(index, n.into()) else { break };
            let value = frame.top();
            match self.upvalues.get(&frame.upvalue_identity(index, n.into())) {
                Some(&(function, n)) => self.tree.nodes.push(Node::Shared { function, n }),
                None => {
                    self.upvalues.insert(frame.upvalue_identity(index, n.into()), (number, n));
                    self.value(frame, value).map_err(|refusal| refusal.in_upvalue(&name))?;
                }
            }
            frame.pop(1);
        }
        self.end();
        Ok(())
    }
}
