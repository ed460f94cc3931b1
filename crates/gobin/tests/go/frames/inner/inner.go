// Package inner has functions that are inlined over the package boundary.
package inner

import "runtime"

// Capture is where every stack ends.
//
//go:noinline
func Capture() []uintptr {
	pcs := make([]uintptr, 64)
	return pcs[:runtime.Callers(1, pcs)]
}

// Small is inlined.
func Small(n int) []uintptr {
	if n > 0 {
		return Capture()
	}
	return nil
}

// Twice is inlined, with Small in it at two places.
func Twice(n int) []uintptr {
	return append(Small(n), Small(n+1)...)
}

// Gen is generic and inlined.
func Gen[T any](v T, n int) []uintptr {
	_ = v
	return Small(n)
}

// Kept is generic and not inlined.
//
//go:noinline
func Kept[K comparable, V any](m map[K]V, n int) []uintptr {
	return Gen(m, n)
}

// Box is a generic type with a method.
type Box[T any] struct{ V T }

// Each calls f.
func (b *Box[T]) Each(f func(T) []uintptr) []uintptr {
	return f(b.V)
}

// Doer is implemented by promoted methods.
type Doer interface{ Do(int) []uintptr }

// Val has a method that embedding structs promote.
type Val struct{ A int }

// Do is called through wrappers.
func (v Val) Do(n int) []uintptr { return Twice(n + v.A) }
