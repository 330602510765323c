/* MatMul and Gemm, float32; by bfloat16 where the session asks and the right side is packed. A constant right side is
 * packed once; a computed one is read where it lies. */
#include "adapters/heavy.h"
#include "ops/wide.h"

#include <stdio.h>
#include <string.h>

typedef struct product_params {
    const ortcpu_kernels *kernels;
    bool is_gemm, trans_a, trans_b, has_addend;
    float alpha, beta;
    int64_t n, k;        /* of the packed right side */
    const float *packed; /* NULL: computed at run */
    const float *addend; /* Gemm: constant C; NULL: at run, or none */
    ortk_fused fused;
} product_params;

typedef struct product_state {
    const ortcpu_kernels *kernels;
    ortcpu_gemm_plan plan;
    ortcpu_gemm_args args;
    uint32_t bias, residual; /* indexes of the step's inputs; 0: none or fixed in args */
} product_state;

typedef struct pack_job {
    const ortcpu_kernels *kernels;
    int64_t n, k, row_stride, col_stride;
} pack_job;

static void product_pack(const void *user, const void *constant, void *packed) {
    const pack_job *job = user;
    job->kernels->gemm_pack(job->n, job->k, constant, job->row_stride, job->col_stride, packed);
}

/* True for a constant matrix (leading dimensions of 1 allowed), whose sizes it tells. */
static bool is_matrix(const ortk_node *node, uint32_t index, int64_t *rows, int64_t *cols) {
    int32_t rank = ortk_node_input_rank(node, index);
    int64_t count = 0;
    if (rank < 2 || !ortk_node_is_constant(node, index, &count) || count == 0) return false;
    *rows = ortk_node_input_dim(node, index, (uint32_t)rank - 2);
    *cols = ortk_node_input_dim(node, index, (uint32_t)rank - 1);
    return *rows * *cols == count;
}

static ort_status *right_pack(ortk_compiler *compiler, const ortk_node *node, product_params *p) {
    int64_t rows = 0, cols = 0;
    p->kernels = ortcpu_compiler_kernels(compiler);
    if (ortk_node_input_dtype(node, 1) != ORT_DTYPE_F32 || !is_matrix(node, 1, &rows, &cols)) return NULL;
    p->k = p->trans_b ? cols : rows;
    p->n = p->trans_b ? rows : cols;
    pack_job job = {p->kernels, p->n, p->k, p->trans_b ? 1 : cols, p->trans_b ? cols : 1};
    char layout[64];
    snprintf(layout, sizeof layout, "gemm-%s-%lld-t%d-v2", p->kernels->name, (long long)p->kernels->panel_floats,
             p->trans_b);
    const void *packed = NULL;
    ort_status *status = ortk_compiler_pack(compiler, node, 1, layout, p->kernels->gemm_pack_bytes(p->n, p->k),
                                            product_pack, &job, &packed);
    p->packed = packed;
    return status;
}

static bool matmul_claim(ortk_node *node) {
    int32_t a = ortk_node_input_rank(node, 0), b = ortk_node_input_rank(node, 1);
    if (a < 1 || b < 1) return ortk_decline(node, ORTP_DECLINE_SHAPE, "the ranks %d and %d", (int)a, (int)b);
    return true;
}

static ort_status *matmul_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    product_params *p = params;
    p->alpha = p->beta = 1;
    p->has_addend = ortk_node_has_input(node, 2);
    p->fused = *ortk_node_fused(node);
    return right_pack(compiler, node, p);
}

static bool gemm_claim(ortk_node *node) {
    int64_t count = 0;
    if (ortk_node_input_rank(node, 0) != 2 || ortk_node_input_rank(node, 1) != 2)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "inputs that are not matrices");
    if (ortk_attr_float(node, "alpha", 1) == 0) return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "alpha of 0");
    if (!ortk_node_has_input(node, 2) || ortk_node_is_constant(node, 2, &count)) return true;
    uint32_t b_axis = ortk_attr_int(node, "transB", 0) ? 0 : 1;
    int32_t rank = ortk_node_input_rank(node, 2);
    int64_t n = ortk_node_input_dim(node, 1, b_axis);
    if (ortk_attr_float(node, "beta", 1) != 1 || rank < 1 || n < 0 ||
        ortk_node_input_dim(node, 2, (uint32_t)rank - 1) != n)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "a computed C that is scaled or repeats along rows");
    return true;
}

static ort_status *addend_read(ortk_compiler *compiler, const ortk_node *node, product_params *p) {
    int64_t count = 0;
    const void *c = ortk_node_constant(node, 2, &count);
    if (!c) return NULL;
    uint32_t dtype = ortk_node_input_dtype(node, 2);
    const ortcpu_half_rows *rows = ortcpu_loops_get()->half;
    float *scaled = ortk_compiler_alloc(compiler, (size_t)(count > 0 ? count : 1) * sizeof *scaled);
    if (!scaled) return ortk_out_of_memory();
    if (dtype == ORT_DTYPE_F32)
        memcpy(scaled, c, (size_t)count * sizeof *scaled);
    else
        rows->widen[ortcpu_half_of(dtype)](scaled, c, count);
    for (int64_t i = 0; i < count; i++) scaled[i] *= p->beta;
    p->addend = scaled;
    return NULL;
}

static ort_status *gemm_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    product_params *p = params;
    p->is_gemm = true;
    p->alpha = ortk_attr_float(node, "alpha", 1);
    p->beta = ortk_attr_float(node, "beta", 1);
    p->trans_a = ortk_attr_int(node, "transA", 0) != 0;
    p->trans_b = ortk_attr_int(node, "transB", 0) != 0;
    p->has_addend = ortk_node_has_input(node, 2);
    p->fused = *ortk_node_fused(node);
    ort_status *status = p->has_addend ? addend_read(compiler, node, p) : NULL;
    return status ? status : right_pack(compiler, node, p);
}

static void product_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const product_state *s = step->state;
    ortcpu_gemm_args args = s->args;
    args.a = ortk_in(step, 0);
    if (!args.b) args.b = ortk_in(step, 1);
    args.c = ortk_out(step, 0);
    if (s->bias) args.epilogue.bias = ortk_in(step, s->bias);
    if (s->residual) args.epilogue.residual = ortk_in(step, s->residual);
    s->kernels->gemm_run(&s->plan, &args, begin, end, scratch);
}

/* C of any broadcast form as a whole matrix. */
static ort_status *addend_expand(ortk_planner *planner, const float *c, const ortk_desc *desc, const ortk_desc *out,
                                 const float **result) {
    ortk_broadcast b;
    ortk_broadcast_cursor cursor;
    float *whole = ortk_planner_alloc(planner, (size_t)out->element_count * sizeof *whole);
    if (!whole) return ortk_out_of_memory();
    if (!ortk_broadcast_init(&b, out, desc, 1))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "Gemm: C does not broadcast to the result");
    ortk_broadcast_seek(&b, 0, &cursor);
    for (int64_t n; (n = ortk_broadcast_next(&b, &cursor, out->element_count)) != 0;)
        for (int64_t i = 0; i < n; i++) whole[cursor.offset[0] + i * b.step[0]] = c[cursor.offset[1] + i * b.step[1]];
    *result = whole;
    return NULL;
}

/* Where Gemm's C, or the bias that the kit fused, goes. */
static ort_status *addend_plan(ortk_planner *planner, const product_params *p, const ortk_desc *in,
                               const ortk_desc *out, product_state *s) {
    if (!p->has_addend) return NULL;
    int64_t n = s->plan.s.n;
    bool is_row = in[2].element_count == n && in[2].rank > 0 && in[2].dims[in[2].rank - 1] == n;
    if (is_row) {
        if (p->addend)
            s->args.epilogue.bias = p->addend;
        else
            s->bias = 2;
        return NULL;
    }
    if (!p->is_gemm) return ortk_fail(ORT_CODE_BUG, "a bias of %lld elements", (long long)in[2].element_count);
    s->args.epilogue.residual_pitch = n;
    if (p->addend) return addend_expand(planner, p->addend, &in[2], out, &s->args.epilogue.residual);
    if (in[2].element_count != out->element_count)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "Gemm: a computed C that repeats along the rows");
    s->residual = 2;
    return NULL;
}

/* Element offsets of product `index` of the batch: leading dimensions broadcast. */
static int64_t batch_offset(const ortk_desc *desc, const ortk_desc *out, int64_t index, int64_t matrix, bool last) {
    int64_t offset = 0, stride = matrix;
    uint32_t tail = last ? 1 : 2; /* dimensions of `out` behind the batch */
    uint32_t own = desc->rank > 2 ? desc->rank - 2 : 0, batch = out->rank > tail ? out->rank - tail : 0;
    for (uint32_t i = 0; i < batch; i++) {
        int64_t dim = out->dims[batch - 1 - i], at = index % dim;
        index /= dim;
        if (i >= own) continue;
        int64_t have = desc->dims[own - 1 - i];
        if (have != 1) offset += at * stride;
        stride *= have;
    }
    return offset;
}

static ort_status *batch_plan(ortk_planner *planner, const ortk_desc *in, const ortk_desc *out, int64_t batch,
                              product_state *s) {
    const ortcpu_gemm_shape *g = &s->plan.s;
    int64_t *offsets = ortk_planner_alloc(planner, (size_t)(2 * batch) * sizeof *offsets);
    if (!offsets) return ortk_out_of_memory();
    bool last = in[0].rank == 1 || in[1].rank == 1;
    for (int64_t i = 0; i < batch; i++) {
        offsets[i] = batch_offset(&in[0], out, i, g->m * g->k, last);
        offsets[batch + i] = batch_offset(&in[1], out, i, g->k * g->n, last);
    }
    s->args.a_offset = offsets;
    s->args.b_offset = offsets + batch;
    s->args.c_stride = s->args.residual_stride = g->m * g->n;
    return NULL;
}

static ortcpu_gemm_shape shape_of(const product_params *p, const ortk_desc *in, const ortk_desc *out) {
    const ortk_desc *a = &in[0], *b = &in[1];
    int64_t a_rows = a->rank > 1 ? a->dims[a->rank - 2] : 1, a_cols = a->dims[a->rank - 1];
    int64_t b_rows = b->rank > 1 ? b->dims[b->rank - 2] : b->dims[0], b_cols = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    ortcpu_gemm_shape g = {.m = p->trans_a ? a_cols : a_rows,
                           .k = p->trans_a ? a_rows : a_cols,
                           .n = p->trans_b ? b_rows : b_cols,
                           .a_row_stride = p->trans_a ? 1 : a_cols,
                           .a_col_stride = p->trans_a ? a_cols : 1,
                           .b_packed = p->packed != NULL,
                           .b_row_stride = p->trans_b ? 1 : b_cols,
                           .b_col_stride = p->trans_b ? b_cols : 1};
    g.c_row_stride = g.n;
    g.batch = g.m > 0 && g.n > 0 ? out->element_count / (g.m * g.n) : 0;
    /* One right side for all: rows of every product of the batch are rows of one. */
    if (g.batch > 1 && b->element_count == g.k * g.n && a->element_count == g.batch * g.m * g.k) {
        g.m *= g.batch;
        g.batch = 1;
    }
    return g;
}

static ort_status *product_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const product_params *p = params;
    (void)out_count;
    if (out[0].element_count == 0) return NULL;
    product_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    ortcpu_gemm_shape g = shape_of(p, in, &out[0]);
    int64_t inner = p->trans_b ? in[1].dims[1] : in[1].rank > 1 ? in[1].dims[in[1].rank - 2] : in[1].dims[0];
    if (g.k != inner)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "a product over %lld columns and %lld rows", (long long)g.k,
                         (long long)inner);
    if (ortcpu_is_half(in[1].dtype)) g.b_widen = ortcpu_loops_get()->half->widen[ortcpu_half_of(in[1].dtype)];
    s->kernels = p->kernels;
    s->kernels->gemm_plan(&g, ortk_planner_thread_count(planner), &s->plan);
    s->args.b = p->packed;
    s->args.epilogue = ortcpu_epilogue_of(&p->fused);
    s->args.epilogue.scale = p->alpha;
    ort_status *status = addend_plan(planner, p, in, out, s);
    if (!status && g.batch > 1) status = batch_plan(planner, in, out, g.batch, s);
    if (status) return status;
    if (p->fused.has_residual) {
        s->residual = in_count - 1;
        s->args.epilogue.residual_pitch = g.n;
    }
    step->run = product_run;
    step->state = s;
    step->task_count = s->plan.task_count;
    step->scratch_bytes = s->plan.scratch_bytes;
    step->cost_ns = (double)out[0].element_count * (double)g.k * ORTCPU_MULTIPLY_ADD_NS;
    return NULL;
}

/* The right side of 16-bit floats is widened a panel at a time, where it lies. */
ORTCPU_WIDE_PLAN(product_plan, 1u << 1)

#define TYPES (ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORTCPU_TYPES_SHORT)
static const ortk_kernel kernels[] = {
    {"", "MatMul", 1, 9999, TYPES, ORTK_MODE_ROWS,
     ORTK_KERNEL_FUSES_ACT | ORTK_KERNEL_FUSES_GELU | ORTK_KERNEL_FUSES_QUANTIZED | ORTK_KERNEL_FUSES_ADD |
         ORTK_KERNEL_FUSES_BIAS | ORTK_KERNEL_REDUCES,
     sizeof(product_params), matmul_claim, matmul_compile, product_plan_wide},
    {"", "Gemm", 7, 9999, TYPES, ORTK_MODE_ROWS,
     ORTK_KERNEL_FUSES_ACT | ORTK_KERNEL_FUSES_GELU | ORTK_KERNEL_FUSES_QUANTIZED | ORTK_KERNEL_REDUCES,
     sizeof(product_params), gemm_claim, gemm_compile, product_plan_wide},
};
const ortcpu_op_table ortcpu_heavy_product = {kernels, 2};
