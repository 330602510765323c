/* judge/judge.h: is an answer equal enough? By tolerance class, with the reason for each class in one table.
 *
 * The wanted values were computed in double precision and rounded once to the output's type. Type and shape must be
 * exactly the wanted ones; NaN equals NaN; infinities must be where they are wanted. Integers, bools and strings are
 * exact in every class but Q. What is subnormal is measured by the smallest normal number's unit, because a device may
 * flush; its count is reported apart. Threads: any; nothing is kept. */
#ifndef ORTC_JUDGE_JUDGE_H
#define ORTC_JUDGE_JUDGE_H

#include "ort/plugin/words.h"

#include <jansson.h>
#include <stdbool.h>

/* A dense tensor: row-major, sub-byte types packed as ONNX packs them; strings as at the border (int64 offsets[n + 1],
 * then bytes). Borrowed. */
typedef struct ortc_tensor {
    ort_dtype dtype;
    uint32_t rank;
    const int64_t *dims;
    const void *data;
    uint64_t size_bytes;
} ortc_tensor;

/* What a class allows, in the words of its measure. */
typedef struct ortc_class {
    const char *name; /* "E", "U", "D", "R", "C", "Q", "O" */
    const char *allows, *reason;
} ortc_class;
const ortc_class *ortc_class_find(const char *name); /* NULL: there is none */
const ortc_class *ortc_classes(uint32_t *out_count);

typedef struct ortc_tolerance {
    const ortc_class *kind;
    double ulp;            /* U: units in the last place beyond correct rounding; Q: steps */
    int64_t product_count; /* D, R: products or summands behind one output element */
    double rtol, atol;     /* O; C: of one element */
    bool is_bitwise;       /* E: also -0 is not 0, as for operators that move bytes */
    bool is_zero_mean;     /* D: rounding errors must not lean to one side */
} ortc_tolerance;

/* Reads "class", "ulp", "products", "rtol", "atol", "bits", "zero_mean" of a case.json; NULL or no "class": class O
 * with ONNX's backend-test tolerance, rtol 1e-3 and atol 1e-7. False: it says what is wrong in `out_text`. */
bool ortc_tolerance_read(const json_t *notes, ortc_tolerance *out, char *out_text, size_t text_bytes);
/* D and R need the tensor that the operator gives for the inputs' magnitudes (bound_N.pb). */
bool ortc_tolerance_needs_bound(const ortc_tolerance *tolerance);

typedef struct ortc_finding {
    bool is_equal;
    bool is_broken; /* the case can't be judged: text says why */
    double used;    /* largest part of the tolerance that was used: 1 is all of it */
    int64_t wrong_count, worst_index, subnormal_count;
    double got, want; /* at worst_index */
    char text[320];   /* why not, in one line; "" when equal */
} ortc_finding;
/* bound: of want's shape, float32 or float64; NULL where the class needs none. */
void ortc_judge(const ortc_tensor *got, const ortc_tensor *want, const ortc_tensor *bound,
                const ortc_tolerance *tolerance, ortc_finding *out);

/* ---- numbers: number.c ---- */
bool ortc_dtype_is_float(ort_dtype dtype);
const char *ortc_dtype_name(ort_dtype dtype); /* "float32" ...; "unknown" */
int64_t ortc_tensor_count(const ortc_tensor *tensor);
/* True when elements of the type can be read as numbers and the buffer holds `count` of them. */
bool ortc_tensor_is_readable(const ortc_tensor *tensor);
double ortc_element(const ortc_tensor *tensor, int64_t index);          /* floats; integers as far as a double goes */
int64_t ortc_element_integer(const ortc_tensor *tensor, int64_t index); /* integers, bools; 64-bit unsigned wraps */
uint64_t ortc_element_bits(const ortc_tensor *tensor, int64_t index);
/* Stored bits of the significand (23 for float32) and the smallest normal number. */
int ortc_mantissa_bits(ort_dtype dtype);
double ortc_min_normal(ort_dtype dtype);

#endif
