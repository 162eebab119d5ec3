//! The end of a slice: has the Lua thread that runs stop at its next instruction, from a signal handler.
//!
//! ```text
//!  monitor ── signal ──▶ worker's thread: on_signal ── arms ──▶ hook of the running Lua thread
//!                                                                 │ next instruction
//!             the action: the task steps aside, or raises ◀── on_hook: puts back the hook of the script
//! ```
//! `lua_sethook` may be called from signal handlers; the manual says so. Nothing of this costs anything before the
//! signal comes.
//!
//! INVARIANT(armed): while `ARMED.state` is not null, the handler changes nothing. It is the running Lua thread: when
//! another one becomes innermost, the arm moves there, and when the task suspends, it goes away ([`follow`]). LuaJIT has
//! one hook for all Lua threads of a state, so there it does not matter which one it is.
//!
//! No model: what is ordered is ordered for a signal handler of the same thread, of which loom knows nothing.

#![allow(unsafe_code, reason = "a signal handler, and hooks")]

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering, compiler_fence};

use super::active::{self, Interrupted};
use super::ffi::*;
use super::{Frame, Raise, compat};

/// What to do when the slice of the native task with this id is over, in the middle of its Lua code.
pub(crate) type Action = fn(Frame<'_>, task: u64) -> Result<(), Raise>;

static ACTION: OnceLock<Action> = OnceLock::new();

/// A Lua thread whose own hook fires after more instructions than this is left alone: Lua would count them from the
/// start again after each slice, and the script's hook might never see the end of them.
const LARGEST_COUNT: c_int = 100_000;

/// The Lua thread that is to stop, and the hook of the script that is to be put back.
///
/// Atomics because the signal handler writes them; one thread has them, so Relaxed is enough.
struct Armed {
    state: AtomicPtr<lua_State>,
    hook: AtomicPtr<c_void>,
    mask: AtomicI32,
    count: AtomicI32,
    task: AtomicU64,
    /// The signal came while the running Lua thread was hidden.
    is_due: AtomicBool,
}

thread_local! {
    static ARMED: Armed = const {
        Armed {
            state: AtomicPtr::new(null_mut()),
            hook: AtomicPtr::new(null_mut()),
            mask: AtomicI32::new(0),
            count: AtomicI32::new(0),
            task: AtomicU64::new(0),
            is_due: AtomicBool::new(false),
        }
    };
}

/// A hook as `lua_sethook` takes it.
type Hook = Option<unsafe extern "C-unwind" fn(*mut lua_State, *mut lua_Debug)>;

// ORDER: Relaxed everywhere below; the handler runs on the thread that it interrupts.
impl Armed {
    /// Arms `state`, which is not armed. Async-signal-safe.
    ///
    /// # Safety
    /// `state` belongs to this thread, is active, and nobody is changing its hook.
    unsafe fn arm(&self, state: *mut lua_State, task: u64) {
        // SAFETY: the caller's; the manual allows `lua_sethook` in signal handlers, and the others read fields.
        unsafe {
            let (hook, mask, count) = (lua_gethook(state), lua_gethookmask(state), lua_gethookcount(state));
            if mask & LUA_MASKCOUNT != 0 && count > LARGEST_COUNT {
                return;
            }
            self.hook.store(hook.map_or(null_mut(), |hook| hook as *mut c_void), Ordering::Relaxed);
            self.mask.store(mask, Ordering::Relaxed);
            self.count.store(count, Ordering::Relaxed);
            self.task.store(task, Ordering::Relaxed);
            self.state.store(state, Ordering::Relaxed);
            compiler_fence(Ordering::SeqCst);
            compat::set_hook(state, Some(on_hook), mask | LUA_MASKCOUNT, 1);
        }
    }

    /// Puts back the hook of the script. `state` is armed.
    fn disarm(&self, state: *mut lua_State) {
        self.put_back(state);
        compiler_fence(Ordering::SeqCst);
        self.state.store(null_mut(), Ordering::Relaxed);
    }

    /// Gives `state`, which has our hook, the hook of the script.
    fn put_back(&self, state: *mut lua_State) {
        let (mask, count) = (self.mask.load(Ordering::Relaxed), self.count.load(Ordering::Relaxed));
        // SAFETY: armed — `state` is alive; it belongs to this thread.
        unsafe { compat::set_hook(state, self.hook(), mask, count) }
    }

    fn hook(&self) -> Hook {
        let hook = self.hook.load(Ordering::Relaxed);
        // SAFETY: `arm` stored a hook, or null for none, which is how `Option` spells it.
        unsafe { std::mem::transmute::<*mut c_void, Hook>(hook) }
    }

    fn state(&self) -> *mut lua_State {
        self.state.load(Ordering::Relaxed)
    }
}

/// Another Lua thread is innermost now; null if the task suspends. What is armed moves there.
#[inline]
pub(super) fn follow(innermost: *mut lua_State) {
    ARMED.with(|armed| {
        let state = armed.state();
        if !state.is_null() && state != innermost {
            armed.move_to(innermost);
        }
    });
}

impl Armed {
    #[cold]
    fn move_to(&self, innermost: *mut lua_State) {
        let task = self.task.load(Ordering::Relaxed);
        self.disarm(self.state());
        if !innermost.is_null() {
            // SAFETY: it is about to run, and its own hook is not being changed.
            active::hidden(|| unsafe { self.arm(innermost, task) });
        }
    }
}

/// Gives a new Lua thread, which inherits the hook of its creator, the hook of the script if that was ours.
pub(crate) fn cleanse(new: *mut lua_State) {
    // SAFETY: new, and nobody else's.
    if unsafe { is_ours(new) } {
        ARMED.with(|armed| armed.put_back(new));
    }
}

/// Runs `body`, in which scripts look at hooks or set them, or a [`Budget`](super::budget::Budget) does: they find their
/// own, and no signal comes between.
pub(super) fn with_own_hooks<R>(body: impl FnOnce() -> R) -> R {
    active::hidden(|| {
        ARMED.with(|armed| {
            let state = armed.state();
            if !state.is_null() {
                armed.disarm(state);
                armed.is_due.store(true, Ordering::Relaxed);
            }
        });
        let result = body();
        let running = active::running();
        ARMED.with(|armed| {
            if armed.is_due.swap(false, Ordering::Relaxed) && !running.is_null() {
                // SAFETY: it runs, and handlers do not see it.
                unsafe { armed.arm(running, armed.task.load(Ordering::Relaxed)) };
            }
        });
        result
    })
}

unsafe fn is_ours(state: *mut lua_State) -> bool {
    let ours: unsafe extern "C-unwind" fn(*mut lua_State, *mut lua_Debug) = on_hook;
    // SAFETY: the caller's.
    unsafe { lua_gethook(state) }.is_some_and(|hook| std::ptr::fn_addr_eq(hook, ours))
}

/// The hook of a Lua thread whose slice is over. Until it fires, what the script's own hook wants to see goes there.
unsafe extern "C-unwind" fn on_hook(l: *mut lua_State, event: *mut lua_Debug) {
    // SAFETY: Lua calls us on the native stack that runs `l`; nothing is alive on this frame when the action raises.
    unsafe {
        let (is_armed, hook, mask, task) = ARMED.with(|armed| {
            let is_armed = compat::shares_hooks(armed.state(), l);
            let (mask, task) = (armed.mask.load(Ordering::Relaxed), armed.task.load(Ordering::Relaxed));
            (is_armed, armed.hook(), mask, task)
        });
        if (*event).event != LUA_HOOKCOUNT {
            if let (true, Some(hook)) = (is_armed && mask & (1 << (*event).event) != 0, hook) {
                hook(l, event);
            }
            return;
        }
        if !is_armed {
            // A Lua thread that C code has made of one that was armed. It has no budget: states with one run no such code.
            return compat::set_hook(l, None, 0, 0);
        }
        ARMED.with(|armed| armed.disarm(armed.state()));
        if !compat::is_finalizing_in_hook(l) {
            act(l, task);
        }
    }
}

/// Does what is to be done at the end of a slice. `[-0, +0, e]`
unsafe fn act(l: *mut lua_State, task: u64) {
    let Some(action) = ACTION.get() else { return };
    // SAFETY: as in `on_hook`; the error is consumed by raising it.
    unsafe {
        // no-panic-out
        let action = || catch_unwind(AssertUnwindSafe(|| action(Frame::new(l), task)));
        let outcome =
            compat::outside_hook(l, || action().unwrap_or_else(|payload| Err(Raise::from_panic(payload))));
        if let Some(Err(raise)) = outcome {
            raise.throw_here(l);
        }
    }
}

// ── the signal ──────────────────────────────────────────────────────────────────────────────────────────────

/// The signal that says that a slice is over: a real-time one, which nothing else uses by default.
fn signal() -> c_int {
    libc::SIGRTMAX() - 3
}

/// Has the end of a slice do `action`, from now on and in the whole process.
pub(crate) fn install(action: Action) {
    ACTION.get_or_init(|| {
        // SAFETY: the handler is async-signal-safe: it reads constant-initialised thread-locals, and calls Lua only as
        // the manual allows. It runs on the alternate stack, which every worker has, because tasks' stacks are small.
        let answer = unsafe {
            let mut own: libc::sigaction = MaybeUninit::zeroed().assume_init();
            own.sa_sigaction = on_signal as *const () as usize;
            own.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigaction(signal(), &own, null_mut())
        };
        debug_assert_eq!(answer, 0, "a real-time signal has a handler: {}", io::Error::last_os_error());
        action
    });
}

/// What the kernel takes for a queued signal.
#[repr(C)]
struct Info {
    signal: c_int,
    errno: c_int,
    code: c_int,
    _padding: c_int,
    process: libc::pid_t,
    user: libc::uid_t,
    value: u64,
    _rest: [u64; 12],
}

const _: () = assert!(size_of::<Info>() == size_of::<libc::siginfo_t>());

/// Tells the worker whose OS thread is `thread` that the slice of its native task with the id `task` is over.
pub(crate) fn tell(thread: i32, task: u64) {
    // SAFETY: both calls only ask the kernel. A thread that has ended gets nothing; another that has its number ignores
    // the signal unless it runs the task.
    unsafe {
        let info = Info {
            signal: signal(),
            errno: 0,
            code: libc::SI_QUEUE,
            _padding: 0,
            process: libc::getpid(),
            user: libc::getuid(),
            value: task,
            _rest: [0; 12],
        };
        libc::syscall(libc::SYS_rt_tgsigqueueinfo, info.process, thread, info.signal, &raw const info);
    }
}

extern "C" fn on_signal(_: c_int, info: *const libc::siginfo_t, _: *const c_void) {
    // SAFETY: the kernel gives what was queued.
    let task = unsafe { (*info.cast::<Info>()).value };
    ARMED.with(|armed| match active::interrupted() {
        Interrupted::Nothing => {}
        Interrupted::Hidden => {
            armed.task.store(task, Ordering::Relaxed);
            armed.is_due.store(true, Ordering::Relaxed);
        }
        // SAFETY: armed, innermost — it runs on this thread, which we have interrupted: it is neither being armed nor
        // disarmed. Who changes its hook otherwise has hidden it.
        Interrupted::Running(state) if armed.state().is_null() => unsafe { armed.arm(state, task) },
        Interrupted::Running(_) => {}
    });
}
