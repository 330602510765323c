/* RotaryEmbedding, ONNX's and com.microsoft's: each pair of a row's elements is turned by the angle of its position. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

typedef struct rotary_params {
    int64_t heads, rotary; /* attributes; 0: by the shapes */
    bool interleaved, is_contrib;
} rotary_params;

typedef struct rotary_state {
    const ortcpu_row_loops *loops;
    void (*widen)(float *y, const uint16_t *x, int64_t count); /* NULL: rows are float32 */
    void (*narrow)(uint16_t *y, const float *x, int64_t count);
    int64_t heads, sequence, head, pairs;
    int64_t table_rows;
    uint32_t cosines, sines, positions; /* inputs; positions 0: row b * sequence + s of the table */
    bool by_heads;                      /* [batch, heads, sequence, head], not [batch, sequence, heads * head] */
    bool interleaved, from_one;         /* from_one: one position, of the first of each sequence */
} rotary_state;

static ort_status *rotary_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    rotary_params *p = params;
    p->heads = ortk_attr_int(node, "num_heads", 0);
    p->rotary = ortk_attr_int(node, "rotary_embedding_dim", 0);
    p->interleaved = ortk_attr_int(node, "interleaved", 0) != 0;
    return NULL;
}

static ort_status *contrib_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    ((rotary_params *)params)->is_contrib = true;
    return rotary_compile(compiler, node, params);
}

static bool contrib_claim(ortk_node *node) {
    const float scale = ortk_attr_float(node, "scale", 1);
    if (scale < 1 || scale > 1) return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "a scale of %g", (double)scale);
    if (ortk_attr_int(node, "is_packed_batching", 0) == 0) return true;
    return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "batches packed into one sequence");
}

/* The table's row for a position; -1, and the run fails, where it has none. */
static int64_t table_row(const ortk_step *step, const rotary_state *s, int64_t batch, int64_t at) {
    const int64_t *positions = s->positions != 0 ? ortk_in(step, s->positions) : NULL;
    const int64_t own = batch * s->sequence + at;
    const int64_t row = positions == NULL ? own : s->from_one ? positions[0] + at : positions[own];
    if (row >= 0 && row < s->table_rows) return row;
    ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "RotaryEmbedding: position %lld is outside the %lld of the table",
                  (long long)row, (long long)s->table_rows);
    return -1;
}

static void rotary_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const rotary_state *s = step->state;
    float *cosines = scratch, *sines = cosines + s->pairs, *row = sines + s->pairs;
    for (int64_t r = begin; r < end; r++) {
        const int64_t at = (s->by_heads ? r : r / s->heads) % s->sequence, batch = r / s->heads / s->sequence;
        const int64_t angle = table_row(step, s, batch, at) * s->pairs, offset = r * s->head;
        if (angle < 0) return;
        if (s->widen == NULL) {
            s->loops->rotate_row((float *)ortk_out(step, 0) + offset, (const float *)ortk_in(step, 0) + offset,
                                 (const float *)ortk_in(step, s->cosines) + angle,
                                 (const float *)ortk_in(step, s->sines) + angle, s->head, s->pairs, s->interleaved);
            continue;
        }
        s->widen(cosines, (const uint16_t *)ortk_in(step, s->cosines) + angle, s->pairs);
        s->widen(sines, (const uint16_t *)ortk_in(step, s->sines) + angle, s->pairs);
        s->widen(row, (const uint16_t *)ortk_in(step, 0) + offset, s->head);
        s->loops->rotate_row(row, row, cosines, sines, s->head, s->pairs, s->interleaved);
        s->narrow((uint16_t *)ortk_out(step, 0) + offset, row, s->head);
    }
}

static ort_status *misfit(const char *what) {
    return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "RotaryEmbedding: %s", what);
}

static ort_status *heads_read(const rotary_params *p, const ortk_desc *x, int64_t columns, rotary_state *s) {
    s->by_heads = x->rank == 4;
    if (s->by_heads) {
        s->heads = x->dims[1], s->sequence = x->dims[2], s->head = x->dims[3];
        return NULL;
    }
    if (x->rank != 3) return misfit("the input has neither 3 nor 4 dimensions");
    s->head = p->heads > 0 ? x->dims[2] / p->heads : 2 * columns; /* com.microsoft: as wide as the angles */
    if (s->head <= 0 || x->dims[2] % s->head != 0 || (p->heads == 0 && (!p->is_contrib || p->rotary > 0)))
        return misfit("a row does not split into heads");
    s->heads = x->dims[2] / s->head, s->sequence = x->dims[1];
    return NULL;
}

static ort_status *tables_read(const rotary_params *p, const ortk_desc *in, uint32_t in_count, rotary_state *s) {
    const ortk_desc *cosines = &in[s->cosines], *sines = &in[s->sines];
    const int64_t rotary = p->rotary > 0 ? p->rotary : s->head;
    s->pairs = rotary / 2;
    if (rotary % 2 != 0 || rotary > s->head) return misfit("the part of a head that turns is odd or too wide");
    if (cosines->dims[cosines->rank - 1] != s->pairs || sines->element_count != cosines->element_count)
        return misfit("the tables of angles have another width than pairs in a head");
    s->table_rows = s->pairs > 0 ? cosines->element_count / s->pairs : 0;
    if (s->positions >= in_count || !in[s->positions].is_present) s->positions = 0;
    if (s->positions == 0) return cosines->rank == 3 ? NULL : misfit("without positions there is an angle for each");
    const int64_t count = in[s->positions].element_count;
    s->from_one = p->is_contrib && count == 1;
    if (cosines->rank != 2 || (!s->from_one && count != in[0].dims[0] * s->sequence))
        return misfit("positions or tables of angles have another shape");
    return NULL;
}

static ort_status *rotary_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)out_count;
    const rotary_params *p = params;
    if (out->element_count == 0) return NULL;
    rotary_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (rotary_state){.loops = ortcpu_loops_get()->row, .interleaved = p->interleaved};
    s->cosines = p->is_contrib ? 2 : 1, s->sines = s->cosines + 1, s->positions = p->is_contrib ? 1 : 3;
    if (in[s->cosines].rank == 0) return misfit("the table of angles is a scalar");
    ort_status *status = heads_read(p, &in[0], in[s->cosines].dims[in[s->cosines].rank - 1], s);
    if (status == NULL) status = tables_read(p, in, in_count, s);
    if (status != NULL) return status;
    if (in->dtype != ORT_DTYPE_F32) {
        const ortcpu_half kind = in->dtype == ORT_DTYPE_F16 ? ORTCPU_HALF_F16 : ORTCPU_HALF_BF16;
        s->widen = ortcpu_loops_get()->half->widen[kind], s->narrow = ortcpu_loops_get()->half->narrow[kind];
        step->scratch_bytes = (uint64_t)(2 * s->pairs + s->head) * sizeof(float);
    }
    step->run = rotary_run;
    step->state = s;
    step->task_count = out->element_count / s->head;
    step->grain = 1 + 8192 / s->head;
    step->cost_ns = (double)out->element_count * 0.4;
    return NULL;
}

#define ROTARY(DOMAIN, SINCE, UNTIL, CLAIM, COMPILE)                                                                   \
    {                                                                                                                  \
        .op = "RotaryEmbedding", .domain = DOMAIN, .since_version = SINCE, .until_version = UNTIL,                     \
        .types = ORTCPU_TYPE_F32 | ORT_DTYPE_BIT(ORT_DTYPE_F16) | ORT_DTYPE_BIT(ORT_DTYPE_BF16),                       \
        .mode = ORTK_MODE_ROWS, .flags = ORTK_KERNEL_INPLACE_FIRST, .params_bytes = sizeof(rotary_params),             \
        .claim = CLAIM, .compile = COMPILE, .plan = rotary_plan                                                        \
    }
static const ortk_kernel kernels[] = {
    ROTARY("", 23, ORTCPU_NEWEST_OPSET, NULL, rotary_compile),
    ROTARY("com.microsoft", 1, 1, contrib_claim, contrib_compile),
};
const ortcpu_op_table ortcpu_ops_rotary = ORTCPU_TABLE(kernels);
