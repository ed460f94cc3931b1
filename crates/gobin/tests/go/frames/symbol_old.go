//go:build !go1.21

package main

import "runtime"

func symbolName(f *runtime.Frame) string { return f.Function }

func startLine(f *runtime.Frame) int { return 0 }
