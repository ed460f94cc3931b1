//go:build cgo

package main

// #include <stdlib.h>
// #include <string.h>
// static void *keep(size_t n) { void *p = malloc(n); memset(p, 1, n); return p; }
import "C"

import "unsafe"

var fromC unsafe.Pointer

// startCgo has memory that the Go runtime does not know of.
func startCgo() { fromC = C.keep(8 << 20) }
