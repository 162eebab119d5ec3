//! `crossbeam_deque`, whose own atomics are trusted: each operation happens at one moment, before which others
//! may go first. A steal sometimes says that it has to be tried again, as the real one does in a race.

pub(crate) use crossbeam_deque::Steal;

use crate::stand_ins::{coin, switch};

#[derive(Debug)]
pub(crate) struct Worker<T>(crossbeam_deque::Worker<T>);

#[derive(Debug)]
pub(crate) struct Stealer<T>(crossbeam_deque::Stealer<T>);

#[derive(Debug)]
pub(crate) struct Injector<T>(crossbeam_deque::Injector<T>);

impl<T> Worker<T> {
    pub(crate) fn new_fifo() -> Self {
        Self(crossbeam_deque::Worker::new_fifo())
    }

    pub(crate) fn new_lifo() -> Self {
        Self(crossbeam_deque::Worker::new_lifo())
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.stealer())
    }

    pub(crate) fn push(&self, item: T) {
        switch();
        self.0.push(item);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        switch();
        self.0.pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        switch();
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Stealer<T> {
    pub(crate) fn is_empty(&self) -> bool {
        switch();
        self.0.is_empty()
    }

    pub(crate) fn steal(&self) -> Steal<T> {
        attempt(|| self.0.steal())
    }

    pub(crate) fn steal_batch(&self, into: &Worker<T>) -> Steal<()> {
        attempt(|| self.0.steal_batch(&into.0))
    }
}

impl<T> Injector<T> {
    pub(crate) fn new() -> Self {
        Self(crossbeam_deque::Injector::new())
    }

    pub(crate) fn push(&self, item: T) {
        switch();
        self.0.push(item);
    }

    pub(crate) fn is_empty(&self) -> bool {
        switch();
        self.0.is_empty()
    }

    pub(crate) fn steal(&self) -> Steal<T> {
        attempt(|| self.0.steal())
    }

    pub(crate) fn steal_batch(&self, into: &Worker<T>) -> Steal<()> {
        attempt(|| self.0.steal_batch(&into.0))
    }
}

fn attempt<T>(steal: impl FnOnce() -> Steal<T>) -> Steal<T> {
    switch();
    if coin(16) { Steal::Retry } else { steal() }
}
