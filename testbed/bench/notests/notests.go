// Package notests has no tests.
package notests

// Nothing does nothing.
func Nothing() {}
