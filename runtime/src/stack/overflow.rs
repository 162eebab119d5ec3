//! Stack overflow: the signal handler that names the task that ran out.
//!
//! A task that overflows touches its guard, and the kernel sends SIGSEGV (SIGBUS on some machines). The
//! handler asks whose guard was hit: if it is the current task's, it says so on standard error and aborts,
//! since frames cut off in the middle can neither be unwound nor resumed. Every other fault goes to whoever
//! handled the signal before, in the flavour they asked for.
//!
//! Everything reached from [`on_fault`] is async-signal-safe: no allocation, no lock, no formatting machinery.
#![allow(unsafe_code, reason = "handles signals and reads what the kernel passes to a handler")]

use std::io;
use std::mem;
use std::ops::Range;
use std::ptr;
use std::slice;
use std::sync::{Once, OnceLock};

use libc::{c_int, c_void, siginfo_t};

/// What the handler needs to know about the task that runs on this thread.
#[derive(Debug, Clone)]
pub(crate) struct Overflowing {
    /// The guard of its stack.
    pub(crate) guard: Range<usize>,
    /// Bytes its frames had.
    pub(crate) usable_bytes: usize,
    /// Its id.
    pub(crate) id: u64,
    /// Its name, UTF-8; not read when `name_len` is zero, which means it has none.
    pub(crate) name: *const u8,
    /// Bytes of the name.
    pub(crate) name_len: usize,
}

/// Tells which task runs on the calling thread, if any.
pub(crate) type Lookup = fn() -> Option<Overflowing>;

/// Set before the handler is installed, and never changed: what the handler works with.
static INSTALLED: OnceLock<Installed> = OnceLock::new();

struct Installed {
    lookup: Lookup,
    previous_segv: libc::sigaction,
    previous_bus: libc::sigaction,
}

/// Installs the handler for SIGSEGV and SIGBUS. The first call counts, for the whole process; others wait
/// until it is done and change nothing.
///
/// The handler only runs for a thread that has an alternate stack: see `AltStack`.
///
/// # Safety
///
/// `lookup` is called from the signal handler on any thread, so it must be async-signal-safe and must not
/// panic. What it returns describes the task that runs on that thread, and the name stays readable while that
/// task is current.
pub(crate) unsafe fn install(lookup: Lookup) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (previous_segv, previous_bus) = (current_action(libc::SIGSEGV), current_action(libc::SIGBUS));
        INSTALLED.get_or_init(|| Installed { lookup, previous_segv, previous_bus });
        take_over(libc::SIGSEGV, &previous_segv);
        take_over(libc::SIGBUS, &previous_bus);
    });
}

/// What the process does on `signal` now.
fn current_action(signal: c_int) -> libc::sigaction {
    let mut action = default_action();
    // SAFETY: a null new action only asks; `action` is ours to write.
    let answer = unsafe { libc::sigaction(signal, ptr::null(), &mut action) };
    assert_eq!(answer, 0, "asking for the action of signal {signal}: {}", io::Error::last_os_error());
    action
}

/// Puts [`on_fault`] in front of `previous`, with its mask and its nesting, so that it finds what it asked for.
fn take_over(signal: c_int, previous: &libc::sigaction) {
    let mut action = *previous;
    action.sa_sigaction = on_fault as *const () as usize;
    let inherited = previous.sa_flags & (libc::SA_NODEFER | libc::SA_RESTART);
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | inherited;
    // SAFETY: `on_fault` has the signature SA_SIGINFO asks for and is async-signal-safe; INSTALLED is set.
    let answer = unsafe { libc::sigaction(signal, &action, ptr::null_mut()) };
    assert_eq!(answer, 0, "installing a handler for signal {signal}: {}", io::Error::last_os_error());
}

/// No handler, no flags, an empty mask.
fn default_action() -> libc::sigaction {
    // SAFETY: sigaction is plain data for which all zeroes is a value: SIG_DFL is zero.
    unsafe { mem::zeroed() }
}

/// The handler.
extern "C" fn on_fault(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let Some(installed) = INSTALLED.get() else { return };
    // SAFETY: the kernel passes a valid siginfo to a handler with SA_SIGINFO, and nobody writes to it meanwhile.
    let details = unsafe { &*info };
    let from_kernel = details.si_code > 0;
    // SAFETY: reads a field of the siginfo; it is an address if the kernel raised the signal, else just bits.
    let address = unsafe { details.si_addr() }.addr();
    if from_kernel
        && let Some(task) = (installed.lookup)()
        && task.guard.contains(&address)
    {
        report(&task);
        // SAFETY: abort is async-signal-safe, and ends the process whatever handles SIGABRT.
        unsafe { libc::abort() };
    }
    let previous = if signal == libc::SIGBUS { &installed.previous_bus } else { &installed.previous_segv };
    chain(previous, signal, from_kernel, info, context);
}

/// Lets the action that was there before us have the signal.
fn chain(
    previous: &libc::sigaction,
    signal: c_int,
    from_kernel: bool,
    info: *mut siginfo_t,
    context: *mut c_void,
) {
    let one_shot = previous.sa_flags & libc::SA_RESETHAND != 0;
    match previous.sa_sigaction {
        // Only a signal somebody sent can be ignored; the instruction behind a real fault would just repeat.
        libc::SIG_IGN if !from_kernel => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            restore_default(signal);
            if !from_kernel {
                // Nothing will fault again after a signal that was sent, so send it again.
                // SAFETY: raise is async-signal-safe.
                unsafe { libc::raise(signal) };
            }
        }
        handler => {
            if one_shot {
                restore_default(signal);
            }
            let handler = ptr::with_exposed_provenance::<()>(handler);
            if previous.sa_flags & libc::SA_SIGINFO != 0 {
                // SAFETY: SA_SIGINFO says the address is a function of this type.
                let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                    unsafe { mem::transmute(handler) };
                handler(signal, info, context);
            } else {
                // SAFETY: without SA_SIGINFO the address is a function of this type.
                let handler: extern "C" fn(c_int) = unsafe { mem::transmute(handler) };
                handler(signal);
            }
        }
    }
}

/// Returns the signal to the system's own action; the fault then repeats and ends the process.
fn restore_default(signal: c_int) {
    // SAFETY: sigaction is async-signal-safe, and the default action is valid for every signal handled here.
    unsafe { libc::sigaction(signal, &default_action(), ptr::null_mut()) };
}

/// Says on standard error which task overflowed and what to change.
fn report(task: &Overflowing) {
    let mut line = Line { bytes: [0; Line::CAPACITY], len: 0 };
    if task.name_len == 0 {
        line.push("moonfleet: an unnamed task".as_bytes());
    } else {
        // SAFETY: `install` was promised that the name of the current task is readable.
        let name = unsafe { slice::from_raw_parts(task.name, task.name_len) };
        line.push("moonfleet: task '".as_bytes());
        line.push(&name[..shortened(name)]);
        line.push("'".as_bytes());
    }
    line.push(" (id ".as_bytes());
    line.push_number(task.id);
    line.push(") overflowed its stack of ".as_bytes());
    line.push_number(task.usable_bytes as u64);
    line.push(" bytes\n  help: give it more with TaskBuilder::stack_size, ".as_bytes());
    line.push("or every task with Builder::stack_size\n".as_bytes());
    line.write_to_stderr();
}

/// Bytes of `name` the report has room for, not ending inside a character.
fn shortened(name: &[u8]) -> usize {
    const MOST: usize = 256;
    if name.len() <= MOST {
        return name.len();
    }
    let is_start = |at: &usize| name[*at] & 0b1100_0000 != 0b1000_0000;
    (0..=MOST).rev().find(is_start).unwrap_or(0)
}

/// Text in fixed memory, since the handler may not allocate.
struct Line {
    bytes: [u8; Line::CAPACITY],
    len: usize,
}

impl Line {
    /// A shortened name and the rest of the report, with room to spare.
    const CAPACITY: usize = 640;

    /// Appends as much of `text` as fits.
    fn push(&mut self, text: &[u8]) {
        let fits = text.len().min(Line::CAPACITY - self.len);
        self.bytes[self.len..self.len + fits].copy_from_slice(&text[..fits]);
        self.len += fits;
    }

    /// Appends `number` in decimal.
    fn push_number(&mut self, mut number: u64) {
        const DIGITS: usize = 20;
        let mut digits = [b'0'; DIGITS];
        let mut first = DIGITS;
        loop {
            first -= 1;
            digits[first] += (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(&digits[first..]);
    }

    /// Writes it out in one call where possible, so that threads do not mix their lines.
    fn write_to_stderr(&self) {
        let mut rest = &self.bytes[..self.len];
        while !rest.is_empty() {
            // SAFETY: write is async-signal-safe and reads `rest` only.
            let written = unsafe { libc::write(libc::STDERR_FILENO, rest.as_ptr().cast(), rest.len()) };
            let Ok(written @ 1..) = usize::try_from(written) else { return };
            rest = &rest[written..];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::env;
    use std::hint::black_box;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Output};

    use corosensei::{Coroutine, Yielder};

    use super::super::{AltStack, StackCache, StackClass, StackPool};
    use super::*;

    const NAME: &str = "réader 7";
    const CHILD: &str = "MOONFLEET_OVERFLOW_CHILD";

    thread_local! {
        static CURRENT: Cell<Option<(usize, usize, usize)>> = const { Cell::new(None) };
    }

    fn lookup() -> Option<Overflowing> {
        let (start, end, usable_bytes) = CURRENT.get()?;
        let (name, name_len) = (NAME.as_ptr(), NAME.len());
        Some(Overflowing { guard: start..end, usable_bytes, id: 12, name, name_len })
    }

    /// Runs the test `name` of this file in a process of its own, where it is to die.
    fn run_child(name: &str) -> Output {
        let (_, module) = module_path!().split_once("::").unwrap();
        let test = format!("{module}::{name}");
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", &test, "--nocapture", "--test-threads=1"])
            .env(CHILD, name)
            .output();
        child.unwrap()
    }

    fn is_child() -> bool {
        env::var_os(CHILD).is_some()
    }

    /// Runs `body` on a small stack, as a task of which the handler knows.
    fn run_as_task(body: fn()) {
        let _alt_stack = AltStack::install().unwrap();
        // SAFETY: `lookup` reads a const-initialised thread-local without destructor, and a static name.
        unsafe { install(lookup) };
        let stack =
            StackCache::new(StackPool::new(None)).take(StackClass::new(32 << 10, false).unwrap()).unwrap();
        let guard = stack.guard_range();
        CURRENT.set(Some((guard.start, guard.end, stack.usable().len())));
        Coroutine::with_stack(stack, move |_: &Yielder<(), ()>, ()| body()).resume(());
    }

    #[expect(unconditional_recursion, reason = "it is to overflow")]
    fn recurse(depth: u64) -> u64 {
        let frame = black_box([depth; 64]);
        recurse(depth + 1) + frame[0]
    }

    fn fault_elsewhere() {
        let nowhere = ptr::without_provenance::<u8>(black_box(8));
        // SAFETY: it is not sound: the child is to die of it.
        unsafe { nowhere.read_volatile() };
    }

    #[test]
    fn overflow_names_the_task_and_aborts() {
        if is_child() {
            return run_as_task(|| {
                black_box(recurse(0));
            });
        }
        let output = run_child("overflow_names_the_task_and_aborts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{text}");
        let first = "moonfleet: task 'réader 7' (id 12) overflowed its stack of 32768 bytes\n";
        let help =
            "  help: give it more with TaskBuilder::stack_size, or every task with Builder::stack_size\n";
        assert!(text.contains(&format!("{first}{help}")), "{text}");
    }

    #[test]
    fn other_faults_go_to_the_handler_before_ours() {
        if is_child() {
            return run_as_task(fault_elsewhere);
        }
        let output = run_child("other_faults_go_to_the_handler_before_ours");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{text}");
        assert!(!text.contains("moonfleet"), "{text}");
    }

    /// Stands for a handler another library installed before us.
    extern "C" fn exit_with_address(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
        // SAFETY: passed on by our handler, which had it from the kernel.
        let details = unsafe { &*info };
        // SAFETY: the kernel sets the address of a fault.
        let address = unsafe { details.si_addr() }.addr();
        // SAFETY: async-signal-safe.
        unsafe { libc::_exit(40 + address as c_int) };
    }

    #[test]
    fn a_foreign_handler_gets_the_fault_with_its_details() {
        if is_child() {
            let mut action = default_action();
            action.sa_sigaction = exit_with_address as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            // SAFETY: the function has the signature SA_SIGINFO asks for.
            unsafe { libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()) };
            return run_as_task(fault_elsewhere);
        }
        let output = run_child("a_foreign_handler_gets_the_fault_with_its_details");
        assert_eq!(output.status.code(), Some(48), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn line_writes_numbers_and_stops_when_full() {
        let mut line = Line { bytes: [0; Line::CAPACITY], len: 0 };
        line.push_number(0);
        line.push_number(u64::MAX);
        assert_eq!(&line.bytes[..line.len], b"018446744073709551615");
        line.push(&[b'x'; 2 * Line::CAPACITY]);
        assert_eq!(line.len, Line::CAPACITY);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let name = "é".repeat(200);
        assert_eq!(shortened(name.as_bytes()), 256);
        let odd = format!("a{name}");
        assert_eq!(shortened(odd.as_bytes()), 255);
        assert_eq!(shortened(b"short"), 5);
    }
}
