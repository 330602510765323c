/* kernels.c: what the operators compute. */
#include "async.h"

#include <math.h>
#include <string.h>

/* ---- rows ---- */

#define UNARY(name, result)                                                                                            \
    static void name(const async_row *row) {                                                                           \
        const float *a = row->in[0];                                                                                   \
        float *out = row->out;                                                                                         \
        for (int64_t i = 0; i < row->count; i++) {                                                                     \
            float x = a[i * row->step[0]];                                                                             \
            out[i] = result;                                                                                           \
        }                                                                                                              \
    }
#define BINARY(name, type, result)                                                                                     \
    static void name(const async_row *row) {                                                                           \
        const type *a = row->in[0], *b = row->in[1];                                                                   \
        type *out = row->out;                                                                                          \
        for (int64_t i = 0; i < row->count; i++) {                                                                     \
            type x = a[i * row->step[0]], y = b[i * row->step[1]];                                                     \
            out[i] = result;                                                                                           \
        }                                                                                                              \
    }
UNARY(identity_f32, x)
UNARY(relu_f32, x < 0 ? 0 : x) /* not x > 0 ? x : 0: NaN stays NaN */
UNARY(neg_f32, -x)
UNARY(abs_f32, fabsf(x))
UNARY(exp_f32, expf(x))
BINARY(add_f32, float, x + y)
BINARY(sub_f32, float, x - y)
BINARY(mul_f32, float, x *y)
BINARY(div_f32, float, x / y)
/* Integers wrap, which C defines for those without sign alone. */
BINARY(add_i32, uint32_t, x + y)
BINARY(mul_i32, uint32_t, x *y)

static const async_operator operators[] = {
    {"Identity", 1, 1, identity_f32, NULL, 0.5},
    {"Relu", 6, 1, relu_f32, NULL, 0.5},
    {"Neg", 6, 1, neg_f32, NULL, 0.5},
    {"Abs", 6, 1, abs_f32, NULL, 0.5},
    {"Exp", 6, 1, exp_f32, NULL, 4},
    {"Add", 7, 2, add_f32, add_i32, 0.5},
    {"Sub", 7, 2, sub_f32, NULL, 0.5},
    {"Mul", 7, 2, mul_f32, mul_i32, 0.5},
    {"Div", 7, 2, div_f32, NULL, 1},
    {"MatMul", 1, 2, NULL, NULL, 0.5},
};

const async_operator *async_operator_find(ort_string_view name) {
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (strlen(operators[i].name) == name.length && memcmp(operators[i].name, name.data, name.length) == 0)
            return &operators[i];
    return NULL;
}

/* ---- walks ---- */

/* Steps of an operand of `rank` dimensions that is spread over the walk's, aligned at the end (ONNX, "Broadcasting").
 */
static bool spread(const int64_t *dims, uint32_t rank, int64_t element, const async_walk *walk, int64_t *step) {
    if (rank > walk->rank) return false;
    for (uint32_t i = walk->rank; i-- > 0;) {
        uint32_t missing = walk->rank - rank;
        int64_t dim = i < missing ? 1 : dims[i - missing];
        if (dim != walk->dims[i] && dim != 1) return false;
        step[i] = dim == 1 ? 0 : element;
        element *= dim;
    }
    return true;
}

/* A vector counts as a matrix of one row on the left, of one column on the right. */
static bool product_make(const async_shape *a, const async_shape *b, const async_shape *out, async_walk *walk) {
    if (a->rank < 1 || b->rank < 1) return false;
    uint32_t lost = (a->rank > 1 ? 1u : 0u) + (b->rank > 1 ? 1u : 0u);
    if (out->rank < lost) return false;
    walk->rank = out->rank - lost;
    memcpy(walk->dims, out->dims, walk->rank * sizeof(int64_t));
    walk->m = a->rank > 1 ? a->dims[a->rank - 2] : 1;
    walk->k = a->dims[a->rank - 1];
    walk->n = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    if (walk->k != b->dims[b->rank > 1 ? b->rank - 2 : 0]) return false;
    return spread(a->dims, a->rank > 1 ? a->rank - 2 : 0, walk->m * walk->k, walk, walk->step[0]) &&
           spread(b->dims, b->rank > 1 ? b->rank - 2 : 0, walk->k * walk->n, walk, walk->step[1]);
}

bool async_walk_make(const async_operator *op, const async_shape *in, const async_shape *out, async_walk *walk) {
    *walk = (async_walk){0};
    if (!op->row_f32) return product_make(&in[0], &in[1], out, walk);
    walk->rank = out->rank;
    memcpy(walk->dims, out->dims, out->rank * sizeof(int64_t));
    for (uint32_t i = 0; i < op->input_count; i++)
        if (!spread(in[i].dims, in[i].rank, 1, walk, walk->step[i])) return false;
    return true;
}

/* The next index over the first `rank` dimensions, operands' offsets with it; false behind the last. */
static bool advance(const async_walk *walk, uint32_t rank, int64_t *index, int64_t *offset) {
    for (uint32_t i = rank; i-- > 0;) {
        offset[0] += walk->step[0][i];
        offset[1] += walk->step[1][i];
        if (++index[i] < walk->dims[i]) return true;
        offset[0] -= walk->step[0][i] * walk->dims[i];
        offset[1] -= walk->step[1][i] * walk->dims[i];
        index[i] = 0;
    }
    return false;
}

static bool is_empty(const async_walk *walk) {
    for (uint32_t i = 0; i < walk->rank; i++)
        if (walk->dims[i] == 0) return true;
    return false;
}

static void elementwise(void (*compute)(const async_row *row), const async_walk *walk, const void *const *in,
                        void *out) {
    int64_t index[ASYNC_RANK_MAX] = {0}, offset[2] = {0}, done = 0;
    uint32_t last = walk->rank ? walk->rank - 1 : 0;
    const int64_t count = walk->rank ? walk->dims[last] : 1;
    do { /* float32 and int32 are both of four bytes */
        const async_row row = {
            .in = {(const float *)in[0] + offset[0], in[1] ? (const float *)in[1] + offset[1] : NULL},
            .step = {walk->step[0][last], walk->step[1][last]},
            .out = (float *)out + done,
            .count = count};
        compute(&row);
        done += count;
    } while (advance(walk, last, index, offset));
}

/* Eight products are summed before they join the rest: a small one is not lost behind a large sum. */
static void row_multiply(const async_walk *walk, const float *a, const float *b, float *out) {
    for (int64_t j = 0; j < walk->n; j++) out[j] = 0;
    for (int64_t begin = 0; begin < walk->k; begin += 8) {
        const int64_t end = begin + 8 < walk->k ? begin + 8 : walk->k;
        for (int64_t j = 0; j < walk->n; j++) {
            float sum = 0;
            for (int64_t k = begin; k < end; k++) sum += a[k] * b[k * walk->n + j];
            out[j] += sum;
        }
    }
}

static void product(const async_walk *walk, const float *a, const float *b, float *out) {
    int64_t index[ASYNC_RANK_MAX] = {0}, offset[2] = {0};
    do {
        for (int64_t i = 0; i < walk->m; i++, out += walk->n)
            row_multiply(walk, a + offset[0] + i * walk->k, b + offset[1], out);
    } while (advance(walk, walk->rank, index, offset));
}

void async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                   void *out) {
    if (is_empty(walk)) return;
    if (!op->row_f32)
        product(walk, in[0], in[1], out);
    else
        elementwise(dtype == ORT_DTYPE_I32 ? op->row_i32 : op->row_f32, walk, in, out);
}
