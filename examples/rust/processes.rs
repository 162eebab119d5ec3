//! Child processes: many at once, two that talk through us, and one that takes too long.

use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use moonfleet::process::{Command, Stdio};
use moonfleet::{scope, time};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Runs a shell for each number, all at once. Each task waits for its own, and no thread does.
fn squares() {
    let square = |n: u32| shell(&format!("echo $(({n} * {n}))")).output().unwrap().stdout;
    let squares: Vec<String> = scope(|scope| {
        let tasks: Vec<_> = (1..=8).map(|n| scope.spawn(move || square(n))).collect();
        tasks.into_iter().map(|task| String::from_utf8(task.join().unwrap()).unwrap()).collect()
    });
    println!("squares: {}", squares.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "));
}

/// One task writes what a child reads, while this one reads what the child writes.
fn sorted() {
    let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut words, lines) = (sort.stdin.take().unwrap(), sort.stdout.take().unwrap());
    scope(|scope| {
        scope.spawn(move || {
            for mast in ["mizzen", "fore", "main"] {
                writeln!(words, "{mast}").unwrap();
            }
            // Dropped here, the pipe tells the child that there is no more.
        });
        let lines: Vec<_> = BufReader::new(lines).lines().map(Result::unwrap).collect();
        println!("sorted: {}", lines.join(" "));
    });
    println!("sort: {}", sort.wait().unwrap());
}

/// A limit around any code ends the wait; what was begun under it is dropped, and this one is killed then.
fn too_slow() {
    let mut sleep = shell("exec sleep 1000");
    sleep.kill_on_drop(true);
    match time::timeout(Duration::from_millis(20), || sleep.status()) {
        Ok(status) => println!("sleep: {}", status.unwrap()),
        Err(elapsed) => println!("sleep: {elapsed}"),
    }
}

fn main() {
    moonfleet::run(|| {
        squares();
        sorted();
        too_slow();
    });
}
