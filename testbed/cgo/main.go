// Command cgo spends its time in C: in leaf functions without frame pointers, in the C library, in
// calls short and long, and in Go functions that C calls back.
package main

/*
#cgo CFLAGS: -O2 -fomit-frame-pointer
#include <stdint.h>
#include "work.h"
*/
import "C"

import (
	"fmt"
	"runtime"

	"testbed/bed"
)

func main() {
	bed.Main(func() {
		for i := 0; i < runtime.GOMAXPROCS(0); i++ {
			w := &worker{sum: uint64(i + 1)}
			bed.Go(fmt.Sprint(i), w.loop)
		}
	})
}

type worker struct {
	sum   uint64
	words [64]uint64
}

func (w *worker) loop() {
	for {
		bed.Do(w.callShort, "task", "short")
		bed.Do(w.callLong, "task", "long")
		bed.Do(w.callSort, "task", "qsort")
		bed.Do(w.callLength, "task", "strlen")
		bed.Do(w.callNested, "task", "nested")
		bed.Do(w.callBack, "task", "callback")
		bed.Do(w.stayInGo, "task", "go")
		bed.Done(1)
	}
}

// callShort makes calls of about 20 µs each.
//
//go:noinline
func (w *worker) callShort() {
	for i := 0; i < 50; i++ {
		w.sum = uint64(C.c_leaf(C.uint64_t(w.sum), 6000))
	}
}

// callLong makes one call of several milliseconds.
//
//go:noinline
func (w *worker) callLong() { w.sum = uint64(C.c_leaf(C.uint64_t(w.sum), 800000)) }

//go:noinline
func (w *worker) callSort() { w.sum += uint64(C.c_sort(C.uint64_t(w.sum))) }

//go:noinline
func (w *worker) callLength() { w.sum += uint64(C.c_length(1500)) }

//go:noinline
func (w *worker) callNested() { w.sum += uint64(C.c_outer(C.uint64_t(w.sum), 200)) }

//go:noinline
func (w *worker) callBack() { w.sum += uint64(C.c_call_back(C.uint64_t(w.sum), 300)) }

//go:noinline
func (w *worker) stayInGo() {
	for i := uint64(0); i < 20000; i++ {
		w.sum += sumWords(&w.words) + i
	}
}

//go:noinline
func sumWords(words *[64]uint64) uint64 {
	var sum uint64
	for _, w := range words {
		sum += w ^ sum>>7
	}
	return sum
}

//export goVisit
func goVisit(x C.uint64_t) C.uint64_t { return C.uint64_t(visit(uint64(x))) }

//go:noinline
func visit(x uint64) uint64 {
	for i := uint64(0); i < 2000; i++ {
		x = x*0x9e3779b97f4a7c15 ^ i
	}
	return x
}
