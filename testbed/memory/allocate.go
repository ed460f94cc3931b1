package main

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
)

// What stays.
var (
	kept  [][]byte
	nodes *node
	texts = map[string]string{}
	holds []interface{}
)

type node struct {
	left, right *node
	name        string
}

type maker interface{ make(n int) []byte }

type plain struct{ zeros int }

func (p plain) make(n int) []byte { return make([]byte, n+p.zeros) }

// wrapped has the method by embedding, so the compiler makes a wrapper.
type wrapped struct{ maker }

func allocate() {
	for size := 8; size <= 40000; size += size / 3 {
		for i := 0; i < 1+200000/size/8; i++ {
			b := make([]byte, size)
			if i%3 == 0 {
				kept = append(kept, b)
			}
		}
	}
	for i := 0; i < 8; i++ {
		kept = append(kept, large(1<<20+i*4096))
	}
	nodes = grow(12)
	for i := 0; i < 5000; i++ {
		// Tiny ones share slots.
		b := new(bool)
		if i%50 == 0 {
			holds = append(holds, b)
		}
		texts[fmt.Sprint(i%700)] = strings.Repeat("x", i%60)
	}
	for _, m := range []maker{plain{3}, wrapped{plain{5}}, &wrapped{wrapped{plain{7}}}} {
		for i := 0; i < 300; i++ {
			kept = append(kept, m.make(100+i))
		}
	}
	holds = append(holds, several(1, 500), several("a", 500), several(2.5, 500))
	for _, depth := range []int{20, 40, 100, 200} {
		kept = append(kept, deep(depth))
	}
	func() {
		for i := 0; i < 500; i++ {
			holds = append(holds, func() int { return i * len(kept) })
		}
	}()
	var buf bytes.Buffer
	for i := 0; i < 3000; i++ {
		fmt.Fprintf(&buf, "%d %s\n", i, strings.ToUpper("line"))
	}
	lines := strings.Split(buf.String(), "\n")
	sort.Slice(lines, func(i, j int) bool { return lines[i] < lines[j] })
	holds = append(holds, lines)
	kept = kept[:len(kept)/2]
}

// large is small enough to be inlined; so is what it calls.
func large(n int) []byte { return zeros(n) }

func zeros(n int) []byte { return make([]byte, n) }

func grow(depth int) *node {
	if depth == 0 {
		return &node{name: name(depth)}
	}
	return &node{grow(depth - 1), grow(depth - 1), name(depth)}
}

func name(n int) string { return strings.Repeat("n", n+1) }

func several[T any](value T, n int) []*T {
	var all []*T
	for i := 0; i < n; i++ {
		all = append(all, copied(value))
	}
	return all
}

func copied[T any](value T) *T {
	p := new(T)
	*p = value
	return p
}

//go:noinline
func deep(n int) []byte {
	if n == 0 {
		return large(70000)
	}
	b := deep(n - 1)
	b[0]++
	return b
}

// churn allocates for ever.
func churn(seed int) {
	var mine [64]*node
	for i := seed; ; i++ {
		mine[i%64] = grow(i % 8)
		if i%100 == 0 {
			mine[i/100%64] = &node{name: string(large(100 + i%50000))}
		}
	}
}
