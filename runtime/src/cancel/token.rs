//! Cancel tokens: one word that ends the work of many tasks, in trees.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::stop::Stop;
use crate::channel::{Receiver, RecvTimeoutError, Sender, rendezvous};
use crate::context;
use crate::suspend::{Cancelled, end_as_cancelled};

/// Cancels whatever runs under it: once, for good, from any thread. Clones are the same token.
///
/// Work comes under a token by [`CancelToken::run`] or [`CancelToken::bind`], and by waiting for it in a
/// `select!`. A [child](CancelToken::child) is cancelled with its parent, and can be on its own.
///
/// # Examples
/// ```
/// use moonfleet::cancel::CancelToken;
///
/// moonfleet::run(|| {
///     let token = CancelToken::new();
///     let (tx, rx) = moonfleet::channel::rendezvous::<()>();
///     let listener = moonfleet::spawn(token.bind(move || rx.recv()));
///     token.cancel();
///     assert!(matches!(listener.join(), Err(moonfleet::JoinError::Cancelled { .. })));
///     # drop(tx);
/// });
/// ```
#[derive(Clone)]
pub struct CancelToken {
    node: Arc<Node>,
}

struct Node {
    stop: Stop,
    /// Closed when the token is cancelled: then everybody who waits for it wakes.
    open: Sender<Infallible>,
    cancelled: Receiver<Infallible>,
    children: Mutex<Vec<Weak<Node>>>,
    /// Kept, because it is the only way from the parent's parent to here.
    parent: Option<Arc<Node>>,
}

impl Drop for Node {
    fn drop(&mut self) {
        // A loop instead of recursion: trees may be deeper than a task's stack.
        let mut parent = self.parent.take();
        while let Some(node) = parent {
            parent = Arc::into_inner(node).and_then(|mut last| last.parent.take());
        }
    }
}

impl CancelToken {
    /// A token that nothing but [`CancelToken::cancel`] cancels.
    ///
    /// # Examples
    /// ```
    /// assert!(!moonfleet::cancel::CancelToken::new().is_cancelled());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_parent(None)
    }

    fn with_parent(parent: Option<Arc<Node>>) -> Self {
        let (open, cancelled) = rendezvous();
        let (stop, children) = (Stop::new(), Mutex::default());
        Self { node: Arc::new(Node { stop, open, cancelled, children, parent }) }
    }

    /// A token that is cancelled with this one, at the latest.
    ///
    /// # Examples
    /// ```
    /// let parent = moonfleet::cancel::CancelToken::new();
    /// let (one, other) = (parent.child(), parent.child());
    /// one.cancel();
    /// assert!(!parent.is_cancelled() && !other.is_cancelled());
    /// parent.cancel();
    /// assert!(other.is_cancelled() && parent.child().is_cancelled());
    /// ```
    #[must_use]
    pub fn child(&self) -> Self {
        let child = Self::with_parent(Some(Arc::clone(&self.node)));
        let mut children = self.children();
        if children.len() == children.capacity() {
            // Before the list grows: children that nobody has any more need no place. But it grows unless many
            // are gone: else the next look would come too soon.
            children.retain(|child| child.strong_count() != 0);
            let kept = children.len();
            children.reserve(kept);
        }
        children.push(Arc::downgrade(&child.node));
        drop(children);
        // Cancelled meanwhile, the parent may have looked before the child was there.
        if self.is_cancelled() {
            child.cancel();
        }
        child
    }

    /// Cancels what runs under this token and its children. Again: nothing more happens.
    ///
    /// # Examples
    /// ```
    /// let token = moonfleet::cancel::CancelToken::new();
    /// token.cancel();
    /// token.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    pub fn cancel(&self) {
        // A list instead of recursion: trees may be deeper than a task's stack.
        let mut tokens = vec![self.clone()];
        while let Some(token) = tokens.pop() {
            if token.node.stop.stop() {
                token.node.open.close();
                let children = core::mem::take(&mut *token.children());
                tokens.extend(children.iter().filter_map(Weak::upgrade).map(|node| CancelToken { node }));
            }
        }
    }

    /// Whether the token is cancelled.
    ///
    /// # Examples
    /// See [`CancelToken::cancel`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.node.stop.is_stopped()
    }

    /// Runs `body` under the token: cancelled, it unwinds silently at its next suspension point, back to here.
    ///
    /// **Shape** `FnOnce() → R` to `Result<R, Cancelled>`
    /// # Errors
    /// [`Cancelled`]: the token was cancelled before, and `body` did not begin, or while it ran.
    /// # Panics
    /// Outside a task; if `body` panics.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::cancel::CancelToken;
    ///
    /// moonfleet::run(|| {
    ///     let token = CancelToken::new();
    ///     assert_eq!(token.run(|| 7), Ok(7));
    ///     token.cancel();
    ///     assert!(token.run(|| unreachable!()).is_err());
    /// });
    /// ```
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> Result<R, Cancelled> {
        assert!(
            context::current().is_some(),
            "CancelToken::run was called outside a task; on a plain thread, use `select!` with `cancelled()`"
        );
        self.node.stop.run(body)
    }

    /// The same as a closure to spawn: the task ends as cancelled when the token is cancelled.
    ///
    /// # Examples
    /// See [`CancelToken`].
    pub fn bind<F, R>(&self, body: F) -> impl FnOnce() -> R + use<F, R>
    where
        F: FnOnce() -> R,
    {
        let token = self.clone();
        move || token.run(body).unwrap_or_else(|Cancelled| end_as_cancelled())
    }

    /// Waits until the token is cancelled.
    ///
    /// # Suspends
    /// Until then.
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// ```
    /// let token = moonfleet::cancel::CancelToken::new();
    /// let theirs = token.clone();
    /// let waiter = std::thread::spawn(move || theirs.wait());
    /// token.cancel();
    /// waiter.join().unwrap();
    /// ```
    pub fn wait(&self) {
        // Nothing is ever sent: it ends when the channel is closed.
        let _closed = self.node.cancelled.recv();
    }

    /// Waits until the token is cancelled, but no longer than `timeout`; whether it is.
    ///
    /// # Suspends
    /// As [`CancelToken::wait`], up to `timeout`.
    /// # Cancellation
    /// Unwinds silently.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// assert!(!moonfleet::cancel::CancelToken::new().wait_timeout(Duration::ZERO));
    /// ```
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        matches!(self.node.cancelled.recv_timeout(timeout), Err(RecvTimeoutError::Closed))
    }

    /// A channel that is closed when the token is cancelled, for `select!`. Nothing is ever sent by it.
    ///
    /// # Examples
    /// ```
    /// use moonfleet::{cancel::CancelToken, channel, select};
    ///
    /// let token = CancelToken::new();
    /// let (_tx, rx) = channel::rendezvous::<u8>();
    /// token.cancel();
    /// let end = select! {
    ///     recv(rx) -> _ => "a message",
    ///     recv(token.cancelled()) -> _ => "cancelled",
    /// };
    /// assert_eq!(end, "cancelled");
    /// ```
    #[must_use]
    pub fn cancelled(&self) -> &Receiver<Infallible> {
        &self.node.cancelled
    }

    fn children(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Node>>> {
        // A panic while the lock is held can only come from the allocator; the list is whole all the same.
        self.node.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}
