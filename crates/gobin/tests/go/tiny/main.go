// Command tiny is little more than the runtime, so that it is soon built for another machine.
package main

import "runtime"

type counter struct{ n int }

func (c *counter) add(k int) int { c.n += k; return c.n }

func sum[T int | float64](values []T) (total T) {
	for _, v := range values {
		total += v
	}
	return total
}

func fill(n int) []int {
	c := counter{}
	values := make([]int, 0, n)
	for i := 0; i < n; i++ {
		values = append(values, c.add(i))
	}
	return values
}

func main() {
	println(sum(fill(runtime.NumCPU())), sum([]float64{1, 2}))
}
