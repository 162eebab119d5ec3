//! Models of `channel/futures.rs` and `channel/polling.rs`, each polled by hand; and of `wait/list.rs`, where a future can
//! be linked without a thread that waits.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::thread;

use crate::bell::Bell;
use crate::channel::blocking::{self, RecvFailure};
use crate::channel::core::Sent;
use crate::channel::{Channels, End, RecvError, oneshot};
use crate::model::{model, models};
use crate::wait::waiter::{Urgency, wake_if_any};

/// A deadline that passes when loom likes.
const SOON: Option<u64> = Some(0);

/// Polls once, with a waker that nobody waits for.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::new(Bell::default()))))
}

/// Polls until the future is done, and sleeps in between.
fn wait_for<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        bell.wait();
    }
}

/// Waits for a message as a future that is polled once, and dropped if it has none by then.
fn glance(end: &End<u8>) -> Option<u8> {
    match poll_once(pin!(end.recv_async())) {
        Poll::Ready(received) => Some(received.expect("nobody closes")),
        Poll::Pending => None,
    }
}

/// Sends without waiting; false if nobody takes the message.
fn try_send(end: &End<u8>, message: u8) -> bool {
    match end.core().try_send(message) {
        Sent::Done(wake) => {
            wake_if_any(wake, Urgency::Next);
            true
        }
        sent => {
            assert!(matches!(sent, Sent::Full(_)));
            false
        }
    }
}

fn send_all<const N: usize>(end: End<u8>, messages: [u8; N]) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for message in messages {
            assert_eq!(blocking::send(end.core(), message, None), Ok(()));
        }
    })
}

/// A future at each end of a rendezvous: both are woken.
#[test]
fn two_futures_meet() {
    model(3, || {
        let channel = Channels::new([0]);
        let end = channel.end(0);
        let sender = thread::spawn(move || wait_for(end.send_async(1)));
        assert_eq!(wait_for(channel.end(0).recv_async()), Ok(1));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}

/// A receiver that is dropped, even one that was handed a message, takes none with it: what it was handed comes
/// back, before what was sent later.
#[test]
fn a_dropped_receiver_takes_no_message_with_it() {
    let program = |bound| {
        let channel = Channels::new([bound]);
        let sender = send_all(channel.end(0), [1, 2]);
        let end = channel.end(0);
        let first = glance(&end).map_or_else(|| blocking::receive(end.core(), None), Ok);
        assert_eq!([first, blocking::receive(end.core(), None)], [Ok(1), Ok(2)]);
        sender.join().unwrap();
    };
    models(3, [0, 1].map(|bound| move || program(bound)));
}

/// What a dropped receiver was handed goes to another that waits.
#[test]
fn a_dropped_receiver_passes_its_message_on() {
    model(3, || {
        let channel = Channels::new([0]);
        let end = channel.end(0);
        let patient = thread::spawn(move || blocking::receive(end.core(), None));
        let sender = send_all(channel.end(0), [1]);
        if glance(&channel.end(0)).is_some() {
            send_all(channel.end(0), [1]).join().unwrap();
        }
        assert_eq!(patient.join().unwrap(), Ok(1));
        sender.join().unwrap();
    });
}

/// A receiver that gives up, though a sender has just passed it over, takes no other out of the list.
#[test]
fn a_timed_out_receiver_leaves_others_in_the_list() {
    model(5, || {
        let channel = Channels::new([0]);
        let end = channel.end(0);
        let hasty = thread::spawn(move || blocking::receive(end.core(), SOON).is_ok());
        let end = channel.end(0);
        let is_sent = try_send(&end, 1);
        let mut patient = pin!(end.recv_async());
        assert_eq!(poll_once(patient.as_mut()), Poll::Pending, "nothing rests in the channel");
        assert_eq!(hasty.join().unwrap(), is_sent);
        assert!(try_send(&end, 2), "somebody waits");
        assert_eq!(poll_once(patient.as_mut()), Poll::Ready(Ok(2)));
    });
}

/// A message of a sender that is dropped is received, or gone with it; nobody is left in the list.
#[test]
fn a_dropped_sender_leaves_alone() {
    model(3, || {
        let channel = Channels::new([0]);
        let token = Arc::new(());
        let end = channel.end(0);
        let receiver = thread::spawn(move || blocking::receive(end.core(), SOON));
        let end = channel.end(0);
        let sent = poll_once(pin!(end.send_async(Arc::clone(&token))));
        match receiver.join().unwrap() {
            Ok(received) => drop(received),
            Err(failure) => assert_eq!((failure, sent), (RecvFailure::TimedOut, Poll::Pending)),
        }
        assert_eq!(Arc::strong_count(&token), 1, "the message is gone");
        let received = blocking::receive(end.core(), SOON);
        assert_eq!(received, Err(RecvFailure::TimedOut), "nobody is left");
    });
}

/// A closed channel ends the wait of its futures, and a message that rests in it is received first.
#[test]
fn a_closed_channel_wakes_its_futures() {
    model(3, || {
        let channel = Channels::new([1]);
        let ends = [(); 2].map(|()| channel.end(0));
        let receivers = ends.map(|end| thread::spawn(move || wait_for(end.recv_async())));
        let end = channel.end(0);
        assert_eq!(wait_for(end.send_async(1)), Ok(()));
        assert!(end.core().close());
        let mut received = receivers.map(|receiver| receiver.join().unwrap());
        received.sort_by_key(|message| message.ok());
        assert_eq!(received, [Err(RecvError), Ok(1)]);
    });
}

/// Who awaits a value given once is woken, also when the waker has changed.
#[test]
fn a_value_reaches_who_awaits_it() {
    model(5, || {
        let (tx, mut rx) = oneshot::pair();
        let giver = thread::spawn(move || tx.send(7).is_ok());
        let received = match poll_once(Pin::new(&mut rx)) {
            Poll::Ready(received) => received,
            Poll::Pending => wait_for(rx),
        };
        assert_eq!(received, Ok(7));
        assert!(giver.join().unwrap());
    });
}

/// A value that was awaited, and is no more, is received otherwise, or goes with its cell; nobody touches the
/// waiter any more.
#[test]
fn a_dropped_poller_is_left_alone() {
    let program = |goes_on| {
        let token = Arc::new(());
        let (tx, mut rx) = oneshot::pair();
        let giver = {
            let token = Arc::clone(&token);
            thread::spawn(move || drop(tx.send(token)))
        };
        match poll_once(Pin::new(&mut rx)) {
            Poll::Ready(received) => drop(received.expect("it is given")),
            Poll::Pending if goes_on => drop(rx.recv().expect("it is given")),
            Poll::Pending => drop(rx),
        }
        giver.join().unwrap();
        assert_eq!(Arc::strong_count(&token), 1, "the value is gone");
    };
    models(5, [true, false].map(|goes_on| move || program(goes_on)));
}
