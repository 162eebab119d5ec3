// Goroutines that do next to nothing are started and waited for. An operation is one goroutine.
//
// `one` waits for each before it starts the next; `all` starts all of them and waits then. Go has no join: each
// goroutine leaves its result in memory, and a WaitGroup says when it is there.
package main

import "sync"

func main() {
	measure(func(ops int) {
		var done sync.WaitGroup
		sum := 0
		if *variant == "one" {
			for number := range ops {
				var result int
				done.Go(func() { result = number })
				done.Wait()
				sum += result
			}
		} else {
			results := make([]int, ops)
			for number := range ops {
				done.Go(func() { results[number] = number })
			}
			done.Wait()
			for _, result := range results {
				sum += result
			}
		}
		check(sum, sumBelow(ops))
	})
}
