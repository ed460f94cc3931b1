#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

__attribute__((noinline)) uint64_t c_leaf(uint64_t x, int rounds) {
	for (int i = 0; i < rounds; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

static int compare(const void *a, const void *b) {
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

__attribute__((noinline)) uint64_t c_sort(uint64_t seed) {
	uint64_t numbers[4096];
	for (int i = 0; i < 4096; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		numbers[i] = seed;
	}
	qsort(numbers, 4096, sizeof numbers[0], compare);
	return numbers[17];
}

__attribute__((noinline)) uint64_t c_length(int times) {
	static char text[1 << 16];
	if (text[0] == 0) {
		memset(text, 'x', sizeof text - 1);
	}
	volatile const char *from = text;
	uint64_t sum = 0;
	for (int i = 0; i < times; i++) {
		sum += strlen((const char *)from + i);
	}
	return sum;
}

__attribute__((noinline)) static uint64_t c_inner(uint64_t x, int i) {
	return c_leaf(x + i, 3000) + 1;
}

__attribute__((noinline)) static uint64_t c_middle(uint64_t x, int i) {
	return c_inner(x, i) * 3 + c_inner(x + 1, i);
}

uint64_t c_outer(uint64_t x, int times) {
	for (int i = 0; i < times; i++) {
		x += c_middle(x, i);
	}
	return x;
}

uint64_t c_call_back(uint64_t x, int times) {
	for (int i = 0; i < times; i++) {
		x += goVisit(x);
	}
	return x;
}
