package main

import (
	"bytes"
	"crypto/sha256"
	"math/rand"
	"regexp"
	"sort"

	"testbed/cpu/mix"
)

// sumWords has no frame: at its samples the return address is the only trace of the caller.
//
//go:noinline
func sumWords(words *[64]uint64) uint64 {
	var sum uint64
	for _, w := range words {
		sum += w ^ sum>>7
	}
	return sum
}

//go:noinline
func collatz(n uint64) uint64 {
	var steps uint64
	for n > 1 {
		if n&1 == 0 {
			n >>= 1
		} else {
			n = 3*n + 1
		}
		steps++
	}
	return steps
}

//go:noinline
func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

//go:noinline
func callLeaves(s *state) {
	for i := uint64(0); i < 300; i++ {
		s.sum += sumWords(&s.words)
		s.sum += collatz(1000 + i)
		s.sum += gcd(1<<40+i*977, 1<<32+i)
	}
}

//go:noinline
func callLeafOfPackage(s *state) {
	for i := uint64(0); i < 2000; i++ {
		s.sum = mix.Step(s.sum + i)
	}
}

//go:noinline
func callMove(s *state) {
	for i := 0; i < 60; i++ {
		copy(s.to, s.from)
	}
	s.sum += uint64(s.to[7])
}

//go:noinline
func callClear(s *state) {
	for i := 0; i < 80; i++ {
		to := s.to
		for j := range to {
			to[j] = 0
		}
	}
}

//go:noinline
func callIndexByte(s *state) {
	for i := 0; i < 80; i++ {
		s.sum += uint64(bytes.IndexByte(s.from, 250))
	}
}

//go:noinline
func callSha(s *state) {
	for i := 0; i < 4; i++ {
		digest := sha256.Sum256(s.from[:16<<10])
		s.sum += uint64(digest[0])
	}
}

//go:noinline
func callSort(s *state) {
	rand.New(rand.NewSource(int64(s.sum))).Shuffle(len(s.numbers), func(i, j int) {
		s.numbers[i], s.numbers[j] = j, i
	})
	sort.Ints(s.numbers)
	sort.Slice(s.numbers, func(i, j int) bool { return s.numbers[i] > s.numbers[j] })
}

var timestamp = regexp.MustCompile(`(\d+)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z`)

//go:noinline
func callRegexp(s *state) {
	for i := 0; i < 30; i++ {
		s.sum += uint64(len(timestamp.FindStringSubmatchIndex(s.text)))
	}
}

//go:noinline
func callMap(s *state) {
	for _, name := range s.names {
		s.sum += uint64(s.byName[name])
	}
	for i := 0; i < 2000; i++ {
		s.sum += uint64(s.byID[i*7])
	}
}
