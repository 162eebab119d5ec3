// Many goroutines parked on one channel: what they cost in memory, and how fast they park and end.
//
// It prints `parked_seconds`, `ended_seconds`, `rss_mb` and `mappings`, as our own program does.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	workers = flag.Int("workers", runtime.GOMAXPROCS(0), "threads that run goroutines (GOMAXPROCS)")
	tasks   = flag.Int("tasks", 1_000_000, "how many goroutines to park")
)

// residentKB reads the resident set from the kernel, as the Rust program does.
func residentKB() (kb int) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	fmt.Sscan(after, &kb)
	return kb
}

func mappings() int {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		panic(err)
	}
	return strings.Count(string(maps), "\n")
}

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(*workers)

	var arrived atomic.Int64
	var ended sync.WaitGroup
	gate := make(chan struct{})

	start := time.Now()
	for range *tasks {
		ended.Go(func() {
			arrived.Add(1)
			<-gate
		})
	}
	for arrived.Load() < int64(*tasks) {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("parked_seconds:", time.Since(start).Seconds())
	fmt.Println("rss_mb:", float64(residentKB())/1000)
	fmt.Println("mappings:", mappings())

	start = time.Now()
	close(gate)
	ended.Wait()
	fmt.Println("ended_seconds:", time.Since(start).Seconds())
}
