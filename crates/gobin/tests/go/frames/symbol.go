//go:build go1.21

package main

import (
	"runtime"
	_ "unsafe"
)

// The name that runtime/pprof writes.
//
//go:linkname symbolName runtime/pprof.runtime_FrameSymbolName
func symbolName(f *runtime.Frame) string

// The line that runtime/pprof writes.
//
//go:linkname startLine runtime/pprof.runtime_FrameStartLine
func startLine(f *runtime.Frame) int
