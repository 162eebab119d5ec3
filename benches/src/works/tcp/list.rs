//! The forms of the work, each a constant: who drives it, what is measured, and what Moonfleet has to reach.

use super::target::Aim::{Limit, Reach, StayWithin};
use super::target::Target;
use crate::peers::Job;
use crate::works::figures::Figure;

/// Every form, in the order of the report.
pub(super) static ALL: &[Variant] = &[
    Variant {
        name: "http-64",
        about: "a minimal HTTP reply, {connections} connections kept alive, {seconds} s of `wrk -t1`",
        client: Client::Wrk,
        measure: REQUESTS,
        beside: &[P50, P99, ERRORS, CPU_PER_OP],
        targets: HTTP_TARGETS,
        full: Size { connections: 64, ops: 1, seconds: 3.0 },
        quick: Size { connections: 64, ops: 1, seconds: 1.0 },
    },
    Variant {
        name: "http-1000",
        about: "a minimal HTTP reply, {connections} connections kept alive, {seconds} s of `wrk -t1`",
        client: Client::Wrk,
        measure: REQUESTS,
        beside: &[P50, P99, ERRORS, CPU_PER_OP],
        targets: HTTP_TARGETS,
        full: Size { connections: 1000, ops: 1, seconds: 3.0 },
        quick: Size { connections: 1000, ops: 1, seconds: 1.0 },
    },
    Variant {
        name: "echo",
        about: "64 bytes sent back and forth over {connections} connections for {seconds} s",
        client: Client::Ours,
        measure: Figure { name: "ops_per_second", title: "round trips/s", digits: 0 },
        beside: &[P50, P99, LEAST, CPU_PER_OP],
        targets: &[Target::new("ops_per_second", "round trips", Reach(1.0, "tokio"))],
        full: Size { connections: 1000, ops: 1, seconds: 3.0 },
        quick: Size { connections: 1000, ops: 1, seconds: 0.2 },
    },
    Variant {
        name: "idle",
        about: "{connections} connections with nothing to say for {seconds} s",
        client: Client::OursAtRest,
        measure: Figure { name: "kb_per_connection", title: "KB/connection", digits: 2 },
        beside: &[
            Figure { name: "idle_cpu_ms", title: "idle CPU ms", digits: 3 },
            Figure { name: "switches", title: "switches", digits: 0 },
        ],
        // A look of the kernel at a sleeping thread costs a few microseconds; a timer every 10 ms costs more.
        targets: &[Target::new("idle_cpu_ms", "idle CPU", Limit(1.0, "ms"))],
        full: Size { connections: 20_000, ops: 1, seconds: 3.0 },
        quick: Size { connections: 500, ops: 1, seconds: 0.2 },
    },
    Variant {
        name: "storm",
        about: "{ops} connections of one request each, {connections} at a time",
        client: Client::Ours,
        measure: Figure { name: "ops_per_second", title: "connections/s", digits: 0 },
        beside: &[
            P50,
            P99,
            Figure { name: "lost", title: "lost", digits: 0 },
            Figure { name: "busiest_percent", title: "busiest %", digits: 1 },
            CPU_PER_OP,
        ],
        targets: &[
            Target::new("lost", "lost", Limit(0.0, "")),
            Target { workers: Some(2), ..Target::new("busiest_percent", "busiest", Limit(60.0, "%")) },
        ],
        full: Size { connections: 100, ops: 50_000, seconds: 1.0 },
        quick: Size { connections: 100, ops: 2000, seconds: 1.0 },
    },
];

/// One form of the work.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) name: &'static str,
    /// What the report says of it, with the sizes of the run filled in.
    pub(super) about: &'static str,
    pub(super) client: Client,
    /// The figure that is compared.
    pub(super) measure: Figure,
    /// More figures for the report.
    pub(super) beside: &'static [Figure],
    pub(super) targets: &'static [Target],
    pub(super) full: Size,
    /// Enough to see that it works.
    pub(super) quick: Size,
}

/// Who drives the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    /// `wrk`.
    Wrk,
    /// `programs/tcp/load`.
    Ours,
    /// The same, and the server is watched while the client waits.
    OursAtRest,
}

/// How much of it a run does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) connections: usize,
    /// Where the run is not a matter of time.
    pub(super) ops: u64,
    pub(super) seconds: f64,
}

impl Variant {
    /// The form a job is of.
    pub(super) fn of(job: &Job) -> &'static Variant {
        ALL.iter().find(|variant| variant.name == job.variant).unwrap_or(&ALL[0])
    }
}

const REQUESTS: Figure = Figure { name: "ops_per_second", title: "requests/s", digits: 0 };
const P50: Figure = Figure { name: "p50_us", title: "p50 us", digits: 0 };
const P99: Figure = Figure { name: "p99_us", title: "p99 us", digits: 0 };
const ERRORS: Figure = Figure { name: "errors", title: "errors", digits: 0 };
/// The round trips of the connection that had the fewest, as a share of the mean.
const LEAST: Figure = Figure { name: "least_percent", title: "least %", digits: 0 };
/// What remains comparable where the client is the limit.
const CPU_PER_OP: Figure = Figure { name: "cpu_us_per_op", title: "CPU us/op", digits: 2 };

const HTTP_TARGETS: &[Target] = &[
    Target::new("ops_per_second", "requests", Reach(1.1, "tokio")),
    Target::new("ops_per_second", "requests", Reach(2.5, "go")),
    Target::new("p99_us", "p99", StayWithin(1.0, "tokio")),
];
