//! Models of `channel/core.rs`, `channel/blocking.rs`, `channel/buffer.rs` and `wait/list.rs`.

use loom::thread::{self, JoinHandle};

use crate::channel::blocking::{self, RecvFailure, SendFailure};
use crate::channel::core::Sent;
use crate::channel::{Channels, End};
use crate::model::model;
use crate::wait::waiter::{Urgency, wake_if_any};

const RENDEZVOUS: usize = 0;
const UNBOUNDED: usize = usize::MAX;
/// A deadline that passes when loom likes.
const SOON: Option<u64> = Some(0);

type Answer<T> = Result<T, RecvFailure>;

impl End<u8> {
    fn send(&self, message: u8) -> Result<(), SendFailure<u8>> {
        blocking::send(self.core(), message, None)
    }

    fn receive(&self) -> Answer<u8> {
        blocking::receive(self.core(), None)
    }

    fn receive_soon(&self) -> Answer<u8> {
        blocking::receive(self.core(), SOON)
    }

    /// Sends without waiting; false if nobody takes the message.
    fn try_send(&self, message: u8) -> bool {
        match self.core().try_send(message) {
            Sent::Done(wake) => {
                wake_if_any(wake, Urgency::Next);
                true
            }
            Sent::Full(_) => false,
            sent => unreachable!("{sent:?}"),
        }
    }
}

fn channel(bound: usize) -> Channels<u8> {
    Channels::new([bound])
}

/// Runs `party` on a thread of its own, at the end of `channel`.
fn at<R: 'static>(channel: &Channels<u8>, party: impl FnOnce(End<u8>) -> R + 'static) -> JoinHandle<R> {
    let end = channel.end(0);
    thread::spawn(move || party(end))
}

/// Two messages that are sent at the same time are both received, once.
fn two_senders_meet_a_receiver(bound: usize) {
    let channel = channel(bound);
    let senders = [1, 2].map(|message| at(&channel, move |end| end.send(message)));
    let receiver = channel.end(0);
    let mut received = [receiver.receive(), receiver.receive()];
    received.sort_by_key(|message| message.ok());
    assert_eq!(received, [Ok(1), Ok(2)]);
    for sender in senders {
        assert_eq!(sender.join().unwrap(), Ok(()));
    }
}

/// At a rendezvous, each of two senders meets the receiver once.
#[test]
fn a_rendezvous_passes_every_message_once() {
    model(3, || two_senders_meet_a_receiver(RENDEZVOUS));
}

/// Senders that each bring a new segment of memory leave no message behind, and no gap.
#[test]
fn an_unbounded_channel_takes_everything() {
    model(2, || two_senders_meet_a_receiver(UNBOUNDED));
}

/// Two receivers at a rendezvous get one message each.
#[test]
fn a_rendezvous_serves_every_receiver() {
    model(3, || {
        let channel = channel(RENDEZVOUS);
        let receivers = [(); 2].map(|()| at(&channel, |end| end.receive()));
        let sender = channel.end(0);
        assert_eq!([sender.send(1), sender.send(2)], [Ok(()), Ok(())]);
        let mut received = receivers.map(|receiver| receiver.join().unwrap());
        received.sort_by_key(|message| message.ok());
        assert_eq!(received, [Ok(1), Ok(2)]);
    });
}

/// A full channel parks its sender, and messages come out in the order in which they went in.
#[test]
fn a_bounded_channel_keeps_the_order() {
    model(3, || {
        let channel = channel(1);
        let sender = at(&channel, |end| [1, 2, 3].map(|message| end.send(message)));
        let receiver = channel.end(0);
        assert_eq!([(); 3].map(|()| receiver.receive()), [Ok(1), Ok(2), Ok(3)]);
        assert_eq!(sender.join().unwrap(), [Ok(()); 3]);
    });
}

/// Of two senders that do not wait, one gets the last place.
#[test]
fn the_last_place_is_taken_once() {
    model(3, || {
        let channel = channel(1);
        let senders = [1, 2].map(|message| at(&channel, move |end| end.try_send(message)));
        let [first, second] = senders.map(|sender| sender.join().unwrap());
        assert_ne!(first, second, "one place, one message");
        assert_eq!(channel.end(0).receive(), Ok(if first { 1 } else { 2 }));
    });
}

/// Closing wakes a receiver that waits; a message sent before is received first.
#[test]
fn a_closed_channel_wakes_its_receivers() {
    model(3, || {
        let channel = channel(1);
        let receivers = [(); 2].map(|()| at(&channel, |end| end.receive()));
        let sender = channel.end(0);
        assert_eq!(sender.send(1), Ok(()));
        assert!(sender.core().close());
        let mut received = receivers.map(|receiver| receiver.join().unwrap());
        received.sort_by_key(|message| message.ok());
        assert_eq!(received, [Err(RecvFailure::Closed), Ok(1)]);
    });
}

/// Closing wakes a sender that waits, and gives it its message back, unless a receiver has taken it.
#[test]
fn a_closed_channel_gives_messages_back() {
    model(3, || {
        let channel = channel(RENDEZVOUS);
        let sender = at(&channel, |end| end.send(1));
        let receiver = at(&channel, |end| end.receive());
        assert!(channel.end(0).core().close());
        match (sender.join().unwrap(), receiver.join().unwrap()) {
            (Ok(()), received) => assert_eq!(received, Ok(1)),
            (sent, received) => {
                assert_eq!((sent, received), (Err(SendFailure::Closed(1)), Err(RecvFailure::Closed)));
            }
        }
    });
}

/// A deadline on either side of a hand-off: both sides have done it, or neither has.
#[test]
fn a_deadline_keeps_what_was_handed_over() {
    model(3, || {
        let channel = channel(RENDEZVOUS);
        let sender = at(&channel, |end| blocking::send(end.core(), 1, SOON));
        let received = channel.end(0).receive_soon();
        match sender.join().unwrap() {
            Ok(()) => assert_eq!(received, Ok(1)),
            sent => assert_eq!((sent, received), (Err(SendFailure::TimedOut(1)), Err(RecvFailure::TimedOut))),
        }
    });
}

/// A receiver that gives up, even one that a sender has just passed over, takes no other out of the list.
#[test]
fn a_timed_out_receiver_leaves_alone() {
    model(2, || {
        let channel = channel(RENDEZVOUS);
        let hasty = at(&channel, |end| end.receive_soon().is_ok());
        let patient =
            at(&channel, |end| std::iter::repeat_with(|| end.receive()).take_while(Result::is_ok).count());
        let sender = channel.end(0);
        let tried = sender.try_send(1);
        assert_eq!(sender.send(2), Ok(()));
        assert!(sender.core().close());
        let received = usize::from(hasty.join().unwrap()) + patient.join().unwrap();
        assert_eq!(received, usize::from(tried) + 1);
    });
}
