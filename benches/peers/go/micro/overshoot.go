// One goroutine sleeps again and again, and notes how late it wakes. An operation is one sleep.
package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

func main() {
	measure(func(ops int) {
		pause := time.Millisecond
		if *variant == "50us" {
			pause = 50 * time.Microsecond
		}
		overshoots := make([]float64, ops)
		early := 0
		for sleep := range ops {
			begin := time.Now()
			time.Sleep(pause)
			overshoots[sleep] = float64(time.Since(begin)-pause) / float64(time.Microsecond)
			if overshoots[sleep] < 0 {
				early++
			}
		}
		slices.Sort(overshoots)
		quantile := func(share float64) float64 {
			return overshoots[int(math.Round(share*float64(ops-1)))]
		}
		fmt.Println("median_us:", quantile(0.5))
		fmt.Println("p99_us:", quantile(0.99))
		fmt.Println("early:", early)
	})
}
