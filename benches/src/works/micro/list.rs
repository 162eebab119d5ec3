//! The small works themselves, each a constant: add one here and its program in `programs/micro`.

use super::target::Bound::{self, AtMost, TimesPeer};
use super::target::Target;
use super::{Measure, Micro, OPTIONS, Source, Variant, run};
use crate::cli::Options;
use crate::works::Work;
use crate::works::figures::Figure;

/// Every small work, in the order of the usage.
pub(crate) static ALL: &[&Micro] =
    &[&YIELD, &PINGPONG, &SPAWN, &SKYNET, &SLEEPERS, &SPSC, &MPMC, &MUTEX, &OVERSHOOT, &FORKJOIN];

/// Whoever does any of them.
pub(super) const PEERS: &[&str] = &[
    "moonfleet",
    "go",
    "tokio",
    "may",
    "rayon",
    "moonfleet+parking_lot",
    "threads",
    "threads+crossbeam",
    "threads+flume",
    "threads+parking_lot",
];

/// The runtimes that do all of the small works.
const RUNTIMES: &[&str] = &["moonfleet", "go", "tokio", "may"];

const NANOSECONDS: Source = Source::PerOperation(1e9);
const MILLISECONDS: Source = Source::PerOperation(1e3);

/// A work with the options of every small one.
const fn work(
    name: &'static str,
    about: &'static str,
    peers: &'static [&'static str],
    run: fn(&Options) -> Result<(), String>,
) -> Work {
    Work { name, about, options: OPTIONS, peers, run }
}

/// A variant that every peer of the work runs, with any number of workers.
const fn by_all(name: &'static str, ops: u64) -> Variant {
    Variant { name, peers: None, least_workers: 1, ops }
}

/// A variant that only these peers run.
const fn by(name: &'static str, peers: &'static [&'static str], least_workers: usize, ops: u64) -> Variant {
    Variant { name, peers: Some(peers), least_workers, ops }
}

/// A target of every row.
const fn always(any_of: &'static [Bound]) -> Target {
    Target { variant: None, workers: None, any_of }
}

static YIELD: Micro = Micro {
    work: work("yield", "two tasks give way to each other", RUNTIMES, |options| run(&YIELD, options)),
    measure: Measure { title: "ns/yield", unit: "ns", of: NANOSECONDS },
    variants: &[by_all("", 10_000_000)],
    targets: &[always(&[AtMost(15.0)])],
    beside: &[],
};

static PINGPONG: Micro = Micro {
    work: work(
        "pingpong",
        "a round trip over two unbuffered channels",
        &["moonfleet", "go", "tokio", "may", "threads+crossbeam"],
        |options| run(&PINGPONG, options),
    ),
    measure: Measure { title: "ns/round trip", unit: "ns", of: NANOSECONDS },
    variants: &[
        by("free", RUNTIMES, 1, 2_000_000),
        by("across", &["moonfleet", "go", "threads+crossbeam"], 2, 200_000),
    ],
    targets: &[
        Target { variant: Some("free"), workers: Some(1), any_of: &[AtMost(120.0)] },
        Target { variant: None, workers: Some(2), any_of: &[TimesPeer(1.0, "go")] },
    ],
    beside: &[],
};

static SPAWN: Micro = Micro {
    work: work("spawn", "tasks spawned and joined, one by one and all at once", RUNTIMES, |options| {
        run(&SPAWN, options)
    }),
    measure: Measure { title: "ns/task", unit: "ns", of: NANOSECONDS },
    variants: &[by_all("one", 1_000_000), by_all("all", 1_000_000)],
    targets: &[always(&[AtMost(200.0)])],
    beside: &[],
};

static SKYNET: Micro = Micro {
    work: work(
        "skynet",
        "a tree of tasks, ten children each, a million leaves, added up",
        RUNTIMES,
        |options| run(&SKYNET, options),
    ),
    measure: Measure { title: "ms", unit: "ms", of: Source::Run(1e3) },
    variants: &[by_all("channels", 1_000_000), by("joins", &["moonfleet", "tokio", "may"], 1, 1_000_000)],
    targets: &[always(&[AtMost(400.0), TimesPeer(0.3, "go")])],
    beside: &[],
};

static SLEEPERS: Micro = Micro {
    work: work("sleepers", "a million tasks sleep for a second, all at the same time", RUNTIMES, |options| {
        run(&SLEEPERS, options)
    }),
    measure: Measure { title: "wall s", unit: "s", of: Source::Run(1.0) },
    variants: &[by_all("", 1_000_000)],
    targets: &[always(&[AtMost(3.5)])],
    beside: &[],
};

static SPSC: Micro = Micro {
    work: work(
        "spsc",
        "one producer, one consumer, a channel of 128 places",
        &["moonfleet", "go", "tokio", "may", "threads", "threads+crossbeam", "threads+flume"],
        |options| run(&SPSC, options),
    ),
    measure: Measure { title: "ns/message", unit: "ns", of: NANOSECONDS },
    variants: &[
        by("free", RUNTIMES, 1, 10_000_000),
        by("across", &["moonfleet", "go", "threads", "threads+crossbeam", "threads+flume"], 2, 5_000_000),
    ],
    targets: &[always(&[AtMost(25.0)])],
    beside: &[],
};

static MPMC: Micro = Micro {
    work: work(
        "mpmc",
        "eight producers, eight consumers, a channel of 128 places",
        &["moonfleet", "go", "tokio", "may", "threads+crossbeam", "threads+flume"],
        |options| run(&MPMC, options),
    ),
    measure: Measure { title: "ns/message", unit: "ns", of: NANOSECONDS },
    variants: &[by_all("", 5_000_000)],
    targets: &[always(&[AtMost(70.0)])],
    beside: &[],
};

static MUTEX: Micro = Micro {
    work: work(
        "mutex",
        "a hundred tasks want one lock, with and without a switch under it",
        &["moonfleet", "go", "tokio", "may", "moonfleet+parking_lot", "threads", "threads+parking_lot"],
        |options| run(&MUTEX, options),
    ),
    measure: Measure { title: "ns/lock", unit: "ns", of: NANOSECONDS },
    variants: &[
        by_all("short", 10_000_000),
        by("held", &["moonfleet", "go", "tokio", "may", "threads", "threads+parking_lot"], 1, 500_000),
    ],
    targets: &[always(&[TimesPeer(1.0, "threads+parking_lot")]), always(&[TimesPeer(1.0, "tokio")])],
    beside: &[],
};

static OVERSHOOT: Micro = Micro {
    work: work(
        "overshoot",
        "how late a short sleep ends, and whether one ends too early",
        &["moonfleet", "go", "tokio", "may", "threads"],
        |options| run(&OVERSHOOT, options),
    ),
    measure: Measure { title: "median us", unit: "us", of: Source::Printed("median_us") },
    variants: &[by_all("50us", 2000), by_all("1ms", 500)],
    targets: &[always(&[AtMost(80.0)])],
    beside: &[
        Figure { name: "p99_us", title: "p99 us", digits: 0 },
        Figure { name: "early", title: "early", digits: 0 },
    ],
};

static FORKJOIN: Micro = Micro {
    work: work(
        "forkjoin",
        "the 30th Fibonacci number by tasks, plain below a cut-off",
        &["moonfleet", "go", "tokio", "may", "rayon"],
        |options| run(&FORKJOIN, options),
    ),
    measure: Measure { title: "ms/fib(30)", unit: "ms", of: MILLISECONDS },
    variants: &[by_all("coarse", 200), by_all("fine", 40)],
    targets: &[Target { variant: Some("coarse"), workers: None, any_of: &[TimesPeer(1.5, "rayon")] }],
    beside: &[],
};
