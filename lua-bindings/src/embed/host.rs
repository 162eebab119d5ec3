//! What a state knows of its handles, and the handles of the state: both ends of its inbox.
//!
//! No model: the count of anchors publishes nothing.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};

use moonfleet::channel::Sender;

use crate::embed::{Error, Lua};
use crate::state::{Fleet, Local};

/// What comes in from outside.
pub(super) enum Request {
    /// To be run as a task of the state.
    Job(Job),
    /// Nobody holds the function with this number any more.
    Release(i64),
}

/// A call from outside. It is told if it cannot run; dropped unrun, it lets its caller know that the state is closed.
pub(super) struct Job(Box<Run>);

type Run = dyn FnOnce(Result<&Lua<'_>, Error>) + Send;

impl Job {
    pub(super) fn new(run: impl FnOnce(Result<&Lua<'_>, Error>) + Send + 'static) -> Self {
        Self(Box::new(run))
    }

    pub(super) fn run(self, lua: &Lua<'_>) {
        (self.0)(Ok(lua));
    }

    pub(super) fn fail(self, error: Error) {
        (self.0)(Err(error));
    }
}

/// What all handles of a state share. The last one gone, the inbox is closed.
pub(super) struct Shared {
    pub(super) requests: Sender<Request>,
    pub(super) fleet: Arc<Fleet>,
    /// The next number for a function that Rust code holds.
    next_anchor: AtomicI64,
}

impl Shared {
    pub(super) fn new(requests: Sender<Request>, fleet: Arc<Fleet>) -> Self {
        Self { requests, fleet, next_anchor: AtomicI64::new(1) }
    }

    /// Puts a request into the inbox, which has room for any number.
    pub(super) fn request(&self, request: Request) -> Result<(), Error> {
        self.requests.try_send(request).map_err(|_| Error::Closed)
    }

    pub(super) fn new_anchor(&self) -> i64 {
        // ORDER: Relaxed; a counter that publishes nothing.
        self.next_anchor.fetch_add(1, Ordering::Relaxed)
    }
}

/// What the state itself keeps: the handles are to go by themselves.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) shared: Weak<Shared>,
    /// Jobs whose tasks have not started. Each of those takes the oldest; what is left when the state has ended is
    /// dropped with the host's last clone.
    pub(super) deck: Rc<RefCell<VecDeque<Job>>>,
}

impl Host {
    pub(super) fn new(shared: Weak<Shared>) -> Self {
        Self { shared, deck: Rc::default() }
    }

    /// That of the state with this data.
    pub(super) fn of(local: &Local) -> Option<&Self> {
        local.host().and_then(|host: &dyn Any| host.downcast_ref())
    }

    /// What the handles share of the state with this data: nothing if it has none.
    pub(super) fn state_of(local: &Local) -> Weak<Shared> {
        Self::of(local).map_or_else(Weak::new, |host| host.shared.clone())
    }
}
