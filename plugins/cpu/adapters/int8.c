/* Products of quantised numbers: MatMulInteger-10, ConvInteger-10, QLinearMatMul-21, QLinearConv-10. All are one
 * product: rows of the left side are copied as bytes, those of a convolution gathered window by window, and the sums
 * are put right for zero points, which int32 holds exactly. */
#include "kernels/int8.h"
#include "adapters/heavy.h"
#include "ops/wide.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_ROWS = 96, NONE = 0 };

/* Which input is what; NONE: there is none (input 0 is always the left side). */
typedef struct int8_roles {
    uint32_t left_scale, left_zero, right, right_scale, right_zero, scale, zero, bias;
} int8_roles;

static const int8_roles integer_roles = {.right = 1, .left_zero = 2, .right_zero = 3};
static const int8_roles linear_roles = {1, 2, 3, 4, 5, 6, 7, 8};

typedef struct int8_params {
    const ortcpu_int8 *kernels;
    const int8_roles *roles;
    bool is_conv;
    ortcpu_window window;
    int64_t groups;
    const void *packed; /* NULL: the right side comes with each run */
} int8_params;

typedef struct int8_state {
    const int8_params *p;
    int64_t m, n, k, outer, blocks; /* outer: products of a batch, or images times groups; blocks: of rows in each */
    int64_t right_step;             /* bytes of one packed right side */
    const int64_t *left_offset, *right_offset; /* of a MatMul's batch */
    uint8_t left_flip, right_flip;
    bool left_signed, right_signed, out_signed;
    int64_t right_zeros, right_scales; /* how many: 1, or one for each column of all groups */
    uint32_t scale_dtype;
    bool has_bias;
    ortcpu_window window; /* with the kernel that the weights have */
    int64_t in_h, in_w, out_w, in_c, pads[2];
    size_t packed_bytes, rows_bytes, sums_bytes;
} int8_state;

/* ---- the right side ---- */

typedef struct pack_job {
    const ortcpu_int8 *kernels;
    int64_t n, k, groups;
    bool is_conv;
    uint8_t flip;
} pack_job;

static void right_pack(const void *user, const void *constant, void *packed) {
    const pack_job *job = user;
    size_t bytes = job->kernels->pack_bytes(job->n, job->k);
    for (int64_t g = 0; g < job->groups; g++)
        job->kernels->pack(job->n, job->k, (const uint8_t *)constant + g * job->n * job->k, job->is_conv ? 1 : job->n,
                           job->is_conv ? job->k : 1, job->flip, (char *)packed + (size_t)g * bytes);
}

static uint8_t right_flip(uint32_t dtype) {
    return dtype == ORT_DTYPE_U8 ? 0x80 : 0;
}

/* A constant right side: weights of a convolution, or one matrix. */
static ort_status *right_read(ortk_compiler *compiler, const ortk_node *node, int8_params *p) {
    const ortcpu_instance *instance = ortk_compiler_context(compiler);
    const uint32_t right = p->roles->right;
    int64_t count = 0, dims[4] = {1, 1, 1, 1};
    int32_t rank = ortk_node_input_rank(node, right);
    p->kernels = ortcpu_int8_get(instance->kernels->isa);
    if (!ortk_node_constant(node, right, &count) || rank < 2 || count == 0) return NULL;
    for (int32_t i = 0; i < rank && i < 4; i++) dims[i] = ortk_node_input_dim(node, right, (uint32_t)i);
    if (!p->is_conv && rank != 2) return NULL;
    pack_job job = {.kernels = p->kernels, .groups = p->groups, .is_conv = p->is_conv};
    job.flip = right_flip(ortk_node_input_dtype(node, right));
    job.n = p->is_conv ? dims[0] / p->groups : dims[1];
    job.k = p->is_conv ? count / dims[0] : dims[0];
    if (p->is_conv && dims[0] % p->groups)
        return ortk_fail(ORT_CODE_INVALID_MODEL, "%lld channels in %lld groups", (long long)dims[0],
                         (long long)p->groups);
    char layout[64];
    snprintf(layout, sizeof layout, "int8-%s-g%lld-c%d-f%d-v1", p->kernels->name, (long long)p->groups, p->is_conv,
             job.flip);
    return ortk_compiler_pack(compiler, node, right, layout, (uint64_t)p->groups * p->kernels->pack_bytes(job.n, job.k),
                              right_pack, &job, &p->packed);
}

static ort_status *matmul_read(ortk_compiler *compiler, const ortk_node *node, int8_params *p,
                               const int8_roles *roles) {
    p->roles = roles;
    p->groups = 1;
    return right_read(compiler, node, p);
}

static ort_status *conv_read(ortk_compiler *compiler, const ortk_node *node, int8_params *p, const int8_roles *roles) {
    p->roles = roles;
    p->is_conv = true;
    p->groups = ortk_attr_int(node, "group", 1);
    if (!ortcpu_window_read(node, (uint32_t)ortk_node_input_rank(node, 0) - 2, &p->window))
        return ortk_fail(ORT_CODE_BUG, "%s: attributes that claim took", ortk_node_name(node));
    return right_read(compiler, node, p);
}

static ort_status *matmul_integer_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    return matmul_read(compiler, node, params, &integer_roles);
}
static ort_status *matmul_linear_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    return matmul_read(compiler, node, params, &linear_roles);
}
static ort_status *conv_integer_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    return conv_read(compiler, node, params, &integer_roles);
}
static ort_status *conv_linear_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    return conv_read(compiler, node, params, &linear_roles);
}

#define BYTES (ORT_DTYPE_BIT(ORT_DTYPE_U8) | ORT_DTYPE_BIT(ORT_DTYPE_I8))

static bool bytes_claim(ortk_node *node) {
    for (uint32_t i = 0; i < ortk_node_input_count(node) && i < 8; i++) {
        uint32_t dtype = ortk_node_input_dtype(node, i);
        if (!ortk_node_has_input(node, i) || dtype == ORT_DTYPE_F32 || ortcpu_is_half(dtype)) continue;
        if (!(BYTES & ORT_DTYPE_BIT(dtype)))
            return ortk_decline(node, ORTP_DECLINE_TYPE, "input %u of element type %u", i, dtype);
    }
    return true;
}

static bool conv_claim(ortk_node *node) {
    ortcpu_window window;
    int32_t rank = ortk_node_input_rank(node, 0);
    if (rank != 3 && rank != 4)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d: 1-d and 2-d are done", (int)rank);
    if (!ortcpu_window_read(node, (uint32_t)rank - 2, &window) || ortk_attr_int(node, "group", 1) < 1)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "strides, dilations, pads, auto_pad or group out of range");
    return bytes_claim(node);
}

/* ---- the run ---- */

static int32_t byte_at(const void *bytes, int64_t index, bool is_signed) {
    return is_signed ? ((const int8_t *)bytes)[index] : ((const uint8_t *)bytes)[index];
}

static float scale_at(const ortk_step *step, uint32_t input, uint32_t dtype, int64_t index) {
    float value = 0;
    if (dtype == ORT_DTYPE_F32) return ((const float *)ortk_in(step, input))[index];
    ortcpu_loops_get()->half->widen[ortcpu_half_of(dtype)](&value, (const uint16_t *)ortk_in(step, input) + index, 1);
    return value;
}

static void row_copy(const int8_state *s, const uint8_t *from, uint8_t *to) {
    for (int64_t i = 0; i < s->k; i++) to[i] = from[i] ^ s->left_flip;
}

/* The window of output pixel `pixel`: channels, then kernel rows, then kernel columns, as weights have them. */
static void window_copy(const int8_state *s, const uint8_t *image, int64_t pixel, uint8_t outside, uint8_t *to) {
    const ortcpu_window *w = &s->window;
    int64_t channels = s->in_c / s->p->groups;
    int64_t top = pixel / s->out_w * w->stride[0] - s->pads[0], left = pixel % s->out_w * w->stride[1] - s->pads[1];
    for (int64_t c = 0; c < channels; c++, image += s->in_h * s->in_w)
        for (int64_t ky = 0; ky < w->kernel[0]; ky++) {
            int64_t y = top + ky * w->dilation[0];
            for (int64_t kx = 0; kx < w->kernel[1]; kx++, to++) {
                int64_t x = left + kx * w->dilation[1];
                bool is_inside = y >= 0 && y < s->in_h && x >= 0 && x < s->in_w;
                *to = (is_inside ? image[y * s->in_w + x] : outside) ^ s->left_flip;
            }
        }
}

/* What one block of rows is computed from and to. */
typedef struct block {
    const ortk_step *step;
    const int8_state *s;
    const void *packed;
    int64_t outer, row0, rows, column0; /* column0: of the group */
    int32_t left_zero;                  /* as the kernels see the left side */
    uint8_t *left;
    int32_t *sums;
} block;

static int32_t row_sum(const uint8_t *row, int64_t k) {
    int32_t sum = 0;
    for (int64_t i = 0; i < k; i++) sum += row[i];
    return sum;
}

static void left_fill(const block *b) {
    const int8_state *s = b->s;
    const uint8_t *left = ortk_in(b->step, 0);
    int64_t depth = ortcpu_int8_depth(s->k);
    uint8_t outside = (uint8_t)b->left_zero ^ s->left_flip;
    int64_t images = b->outer / s->p->groups, group = b->outer % s->p->groups;
    const uint8_t *image = left + (images * s->in_c + group * (s->in_c / s->p->groups)) * s->in_h * s->in_w;
    for (int64_t r = 0; r < b->rows; r++) {
        uint8_t *to = b->left + r * depth;
        if (s->p->is_conv)
            window_copy(s, image, b->row0 + r, outside, to);
        else
            row_copy(s, left + s->left_offset[b->outer] + (b->row0 + r) * s->k, to);
        memset(to + s->k, 0, (size_t)(depth - s->k));
    }
}

/* The zero point of column `column` as the kernels see the right side. */
static int32_t right_zero_at(const block *b, int64_t column) {
    const int8_state *s = b->s;
    const void *zeros = s->right_zeros ? ortk_in(b->step, s->p->roles->right_zero) : NULL;
    int32_t zero = zeros ? byte_at(zeros, s->right_zeros > 1 ? column : 0, s->right_signed) : 0;
    return zero - (s->right_flip ? 128 : 0);
}

/* Puts the sums of one column right, modulo 2^32. */
static void column_settle(const block *b, int64_t column, const int32_t *row_sums) {
    const int8_state *s = b->s;
    uint32_t right_zero = (uint32_t)right_zero_at(b, b->column0 + column), left_zero = (uint32_t)b->left_zero;
    uint32_t shift = (uint32_t)s->k * left_zero * right_zero;
    shift -= left_zero * (uint32_t)s->p->kernels->column_sums(s->n, s->k, b->packed)[column];
    if (s->has_bias) shift += (uint32_t)((const int32_t *)ortk_in(b->step, s->p->roles->bias))[b->column0 + column];
    for (int64_t r = 0; r < b->rows; r++) {
        uint32_t *sum = (uint32_t *)&b->sums[r * s->n + column];
        *sum += shift - (right_zero ? right_zero * (uint32_t)row_sums[r] : 0);
    }
}

/* ONNX QLinearConv-10: saturate(round(sum * (left_scale * right_scale / scale)) + zero). */
static void column_write(const block *b, int64_t column, int64_t out, int64_t stride) {
    const int8_state *s = b->s;
    const int8_roles *roles = s->p->roles;
    if (!roles->scale) {
        int32_t *y = ortk_out(b->step, 0);
        for (int64_t r = 0; r < b->rows; r++) y[out + r * stride] = b->sums[r * s->n + column];
        return;
    }
    float factor =
        scale_at(b->step, roles->left_scale, s->scale_dtype, 0) *
        scale_at(b->step, roles->right_scale, s->scale_dtype, s->right_scales > 1 ? b->column0 + column : 0) /
        scale_at(b->step, roles->scale, s->scale_dtype, 0);
    float zero = (float)byte_at(ortk_in(b->step, roles->zero), 0, s->out_signed);
    float low = (s->out_signed ? -128.0f : 0.0f) - zero, high = (s->out_signed ? 127.0f : 255.0f) - zero;
    uint8_t *y = ortk_out(b->step, 0);
    for (int64_t r = 0; r < b->rows; r++) {
        float v = (float)b->sums[r * s->n + column] * factor;
        v = v > low ? v : low; /* NaN too */
        v = v < high ? v : high;
        y[out + r * stride] = (uint8_t)(int32_t)(rintf(v) + zero);
    }
}

static void block_run(block *b) {
    const int8_state *s = b->s;
    int32_t row_sums[BLOCK_ROWS];
    int64_t depth = ortcpu_int8_depth(s->k);
    left_fill(b);
    s->p->kernels->run(b->rows, s->n, s->k, b->left, depth, b->packed, b->sums, s->n);
    for (int64_t r = 0; r < b->rows; r++) row_sums[r] = row_sum(b->left + r * depth, s->k);
    int64_t out = s->p->is_conv ? b->outer * s->n * s->m + b->row0 : (b->outer * s->m + b->row0) * s->n;
    for (int64_t c = 0; c < s->n; c++) {
        column_settle(b, c, row_sums);
        column_write(b, c, out + c * (s->p->is_conv ? s->m : 1), s->p->is_conv ? 1 : s->n);
    }
}

static void int8_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const int8_state *s = step->state;
    const int8_params *p = s->p;
    char *packed = scratch;
    block b = {.step = step, .s = s, .left = (uint8_t *)scratch + s->packed_bytes};
    b.sums = (int32_t *)(void *)((char *)scratch + s->packed_bytes + s->rows_bytes);
    if (p->roles->left_zero < step->input_count && ortk_in(step, p->roles->left_zero))
        b.left_zero = byte_at(ortk_in(step, p->roles->left_zero), 0, s->left_signed);
    b.left_zero += s->left_flip ? 128 : 0;
    for (int64_t task = begin, last = -1; task < end; task++) {
        b.outer = task / s->blocks;
        b.row0 = task % s->blocks * BLOCK_ROWS;
        b.rows = s->m - b.row0 < BLOCK_ROWS ? s->m - b.row0 : BLOCK_ROWS;
        int64_t which = p->is_conv ? b.outer % p->groups : b.outer;
        b.column0 = p->is_conv ? which * s->n : 0;
        b.packed = p->packed ? (const char *)p->packed + (p->is_conv ? which : 0) * s->right_step : packed;
        if (!p->packed && which != last) {
            const uint8_t *right = (const uint8_t *)ortk_in(step, p->roles->right) +
                                   (p->is_conv ? which * s->n * s->k : s->right_offset[which]);
            pack_job job = {p->kernels, s->n, s->k, 1, p->is_conv, s->right_flip};
            right_pack(&job, right, packed);
            last = which;
        }
        block_run(&b);
    }
}

/* ---- the plan ---- */

static bool is_given(const ortk_desc *in, uint32_t in_count, uint32_t index) {
    return index != NONE && index < in_count && in[index].is_present;
}

/* One zero point and scale for all, or on the right one for each column. */
static ort_status *counts_read(const ortk_desc *in, uint32_t in_count, int64_t columns, int8_state *s) {
    const int8_roles *roles = s->p->roles;
    const uint32_t single[] = {roles->left_scale, roles->left_zero, roles->scale, roles->zero};
    const uint32_t spread[] = {roles->right_scale, roles->right_zero};
    for (uint32_t i = 0; i < 4; i++)
        if (is_given(in, in_count, single[i]) && in[single[i]].element_count != 1)
            return ortk_fail(ORT_CODE_UNSUPPORTED, "input %u has %lld elements: one for all rows is done", single[i],
                             (long long)in[single[i]].element_count);
    for (uint32_t i = 0; i < 2; i++) {
        int64_t count = is_given(in, in_count, spread[i]) ? in[spread[i]].element_count : 0;
        if (count > 1 && count != columns)
            return ortk_fail(ORT_CODE_UNSUPPORTED, "input %u has %lld elements: one for all or %lld are done",
                             spread[i], (long long)count, (long long)columns);
        *(i == 0 ? &s->right_scales : &s->right_zeros) = count;
    }
    s->has_bias = is_given(in, in_count, roles->bias);
    if (s->has_bias && in[roles->bias].element_count != columns)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "a bias of %lld elements for %lld channels",
                         (long long)in[roles->bias].element_count, (long long)columns);
    s->scale_dtype = roles->scale ? in[roles->scale].dtype : ORT_DTYPE_F32;
    return NULL;
}

static ort_status *conv_shape(const ortk_desc *in, const ortk_desc *out, int8_state *s) {
    const int8_params *p = s->p;
    const ortk_desc *weights = &in[p->roles->right];
    int64_t size[2], out_size[2], end = 0;
    ortcpu_image_size(&in[0], size);
    ortcpu_image_size(out, out_size);
    s->window = p->window;
    ortcpu_image_size(weights, s->window.kernel);
    s->in_c = in[0].dims[1], s->in_h = size[0], s->in_w = size[1], s->out_w = out_size[1];
    s->outer = in[0].dims[0] * p->groups;
    s->m = out_size[0] * out_size[1];
    s->n = weights->dims[0] / p->groups;
    s->k = weights->dims[0] > 0 ? weights->element_count / weights->dims[0] : 0;
    if (s->k != s->in_c / p->groups * s->window.kernel[0] * s->window.kernel[1] || s->n * p->groups != out->dims[1])
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "weights do not fit %lld channels in %lld groups",
                         (long long)s->in_c, (long long)p->groups);
    for (uint32_t i = 0; i < 2; i++) ortcpu_window_pads(&s->window, i, size[i], out_size[i], &s->pads[i], &end);
    return NULL;
}

/* Where product `index` of the batch begins: leading dimensions broadcast. */
static int64_t batch_offset(const ortk_desc *desc, const ortk_desc *out, uint32_t tail, int64_t index, int64_t matrix) {
    int64_t offset = 0, stride = matrix;
    uint32_t own = desc->rank > 2 ? desc->rank - 2 : 0, batch = out->rank > tail ? out->rank - tail : 0;
    for (uint32_t i = 0; i < batch && i < own; i++) {
        int64_t dim = out->dims[batch - 1 - i], have = desc->dims[own - 1 - i];
        if (have != 1) offset += index % dim * stride;
        index /= dim;
        stride *= have;
    }
    return offset;
}

static ort_status *matmul_shape(ortk_planner *planner, const ortk_desc *in, const ortk_desc *out, int8_state *s) {
    const ortk_desc *a = &in[0], *b = &in[s->p->roles->right];
    s->m = a->rank > 1 ? a->dims[a->rank - 2] : 1;
    s->k = a->dims[a->rank - 1];
    s->n = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    if (s->k != (b->rank > 1 ? b->dims[b->rank - 2] : b->dims[0]))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "a product over %lld columns and other rows", (long long)s->k);
    s->outer = out->element_count / (s->m * s->n);
    int64_t *offsets = ortk_planner_alloc(planner, (size_t)(2 * s->outer) * sizeof *offsets);
    if (!offsets) return ortk_out_of_memory();
    uint32_t tail = (a->rank > 1 ? 1u : 0u) + (b->rank > 1 ? 1u : 0u);
    for (int64_t i = 0; i < s->outer; i++) {
        offsets[i] = batch_offset(a, out, tail, i, s->m * s->k);
        offsets[s->outer + i] = batch_offset(b, out, tail, i, s->k * s->n);
    }
    s->left_offset = offsets;
    s->right_offset = offsets + s->outer;
    return NULL;
}

static ort_status *int8_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const int8_params *p = params;
    (void)out_count;
    if (out[0].element_count == 0) return NULL;
    int8_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (int8_state){.p = p};
    ort_status *status = p->is_conv ? conv_shape(in, out, s) : matmul_shape(planner, in, out, s);
    if (!status) status = counts_read(in, in_count, p->is_conv ? s->n * p->groups : s->n, s);
    if (status) return status;
    s->left_signed = in[0].dtype == ORT_DTYPE_I8;
    s->right_signed = in[p->roles->right].dtype == ORT_DTYPE_I8;
    s->out_signed = out[0].dtype == ORT_DTYPE_I8;
    s->left_flip = s->left_signed ? 0x80 : 0;
    s->right_flip = right_flip(in[p->roles->right].dtype);
    s->right_step = (int64_t)p->kernels->pack_bytes(s->n, s->k);
    int64_t rows = s->m < BLOCK_ROWS ? s->m : BLOCK_ROWS;
    s->packed_bytes = p->packed ? 0 : ((size_t)s->right_step + 63) & ~(size_t)63;
    s->rows_bytes = ((size_t)(rows * ortcpu_int8_depth(s->k)) + 63) & ~(size_t)63;
    s->sums_bytes = (size_t)(rows * s->n) * sizeof(int32_t);
    s->blocks = (s->m + BLOCK_ROWS - 1) / BLOCK_ROWS;
    step->run = int8_run;
    step->state = s;
    step->task_count = s->outer * s->blocks;
    step->scratch_bytes = s->packed_bytes + s->rows_bytes + s->sums_bytes;
    step->cost_ns = (double)out[0].element_count * ((double)s->k * ORTCPU_MULTIPLY_ADD_NS + 1);
    return NULL;
}

#define INT8(NAME, CLAIM, COMPILE)                                                                                     \
    { "", NAME, 10, 9999, BYTES, ORTK_MODE_ROWS, 0, sizeof(int8_params), CLAIM, COMPILE, int8_plan }
static const ortk_kernel kernels[] = {
    INT8("MatMulInteger", bytes_claim, matmul_integer_compile),
    INT8("QLinearMatMul", bytes_claim, matmul_linear_compile),
    INT8("ConvInteger", conv_claim, conv_integer_compile),
    INT8("QLinearConv", conv_claim, conv_linear_compile),
};
const ortcpu_op_table ortcpu_heavy_int8 = {kernels, 4};
