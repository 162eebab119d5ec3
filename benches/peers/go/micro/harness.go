// The harness of the small works: flags, clock, and the lines every peer prints.
//
// A work is one file beside this one. It calls measure with a function that does `ops` operations.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"time"
)

var (
	workers = flag.Int("workers", runtime.GOMAXPROCS(0), "threads that run goroutines (GOMAXPROCS)")
	ops     = flag.Int("ops", 1, "how many operations; the work says what that is")
	variant = flag.String("variant", "", "which form of the work; the work says which it has")
)

// measure does the work in the main goroutine and prints how long it took.
func measure(work func(ops int)) {
	flag.Parse()
	runtime.GOMAXPROCS(*workers)

	start := time.Now()
	work(*ops)
	elapsed := time.Since(start).Seconds()

	fmt.Println("operations:", *ops)
	fmt.Println("elapsed:", elapsed)
}

// place keeps the calling goroutine on a thread of its own, if the variant is `across`: the only way to make
// sure that two goroutines stay on two threads.
func place() {
	if *variant == "across" {
		runtime.LockOSThread()
	}
}

// check ends a run whose result is wrong.
func check(got, want int) {
	if got != want {
		panic(fmt.Sprintf("got %d, want %d", got, want))
	}
}

// sumBelow is what the numbers below n add up to.
func sumBelow(n int) int { return n * (n - 1) / 2 }
