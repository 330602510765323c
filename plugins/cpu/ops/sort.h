/* cpu/ops/sort.h: order of elements of any type, and sorting of places by it. Threads: any. */
#ifndef ORTCPU_OPS_SORT_H
#define ORTCPU_OPS_SORT_H

#include <stdbool.h>
#include <stdint.h>

/* Below 0, 0 or above 0 as *a is before, beside or behind *b; NaN is behind all numbers. NULL: a type without order. */
typedef int (*ortcpu_compare_fn)(const void *a, const void *b);
ortcpu_compare_fn ortcpu_compare_of(uint32_t dtype);

/* Whether place `a` has to stand before place `b`; false for equal ones. */
typedef bool (*ortcpu_before_fn)(const void *context, int64_t a, int64_t b);
/* Sorts `count` places; equal ones keep their order. `spare` has room for as many. */
void ortcpu_sort(int64_t *places, int64_t *spare, int64_t count, ortcpu_before_fn before, const void *context);

#endif
