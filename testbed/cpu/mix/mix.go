// Package mix has helpers that are inlined into other packages, three deep.
package mix

// Round is inlined into its callers, with everything that it calls.
func Round(x, k uint64) uint64 { return fold(x^k) + turn(k) }

func fold(x uint64) uint64 { return scale(x) ^ x>>29 }

func turn(x uint64) uint64 { return x<<13 | x>>51 }

func scale(x uint64) uint64 { return x * 0x9e3779b97f4a7c15 }

// Step has no frame and is never inlined.
//
//go:noinline
func Step(x uint64) uint64 {
	for i := 0; i < 24; i++ {
		x = Round(x, uint64(i))
	}
	return x
}
