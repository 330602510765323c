/* cpu/ml/lookup.h: where a key stands in a list of keys: hashed once at compile, open addressing. */
#ifndef ORTCPU_ML_LOOKUP_H
#define ORTCPU_ML_LOOKUP_H

#include "ort/sdk/kernel.h"

/* Keys are strings or integers; floats are keys by ortcpu_float_key. */
typedef struct ortcpu_lookup {
    const ort_string_view *strings; /* NULL: integers */
    const int64_t *ints;
    uint32_t *slots; /* index + 1; 0: free */
    uint64_t mask;
} ortcpu_lookup;

/* Keeps the keys, which live as long as the program. Of equal keys the last one is found. */
ort_status *ortcpu_lookup_make(ortk_compiler *compiler, const ort_string_view *strings, const int64_t *ints,
                               int64_t count, ortcpu_lookup *out);
/* -1: it is no key. */
int64_t ortcpu_lookup_string(const ortcpu_lookup *lookup, const char *text, uint64_t length);
int64_t ortcpu_lookup_int(const ortcpu_lookup *lookup, int64_t key);
/* Equal for equal numbers, and for all NaN. */
int64_t ortcpu_float_key(double number);

#endif
