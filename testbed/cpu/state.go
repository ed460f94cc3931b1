package main

import (
	"math/rand"
	"strconv"
)

// state is what one worker computes on, so that workers share nothing.
type state struct {
	sum     uint64
	words   [64]uint64
	from    []byte
	to      []byte
	numbers []int
	names   []string
	byName  map[string]int
	byID    map[int]int
	text    string
	shapes  []shape
}

func newState(seed uint64) *state {
	random := rand.New(rand.NewSource(int64(seed)))
	s := &state{
		sum:     seed,
		from:    make([]byte, 32<<10),
		to:      make([]byte, 32<<10),
		numbers: make([]int, 600),
		byName:  map[string]int{},
		byID:    map[int]int{},
		text:    "the quick brown fox 127.0.0.1 jumps over the lazy dog at 2024-02-29T12:34:56Z and on",
	}
	for i := range s.from {
		s.from[i] = byte(random.Intn(200))
	}
	for i := 0; i < 2000; i++ {
		name := "customer-" + strconv.Itoa(random.Intn(1<<20))
		s.names = append(s.names, name)
		s.byName[name] = i
		s.byID[i*7] = i
	}
	for i := range s.words {
		s.words[i] = random.Uint64()
	}
	for i := 0; i < 64; i++ {
		s.shapes = append(s.shapes, square{uint64(i)}, &circle{uint64(i)})
	}
	return s
}
