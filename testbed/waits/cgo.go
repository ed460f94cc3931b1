//go:build cgo

package main

// #include <unistd.h>
// static void wait_in_c(void) { for (;;) pause(); }
import "C"

// startCgo has a goroutine that waits in C.
func startCgo() { go waitInC() }

func waitInC() { C.wait_in_c() }
