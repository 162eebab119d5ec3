#!/usr/bin/env bash
# The runtime's own tests, and ten seconds of the stress program, under AddressSanitizer and LeakSanitizer:
# `bash .ci/asan.sh`. Arguments go to `cargo test` instead: `bash .ci/asan.sh --test channel`.
#
# It works on the stable toolchain, which hides the flag: hence RUSTC_BOOTSTRAP. corosensei's feature `sanitizer` tells
# the sanitizer of every switch to another stack, so frames of tasks are checked like those of threads, also after
# their return. A target is named so that build scripts stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

# Tests that cannot hold under the sanitizer, and why.
skipped=(
    # What it counts is the size of a task, and the sanitizer's notes on a stack are part of that.
    an_unstarted_task_is_one_small_allocation
    # What it measures is memory, and shadow memory is memory.
    the_memory_of_a_burst_returns_to_a_level_and_after_a_trim_altogether
    # It limits the memory of its process, and the sanitizer takes none for an answer.
    a_kernel_that_refuses_threads_is_reported_or_waited_for
    # It exits in a task: what only that task's stack knows counts as leaked, because such stacks are not searched.
    an_exit_in_a_task_writes_the_unfinished_line
    # It looks for the address of a local on its stack, and the sanitizer keeps locals elsewhere, to see late uses.
    a_coroutine_runs_on_a_stack_and_returns_it
)

# Tests that leak on purpose: by `mem::forget`, or a payload that panics whenever it is dropped.
leaking=(
    a_forgotten_handle_holds_nothing_up
    a_failure_that_panics_when_dropped_does_not_let_the_children_outlive_the_scope
)

suppressions=$(mktemp)
trap 'rm -f "$suppressions"' EXIT
printf 'leak:%s\n' "${leaking[@]}" >"$suppressions"

export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address"
# Faults are left to the runtime's own handler, which some tests are about: a wild pointer fails its test anyway.
export ASAN_OPTIONS="detect_stack_use_after_return=1:handle_segv=0:handle_sigbus=0"
export LSAN_OPTIONS="suppressions=$suppressions:print_suppressions=0"

# Where the compiler's host is not a target of the sanitizer, it says so.
target=$(rustc -vV | sed -n 's/^host: //p')
common=(-p moonfleet --target "$target" --features corosensei/sanitizer)

if (($#)); then
    cargo test "${common[@]}" "$@" -- "${skipped[@]/#/--skip=}"
    exit
fi
cargo test "${common[@]}" --lib --tests -- "${skipped[@]/#/--skip=}"
cargo run "${common[@]}" --example stress -- 10
