//! What the kernel says of a process: memory, mappings, and the time its threads spent.

use std::ffi::OsStr;
use std::fs;
use std::process;

/// Resident memory of this process in megabytes.
pub(crate) fn resident_mb() -> Result<f64, String> {
    resident_mb_of("self")
}

/// Resident memory in megabytes of a process named by its id.
pub(crate) fn resident_mb_of(process: &str) -> Result<f64, String> {
    Ok(number_after(&read(&format!("/proc/{process}/status"))?, "VmRSS:")? * 1024.0 / 1e6)
}

/// How many memory mappings the process has; the kernel allows 65,530 unless told otherwise.
pub(crate) fn mappings() -> Result<usize, String> {
    Ok(read("/proc/self/maps")?.lines().count())
}

/// What the threads of a process have used so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ThreadAccounts {
    pub(crate) cpu_ms: f64,
    pub(crate) voluntary_switches: f64,
    pub(crate) forced_switches: f64,
}

impl ThreadAccounts {
    /// Adds up all threads of this process but the main one, which is the one that looks.
    pub(crate) fn read() -> Result<ThreadAccounts, String> {
        let main = process::id().to_string();
        ThreadAccounts::sum(&main, |thread| thread != &*main)
    }

    /// Adds up all threads of a process named by its id.
    pub(crate) fn of(process: &str) -> Result<ThreadAccounts, String> {
        ThreadAccounts::sum(process, |_| true)
    }

    fn sum(process: &str, is_counted: impl Fn(&OsStr) -> bool) -> Result<ThreadAccounts, String> {
        let mut total = ThreadAccounts::default();
        let folder = format!("/proc/{process}/task");
        let threads = fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
        for entry in threads.flatten().filter(|entry| is_counted(&entry.file_name())) {
            let path = entry.path();
            let status = read(&path.join("status").to_string_lossy())?;
            // The first number of `schedstat` is nanoseconds on a processor.
            let schedstat = read(&path.join("schedstat").to_string_lossy())?;
            total.cpu_ms += number_after(&schedstat, "")? / 1e6;
            total.voluntary_switches += number_after(&status, "\nvoluntary_ctxt_switches:")?;
            total.forced_switches += number_after(&status, "nonvoluntary_ctxt_switches:")?;
        }
        Ok(total)
    }
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

/// The first number after `label`.
fn number_after(text: &str, label: &str) -> Result<f64, String> {
    let number = text.split_once(label).and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| format!("no number after '{}'", label.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_mappings() {
        assert!(resident_mb().unwrap() > 0.1);
        assert!(mappings().unwrap() > 3);
    }

    #[test]
    fn the_test_thread_is_accounted_for() {
        assert!(ThreadAccounts::read().unwrap().cpu_ms > 0.0);
    }

    #[test]
    fn a_missing_label_is_named() {
        assert_eq!(number_after("VmRSS:\t 12 kB", "VmRSS:"), Ok(12.0));
        assert!(number_after("nothing", "VmRSS:").unwrap_err().contains("VmRSS"));
    }
}
