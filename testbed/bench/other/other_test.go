// Package other has a test and nothing else.
package other

import "testing"

func TestNothing(t *testing.T) {}

func BenchmarkNothing(b *testing.B) {
	for i := 0; i < b.N; i++ {
	}
}
