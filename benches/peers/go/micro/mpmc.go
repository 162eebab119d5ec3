// Eight producers, eight consumers, one channel of 128 places. An operation is one message.
package main

import "sync"

const (
	producers = 8
	consumers = 8
)

func main() {
	measure(func(ops int) {
		messages := make(chan int, 128)
		var sent, received sync.WaitGroup
		sums := make([]int, consumers)
		for consumer := range consumers {
			received.Go(func() {
				sum := 0
				for message := range messages {
					sum += message
				}
				sums[consumer] = sum
			})
		}
		for producer := range producers {
			sent.Go(func() {
				for message := producer; message < ops; message += producers {
					messages <- message
				}
			})
		}
		sent.Wait()
		close(messages)
		received.Wait()

		total := 0
		for _, sum := range sums {
			total += sum
		}
		check(total, sumBelow(ops))
	})
}
