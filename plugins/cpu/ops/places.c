/* By places: GatherND, Trilu, EyeLike, Dropout at inference, Det. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

typedef struct places_params {
    int64_t batch_dims, k;
    bool is_upper;
} places_params;

typedef struct places_state {
    int64_t count, rows, columns, bytes, k;
    bool is_upper, is_wide;
    /* GatherND */
    int64_t depth, slice, per_batch, batch_span;
    int64_t dims[ORTK_RANK_MAX], strides[ORTK_RANK_MAX];
    unsigned char one[16];
} places_state;

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    places_params *p = params;
    p->batch_dims = ortk_attr_int(node, "batch_dims", 0);
    p->k = ortk_attr_int(node, "k", 0);
    p->is_upper = ortk_attr_int(node, "upper", 1) != 0;
    return NULL;
}

static places_state *state_create(ortk_planner *planner, const places_params *p, uint32_t dtype, ortk_step_plan *step) {
    places_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return NULL;
    *s = (places_state){.is_upper = p->is_upper, .k = p->k, .bytes = (int64_t)ortk_dtype_bytes(dtype, 1)};
    step->state = s;
    step->task_count = 1;
    return s;
}

/* ---- GatherND ---- */

static void gather_nd_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const places_state *s = step->state;
    const void *indices = ortk_in(step, 1);
    for (int64_t i = begin; i < end; i++) {
        int64_t at = i / s->per_batch * s->batch_span;
        bool is_inside = true;
        for (int64_t d = 0; d < s->depth; d++) {
            int64_t index = ((const int64_t *)indices)[i * s->depth + d];
            if (index < 0) index += s->dims[d];
            is_inside = is_inside && index >= 0 && index < s->dims[d];
            at += index * s->strides[d];
        }
        char *to = (char *)ortk_out(step, 0) + i * s->slice;
        if (is_inside)
            memcpy(to, (const char *)ortk_in(step, 0) + at * s->bytes, (size_t)s->slice);
        else /* can't fail a run: as Gather */
            memset(to, 0, (size_t)s->slice);
    }
}

static ort_status *gather_nd_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                  const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    const places_params *p = params;
    places_state *s = state_create(planner, p, in->dtype, step);
    if (s == NULL) return ortk_out_of_memory();
    const uint32_t batch = (uint32_t)p->batch_dims;
    int64_t strides[ORTK_RANK_MAX];
    ortk_desc_strides(in, strides);
    if (ortcpu_product(in->dims, 0, batch) != ortcpu_product(in[1].dims, 0, batch))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "the batches of data and indices differ");
    s->depth = in[1].dims[in[1].rank - 1];
    s->per_batch = ortcpu_product(in[1].dims, batch, in[1].rank - 1);
    s->batch_span = ortcpu_product(in->dims, batch, in->rank);
    for (int64_t d = 0; d < s->depth; d++) {
        s->dims[d] = in->dims[batch + d];
        s->strides[d] = strides[batch + d];
    }
    s->slice = ortcpu_product(in->dims, batch + (uint32_t)s->depth, in->rank) * s->bytes;
    step->run = gather_nd_run;
    step->task_count = ortcpu_product(in[1].dims, 0, in[1].rank - 1);
    step->grain = 1 + 65536 / (s->slice + 64);
    step->cost_ns = (double)step->task_count * 5 + (double)out->element_count * 0.2;
    return NULL;
}

/* ---- Trilu ---- */

/* Row by row: one side of the diagonal that lies `k` to the right is kept. */
static void trilu_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const places_state *s = step->state;
    const int64_t k = step->input_count > 1 && ortk_in(step, 1) ? *(const int64_t *)ortk_in(step, 1) : 0;
    const int64_t row_bytes = s->columns * s->bytes;
    for (int64_t i = begin; i < end; i++) {
        const int64_t row = i % s->rows;
        /* The first column that is on the upper side; k may be any number. */
        int64_t split = k > s->columns ? s->columns : k < -s->rows ? 0 : row + k + !s->is_upper;
        split = split < 0 ? 0 : split > s->columns ? s->columns : split;
        const int64_t from = (s->is_upper ? split : 0) * s->bytes;
        const int64_t to = (s->is_upper ? s->columns : split) * s->bytes;
        char *out = (char *)ortk_out(step, 0) + i * row_bytes;
        memset(out, 0, (size_t)from);
        memcpy(out + from, (const char *)ortk_in(step, 0) + i * row_bytes + from, (size_t)(to - from));
        memset(out + to, 0, (size_t)(row_bytes - to));
    }
}

static ort_status *trilu_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    if (out->element_count == 0) return NULL;
    if (in->rank < 2) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "a triangle of a value of rank %u", in->rank);
    if (in_count > 1 && in[1].is_present && in[1].element_count != 1)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld numbers as a diagonal", (long long)in[1].element_count);
    places_state *s = state_create(planner, params, in->dtype, step);
    if (s == NULL) return ortk_out_of_memory();
    s->rows = in->dims[in->rank - 2];
    s->columns = in->dims[in->rank - 1];
    step->run = trilu_run;
    step->task_count = in->element_count / s->columns;
    step->grain = 1 + ORTCPU_TASK_ELEMENTS / s->columns;
    step->cost_ns = (double)in->element_count * 0.3;
    return NULL;
}

/* ---- EyeLike ---- */

static void one_write(uint32_t dtype, unsigned char *out) {
    const float f32 = 1;
    const double f64 = 1;
    const uint16_t f16 = 0x3c00, bf16 = 0x3f80;
    const uint64_t whole = 1; /* the low bytes of a little-endian machine's number */
    const void *from = dtype == ORT_DTYPE_F32    ? (const void *)&f32
                       : dtype == ORT_DTYPE_F64  ? (const void *)&f64
                       : dtype == ORT_DTYPE_F16  ? (const void *)&f16
                       : dtype == ORT_DTYPE_BF16 ? (const void *)&bf16
                                                 : (const void *)&whole;
    memcpy(out, from, (size_t)ortk_dtype_bytes(dtype, 1));
}

static void eye_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const places_state *s = step->state;
    char *out = ortk_out(step, 0);
    memset(out, 0, (size_t)(s->rows * s->columns * s->bytes));
    for (int64_t row = 0; row < s->rows; row++) {
        const int64_t column = row + s->k;
        if (column >= 0 && column < s->columns)
            memcpy(out + (row * s->columns + column) * s->bytes, s->one, (size_t)s->bytes);
    }
}

static bool eye_claim(ortk_node *node) {
    const uint64_t types = ORTCPU_TYPES_MOVED & ~(ORT_DTYPE_BIT(ORT_DTYPE_C64) | ORT_DTYPE_BIT(ORT_DTYPE_C128));
    if ((ORT_DTYPE_BIT(ortk_node_output_dtype(node, 0)) & types) != 0) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "a matrix of this element type");
}

static ort_status *eye_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in, (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    places_state *s = state_create(planner, params, out->dtype, step);
    if (s == NULL) return ortk_out_of_memory();
    s->rows = out->dims[0];
    s->columns = out->dims[1];
    one_write(out->dtype, s->one);
    step->run = eye_run;
    step->cost_ns = (double)out->element_count * 0.3;
    return NULL;
}

/* ---- Dropout: everything is kept ---- */

static void dropout_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end, (void)scratch;
    const places_state *s = step->state;
    if (step->input_count > 2 && ortk_in(step, 2) && *(const uint8_t *)ortk_in(step, 2)) {
        const float ratio = ortk_in(step, 1) && !s->is_wide ? *(const float *)ortk_in(step, 1) : 0.5f;
        if (ratio > 0 || s->is_wide) {
            ortk_run_fail(step, ORT_CODE_UNSUPPORTED, "training_mode with a ratio above 0");
            return;
        }
    }
    if (ortk_out(step, 0) && ortk_out(step, 0) != ortk_in(step, 0))
        memcpy(ortk_out(step, 0), ortk_in(step, 0), (size_t)(s->count * s->bytes));
    if (step->output_count > 1 && ortk_out(step, 1)) memset(ortk_out(step, 1), 1, (size_t)s->count);
}

static ort_status *dropout_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out, (void)out_count;
    if (in->element_count == 0) return NULL;
    for (uint32_t i = 1; i < in_count; i++)
        if (in[i].is_present && in[i].element_count != 1)
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "input %u has %lld elements, not one", i,
                             (long long)in[i].element_count);
    places_state *s = state_create(planner, params, in->dtype, step);
    if (s == NULL) return ortk_out_of_memory();
    s->count = in->element_count;
    s->is_wide = in_count > 1 && in[1].is_present && in[1].dtype != ORT_DTYPE_F32;
    step->run = dropout_run;
    step->cost_ns = (double)in->element_count * 0.2;
    return NULL;
}

/* ---- Det ---- */

static double element_at(const void *in, uint32_t bytes, int64_t i) {
    return bytes == 4 ? (double)((const float *)in)[i] : ((const double *)in)[i];
}

/* Gauss' elimination with the largest pivot of each column, in double; destroys `a`. */
static double determinant(double *a, int64_t n) {
    double det = 1;
    for (int64_t c = 0; c < n; c++) {
        int64_t pivot = c;
        for (int64_t r = c + 1; r < n; r++)
            if (fabs(a[r * n + c]) > fabs(a[pivot * n + c])) pivot = r;
        if (!(fabs(a[pivot * n + c]) > 0)) return a[pivot * n + c] * det;
        for (int64_t k = 0; pivot != c && k < n; k++) {
            const double kept = a[c * n + k];
            a[c * n + k] = a[pivot * n + k];
            a[pivot * n + k] = kept;
        }
        det *= pivot == c ? a[c * n + c] : -a[c * n + c];
        for (int64_t r = c + 1; r < n; r++) {
            const double factor = a[r * n + c] / a[c * n + c];
            for (int64_t k = c; k < n; k++) a[r * n + k] -= factor * a[c * n + k];
        }
    }
    return det;
}

static void det_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const places_state *s = step->state;
    const int64_t n = s->rows;
    double *a = scratch;
    for (int64_t i = begin; i < end; i++) {
        for (int64_t k = 0; k < n * n; k++) a[k] = element_at(ortk_in(step, 0), (uint32_t)s->bytes, i * n * n + k);
        const double det = determinant(a, n);
        if (s->bytes == 4)
            ((float *)ortk_out(step, 0))[i] = (float)det;
        else
            ((double *)ortk_out(step, 0))[i] = det;
    }
}

static ort_status *det_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    places_state *s = state_create(planner, params, in->dtype, step);
    if (s == NULL) return ortk_out_of_memory();
    s->rows = in->dims[in->rank - 1];
    step->run = det_run;
    step->task_count = out->element_count;
    step->scratch_bytes = (uint64_t)(s->rows * s->rows + 1) * sizeof(double);
    step->cost_ns = (double)in->element_count * (double)s->rows;
    return NULL;
}

#define PLACES(NAME, SINCE, TYPES, FLAGS, CLAIM, PLAN_FN)                                                              \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ROWS, .flags = (FLAGS), .params_bytes = sizeof(places_params), .claim = CLAIM,               \
        .compile = compile, .plan = PLAN_FN                                                                            \
    }
static const ortk_kernel kernels[] = {
    PLACES("GatherND", 11, ORTCPU_TYPES_MOVED, 0, NULL, gather_nd_plan),
    PLACES("Trilu", 14, ORTCPU_TYPES_MOVED, 0, NULL, trilu_plan),
    PLACES("EyeLike", 9, ORTCPU_TYPES_MOVED, 0, eye_claim, eye_plan),
    PLACES("Dropout", 7, ORTCPU_TYPES_FLOAT | ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_BF16),
           ORTK_KERNEL_INPLACE_FIRST, NULL, dropout_plan),
    PLACES("Det", 11, ORTCPU_TYPES_FLOAT, 0, NULL, det_plan),
};
const ortcpu_op_table ortcpu_ops_places = ORTCPU_TABLE(kernels);
