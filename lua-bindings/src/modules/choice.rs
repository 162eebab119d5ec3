//! A select among handles: channels that other states may know, and the ends of tasks.

use moonfleet::foreign;
use moonfleet::select::{Arm, RecvArm, Selected, SendArm, Wait as Limit};
use smallvec::SmallVec;

use crate::modules::arm::{FEW, Wish, push_closed};
use crate::raw::{Frame, Outcome, Raise, Reply};
use crate::state::local::cancelled;
use crate::state::{Local, Wait};
use crate::task::TaskHandle;
use crate::task::handle::JoinGuard;
use crate::value::{Message, Names};

/// A choice in the making.
#[derive(Default)]
struct Choice<'a> {
    arms: SmallVec<[Offer<'a>; FEW]>,
    /// Which arms are joins, and of what.
    joins: SmallVec<[(usize, &'a TaskHandle, JoinGuard<'a>); 2]>,
}

/// An arm; a join receives from a channel that closes when the task ends.
enum Offer<'a> {
    Receive(RecvArm<'a, Message>),
    Send(SendArm<'a, Message>),
}

/// Does the first of `wishes` that can be done. Their channels get known to other states.
pub(super) fn select(frame: Frame<'_>, wishes: &[Wish<'_>], wait: Limit) -> Outcome {
    let mut choice = Choice::default();
    for wish in wishes {
        choice.add(frame, wish)?;
    }
    match choice.make(frame, wait)? {
        Selected::Arm(index) => choice.conclude(frame, index),
        Selected::TimedOut => Ok(Reply::Failure(c"timeout")),
        Selected::WouldBlock => Ok(Reply::Failure(c"default")),
    }
}

impl<'a> Choice<'a> {
    fn add(&mut self, frame: Frame<'_>, wish: &Wish<'a>) -> Result<(), Raise> {
        let offer = match *wish {
            Wish::Receive(channel, index) => {
                Offer::Receive(RecvArm::new(channel.share(frame, index)?.receiver()))
            }
            Wish::Send(channel, index, values) => {
                let message = Message::read_range(frame, values.first, values.count, Names::Arguments)?;
                Offer::Send(SendArm::new(channel.share(frame, index)?.sender(), message))
            }
            Wish::Join(task) => {
                self.joins.push((self.arms.len(), task, task.join_guard()));
                Offer::Receive(RecvArm::new(task.latch().receiver()))
            }
        };
        self.arms.push(offer);
        Ok(())
    }

    fn make(&mut self, frame: Frame<'_>, wait: Limit) -> Result<Selected, Raise> {
        let mut arms = SmallVec::<[&mut dyn Arm; FEW]>::new();
        for offer in &mut self.arms {
            arms.push(match offer {
                Offer::Receive(arm) => arm,
                Offer::Send(arm) => arm,
            });
        }
        if matches!(wait, Limit::Poll) {
            return foreign::select(&mut arms, wait).map_err(cancelled);
        }
        let deadline = if let Limit::Until(deadline) = wait { Some(deadline) } else { None };
        let reason = Wait::inside(&"select", deadline);
        Local::of(frame).wait(frame, reason, || foreign::select(&mut arms, wait))?.map_err(cancelled)
    }

    /// Pushes the index and the values of the arm that fired. `[-0, +n, -]`
    fn conclude(mut self, frame: Frame<'_>, index: usize) -> Outcome {
        frame.push_integer(index as i64 + 1);
        if let Some((_, task, _)) = self.joins.iter().find(|join| join.0 == index) {
            return Ok(Reply::Values(1 + task.push_results(frame)?));
        }
        let pushed = match &mut self.arms[index] {
            Offer::Receive(arm) => match arm.take() {
                Some(Ok(message)) => message.push(frame)?,
                _ => push_closed(frame)?,
            },
            Offer::Send(arm) => match arm.take() {
                Some(Ok(())) => {
                    frame.push_boolean(true);
                    1
                }
                _ => push_closed(frame)?,
            },
        };
        Ok(Reply::Values(1 + pushed))
    }
}
