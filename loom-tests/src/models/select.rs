//! Models of `select/mod.rs` and `select/arm.rs`.

use std::any::type_name;
use std::time::Instant;

use loom::thread;

use crate::channel::blocking::{self, SendFailure};
use crate::channel::{Channels, End};
use crate::model::explore;
use crate::select::{RecvArm, Selected, SendArm, Wait, select};

/// Seeds of the random orders: the first two fall in a different way for each.
const SEEDS: [u64; 4] = [0, 1, 3, 7];

/// Runs the model once per way in which two parties can shuffle two arms each.
fn in_every_order<P: Fn() + Copy + Send + Sync + 'static>(preemptions: usize, program: P) {
    let programs = SEEDS.map(|seed| {
        move || {
            fastrand::seed(seed);
            program();
        }
    });
    explore(type_name::<P>(), preemptions, programs);
}

#[test]
fn every_seed_shuffles_in_its_own_way() {
    let ways = SEEDS.map(|seed| {
        fastrand::seed(seed);
        [fastrand::bool(), fastrand::bool()]
    });
    assert!((1..SEEDS.len()).all(|index| !ways[..index].contains(&ways[index])), "{ways:?}");
}

/// What a party that offers a message on one channel and asks for one on another came to.
#[derive(Debug, PartialEq)]
enum Met {
    Sent,
    Received(u8),
}

/// Sends `message` on `out` or receives from `inn`, whichever comes first.
fn exchange(out: &End<u8>, message: u8, inn: &End<u8>, send_first: bool) -> Met {
    let (mut send, mut receive) = (SendArm::new(out, message), RecvArm::new(inn));
    let selected = if send_first {
        select(&mut [&mut send, &mut receive], Wait::Forever)
    } else {
        select(&mut [&mut receive, &mut send], Wait::Forever)
    };
    if selected == Selected::Arm(usize::from(!send_first)) {
        assert_eq!(send.take(), Some(Ok(())));
        assert_eq!((receive.take(), send.into_message()), (None, None), "one arm is done");
        Met::Sent
    } else {
        assert_eq!((send.take(), send.into_message()), (None, Some(message)), "the message stays");
        Met::Received(receive.take().expect("this arm is done").expect("nobody closes"))
    }
}

/// Two selects that face each other over two channels meet on exactly one of them, and do not deadlock.
#[test]
fn two_that_face_each_other_meet_once() {
    in_every_order(3, || {
        let channels = Channels::new([0, 0]);
        let ends = [channels.end(0), channels.end(1)];
        // The arms of the two stand in opposite orders.
        let other = thread::spawn(move || exchange(&ends[1], 2, &ends[0], true));
        let this = exchange(&channels.end(0), 1, &channels.end(1), true);
        match (this, other.join().unwrap()) {
            (Met::Sent, other) => assert_eq!(other, Met::Received(1)),
            (this, other) => assert_eq!((this, other), (Met::Received(2), Met::Sent)),
        }
    });
}

/// Two selects that both send and receive on one channel meet each other, never themselves.
#[test]
fn two_on_one_channel_meet_each_other() {
    in_every_order(3, || {
        let channel = Channels::new([0]);
        let end = channel.end(0);
        let other = thread::spawn(move || exchange(&end, 2, &end, false));
        let this = exchange(&channel.end(0), 1, &channel.end(0), true);
        match (this, other.join().unwrap()) {
            (Met::Sent, other) => assert_eq!(other, Met::Received(1)),
            (this, other) => assert_eq!((this, other), (Met::Received(2), Met::Sent)),
        }
    });
}

/// Of two senders to the two arms of a select one commits; the other meets the next receive.
#[test]
fn of_two_senders_one_commits() {
    in_every_order(2, || {
        let channels = Channels::new([0, 0]);
        let senders = [0, 1].map(|index| {
            let end = channels.end(index);
            thread::spawn(move || blocking::send(end.core(), index, None))
        });
        let ends = [channels.end(0), channels.end(1)];
        let (mut first, mut second) = (RecvArm::new(&ends[0]), RecvArm::new(&ends[1]));
        let selected = select(&mut [&mut first, &mut second], Wait::Forever);
        let winner = usize::from(selected != Selected::Arm(0));
        let taken = [first.take(), second.take()];
        assert_eq!((taken[winner], taken[1 - winner]), (Some(Ok(winner)), None));
        let loser = 1 - winner;
        assert_eq!(blocking::receive(ends[loser].core(), None), Ok(loser));
        for sender in senders {
            assert_eq!(sender.join().unwrap(), Ok(()));
        }
    });
}

/// One message to a select that names its channel twice is received by one arm.
#[test]
fn a_channel_named_twice_fires_one_arm() {
    in_every_order(3, || {
        let channel = Channels::new([0]);
        let end = channel.end(0);
        let sender = thread::spawn(move || blocking::send(end.core(), 1, None));
        let end = channel.end(0);
        let (mut first, mut second) = (RecvArm::new(&end), RecvArm::new(&end));
        let selected = select(&mut [&mut first, &mut second], Wait::Forever);
        let expected = if selected == Selected::Arm(0) { (Some(Ok(1)), None) } else { (None, Some(Ok(1))) };
        assert_eq!((first.take(), second.take()), expected);
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}

/// A select whose deadline passes has taken no message; one that was handed a message keeps it.
#[test]
fn a_deadline_keeps_what_an_arm_was_handed() {
    in_every_order(3, || {
        let channels = Channels::new([0, 0]);
        let end = channels.end(0);
        let sender = thread::spawn(move || blocking::send(end.core(), 1, Some(0)));
        let ends = [channels.end(0), channels.end(1)];
        let (mut first, mut second) = (RecvArm::new(&ends[0]), RecvArm::new(&ends[1]));
        let selected = select(&mut [&mut first, &mut second], Wait::Until(Instant::now()));
        assert_eq!(second.take(), None);
        match sender.join().unwrap() {
            Ok(()) => assert_eq!((selected, first.take()), (Selected::Arm(0), Some(Ok(1)))),
            sent => {
                assert_eq!((selected, first.take()), (Selected::TimedOut, None));
                assert_eq!(sent, Err(SendFailure::TimedOut(1)));
            }
        }
    });
}

/// Closing one channel ends a select on two, and the other arm's message stays.
#[test]
fn a_closed_channel_ends_a_select() {
    in_every_order(3, || {
        let channels = Channels::<u8>::new([0, 0]);
        let end = channels.end(0);
        let closer = thread::spawn(move || assert!(end.core().close()));
        let ends = [channels.end(0), channels.end(1)];
        let (mut receive, mut send) = (RecvArm::new(&ends[0]), SendArm::new(&ends[1], 1));
        assert_eq!(select(&mut [&mut receive, &mut send], Wait::Forever), Selected::Arm(0));
        assert!(matches!(receive.take(), Some(Err(_))));
        assert_eq!((send.take(), send.into_message()), (None, Some(1)));
        closer.join().unwrap();
    });
}
