/* com.microsoft Attention: the products that make queries, keys and values of a head are inside its task, so that they
 * are read while the caches hold them. */
#include "adapters/attention.h"
#include "ops/loops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct projected_params {
    int64_t heads, head, value_head, input; /* columns of a head's Q and K; of its V; of X */
    float scale, masked;
    bool is_causal;
    ortcpu_projection projection;
} projected_params;

static bool projected_claim(ortk_node *node) {
    int64_t count = 0;
    if (ortk_node_input_dtype(node, 1) != ortk_node_input_dtype(node, 0))
        return ortk_decline(node, ORTP_DECLINE_TYPE, "weights of another type than input 0");
    if (!ortk_node_is_constant(node, 1, &count) || ortk_node_input_rank(node, 1) != 2)
        return ortk_decline(node, ORTP_DECLINE_OPERATOR, "computed weights");
    if (ortk_node_has_input(node, 2) && !ortk_node_is_constant(node, 2, &count))
        return ortk_decline(node, ORTP_DECLINE_OPERATOR, "a computed bias");
    if (ortk_attr_int(node, "do_rotary", 0) != 0)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "rotary embedding inside attention");
    if (ortk_attr_int(node, "past_present_share_buffer", 0) != 0 || ortk_node_has_input(node, 6))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "a past in a shared buffer");
    int64_t sizes[3] = {0};
    const int64_t columns = ortk_node_input_dim(node, 1, 1), heads = ortk_attr_int(node, "num_heads", 0);
    if (ortk_attr_ints(node, "qkv_hidden_sizes", sizes, 3) == 0) sizes[0] = sizes[1] = sizes[2] = columns / 3;
    if (heads <= 0 || sizes[0] % heads != 0 || sizes[0] != sizes[1] || sizes[2] % heads != 0 ||
        sizes[0] + sizes[1] + sizes[2] != columns)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "weights that do not split into %lld heads", (long long)heads);
    return true;
}

/* Column `c` of a head's own matrix is column ... of the whole one. */
static int64_t column_of(const projected_params *p, int64_t head, int64_t c) {
    const int64_t part = c < p->head ? 0 : c < 2 * p->head ? 1 : 2;
    const int64_t width = part == 2 ? p->value_head : p->head;
    return part * p->heads * p->head + head * width + c - part * p->head;
}

typedef struct pack_job {
    const projected_params *params;
    uint32_t dtype;
    float *room; /* a row of weights, then one head's columns side by side */
} pack_job;

static void floats_read(float *to, const void *from, int64_t at, int64_t count, uint32_t dtype) {
    if (dtype == ORT_DTYPE_F32)
        memcpy(to, (const float *)from + at, (size_t)count * sizeof *to);
    else
        ortcpu_loops_get()->half->widen[dtype == ORT_DTYPE_F16 ? ORTCPU_HALF_F16 : ORTCPU_HALF_BF16](
            to, (const uint16_t *)from + at, count);
}

static void heads_pack(const void *user, const void *constant, void *packed) {
    const pack_job *job = user;
    const projected_params *p = job->params;
    const ortcpu_projection *projection = &p->projection;
    const int64_t whole = p->heads * (2 * p->head + p->value_head), columns = projection->columns;
    float *row = job->room, *own = job->room + whole;
    for (int64_t h = 0; h < p->heads; h++) {
        for (int64_t r = 0; r < p->input; r++) {
            floats_read(row, constant, r * whole, whole, job->dtype);
            for (int64_t c = 0; c < columns; c++) own[r * columns + c] = row[column_of(p, h, c)];
        }
        projection->kernels->gemm_pack(columns, p->input, own, columns, 1,
                                       (float *)packed + h * projection->head_floats);
    }
}

static ort_status *bias_read(ortk_compiler *compiler, const ortk_node *node, projected_params *p) {
    int64_t count = 0;
    const void *bias = ortk_node_has_input(node, 2) ? ortk_node_constant(node, 2, &count) : NULL;
    const int64_t columns = p->projection.columns;
    if (bias == NULL) return NULL;
    if (count != p->heads * columns)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "Attention: a bias of %lld elements for %lld columns",
                         (long long)count, (long long)(p->heads * columns));
    float *own = ortk_compiler_alloc(compiler, 2 * (size_t)count * sizeof *own), *wide = own + count;
    if (own == NULL) return ortk_out_of_memory();
    floats_read(wide, bias, 0, count, ortk_node_input_dtype(node, 2));
    for (int64_t h = 0; h < p->heads; h++)
        for (int64_t c = 0; c < columns; c++) own[h * columns + c] = wide[column_of(p, h, c)];
    p->projection.bias = own;
    return NULL;
}

static ort_status *projected_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    projected_params *p = params;
    const ortcpu_kernels *kernels = ortcpu_compiler_kernels(compiler);
    int64_t sizes[3] = {0};
    p->heads = ortk_attr_int(node, "num_heads", 0);
    p->input = ortk_node_input_dim(node, 1, 0);
    if (ortk_attr_ints(node, "qkv_hidden_sizes", sizes, 3) == 0)
        sizes[0] = sizes[2] = ortk_node_input_dim(node, 1, 1) / 3;
    p->head = sizes[0] / p->heads;
    p->value_head = sizes[2] / p->heads;
    p->scale = ortk_attr_float(node, "scale", 0);
    p->masked = ortk_attr_float(node, "mask_filter_value", -10000.0f);
    p->is_causal = ortk_attr_int(node, "unidirectional", 0) != 0;
    ortcpu_projection *projection = &p->projection;
    projection->kernels = kernels;
    projection->columns = 2 * p->head + p->value_head;
    const size_t bytes = (kernels->gemm_pack_bytes(projection->columns, p->input) + 63) / 64 * 64;
    projection->head_floats = (int64_t)(bytes / sizeof(float));
    const int64_t room_floats = (p->input + p->heads) * projection->columns;
    float *room = ortk_compiler_alloc(compiler, (size_t)room_floats * sizeof *room);
    if (room == NULL) return ortk_out_of_memory();
    const pack_job job = {p, ortk_node_input_dtype(node, 1), room};
    char layout[96];
    snprintf(layout, sizeof layout, "attention-%s-%lld-h%lld-v%lld-t%u-v1", kernels->name,
             (long long)kernels->panel_floats, (long long)p->heads, (long long)p->value_head, job.dtype);
    const void *packed = NULL;
    ort_status *status =
        ortk_compiler_pack(compiler, node, 1, layout, (uint64_t)p->heads * bytes, heads_pack, &job, &packed);
    projection->packed = packed;
    return status != NULL ? status : bias_read(compiler, node, p);
}

static void shape_fill(const projected_params *p, const ortk_desc *in, bool has_past, ortcpu_attention_shape *shape) {
    shape->queries = in[0].dims[1];
    shape->head = p->head, shape->value_head = p->value_head;
    shape->q_pitch = p->projection.columns;
    shape->y_pitch = p->heads * p->value_head;
    shape->keys[0] = (ortcpu_attention_rows){has_past ? in[4].dims[3] : 0, p->head, p->value_head, shape->y_is_half};
    shape->keys[1] = (ortcpu_attention_rows){shape->queries, shape->q_pitch, shape->q_pitch, false};
    shape->q_is_half = false;
    shape->scale = p->scale != 0.0f ? p->scale : 1.0f / sqrtf((float)p->head);
    shape->is_causal = p->is_causal;
}

/* Past and present hold all heads' keys, then all heads' values, of rows as wide as a key's. */
static void cache_place(const projected_params *p, uint32_t arg, int64_t batch, int64_t rows, ortcpu_place *keys,
                        ortcpu_place *values) {
    const int64_t head = rows * p->head, all = p->heads * head;
    *keys = (ortcpu_place){arg, 0, all, head};
    *values = (ortcpu_place){arg, batch * all, all, head};
}

static ort_status *caches_plan(const projected_params *p, const ortk_desc *in, const ortk_desc *out, uint32_t in_count,
                               uint32_t out_count, ortcpu_attention_state *s) {
    const int64_t batch = in[0].dims[0], past = s->shape.keys[0].count, total = past + s->shape.queries;
    const bool has_present = out_count > 1 && out[1].is_present;
    if (in_count > 4 && in[4].is_present) {
        if (p->head != p->value_head || in[4].dims[1] != batch || in[4].dims[2] != p->heads || in[4].dims[4] != p->head)
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "Attention: the past has another shape than keys and values");
        cache_place(p, 4, batch, past, &s->k[0], &s->v[0]);
    }
    if (!has_present) return NULL;
    if (p->head != p->value_head)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "Attention: a present of keys and values of different sizes");
    cache_place(p, in_count + 1, batch, total, &s->present_k, &s->present_v);
    return NULL;
}

static ort_status *projected_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                  const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const projected_params *p = params;
    ortcpu_attention_state *s = ortcpu_attention_begin(planner, in[0].dtype);
    ortcpu_projection *own = ortk_planner_alloc(planner, sizeof *own);
    if (s == NULL || own == NULL) return ortk_out_of_memory();
    if (in[0].dims[2] != p->input)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "Attention: an input of %lld columns for weights of %lld rows",
                         (long long)in[0].dims[2], (long long)p->input);
    *own = p->projection;
    s->projection = own;
    s->heads = p->heads;
    shape_fill(p, in, in_count > 4 && in[4].is_present, &s->shape);
    const int64_t batch = in[0].dims[0], rows = s->shape.queries;
    s->y = (ortcpu_place){in_count, 0, rows * s->shape.y_pitch, p->value_head};
    ort_status *status = caches_plan(p, in, out, in_count, out_count, s);
    if (status != NULL) return status;
    if (in_count > 3 && in[3].is_present && !ortcpu_attention_padding(s, 3, &in[3], batch, p->masked))
        return ortk_fail(ORT_CODE_UNSUPPORTED, "Attention: a mask of rank %u and this shape", in[3].rank);
    if (in_count > 5 && in[5].is_present && !ortcpu_attention_mask(s, 1, 5, &in[5], batch, 0, false))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "Attention: the attention bias does not broadcast to the scores");
    const ortcpu_gemm_shape g = {.m = rows,
                                 .n = own->columns,
                                 .k = p->input,
                                 .a_row_stride = p->input,
                                 .b_packed = true,
                                 .c_row_stride = own->columns};
    own->kernels->gemm_plan(&g, 1, &own->plan);
    own->input_batch = rows * p->input;
    own->input_is_half = s->shape.y_is_half;
    const int64_t floats[] = {own->input_is_half ? own->input_batch : 0, rows * own->columns,
                              (int64_t)(own->plan.scratch_bytes / sizeof(float))};
    for (size_t i = 0; i < 3; i++) s->staged_floats += (size_t)(floats[i] + 15) / 16 * 16;
    return ortcpu_attention_finish(planner, s, batch, step);
}

static const ortk_kernel kernels[] = {
    {"com.microsoft", "Attention", 1, 1, ORTCPU_ATTENTION_TYPES, ORTK_MODE_ROWS, ORTK_KERNEL_REDUCES,
     sizeof(projected_params), projected_claim, projected_compile, projected_plan},
};
const ortcpu_op_table ortcpu_heavy_projected_attention = {kernels, 1};
