// A hundred goroutines want one lock. An operation is one lock and unlock.
//
// `short` counts under the lock; `held` gives way while it holds it, so that the others do come to wait.
package main

import (
	"runtime"
	"sync"
)

const tasks = 100

func main() {
	measure(func(ops int) {
		held := *variant == "held"
		var lock sync.Mutex
		var done sync.WaitGroup
		count := 0
		lock.Lock() // They start together.
		for range tasks {
			done.Go(func() {
				for range ops / tasks {
					lock.Lock()
					count++
					if held {
						runtime.Gosched()
					}
					lock.Unlock()
				}
			})
		}
		lock.Unlock()
		done.Wait()
		check(count, ops/tasks*tasks)
	})
}
