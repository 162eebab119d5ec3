//! Models of `home/inbox.rs`.

use std::ptr::NonNull;

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use crate::bell::Bell;
use crate::home::inbox::{Bell as Answer, Inbox, Link};
use crate::model::{model, write};
use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicUsize, Ordering};

/// A woken task, as the inbox knows it, and what its waker has written before.
struct Member {
    link: Link,
    slot: UnsafeCell<usize>,
}

/// An inbox with a doorbell, and all that is ever pushed into it.
struct House {
    inbox: Inbox,
    bell: Bell,
    members: Vec<Member>,
    /// Something to look at that is in no link.
    flag: AtomicUsize,
}

/// What the owner has seen.
#[derive(Default)]
struct Owner {
    drained: Vec<usize>,
    sleeps: usize,
}

impl House {
    fn new(members: usize) -> Arc<Self> {
        let member = || Member { link: Link::new(), slot: UnsafeCell::new(0) };
        let members = (0..members).map(|_| member()).collect();
        Arc::new(Self { inbox: Inbox::new(), bell: Bell::default(), members, flag: AtomicUsize::new(0) })
    }

    /// A thread that pushes these members, in this order; the number of times it had to ring.
    fn producer(house: &Arc<Self>, members: impl IntoIterator<Item = usize> + 'static) -> JoinHandle<usize> {
        let house = Arc::clone(house);
        thread::spawn(move || members.into_iter().filter(|&member| house.push(member)).count())
    }

    fn push(&self, index: usize) -> bool {
        let member = &self.members[index];
        write(&member.slot, index + 1);
        // SAFETY: pushed once, and kept until the last `Arc` is gone.
        self.answer(unsafe { self.inbox.push(NonNull::from(&member.link)) })
    }

    fn notify(&self) -> bool {
        self.answer(self.inbox.notify())
    }

    fn answer(&self, answer: Answer) -> bool {
        let rings = answer == Answer::Ring;
        if rings {
            self.bell.ring();
        }
        rings
    }

    /// The owner drains and sleeps until it has seen `enough`.
    fn live(&self, enough: impl Fn(&Owner) -> bool) -> Owner {
        let mut owner = Owner::default();
        loop {
            for link in self.inbox.drain() {
                owner.drained.push(self.greet(link));
            }
            if enough(&owner) {
                return owner;
            }
            if self.inbox.doze() {
                owner.sleeps += 1;
                self.bell.wait();
            }
        }
    }

    /// The number of the member that `link` belongs to, whose slot is the owner's from now on.
    fn greet(&self, link: NonNull<Link>) -> usize {
        let is_it = |member: &Member| std::ptr::eq(&member.link, link.as_ptr());
        let index = self.members.iter().position(is_it).expect("only members are pushed");
        assert_eq!(write(&self.members[index].slot, 0), index + 1, "what its waker has written");
        index
    }
}

/// Every link is delivered once, those of one producer in its order, and each sleep ends by one ring.
#[test]
fn links_arrive_once_and_each_sleep_ends_by_one_ring() {
    model(2, || {
        let house = House::new(3);
        let (two, one) = (House::producer(&house, [0, 1]), House::producer(&house, [2]));
        let owner = house.live(|owner| owner.drained.len() == 3);
        assert_eq!(two.join().unwrap() + one.join().unwrap(), owner.sleeps);
        let of_two: Vec<_> = owner.drained.iter().filter(|&&index| index < 2).collect();
        assert_eq!(of_two, [&0, &1], "in the order of their producer");
        assert!(owner.drained.contains(&2));
        assert!(!house.inbox.has_news());
    });
}

/// What is written before a `notify` is seen before the owner sleeps for good, whoever pushes meanwhile.
#[test]
fn a_notice_is_not_slept_through() {
    model(2, || {
        let house = House::new(1);
        let pusher = House::producer(&house, [0]);
        let notifier = {
            let house = Arc::clone(&house);
            thread::spawn(move || {
                // ORDER: Relaxed; the notify publishes it, which is what this model is about.
                house.flag.store(1, Ordering::Relaxed);
                house.notify()
            })
        };
        // ORDER: Relaxed; see above.
        let flag = || house.flag.load(Ordering::Relaxed);
        house.live(|owner| owner.drained.len() == 1 && flag() == 1);
        pusher.join().unwrap();
        notifier.join().unwrap();
    });
}
