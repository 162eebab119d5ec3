// Two goroutines do nothing but give way to each other. An operation is one yield of one of them.
package main

import (
	"runtime"
	"sync"
)

func main() {
	measure(func(ops int) {
		var done sync.WaitGroup
		for range 2 {
			done.Go(func() {
				for range ops / 2 {
					runtime.Gosched()
				}
			})
		}
		done.Wait()
	})
}
