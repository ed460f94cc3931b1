// Command cpu computes: each part of it is a way in which a stack of Go frames can be hard to read.
package main

import (
	"fmt"
	"runtime"

	"testbed/bed"
)

// A task takes about a hundred microseconds; its name is the caller that a profile has to show.
type task struct {
	name string
	run  func(*state)
}

var tasks = []task{
	{"leaves", callLeaves},
	{"leafpkg", callLeafOfPackage},
	{"move", callMove},
	{"clear", callClear},
	{"index", callIndexByte},
	{"sha256", callSha},
	{"sort", callSort},
	{"regexp", callRegexp},
	{"map", callMap},
	{"generic", callGeneric},
	{"closure", callClosure},
	{"inlined", callInlined},
	{"method", callMethods},
	{"deep", callDeep},
	{"panic", callPanic},
}

func main() {
	bed.Main(func() {
		for i := 0; i < runtime.GOMAXPROCS(0); i++ {
			s := newState(uint64(i + 1))
			bed.Go(fmt.Sprint(i), func() { loop(s) })
		}
	})
}

func loop(s *state) {
	for {
		for _, t := range tasks {
			bed.Do(func() { t.run(s) }, "task", t.name)
		}
		bed.Done(1)
	}
}
