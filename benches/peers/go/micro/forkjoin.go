// The thirtieth Fibonacci number by a goroutine for one of the two calls, down to a cut-off below which a plain
// function goes on. An operation is the whole number.
package main

const (
	n      = 30
	answer = 832_040
)

func sequential(n int) int {
	if n < 2 {
		return n
	}
	return sequential(n-1) + sequential(n-2)
}

func fib(n, cut int) int {
	if n < cut {
		return sequential(n)
	}
	first := make(chan int, 1)
	go func() { first <- fib(n-1, cut) }()
	second := fib(n-2, cut)
	return <-first + second
}

func main() {
	measure(func(ops int) {
		cut := 10
		if *variant == "coarse" {
			cut = 18
		}
		for range ops {
			check(fib(n, cut), answer)
		}
	})
}
