//! `Locals`: what one task, or one plain thread, keeps in its task-locals.
//!
//! A short list that is searched from its front: a program has a handful of task-locals, and a task uses fewer.
//! Values are counted, so that the list may grow, and a value be replaced, while somebody looks at one. The
//! list is taken out of its cell for single searches, which call nothing of the user's.
//!
//! A task that uses none has no list: one word in its header, one test at its end.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::mem;
use std::rc::Rc;

use crate::quiet::quietly;

/// The task-locals of one party.
///
/// INVARIANT(locals-end): only the party itself makes, uses and destroys values, on its own thread. What is
/// left once [`Locals::end`] has run, and may be freed by any thread, holds no value.
#[derive(Default)]
pub(crate) struct Locals(Cell<Option<Box<List>>>);

#[derive(Default)]
struct List {
    /// In the order in which the values were made.
    slots: Vec<Slot>,
}

struct Slot {
    /// The address of the key, a static.
    key: usize,
    state: State,
}

/// What a key has.
#[derive(Clone)]
pub(crate) enum State {
    /// No value yet, and no place in the list.
    Vacant,
    /// This value.
    Live(Rc<dyn Any>),
    /// No value any more: it was destroyed, and there will be no other.
    Gone,
}

impl Locals {
    /// What `key` has now.
    pub(crate) fn find(&self, key: usize) -> State {
        self.with_list(|list| list.slot(key).map_or(State::Vacant, |slot| slot.state.clone()))
    }

    /// Gives `key` another state; the one it had is the answer.
    pub(crate) fn replace(&self, key: usize, state: State) -> State {
        self.with_list(|list| match state {
            // Leaves no gap: a value made later is destroyed earlier.
            State::Vacant => list.remove(key),
            state => list.replace(key, state),
        })
    }

    /// Destroys the values, the newest first. Their destructors may suspend, panic, and use task-locals: those
    /// that are destroyed answer that they are, those that they make are destroyed next.
    pub(crate) fn end(&self) {
        while let Some(value) = self.with_list(List::take_newest) {
            quietly(|| drop(value));
        }
    }

    /// Whether there may be values.
    #[inline]
    pub(crate) fn has_any(&self) -> bool {
        let list = self.0.take();
        let has_any = list.is_some();
        self.0.set(list);
        has_any
    }

    fn with_list<R>(&self, search: impl FnOnce(&mut List) -> R) -> R {
        let mut list = self.0.take().unwrap_or_default();
        let answer = search(&mut list);
        self.0.set(Some(list));
        answer
    }
}

impl List {
    fn slot(&mut self, key: usize) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.key == key)
    }

    fn remove(&mut self, key: usize) -> State {
        let position = self.slots.iter().position(|slot| slot.key == key);
        position.map_or(State::Vacant, |position| self.slots.remove(position).state)
    }

    fn replace(&mut self, key: usize, state: State) -> State {
        if let Some(slot) = self.slot(key) {
            return mem::replace(&mut slot.state, state);
        }
        self.slots.push(Slot { key, state });
        State::Vacant
    }

    fn take_newest(&mut self) -> Option<Rc<dyn Any>> {
        let newest = self.slots.iter_mut().rev().find(|slot| matches!(slot.state, State::Live(_)))?;
        match mem::replace(&mut newest.state, State::Gone) {
            State::Live(value) => Some(value),
            State::Vacant | State::Gone => None,
        }
    }
}

impl fmt::Debug for Locals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locals")
    }
}
