#include "calls.h"

#include "_cgo_export.h"

static inline __attribute__((always_inline)) int c_folded(int n) {
	return goInner(n) + 1;
}

static __attribute__((noinline)) int c_middle(int n) {
	volatile int pad[40];
	pad[n % 40] = n;
	return c_folded(n) + pad[n % 40];
}

__attribute__((noinline)) int c_outer(int n) {
	return c_middle(n + 1) * 2;
}
