// A ball goes to and fro between two goroutines over two unbuffered channels. An operation is a round trip.
//
// `free` leaves it to the scheduler where they run; `across` keeps them on two threads.
package main

import "sync"

func main() {
	measure(func(ops int) {
		serve, reply := make(chan int), make(chan int)
		var done sync.WaitGroup
		done.Go(func() {
			place()
			for ball := range serve {
				reply <- ball + 1
			}
		})
		done.Go(func() {
			place()
			ball := 0
			for range ops {
				serve <- ball
				ball = <-reply
			}
			close(serve)
			check(ball, ops)
		})
		done.Wait()
	})
}
