/* Normalizations of sums, as transformers have them: com.microsoft SkipLayerNormalization,
 * SkipSimplifiedLayerNormalization and EmbedLayerNormalization. A row is added up and normalized while it is in the
 * first cache. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <string.h>

typedef struct skip_params {
    float epsilon;
    bool centred;
} skip_params;

/* Rows of 16-bit floats; both NULL: of float32. */
typedef struct short_rows {
    void (*widen)(float *y, const uint16_t *x, int64_t count);
    void (*narrow)(uint16_t *y, const float *x, int64_t count);
} short_rows;

static short_rows short_rows_of(uint32_t dtype) {
    const ortcpu_half_rows *half = ortcpu_loops_get()->half;
    const ortcpu_half kind = dtype == ORT_DTYPE_F16 ? ORTCPU_HALF_F16 : ORTCPU_HALF_BF16;
    if (dtype == ORT_DTYPE_F32) return (short_rows){NULL, NULL};
    return (short_rows){half->widen[kind], half->narrow[kind]};
}

/* Row `row` of an input as floats: where it lies, or in `room`. */
static const float *row_read(const short_rows *rows, const void *base, int64_t row, int64_t count, float *room) {
    if (base == NULL || rows->widen == NULL) return base != NULL ? (const float *)base + row * count : NULL;
    rows->widen(room, (const uint16_t *)base + row * count, count);
    return room;
}

/* Where a row of results is made: in place, or in `room`, from which row_write takes it. */
static float *row_made(const short_rows *rows, void *base, int64_t row, int64_t count, float *room) {
    return rows->widen == NULL ? (float *)base + row * count : room;
}

static void row_write(const short_rows *rows, void *base, int64_t row, int64_t count, const float *made) {
    if (rows->narrow != NULL) rows->narrow((uint16_t *)base + row * count, made, count);
}

typedef struct skip_state {
    const ortcpu_row_loops *loops;
    short_rows rows;
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

enum { SKIP_ROOMS = 6 }; /* rows of floats that 16-bit ones are widened into */

static void skip_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const skip_state *s = step->state;
    float *rooms[SKIP_ROOMS], mean, inverse;
    for (int i = 0; i < SKIP_ROOMS && s->rows.widen != NULL; i++) rooms[i] = (float *)scratch + i * s->count;
    if (s->rows.widen == NULL) memset(rooms, 0, sizeof rooms);
    const float *gamma = row_read(&s->rows, ortk_in(step, 2), 0, s->count, rooms[0]);
    const float *beta = s->beta != 0 ? row_read(&s->rows, ortk_in(step, s->beta), 0, s->count, rooms[1]) : NULL;
    const float *bias = s->bias != 0 ? row_read(&s->rows, ortk_in(step, s->bias), 0, s->count, rooms[2]) : NULL;
    void *sums = ortk_out(step, s->summed);
    for (int64_t r = begin; r < end; r++) {
        const float *x = row_read(&s->rows, ortk_in(step, 0), r, s->count, rooms[3]);
        const float *skip = row_read(&s->rows, ortk_in(step, 1), r % s->skip_rows, s->count, rooms[4]);
        float *sum = row_made(&s->rows, sums, r, s->count, rooms[5]);
        float *y = row_made(&s->rows, ortk_out(step, 0), r, s->count, rooms[5]);
        s->loops->add_row(sum, x, skip, bias, s->count);
        if (s->summed != 0) row_write(&s->rows, sums, r, s->count, sum);
        s->loops->norm_row(y, sum, s->count, gamma, beta, 1, s->epsilon, s->centred, &mean, &inverse);
        row_write(&s->rows, ortk_out(step, 0), r, s->count, y);
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
    s->rows = short_rows_of(in->dtype);
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
    if (s->rows.widen != NULL) step->scratch_bytes = SKIP_ROOMS * (uint64_t)s->count * sizeof(float);
    step->task_count = rows;
    step->grain = 1 + 8192 / s->count;
    step->cost_ns = (double)in->element_count * 0.8;
    return NULL;
}

/* ---- EmbedLayerNormalization: word + position + segment ---- */
enum { IDS, SEGMENTS, WORDS, POSITIONS, SEGMENT_ROWS, GAMMA, BETA, MASK, POSITION_IDS, EMBED_INPUTS };

typedef struct embed_state {
    const ortcpu_row_loops *loops;
    short_rows rows;
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
static const float *table_row(const ortk_step *step, const embed_state *s, uint32_t table, int64_t index, float *room) {
    if (index >= 0 && index < s->table_rows[table])
        return row_read(&s->rows, ortk_in(step, table), index, s->count, room);
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

/* Words, positions and segments of row `r` added up; false where an id is outside its table. */
static bool embed_add(const ortk_step *step, const embed_state *s, int64_t r, float *const rooms[3], float *sum) {
    const int32_t *segments = s->has[SEGMENTS] ? ortk_in(step, SEGMENTS) : NULL;
    const int32_t *position_ids = s->has[POSITION_IDS] ? ortk_in(step, POSITION_IDS) : NULL;
    const int64_t position = position_ids != NULL ? position_ids[r % s->position_period] : r % s->sequence;
    const float *word = table_row(step, s, WORDS, ((const int32_t *)ortk_in(step, IDS))[r], rooms[0]);
    const float *place = table_row(step, s, POSITIONS, position, rooms[1]), *segment = NULL;
    if (segments != NULL) segment = table_row(step, s, SEGMENT_ROWS, segments[r], rooms[2]);
    if (word == NULL || place == NULL || (segments != NULL && segment == NULL)) return false;
    s->loops->add_row(sum, word, place, segment, s->count);
    return true;
}

enum { EMBED_ROOMS = 6 };

static void embed_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const embed_state *s = step->state;
    float *rooms[EMBED_ROOMS] = {0}, mean, inverse;
    for (int i = 0; i < EMBED_ROOMS && s->rows.widen != NULL; i++) rooms[i] = (float *)scratch + i * s->count;
    const float *gamma = row_read(&s->rows, ortk_in(step, GAMMA), 0, s->count, rooms[3]);
    const float *beta = row_read(&s->rows, ortk_in(step, BETA), 0, s->count, rooms[4]);
    void *sums = ortk_out(step, s->summed);
    for (int64_t r = begin; r < end; r++) {
        float *sum = row_made(&s->rows, sums, r, s->count, rooms[5]);
        float *y = row_made(&s->rows, ortk_out(step, 0), r, s->count, rooms[5]);
        if (!embed_add(step, s, r, rooms, sum)) return;
        if (s->summed != 0) row_write(&s->rows, sums, r, s->count, sum);
        s->loops->norm_row(y, sum, s->count, gamma, beta, 1, s->epsilon, true, &mean, &inverse);
        row_write(&s->rows, ortk_out(step, 0), r, s->count, y);
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
    s->rows = short_rows_of(in[WORDS].dtype);
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
    if (s->rows.widen != NULL) step->scratch_bytes = EMBED_ROOMS * (uint64_t)s->count * sizeof(float);
    step->task_count = in[IDS].element_count;
    step->grain = 1 + 8192 / s->count;
    step->cost_ns = (double)out->element_count * 0.8;
    return NULL;
}

#define SKIP(NAME, TYPES, COMPILE, PLAN)                                                                               \
    {                                                                                                                  \
        .op = NAME, .domain = "com.microsoft", .since_version = 1, .until_version = 1, .types = TYPES,                 \
        .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(skip_params), .compile = COMPILE, .plan = PLAN                  \
    }

#define ROW_TYPES (ORTCPU_TYPE_F32 | ORTCPU_TYPES_SHORT)
static const ortk_kernel kernels[] = {
    SKIP("SkipLayerNormalization", ROW_TYPES, skip_compile, skip_plan),
    SKIP("SkipSimplifiedLayerNormalization", ROW_TYPES, skip_compile, skip_plan),
    SKIP("EmbedLayerNormalization", ORT_DTYPE_BIT(ORT_DTYPE_I32), embed_compile, embed_plan),
};
const ortcpu_op_table ortcpu_ops_skip_norm = ORTCPU_TABLE(kernels);
