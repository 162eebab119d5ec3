// A tree of goroutines, ten children each; every leaf gives its number, every node the sum of its children.
// After Alexander Temerev's benchmark of this name. `ops` is the number of leaves, a power of ten.
package main

const children = 10

func sum(first, leaves int) int {
	if leaves == 1 {
		return first
	}
	sums := make(chan int, children)
	each := leaves / children
	for child := range children {
		go func() { sums <- sum(first+child*each, each) }()
	}
	total := 0
	for range children {
		total += <-sums
	}
	return total
}

func main() {
	measure(func(ops int) { check(sum(0, ops), sumBelow(ops)) })
}
