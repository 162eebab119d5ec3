// One producer, one consumer, a channel of 128 places. An operation is one message.
//
// `free` leaves it to the scheduler where they run; `across` keeps them on two threads.
package main

import "sync"

func main() {
	measure(func(ops int) {
		messages := make(chan int, 128)
		var done sync.WaitGroup
		done.Go(func() {
			place()
			sum := 0
			for message := range messages {
				sum += message
			}
			check(sum, sumBelow(ops))
		})
		done.Go(func() {
			place()
			for message := range ops {
				messages <- message
			}
			close(messages)
		})
		done.Wait()
	})
}
