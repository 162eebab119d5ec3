// Goroutines that all sleep for a second at the same time. An operation is one goroutine.
package main

import (
	"sync"
	"time"
)

func main() {
	measure(func(ops int) {
		var done sync.WaitGroup
		for range ops {
			done.Go(func() { time.Sleep(time.Second) })
		}
		done.Wait()
	})
}
