// Command calls goes from Go to C and back.
package main

// #cgo CFLAGS: -O2 -g -fomit-frame-pointer
// #include "calls.h"
import "C"

//export goInner
func goInner(n C.int) C.int { return n + 1 }

func main() {
	println(C.c_outer(1))
}
