// Command frames prints what the runtime makes of pcs: of its own stacks at many kinds of call
// sites, and of the pcs that it reads from standard input, one in hex a line.
//
//	main <pc of main.main>
//	stack
//	<pc> <function> <file> <line>        innermost first, as runtime.CallersFrames has it
//	pc <pc>
//	<pc> <function> <file> <line> <start line> <symbol name>
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strconv"
	_ "unsafe"

	"example.com/frames/inner"
)

// What runtime/pprof expands the inlined calls of a sample with.
//
//go:linkname expandFinalInlineFrame runtime/pprof.runtime_expandFinalInlineFrame
func expandFinalInlineFrame(stk []uintptr) []uintptr

func outer(n int) []uintptr { return inner.Twice(n) }

func closure(n int) func() []uintptr {
	return func() []uintptr { return outer(n) }
}

type embedding struct{ inner.Val }

var out = bufio.NewWriter(os.Stdout)

func stack(pcs []uintptr) {
	fmt.Fprintln(out, "stack")
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		fmt.Fprintf(out, "%x\t%s\t%s\t%d\n", f.PC, f.Function, f.File, f.Line)
		if !more {
			break
		}
	}
}

func expand(pc uintptr) {
	fmt.Fprintf(out, "pc\t%x\n", pc)
	frames := runtime.CallersFrames(expandFinalInlineFrame([]uintptr{pc + 1}))
	for {
		f, more := frames.Next()
		if f.PC != 0 {
			fmt.Fprintf(out, "%x\t%s\t%s\t%d\t%d\t%s\n", f.PC, f.Function, f.File, f.Line, startLine(&f), symbolName(&f))
		}
		if !more {
			break
		}
	}
}

func stacks(i int) {
	stack(outer(i))
	stack(closure(i)())
	stack(inner.Gen("x", i))
	stack(inner.Kept(map[string]int{}, i))
	b := &inner.Box[int]{V: i}
	stack(b.Each(func(n int) []uintptr { return inner.Small(n) }))
	var d inner.Doer = embedding{inner.Val{A: i}}
	stack(d.Do(i))
	f := d.Do
	stack(f(2))
	p := &embedding{}
	g := p.Do
	stack(g(1))
	func() {
		defer func() {
			recover()
			stack(outer(1))
		}()
		var m []int
		_ = m[i]
	}()
	done := make(chan bool)
	go func() {
		stack(outer(i))
		done <- true
	}()
	<-done
}

func main() {
	defer out.Flush()
	fmt.Fprintf(out, "main\t%x\n", reflect.ValueOf(main).Pointer())
	for i := 1; i < 3; i++ {
		stacks(i)
	}
	loaded := uint64(reflect.ValueOf(main).Pointer())
	var bias uint64
	lines := bufio.NewScanner(os.Stdin)
	for first := true; lines.Scan(); first = false {
		pc, err := strconv.ParseUint(lines.Text(), 16, 64)
		if err != nil {
			panic(err)
		}
		if first {
			bias = loaded - pc
		} else {
			expand(uintptr(pc + bias))
		}
	}
}
