//! `fs`: from tasks and threads, files and FIFOs, bad input, and what a cancel leaves behind.

mod child;
mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use moonfleet::fs::{self, File, TempDir};
use moonfleet::{spawn, spawn_local, time, yield_now};
use rustix::fs::{CWD, FileType, Mode, OFlags, fcntl_getfl, mknodat};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{LONG, alone, ends_completely, park, runtime, was_cancelled};

/// Runs `body` in a task and on a plain thread: it behaves the same.
fn everywhere(body: impl Fn() + Sync) {
    alone(&body);
    body();
}

fn folder() -> (TempDir, PathBuf) {
    let folder = fs::tempdir().unwrap();
    let path = folder.path().join("file");
    (folder, path)
}

fn fifo() -> (TempDir, PathBuf) {
    let (folder, path) = folder();
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    (folder, path)
}

/// Both ends of a FIFO, which neither waits for the other one to open.
fn open_fifo() -> (File, File) {
    let (_folder, path) = fifo();
    let reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    (reader, File::options().write(true).open(&path).unwrap())
}

fn kind_of<T: std::fmt::Debug>(result: std::io::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

// ── files ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn what_is_written_is_read() {
    everywhere(|| {
        let (_folder, path) = folder();
        let text: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
        let mut writer = BufWriter::new(File::create(&path).unwrap());
        text.lines().for_each(|line| writeln!(writer, "{line}").unwrap());
        writer.into_inner().unwrap().sync_data().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        let lines = BufReader::new(File::open(&path).unwrap()).lines();
        assert!(lines.map(Result::unwrap).eq(text.lines()));
        let mut copy = String::new();
        assert_eq!(File::open(&path).unwrap().read_to_string(&mut copy).unwrap(), text.len());
        assert_eq!(copy, text);
    });
}

#[test]
fn the_place_of_a_file_moves_with_reads_writes_and_seeks() {
    everywhere(|| {
        let mut file = fs::tempfile().unwrap();
        assert_eq!(file.write_vectored(&[IoSlice::new(b"north "), IoSlice::new(b"and south")]).unwrap(), 15);
        assert_eq!(file.seek(SeekFrom::Start(6)).unwrap(), 6);
        let (mut and, mut south) = ([0; 4], [0; 5]);
        let read = file.read_vectored(&mut [IoSliceMut::new(&mut and), IoSliceMut::new(&mut south)]).unwrap();
        assert_eq!((read, &and, &south), (9, b"and ", b"south"));
        assert_eq!(file.read(&mut and).unwrap(), 0, "that was the end");
        assert_eq!(file.seek(SeekFrom::End(-5)).unwrap(), 10);
        assert_eq!(file.seek(SeekFrom::Current(-4)).unwrap(), 6);
        assert_eq!(file.read_at(&mut south, 10).unwrap(), 5);
        assert_eq!(file.read(&mut and).unwrap(), 4, "offsets leave the place alone");
        assert_eq!((&and, &south), (b"and ", b"south"));
        assert_eq!(kind_of(file.seek(SeekFrom::Start(u64::MAX))), ErrorKind::InvalidInput);
        assert_eq!(kind_of(file.seek(SeekFrom::Current(-99))), ErrorKind::InvalidInput);
        file.set_len(3).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 3);
    });
}

#[test]
fn ends_empty_buffers_and_huge_offsets() {
    everywhere(|| {
        let mut file = fs::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        assert_eq!((file.read(&mut []).unwrap(), file.write(&[]).unwrap()), (0, 0));
        assert_eq!(file.read_at(&mut [0; 9], 3).unwrap(), 0);
        assert_eq!(file.read_at(&mut [0; 9], 1 << 50).unwrap(), 0);
        for beyond in [u64::MAX, 1 << 63] {
            assert_eq!(kind_of(file.read_at(&mut [0; 9], beyond)), ErrorKind::InvalidInput);
            assert_eq!(kind_of(file.write_at(b"x", beyond)), ErrorKind::InvalidInput);
        }
        // More than is read at once on the worker.
        file.write_all_at(&vec![7; 1 << 20], 0).unwrap();
        let mut all = vec![0; 1 << 20];
        file.read_exact_at(&mut all, 0).unwrap();
        assert!(all.iter().all(|&byte| byte == 7));
    });
}

#[test]
fn many_tasks_read_one_file_at_their_own_offsets() {
    let file = Arc::new(fs::tempfile().unwrap());
    let bytes: Vec<u8> = (0..64 * 1024_u32).flat_map(u32::to_le_bytes).collect();
    file.write_all_at(&bytes, 0).unwrap();
    let runtime = runtime(2);
    let tasks: Vec<_> = (0..64_u64)
        .map(|n| {
            let file = Arc::clone(&file);
            runtime.spawn(move || {
                for place in (n * 1024..(n + 1) * 1024).step_by(64) {
                    let mut word = [0; 4];
                    file.read_exact_at(&mut word, place * 4).unwrap();
                    assert_eq!(u64::from(u32::from_le_bytes(word)), place);
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
}

#[test]
fn an_appending_file_keeps_every_line_of_many_tasks() {
    let (_folder, path) = folder();
    alone(|| {
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let mut file = File::options().append(true).create(true).open(&path).unwrap();
                spawn(move || (0..20).for_each(|m| file.write_all(format!("{n} {m}\n").as_bytes()).unwrap()))
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().collect::<BTreeSet<_>>().len(), 400);
    });
}

#[test]
fn text_that_is_no_utf8_is_refused_and_the_string_left_alone() {
    everywhere(|| {
        let (_folder, path) = folder();
        fs::write(&path, b"ok \xff").unwrap();
        assert_eq!(kind_of(fs::read_to_string(&path)), ErrorKind::InvalidData);
        let mut text = "before".to_owned();
        assert_eq!(kind_of(File::open(&path).unwrap().read_to_string(&mut text)), ErrorKind::InvalidData);
        assert_eq!(text, "before");
    });
}

// ── names and directories ───────────────────────────────────────────────────────────────────────────────

#[test]
fn names_are_given_linked_and_taken_away() {
    everywhere(|| {
        let (folder, one) = folder();
        let (two, link) = (folder.path().join("two"), folder.path().join("link"));
        fs::write(&one, "1").unwrap();
        fs::hard_link(&one, &two).unwrap();
        fs::symlink(&two, &link).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), two);
        assert_eq!(fs::canonicalize(&link).unwrap(), fs::canonicalize(&two).unwrap());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && fs::metadata(&link).unwrap().is_file());
        fs::set_permissions(&one, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(fs::metadata(&two).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::copy(&one, folder.path().join("three")).unwrap(), 1);
        fs::rename(&two, &one).unwrap();
        fs::remove_file(&one).unwrap();
        // Two names of one file: the rename did nothing but say so.
        assert!(fs::exists(&link).unwrap());
        fs::remove_file(&two).unwrap();
        assert!(!fs::exists(&link).unwrap(), "the link leads nowhere");
    });
}

#[test]
fn a_listing_has_every_entry_once_whatever_its_length() {
    everywhere(|| {
        for count in [0, 1, 511, 512, 513, 1500] {
            let folder = fs::tempdir().unwrap();
            (0..count).for_each(|n| fs::write(folder.path().join(n.to_string()), "").unwrap());
            fs::create_dir_all(folder.path().join("deep/er")).unwrap();
            let mut names = BTreeSet::new();
            for entry in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
                assert_eq!(entry.file_type().unwrap().is_dir(), entry.metadata().unwrap().is_dir());
                assert!(names.insert(entry.file_name()), "{entry:?} came twice");
            }
            assert_eq!(names.len(), count + 1);
        }
    });
}

#[test]
fn temporary_things_go_away_and_kept_ones_stay() {
    everywhere(|| {
        let outer = fs::tempdir().unwrap();
        let inner = fs::tempdir_in(outer.path()).unwrap();
        fs::write(inner.path().join("x"), "y").unwrap();
        let path = inner.path().to_owned();
        inner.close().unwrap();
        assert!(!path.exists());
        let kept = fs::tempdir_in(outer.path()).unwrap().keep();
        let draft = fs::NamedTempFile::new_in(outer.path()).unwrap();
        let name = draft.path().to_owned();
        draft.file().write_all_at(b"done", 0).unwrap();
        assert!(draft.persist(kept.join("no/such/folder")).is_err());
        assert!(!name.exists(), "what cannot be kept is removed");
        let draft = fs::NamedTempFile::new_in(outer.path()).unwrap();
        drop(draft.persist(kept.join("final")).unwrap());
        assert!(kept.join("final").exists());
        let path = outer.path().to_owned();
        drop(outer);
        assert!(!path.exists());
    });
}

// ── bad input ───────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn paths_that_cannot_be_are_refused_as_by_std() {
    everywhere(|| {
        let nul = Path::new(OsStr::from_bytes(b"with\0nul"));
        let long = PathBuf::from("x".repeat(256));
        let longer = PathBuf::from("x/".repeat(4096));
        for (path, kind) in [
            (nul, ErrorKind::InvalidInput),
            (Path::new(""), ErrorKind::NotFound),
            (&long, ErrorKind::InvalidFilename),
            (&longer, ErrorKind::InvalidFilename),
            (Path::new("/no/such/file"), ErrorKind::NotFound),
            (Path::new("/proc/self/comm/below"), ErrorKind::NotADirectory),
        ] {
            assert_eq!(kind_of(File::open(path)), kind);
            assert_eq!(kind_of(fs::read(path)), kind);
            assert_eq!(kind_of(fs::metadata(path)), kind);
            assert_eq!(kind_of(fs::read_dir(path)), kind);
            assert_eq!(kind_of(fs::remove_file(path)), kind);
            assert_eq!(kind_of(fs::rename(path, "/tmp/never")), kind);
        }
        assert_eq!(kind_of(File::open("/").unwrap().read(&mut [0])), ErrorKind::IsADirectory);
        assert_eq!(kind_of(File::options().open("/")), ErrorKind::InvalidInput);
        let (_folder, path) = folder();
        fs::write(&path, "").unwrap();
        assert_eq!(
            kind_of(File::open(&path).unwrap().write(b"x")),
            kind_of(std::fs::File::open(&path).unwrap().write(b"x"))
        );
    });
}

#[test]
fn a_full_disk_is_reported_and_the_rest_goes_on() {
    everywhere(|| {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(kind_of(full.write(b"x")), ErrorKind::StorageFull);
        assert_eq!(kind_of(fs::write("/dev/full", "x")), ErrorKind::StorageFull);
        assert_eq!(File::open("/dev/zero").unwrap().read(&mut [1; 99]).unwrap(), 99);
        assert_eq!(File::open("/dev/null").unwrap().read(&mut [1; 99]).unwrap(), 0);
        assert_eq!(File::open("/dev/urandom").unwrap().read(&mut [1; 99]).unwrap(), 99);
    });
}

#[test]
fn without_descriptors_there_is_an_error_and_later_again_a_file() {
    const NAME: &str = "without_descriptors_there_is_an_error_and_later_again_a_file";
    if !child::is_running(NAME) {
        let output = child::run(NAME);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    alone(|| {
        let limit = getrlimit(Resource::Nofile);
        let mut files = vec![File::open("/proc/self/comm").unwrap()];
        setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..limit }).unwrap();
        let refused = loop {
            match File::open("/proc/self/comm") {
                Ok(file) => files.push(file),
                Err(error) => break error,
            }
        };
        assert_eq!(refused.raw_os_error(), Some(libc::EMFILE));
        assert_eq!(fs::read("/proc/self/comm").unwrap_err().raw_os_error(), Some(libc::EMFILE));
        assert_eq!(files[0].try_clone().unwrap_err().raw_os_error(), Some(libc::EMFILE));
        assert_eq!(fs::read_dir("/proc").unwrap_err().raw_os_error(), Some(libc::EMFILE));
        files.pop();
        assert!(!fs::read("/proc/self/comm").unwrap().is_empty());
    });
}

// ── what waits like a socket ────────────────────────────────────────────────────────────────────────────

#[test]
fn the_ends_of_a_fifo_meet_on_one_worker() {
    alone(|| {
        let (_folder, path) = fifo();
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        let sent = bytes.clone();
        let there = path.clone();
        // Each opens, and then fills or drains more than the pipe can hold: if one kept the worker, nobody moved.
        let writer = spawn_local(move || File::options().write(true).open(there).unwrap().write_all(&sent));
        let mut received = Vec::new();
        File::open(&path).unwrap().read_to_end(&mut received).unwrap();
        writer.join().unwrap().unwrap();
        assert!(received == bytes);
    });
}

#[test]
fn a_fifo_serves_threads_and_outlives_runtimes() {
    let (reader, mut writer) = open_fifo();
    let reader = Arc::new(reader);
    let waits = Arc::clone(&reader);
    let first = runtime(1);
    let parked = park(&first, move || drop((&*waits).read(&mut [0])));
    ends_completely(first);
    assert!(was_cancelled(parked));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut text = [0; 4];
            (&*reader).read_exact(&mut text).unwrap();
            assert_eq!(&text, b"ahoy");
        });
        writer.write_all(b"ahoy").unwrap();
    });
    drop(writer);
    assert_eq!((&*reader).read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_read_of_a_fifo_that_was_timed_out_or_cancelled_takes_nothing() {
    alone(|| {
        let (mut reader, mut writer) = open_fifo();
        for _ in 0..3 {
            assert!(time::timeout(Duration::from_millis(2), || reader.read(&mut [0])).is_err());
        }
        let mut waits = reader.try_clone().unwrap();
        let task = support::start(move || drop(waits.read(&mut [0; 9])));
        task.cancel();
        writer.write_all(b"all of it").unwrap();
        assert!(was_cancelled(task));
        let mut text = [0; 9];
        reader.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"all of it");
        // A full pipe ends a write early, and what was written stays written.
        let task = support::start(move || writer.write_all(&vec![1; 1 << 20]).unwrap());
        task.cancel();
        assert!(was_cancelled(task));
        let mut rest = Vec::new();
        let read = reader.read_to_end(&mut rest).unwrap();
        assert!(0 < read && read < 1 << 20 && rest.iter().all(|&byte| byte == 1));
    });
}

#[test]
fn nobody_to_read_a_fifo_is_an_error() {
    everywhere(|| {
        let (reader, mut writer) = open_fifo();
        drop(reader);
        assert_eq!(kind_of(writer.write(b"x")), ErrorKind::BrokenPipe);
        let mut buffer = [0];
        assert_eq!(kind_of(writer.read_at(&mut buffer, 0)), ErrorKind::NotSeekable);
        assert_eq!(kind_of(writer.seek(SeekFrom::Start(0))), ErrorKind::NotSeekable);
        assert!(writer.metadata().is_ok());
    });
}

fn is_non_blocking(file: impl AsFd) -> bool {
    fcntl_getfl(file).unwrap().contains(OFlags::NONBLOCK)
}

#[test]
fn a_fifo_that_comes_from_std_keeps_the_mode_that_others_see() {
    let (_folder, path) = fifo();
    let both = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let ours = File::from(both.try_clone().unwrap());
    alone(|| {
        assert!(time::timeout(Duration::from_millis(1), || (&ours).read(&mut [0])).is_err());
        (&both).write_all(b"x").unwrap();
        assert_eq!((&ours).read(&mut [0]).unwrap(), 1);
    });
    assert!(!is_non_blocking(&both) && is_non_blocking(&ours));
    assert!(!is_non_blocking(std::fs::File::from(ours)), "std's files block");
}

#[test]
fn files_go_to_std_and_come_back_at_the_same_place() {
    everywhere(|| {
        let mut file = fs::tempfile().unwrap();
        file.write_all(b"abcdef").unwrap();
        file.seek(SeekFrom::Start(2)).unwrap();
        let mut file = std::fs::File::from(file);
        let mut letter = [0];
        file.read_exact(&mut letter).unwrap();
        let mut file = File::from(file);
        let mut rest = String::new();
        file.read_to_string(&mut rest).unwrap();
        assert_eq!((&letter, rest.as_str()), (b"c", "def"));
    });
}

// ── cancels and the end ─────────────────────────────────────────────────────────────────────────────────

/// Writes when it is dropped.
struct Writes(PathBuf);

impl Drop for Writes {
    fn drop(&mut self) {
        fs::write(&self.0, "last words").unwrap();
        assert_eq!(fs::read(&self.0).unwrap(), b"last words");
    }
}

#[test]
fn a_cancelled_task_begins_nothing_and_its_destructors_do_what_they_must() {
    let (folder, path) = folder();
    let runtime = runtime(1);
    let there = path.clone();
    let task = park(&runtime, move || {
        let folder = folder;
        let swallowed = std::panic::catch_unwind(|| time::sleep(LONG));
        assert!(swallowed.is_err());
        let _writes = Writes(folder.path().join("will"));
        let _ = fs::write(&there, "never");
        unreachable!("the task is cancelled");
    });
    task.cancel();
    assert!(was_cancelled(task));
    // The folder's destructor is the last one, and removes the will.
    assert!(!path.parent().unwrap().exists());
}

#[test]
fn a_cancel_waits_for_what_the_kernel_was_asked_to_do() {
    let (_folder, path) = fifo();
    let runtime = runtime(1);
    let there = path.clone();
    let task = park(&runtime, move || {
        let opened = File::open(there).unwrap();
        assert!(moonfleet::cancel::is_cancelled(), "it came in the meantime");
        assert!(opened.metadata().is_ok(), "unreachable: the first point unwinds");
    });
    task.cancel();
    runtime.spawn_on(0, yield_now).join().unwrap();
    assert!(!task.is_finished());
    let _writer = std::fs::File::options().write(true).open(&path).unwrap();
    assert!(was_cancelled(task));
}

#[test]
fn a_shutdown_with_reads_in_flight_is_complete() {
    let runtime = runtime(2);
    let pipes: Vec<_> = (0..50).map(|_| open_fifo()).collect();
    let (readers, writers): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
    let tasks: Vec<_> = readers
        .into_iter()
        .map(|mut reader| {
            runtime.spawn(move || {
                let file = fs::tempfile().unwrap();
                file.write_all_at(&[1; 4096], 0).unwrap();
                reader.read(&mut [0]).unwrap()
            })
        })
        .collect();
    ends_completely(runtime);
    assert!(tasks.into_iter().all(was_cancelled));
    drop(writers);
}
