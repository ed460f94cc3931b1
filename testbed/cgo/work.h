#include <stdint.h>

uint64_t c_leaf(uint64_t x, int rounds);
uint64_t c_sort(uint64_t seed);
uint64_t c_length(int times);
uint64_t c_outer(uint64_t x, int times);
uint64_t c_call_back(uint64_t x, int times);
