package main

import (
	"errors"

	"testbed/cpu/mix"
)

type number interface{ ~int | ~uint64 }

//go:noinline
func reduce[T number, R any](xs []T, first R, step func(R, T) R) R {
	for _, x := range xs {
		first = step(first, x)
	}
	return first
}

type pair[K comparable, V number] struct {
	key   K
	value V
}

//go:noinline
func (p *pair[K, V]) add(key K, value V) V {
	if p.key == key {
		p.value += value
	} else {
		p.key, p.value = key, value
	}
	return p.value
}

//go:noinline
func callGeneric(s *state) {
	byInt, byName := &pair[int, uint64]{}, &pair[string, int]{}
	for i := 0; i < 25; i++ {
		s.sum += reduce(s.numbers, uint64(0), func(sum uint64, x int) uint64 { return sum*31 + uint64(x) })
	}
	for i, name := range s.names {
		s.sum += byInt.add(i&7, s.sum) + uint64(byName.add(name, i))
	}
}

//go:noinline
func adder(by uint64) func(uint64) uint64 {
	return func(x uint64) uint64 {
		for i := 0; i < 16; i++ {
			x = x*by + 1
		}
		return x
	}
}

//go:noinline
func callClosure(s *state) {
	add := adder(s.sum | 1)
	for i := 0; i < 4000; i++ {
		s.sum = add(s.sum)
	}
}

//go:noinline
func callInlined(s *state) {
	x := s.sum
	for i := uint64(0); i < 50000; i++ {
		x = mix.Round(x, i)
	}
	s.sum = x
}

type shape interface{ area(uint64) uint64 }

type square struct{ side uint64 }

type circle struct{ radius uint64 }

//go:noinline
func (s square) area(k uint64) uint64 {
	a := s.side
	for i := uint64(0); i < 20; i++ {
		a = a*s.side + k%(i+1)
	}
	return a
}

//go:noinline
func (c *circle) area(k uint64) uint64 {
	a := c.radius
	for i := uint64(0); i < 20; i++ {
		a = a*3 + c.radius%(i+k%5+1)
	}
	return a
}

//go:noinline
func apply(f func(uint64) uint64, k uint64) uint64 { return f(k) + 1 }

//go:noinline
func callMethods(s *state) {
	for i := uint64(0); i < 12; i++ {
		for _, shape := range s.shapes {
			s.sum += shape.area(i)
		}
	}
	value := (&circle{s.sum}).area
	for i := uint64(0); i < 300; i++ {
		s.sum += apply(value, i)
	}
}

// descend stays below the 64 frames that Go's own profiler kept until Go 1.22.
//
//go:noinline
func descend(depth int, s *state) uint64 {
	if depth == 0 {
		return sumWords(&s.words)
	}
	return descend(depth-1, s) + mix.Step(uint64(depth))
}

//go:noinline
func callDeep(s *state) {
	for i := 0; i < 40; i++ {
		s.sum += descend(40, s)
	}
}

var errOdd = errors.New("odd")

//go:noinline
func risky(x uint64) {
	defer func() { mix.Step(x) }()
	if x&1 == 1 {
		panic(errOdd)
	}
}

//go:noinline
func rescue(x uint64) (caught bool) {
	defer func() {
		if recover() != nil {
			caught = true
			mix.Step(x)
		}
	}()
	risky(x)
	return false
}

//go:noinline
func callPanic(s *state) {
	for i := uint64(0); i < 250; i++ {
		if rescue(i) {
			s.sum++
		}
	}
}
