/* Normalizations of sums, as transformers have them: com.microsoft SkipLayerNormalization,
 * SkipSimplifiedLayerNormalization and EmbedLayerNormalization. A row is added up and normalized while it is in the
 * first cache. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ops/wide.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct skip_params {
    float epsilon;
    bool centred;
} skip_params;

typedef struct skip_state {
    const ortcpu_row_loops *loops;
    int64_t count, skip_rows; /* of a row; rows of `skip`, which repeat */
    float epsilon;
    bool centred;
    uint32_t beta, bias;            /* inputs; 0: none */
    uint32_t mean, inverse, summed; /* outputs; 0: none */
} skip_state;

static ort_status *skip_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    skip_params *p = params;
    p->epsilon = ortk_attr_float(node, "epsilon", 1e-12f);
    p->centred = strcmp(ortk_node_op(node), "SkipSimplifiedLayerNormalization") != 0;
    return NULL;
}

static void skip_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const skip_state *s = step->state;
    const float *x = ortk_in(step, 0), *skip = ortk_in(step, 1), *gamma = ortk_in(step, 2);
    const float *beta = s->beta != 0 ? ortk_in(step, s->beta) : NULL;
    const float *bias = s->bias != 0 ? ortk_in(step, s->bias) : NULL;
    float *y = ortk_out(step, 0), mean, inverse;
    float *sums = s->summed != 0 ? ortk_out(step, s->summed) : y;
    for (int64_t r = begin; r < end; r++) {
        float *sum = sums + r * s->count;
        s->loops->add_row(sum, x + r * s->count, skip + r % s->skip_rows * s->count, bias, s->count);
        s->loops->norm_row(y + r * s->count, sum, s->count, gamma, beta, 1, s->epsilon, s->centred, &mean, &inverse);
        if (s->mean != 0) ((float *)ortk_out(step, s->mean))[r] = mean;
        if (s->inverse != 0) ((float *)ortk_out(step, s->inverse))[r] = inverse;
    }
}

static uint32_t given(const ortk_desc *desc, uint32_t count, uint32_t index) {
    return index < count && desc[index].is_present ? index : 0;
}

static ort_status *skip_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const skip_params *p = params;
    if (out->element_count == 0) return NULL;
    skip_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (skip_state){.loops = ortcpu_loops_get()->row, .epsilon = p->epsilon, .centred = p->centred};
    s->count = in->dims[in->rank - 1];
    s->beta = p->centred ? given(in, in_count, 3) : 0;
    s->bias = given(in, in_count, p->centred ? 4 : 3);
    s->mean = given(out, out_count, 1), s->inverse = given(out, out_count, 2), s->summed = given(out, out_count, 3);
    const int64_t rows = in->element_count / s->count;
    s->skip_rows = in[1].element_count / s->count;
    if (s->skip_rows == 0 || s->skip_rows * s->count != in[1].element_count || rows % s->skip_rows != 0)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "a skip of %lld elements does not repeat to the input's %lld",
                         (long long)in[1].element_count, (long long)in->element_count);
    for (uint32_t i = 2; i < in_count; i++)
        if (in[i].is_present && in[i].element_count != s->count)
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "input %u has %lld elements, a row has %lld", i,
                             (long long)in[i].element_count, (long long)s->count);
    step->run = skip_run;
    step->state = s;
    step->task_count = rows;
    step->grain = 1 + 8192 / s->count;
    step->cost_ns = (double)in->element_count * 0.8;
    return NULL;
}

/* ---- EmbedLayerNormalization: word + position + segment ---- */
enum { IDS, SEGMENTS, WORDS, POSITIONS, SEGMENT_ROWS, GAMMA, BETA, MASK, POSITION_IDS, EMBED_INPUTS };

typedef struct embed_state {
    const ortcpu_row_loops *loops;
    int64_t count, sequence, position_period; /* of a row; of a batch; ids of positions, which repeat */
    int64_t table_rows[EMBED_INPUTS];
    float epsilon;
    bool has[EMBED_INPUTS];
    uint32_t mask_index, summed; /* outputs; 0: none */
} embed_state;

static ort_status *embed_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    ((skip_params *)params)->epsilon = ortk_attr_float(node, "epsilon", 1e-12f);
    return NULL;
}

/* Row `index` of a table; NULL, and the run fails, where it has none. */
static const float *table_row(const ortk_step *step, const embed_state *s, uint32_t table, int64_t index) {
    if (index >= 0 && index < s->table_rows[table]) return (const float *)ortk_in(step, table) + index * s->count;
    ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT,
                  "EmbedLayerNormalization: id %lld is outside the %lld rows of input %u", (long long)index,
                  (long long)s->table_rows[table], table);
    return NULL;
}

/* How many tokens of a batch are there (1 in the mask); 0 without a mask, as ONNX Runtime has it. */
static void mask_count(const ortk_step *step, const embed_state *s, int64_t batch) {
    const int32_t *mask = s->has[MASK] ? (const int32_t *)ortk_in(step, MASK) + batch * s->sequence : NULL;
    int32_t count = 0;
    for (int64_t i = 0; mask != NULL && i < s->sequence; i++) count += mask[i] == 1;
    ((int32_t *)ortk_out(step, s->mask_index))[batch] = count;
}

static void embed_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const embed_state *s = step->state;
    const int32_t *ids = ortk_in(step, IDS);
    const int32_t *segments = s->has[SEGMENTS] ? ortk_in(step, SEGMENTS) : NULL;
    const int32_t *position_ids = s->has[POSITION_IDS] ? ortk_in(step, POSITION_IDS) : NULL;
    float *y = ortk_out(step, 0), mean, inverse;
    float *sums = s->summed != 0 ? ortk_out(step, s->summed) : y;
    for (int64_t r = begin; r < end; r++) {
        const int64_t position = position_ids != NULL ? position_ids[r % s->position_period] : r % s->sequence;
        const float *word = table_row(step, s, WORDS, ids[r]), *place = table_row(step, s, POSITIONS, position);
        const float *segment = NULL;
        if (segments != NULL) segment = table_row(step, s, SEGMENT_ROWS, segments[r]);
        if (word == NULL || place == NULL || (segments != NULL && segment == NULL)) return;
        float *sum = sums + r * s->count;
        s->loops->add_row(sum, word, place, segment, s->count);
        s->loops->norm_row(y + r * s->count, sum, s->count, ortk_in(step, GAMMA), ortk_in(step, BETA), 1, s->epsilon,
                           true, &mean, &inverse);
        if (s->mask_index != 0 && r % s->sequence == 0) mask_count(step, s, r / s->sequence);
    }
}

static ort_status *embed_shapes(const embed_state *s, const ortk_desc *in) {
    const int64_t rows = in[IDS].element_count;
    for (uint32_t i = WORDS; i <= SEGMENT_ROWS; i++)
        if (s->has[i] && (in[i].rank != 2 || in[i].dims[1] != s->count))
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "input %u is no table of rows of %lld", i, (long long)s->count);
    for (uint32_t i = GAMMA; i <= BETA; i++)
        if (in[i].element_count != s->count)
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "input %u has %lld elements, a row has %lld", i,
                             (long long)in[i].element_count, (long long)s->count);
    const bool has_positions = !s->has[POSITION_IDS] || (s->position_period > 0 && rows % s->position_period == 0);
    if (!has_positions || (s->has[SEGMENTS] && (in[SEGMENTS].element_count != rows || !s->has[SEGMENT_ROWS])) ||
        (s->has[MASK] && in[MASK].element_count != rows))
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "segments, mask or positions do not fit %lld ids", (long long)rows);
    return NULL;
}

static ort_status *embed_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const skip_params *p = params;
    if (out->element_count == 0) return NULL;
    embed_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (embed_state){.loops = ortcpu_loops_get()->row, .epsilon = p->epsilon, .count = in[WORDS].dims[1]};
    for (uint32_t i = 0; i < EMBED_INPUTS; i++) {
        s->has[i] = i < in_count && in[i].is_present;
        if (s->has[i] && in[i].rank == 2) s->table_rows[i] = in[i].dims[0];
    }
    s->sequence = in[IDS].dims[1];
    s->position_period = s->has[POSITION_IDS] ? in[POSITION_IDS].element_count : 0;
    s->mask_index = given(out, out_count, 1), s->summed = given(out, out_count, 2);
    ort_status *status = embed_shapes(s, in);
    if (status != NULL) return status;
    step->run = embed_run;
    step->state = s;
    step->task_count = in[IDS].element_count;
    step->grain = 1 + 8192 / s->count;
    step->cost_ns = (double)out->element_count * 0.8;
    return NULL;
}

ORTCPU_WIDE_PLAN(skip_plan, 0)

#define SKIP(NAME, TYPES, COMPILE, PLAN)                                                                               \
    {                                                                                                                  \
        .op = NAME, .domain = "com.microsoft", .since_version = 1, .until_version = 1, .types = TYPES,                 \
        .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(skip_params), .claim = rows_claim, .compile = COMPILE,          \
        .plan = PLAN                                                                                                   \
    }

/* Everything that is no id is of floats, in EmbedLayerNormalization of float32. */
static bool rows_claim(ortk_node *node) {
    for (uint32_t i = 0; i < ortk_node_input_count(node); i++) {
        const uint32_t dtype = ortk_node_input_dtype(node, i); /* NONE: left out */
        const bool is_short = ortk_node_input_dtype(node, 0) != ORT_DTYPE_I32 && ortcpu_is_half(dtype);
        if (dtype != ORT_DTYPE_NONE && dtype != ORT_DTYPE_F32 && dtype != ORT_DTYPE_I32 && !is_short)
            return ortk_decline(node, ORTP_DECLINE_TYPE, "rows of another type than float32");
    }
    return true;
}

static const ortk_kernel kernels[] = {
    SKIP("SkipLayerNormalization", ORTCPU_TYPE_F32 | ORTCPU_TYPES_SHORT, skip_compile, skip_plan_wide),
    SKIP("SkipSimplifiedLayerNormalization", ORTCPU_TYPE_F32 | ORTCPU_TYPES_SHORT, skip_compile, skip_plan_wide),
    SKIP("EmbedLayerNormalization", ORT_DTYPE_BIT(ORT_DTYPE_I32), embed_compile, embed_plan),
};
const ortcpu_op_table ortcpu_ops_skip_norm = ORTCPU_TABLE(kernels);
