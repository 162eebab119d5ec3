//! The main task of an embedded state: makes it ready, then turns each request into a task of the state.

use std::sync::Weak;

use moonfleet::channel::{Receiver, oneshot};
use moonfleet::foreign;

use crate::embed::callback::{RustFunction, panic_message};
use crate::embed::host::{Host, Job, Request, Shared};
use crate::embed::{Error, Lua};
use crate::raw::callback::function;
use crate::raw::{Entry, Frame, Outcome, Raise, Reply, chunk};
use crate::state::fleet::Berth;
use crate::state::{Local, LuaState, Phase, Wait};
use crate::task::spawn;

/// What is done in a new state before anybody else sees it.
pub(super) type Setup = Box<dyn FnOnce(&Lua<'_>) -> Result<(), Error> + Send>;

/// Opens a state, tells `ready`, and serves requests until the inbox is closed.
pub(super) fn serve(
    name: &str,
    berth: Berth,
    shared: Weak<Shared>,
    inbox: Receiver<Request>,
    setup: Setup,
    ready: oneshot::Sender<Result<(), Error>>,
) {
    let host = Host::new(shared);
    let opened = LuaState::open(berth, name).map_err(Error::NotStarted).and_then(|state| {
        prepare(&state, &host)?;
        let outcome = Lua::leave(state.frame(), state.local(), setup);
        let outcome = outcome.map_err(|raise| Error::NotStarted(state.error_text(raise)))?;
        outcome
            .unwrap_or_else(|payload| Err(Error::Panicked(panic_message(&*payload).unwrap_or_default())))?;
        Ok(state)
    });
    match opened {
        Ok(state) => {
            // Who asked for the state may be gone.
            let _ = ready.send(Ok(()));
            while let Ok(Ok(request)) = state.wait(Wait::outside(&"calls"), || foreign::recv(&inbox, None)) {
                match request {
                    Request::Job(job) => spawn_for(&state, &host, job),
                    Request::Release(number) => release(&state, number),
                }
            }
            // What is in it still, nobody will answer.
            drop(inbox);
            state.close(Phase::Done);
            // If the runtime shuts down, tasks that have not started never will, and the state may keep its clone.
            host.deck.take();
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

/// Gives the state what calls from Rust need.
fn prepare(state: &LuaState, host: &Host) -> Result<(), Error> {
    state.local().set_host(Box::new(host.clone()));
    let prepared = state.frame().protect(0, &mut (), |scope, ()| {
        scope.define_class::<RustFunction>(&[], &[]);
        scope.push_table(0, 0);
        scope.set_registry(Entry::Anchors);
        scope.push_callback(chunk::capture, 0);
        scope.set_registry(Entry::Capture);
        0
    });
    prepared.map(drop).map_err(|raise| Error::NotStarted(state.error_text(raise)))
}

/// Makes a task that will run a job, or tells the job's caller why there is none.
fn spawn_for(state: &LuaState, host: &Host, job: Job) {
    host.deck.borrow_mut().push_back(job);
    let spawned = state.frame().protect(0, &mut (), |scope, ()| {
        scope.push_callback(spawn::spawn, 0);
        scope.push_callback(function(run), 0);
        scope.call(1);
        0
    });
    if let Err(raise) = spawned {
        let text = state.error_text(raise);
        let job = host.deck.borrow_mut().pop_back();
        if let Some(job) = job {
            job.fail(if text == "not enough memory" {
                Error::Memory
            } else {
                Error::without_traceback(text)
            });
        }
    }
}

/// Lets go of a function that nobody holds any more.
fn release(state: &LuaState, number: i64) {
    let released = state.frame().protect(0, &mut { number }, |scope, number| {
        scope.push_registry(Entry::Anchors);
        scope.push_nil();
        scope.raw_set_index(-2, *number);
        0
    });
    if let Err(raise) = released {
        // Setting a field to nil takes no memory; at worst the function stays.
        drop(state.error_text(raise));
    }
}

/// The function of a task that runs a job.
fn run(frame: Frame<'_>) -> Outcome {
    let local = Local::of(frame);
    let job = Host::of(local).and_then(|host| host.deck.borrow_mut().pop_front());
    let job = job.ok_or_else(|| Raise::error("no call from Rust is waiting"))?;
    // A panic of the job has gone to its caller.
    let _outcome = Lua::leave(frame, local, |lua| job.run(lua))?;
    Ok(Reply::Values(0))
}
