//go:build go1.23

package main

import "iter"

// startForVersion has a coroutine that waits inside the iterator that it runs.
func startForVersion() {
	go func() {
		next, _ := iter.Pull(func(yield func(int) bool) {
			yield(1)
			receive(nil)
		})
		next()
		next()
	}()
	go func() {
		next, _ := iter.Pull(func(yield func(int) bool) {
			yield(1)
		})
		next()
		receive(nil)
	}()
}
