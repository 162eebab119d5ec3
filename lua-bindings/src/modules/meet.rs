//! Sending, receiving and selecting among channels that only this state knows.
//!
//! Each function answers `None` if only handles can do it, or if a channel got known in another state while the task
//! waited: the caller goes on with handles then. See [`Meeting`].

use std::ffi::c_int;
use std::time::Instant;

use moonfleet::select;
use smallvec::SmallVec;

use crate::modules::arm::{FEW, Wish, push_closed};
use crate::raw::{Frame, Kind, Raise, Reply};
use crate::state::local::cancelled;
use crate::state::{Local, Wait};
use crate::value::meeting::{Ending, Met, Party, Role, Seat, Values};
use crate::value::{Channel, Meeting};

/// Whether a script could not tell these values from copies of them. `[-0, +0, -]`
#[inline]
pub(super) fn cross_by_reference(frame: Frame<'_>, values: Values) -> bool {
    (values.first..values.first + values.count).all(|index| match frame.kind(index) {
        Kind::Nil | Kind::Boolean | Kind::Number | Kind::String => true,
        Kind::Userdata => frame.userdata::<Channel>(index).is_some(),
        _ => false,
    })
}

/// Sends, waiting for a receiver.
#[inline]
pub(super) fn send(frame: Frame<'_>, meeting: &Meeting, values: Values) -> Result<Option<Reply>, Raise> {
    match meeting.send(frame, values) {
        Met::Yes(_) => return Ok(Some(frame.reply_true())),
        Met::Closed => return Ok(Some(Reply::Failure(c"closed"))),
        Met::TooMuch => return Ok(None),
        Met::NotYet => {}
    }
    Ok(match wait_seated(frame, meeting, Role::Send(values), None)? {
        Some(Ending::Met(..)) => Some(frame.reply_true()),
        Some(Ending::Closed(_)) => Some(Reply::Failure(c"closed")),
        Some(Ending::TimedOut) => Some(Reply::Failure(c"timeout")),
        Some(Ending::Again) | None => None,
    })
}

/// Receives, waiting for a sender until `deadline`. `[-0, +n, -]`
#[inline]
pub(super) fn receive(
    frame: Frame<'_>,
    meeting: &Meeting,
    deadline: Option<Instant>,
) -> Result<Option<Reply>, Raise> {
    match meeting.receive(frame, None) {
        Met::Yes(count) => return Ok(Some(Reply::Values(count))),
        Met::Closed => return Ok(Some(Reply::Failure(c"closed"))),
        Met::TooMuch => return Err(too_much()),
        Met::NotYet => {}
    }
    Ok(match wait_seated(frame, meeting, Role::Receive { numbered: false }, deadline)? {
        Some(Ending::Met(_, count)) => Some(Reply::Values(count)),
        Some(Ending::Closed(_)) => Some(Reply::Failure(c"closed")),
        Some(Ending::TimedOut) => Some(Reply::Failure(c"timeout")),
        Some(Ending::Again) | None => None,
    })
}

/// Takes a seat and waits in it. `None` outside a task, where nobody can be met.
#[inline]
fn wait_seated(
    frame: Frame<'_>,
    meeting: &Meeting,
    role: Role,
    deadline: Option<Instant>,
) -> Result<Option<Ending>, Raise> {
    let Some(party) = Party::new(frame) else { return Ok(None) };
    let seat = Seat::new(&party, 1, role);
    meeting.seat(&seat);
    let what = if matches!(role, Role::Send(_)) { &"send" } else { &"receive" };
    Local::of(frame)
        .wait(frame, Wait::inside(what, deadline), || party.wait(deadline))?
        .map(Some)
        .map_err(cancelled)
}

/// One arm of a select among meetings.
pub(super) struct Place<'a> {
    pub(super) meeting: &'a Meeting,
    pub(super) role: Role,
}

impl<'a> Place<'a> {
    /// The arm as a place to meet in, if only this state knows its channel.
    #[inline]
    pub(super) fn of(wish: &Wish<'a>, frame: Frame<'_>) -> Option<Self> {
        match *wish {
            Wish::Receive(channel, _) => {
                Some(Place { meeting: channel.as_meeting()?, role: Role::Receive { numbered: true } })
            }
            Wish::Send(channel, _, values) => {
                let meeting = channel.as_meeting()?;
                let role = Role::Send(values);
                let fits = cross_by_reference(frame, values) && meeting.could_keep(frame, values);
                fits.then_some(Place { meeting, role })
            }
            Wish::Join(_) => None,
        }
    }
}

impl Place<'_> {
    /// Does the arm with this number if a partner is there. `[-0, +(n|0), -]`
    #[inline]
    fn attempt(&self, frame: Frame<'_>, arm: c_int) -> Result<Option<Reply>, Raise> {
        let met = match self.role {
            Role::Send(values) => self.meeting.send(frame, values),
            Role::Receive { .. } => self.meeting.receive(frame, Some(arm)),
        };
        match met {
            Met::NotYet => Ok(None),
            Met::TooMuch => Err(too_much()),
            Met::Closed => closed(frame, arm).map(Some),
            Met::Yes(_) if self.is_send() => Ok(Some(sent(frame, arm))),
            Met::Yes(count) => Ok(Some(Reply::Values(count))),
        }
    }

    fn is_send(&self) -> bool {
        matches!(self.role, Role::Send(_))
    }
}

/// Does the first of `places` whose partner is there or comes; chance decides among those that are there.
/// `[-0, +n, -]`
pub(super) fn select(
    frame: Frame<'_>,
    places: &[Place<'_>],
    wait: select::Wait,
) -> Result<Option<Reply>, Raise> {
    let first = if places.len() > 1 { fastrand::usize(..places.len()) } else { 0 };
    for n in (first..places.len()).chain(0..first) {
        if let Some(reply) = places[n].attempt(frame, n as c_int + 1)? {
            return Ok(Some(reply));
        }
    }
    let deadline = match wait {
        select::Wait::Poll => return Ok(Some(Reply::Failure(c"default"))),
        select::Wait::Forever => None,
        select::Wait::Until(deadline) => Some(deadline),
    };
    let Some(ending) = wait_in_all(frame, places, deadline)? else { return Ok(None) };
    match ending {
        Ending::Met(arm, _) if places[arm as usize - 1].is_send() => Ok(Some(sent(frame, arm))),
        Ending::Met(_, count) => Ok(Some(Reply::Values(count))),
        Ending::Closed(arm) => closed(frame, arm).map(Some),
        Ending::TimedOut => Ok(Some(Reply::Failure(c"timeout"))),
        Ending::Again => Ok(None),
    }
}

/// Takes a seat in every place, and waits.
fn wait_in_all(
    frame: Frame<'_>,
    places: &[Place<'_>],
    deadline: Option<Instant>,
) -> Result<Option<Ending>, Raise> {
    let Some(party) = Party::new(frame) else { return Ok(None) };
    let mut seats = SmallVec::<[Seat<'_>; FEW]>::new();
    seats.extend(places.iter().zip(1..).map(|(place, arm)| Seat::new(&party, arm, place.role)));
    for (seat, place) in seats.iter().zip(places) {
        place.meeting.seat(seat);
    }
    Local::of(frame)
        .wait(frame, Wait::inside(&"select", deadline), || party.wait(deadline))?
        .map(Some)
        .map_err(cancelled)
}

/// The error of a receiver whose Lua stack cannot hold the message.
#[cold]
pub(super) fn too_much() -> Raise {
    Raise::error("stack overflow: a message has too many values to be received")
}

/// Pushes `arm, true`.
fn sent(frame: Frame<'_>, arm: c_int) -> Reply {
    frame.push_integer(i64::from(arm));
    frame.push_boolean(true);
    Reply::Values(2)
}

/// Pushes `arm, nil, "closed"`.
fn closed(frame: Frame<'_>, arm: c_int) -> Result<Reply, Raise> {
    frame.push_integer(i64::from(arm));
    Ok(Reply::Values(1 + push_closed(frame)?))
}
