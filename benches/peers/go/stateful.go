// Stateful goroutines, after Go by Example: one goroutine owns a map, a hundred readers and ten
// writers ask it over two unbuffered channels, and each operation brings its own reply channel.
//
// It prints `readOps: N`, `writeOps: N` and `elapsed: S`, the lines every peer of this benchmark prints.
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	readers = 100
	writers = 10
	keys    = 5
)

// The id is zero unless -check is given; then the owner must answer `answer(id)`.
type readOp struct {
	key  int
	id   uint64
	resp chan uint64
}

type writeOp struct {
	key  int
	val  int
	id   uint64
	resp chan uint64
}

var (
	workers   = flag.Int("workers", runtime.GOMAXPROCS(0), "threads that run goroutines (GOMAXPROCS)")
	saturated = flag.Bool("saturated", false, "do not sleep 1 ms after each operation")
	seconds   = flag.Float64("seconds", 1, "how long to run")
	check     = flag.Bool("check", false, "give each operation an id and verify every reply")
)

var readOps, writeOps, nextID, wrong atomic.Uint64

// answer is a bijection: two different ids never have the same answer.
func answer(id uint64) uint64 { return id * 0x9E3779B97F4A7C15 }

// own is the stateful goroutine: it alone touches the map.
func own(reads chan readOp, writes chan writeOp) {
	state := make(map[int]int)
	for {
		select {
		case read := <-reads:
			reply := uint64(state[read.key])
			if *check {
				reply = answer(read.id)
			}
			read.resp <- reply
		case write := <-writes:
			state[write.key] = write.val
			reply := uint64(1)
			if *check {
				reply = answer(write.id)
			}
			write.resp <- reply
		}
	}
}

// done counts one finished operation and paces the client.
func done(ops *atomic.Uint64, id, reply uint64) {
	if *check && reply != answer(id) {
		wrong.Add(1)
	}
	ops.Add(1)
	if !*saturated {
		time.Sleep(time.Millisecond)
	}
}

func newID() uint64 {
	if *check {
		return nextID.Add(1)
	}
	return 0
}

func read(reads chan readOp) {
	for {
		op := readOp{key: rand.Intn(keys), id: newID(), resp: make(chan uint64)}
		reads <- op
		done(&readOps, op.id, <-op.resp)
	}
}

func write(writes chan writeOp) {
	for {
		op := writeOp{key: rand.Intn(keys), val: rand.Intn(100), id: newID(), resp: make(chan uint64)}
		writes <- op
		done(&writeOps, op.id, <-op.resp)
	}
}

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(*workers)

	reads, writes := make(chan readOp), make(chan writeOp)
	start := time.Now()
	go own(reads, writes)
	for range readers {
		go read(reads)
	}
	for range writers {
		go write(writes)
	}

	time.Sleep(time.Duration(*seconds * float64(time.Second)))
	r, w := readOps.Load(), writeOps.Load()
	elapsed := time.Since(start).Seconds()

	fmt.Println("readOps:", r)
	fmt.Println("writeOps:", w)
	fmt.Println("elapsed:", elapsed)
	if *check && wrong.Load() > 0 {
		fmt.Fprintf(os.Stderr, "stateful: %d replies went to the wrong client\n", wrong.Load())
		os.Exit(1)
	}
}
