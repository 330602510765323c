/* TfIdfVectorizer (ONNX 9): how often each n-gram of a pool stands in a row, with up to max_skip_count items between
 * those of an n-gram. Items become numbers once; the pool is a tree of such numbers, whose edges are hashed. */
#include "ml/lookup.h"
#include "ml/rows.h"
#include "ops/table.h"
#include "text/strings.h"
#include "text/text.h"

#define ROOT 0u

/* From tree node `node` by item `item` to node `next`. */
typedef struct gram_edge {
    uint32_t node, next;
    int64_t item;
} gram_edge;

typedef enum gram_mode { GRAM_TF, GRAM_IDF, GRAM_TFIDF } gram_mode;

typedef struct gram_params {
    gram_mode mode;
    int64_t least, most, skips;
    ortcpu_lookup items;
    gram_edge *edges; /* open addressing; next 0: free */
    uint64_t edge_mask;
    int64_t *columns; /* by node: the output column of the n-gram that ends there, or -1 */
    bool *have_kids;  /* by node */
    uint32_t node_count;
    int64_t column_count;
    const float *weights; /* by column; NULL: 1 */
} gram_params;

typedef struct gram_state {
    const gram_params *params;
    uint32_t dtype;
    int64_t row_count, width;
} gram_state;

/* ---- compile ---- */

static gram_edge *edge_slot(const gram_params *p, uint32_t node, int64_t item) {
    uint64_t at = ((uint64_t)item + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ node * UINT64_C(0xff51afd7ed558ccd);
    for (at = (at ^ at >> 29) & p->edge_mask;; at = (at + 1) & p->edge_mask) {
        gram_edge *edge = &p->edges[at];
        if (!edge->next || (edge->node == node && edge->item == item)) return edge;
    }
}

static ort_status *wrong(const ortk_node *node, const char *what) {
    return ortk_fail(ORT_CODE_INVALID_MODEL, "TfIdfVectorizer '%s': %s", ortk_node_name(node), what);
}

/* The n-gram of `length` items that ends at `column`. */
static void gram_add(gram_params *p, const int64_t *items, int64_t length, int64_t column) {
    uint32_t node = ROOT;
    for (int64_t i = 0; i < length; i++) {
        gram_edge *edge = edge_slot(p, node, items[i]);
        if (!edge->next) {
            *edge = (gram_edge){node, p->node_count, items[i]};
            p->columns[p->node_count++] = -1;
        }
        p->have_kids[node] = true;
        node = edge->next;
    }
    p->columns[node] = column;
}

/* The pool: all 1-grams, then all 2-grams ...; starts[k] is where those of k + 1 items begin. */
static ort_status *grams_add(const ortk_node *node, gram_params *p, const int64_t *items, int64_t item_count,
                             const int64_t *starts, int64_t start_count, const int64_t *columns, int64_t gram_count) {
    int64_t gram = 0;
    for (int64_t k = 0; k < start_count; k++) {
        const int64_t end = k + 1 < start_count ? starts[k + 1] : item_count, length = k + 1;
        if (starts[k] < 0 || starts[k] > end || end > item_count) return wrong(node, "ngram_counts are out of order");
        for (int64_t at = starts[k]; at + length <= end; at += length, gram++) {
            if (gram >= gram_count) return wrong(node, "the pool has more n-grams than ngram_indexes");
            if (length >= p->least && length <= p->most) gram_add(p, items + at, length, columns[gram]);
        }
    }
    return NULL;
}

/* Items as numbers: integers by themselves, strings by where they stand in the pool. */
static ort_status *items_read(ortk_compiler *compiler, const ortk_node *node, gram_params *p, const int64_t **out,
                              int64_t *out_count) {
    const ort_string_view *strings = NULL;
    ort_status *status = NULL;
    if (ortk_node_input_dtype(node, 0) != ORT_DTYPE_STRING)
        return ortcpu_attr_ints(compiler, node, "pool_int64s", out, out_count);
    status = ortcpu_attr_strings(compiler, node, "pool_strings", &strings, out_count);
    if (status || *out_count == 0) return status;
    int64_t *items = ortk_compiler_alloc(compiler, (size_t)*out_count * sizeof *items);
    if (!items) return ortk_out_of_memory();
    status = ortcpu_lookup_make(compiler, strings, NULL, *out_count, &p->items);
    for (int64_t i = 0; !status && i < *out_count; i++)
        items[i] = ortcpu_lookup_string(&p->items, strings[i].data, strings[i].length);
    *out = items;
    return status;
}

static ort_status *tree_alloc(ortk_compiler *compiler, int64_t item_count, gram_params *p) {
    uint64_t size = 4;
    while (size < 2 * (uint64_t)item_count) size *= 2;
    p->edge_mask = size - 1;
    p->edges = ortk_compiler_alloc(compiler, (size_t)size * sizeof *p->edges);
    p->columns = ortk_compiler_alloc(compiler, ((size_t)item_count + 1) * sizeof *p->columns);
    p->have_kids = ortk_compiler_alloc(compiler, (size_t)item_count + 1);
    if (!p->edges || !p->columns || !p->have_kids) return ortk_out_of_memory();
    p->columns[ROOT] = -1;
    p->node_count = 1;
    return NULL;
}

/* Weight i is that of n-gram i, which counts in column columns[i]. */
static ort_status *settings_read(ortk_compiler *compiler, const ortk_node *node, const int64_t *columns,
                                 int64_t gram_count, gram_params *p) {
    const float *weights = NULL;
    static const char *const names[] = {"TF", "IDF", "TFIDF"};
    int64_t count = 0;
    uint32_t mode = 0;
    while (mode < 3 && !ortk_attr_is(node, "mode", "", names[mode])) mode++;
    p->mode = (gram_mode)mode;
    p->least = ortk_attr_int(node, "min_gram_length", 1);
    p->most = ortk_attr_int(node, "max_gram_length", 1);
    p->skips = ortk_attr_int(node, "max_skip_count", 0);
    if (mode == 3) return wrong(node, "mode is none of TF, IDF, TFIDF");
    if (p->least < 1 || p->most < p->least || p->skips < 0) return wrong(node, "lengths or skips that can't be");
    ort_status *status = ortcpu_attr_floats(compiler, node, "weights", &weights, &count);
    if (status || count == 0 || p->mode == GRAM_TF) return status;
    if (count != gram_count) return wrong(node, "weights are not as many as ngram_indexes");
    float *by_column = ortk_compiler_alloc(compiler, (size_t)p->column_count * sizeof *by_column);
    if (!by_column) return ortk_out_of_memory();
    for (int64_t i = 0; i < gram_count; i++) by_column[columns[i]] = weights[i];
    p->weights = by_column;
    return NULL;
}

static ort_status *gram_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    gram_params *p = params;
    const int64_t *items = NULL, *starts = NULL, *columns = NULL;
    int64_t item_count = 0, start_count = 0, gram_count = 0;
    ort_status *status = ortcpu_attr_ints(compiler, node, "ngram_counts", &starts, &start_count);
    if (!status) status = ortcpu_attr_ints(compiler, node, "ngram_indexes", &columns, &gram_count);
    for (int64_t i = 0; i < gram_count; i++) {
        if (columns[i] < 0 || columns[i] >= INT32_MAX) return wrong(node, "ngram_indexes are out of range");
        if (columns[i] >= p->column_count) p->column_count = columns[i] + 1;
    }
    if (!status) status = settings_read(compiler, node, columns, gram_count, p);
    if (!status) status = items_read(compiler, node, p, &items, &item_count);
    if (!status && item_count >= UINT32_MAX) status = wrong(node, "the pool is too large");
    if (!status && item_count == 0) status = wrong(node, "has no pool for the type of its input");
    if (!status) status = tree_alloc(compiler, item_count, p);
    return status ? status : grams_add(node, p, items, item_count, starts, start_count, columns, gram_count);
}

/* ---- run ---- */

/* What no pool item equals is -1, and on no edge. */
static int64_t item_at(const gram_state *s, const void *x, int64_t index) {
    if (s->dtype == ORT_DTYPE_I64) return ((const int64_t *)x)[index];
    if (s->dtype == ORT_DTYPE_I32) return ((const int32_t *)x)[index];
    const ort_string_view text = ortcpu_string_at(x, s->row_count * s->width, index);
    return ortcpu_lookup_string(&s->params->items, text.data, text.length);
}

/* Every n-gram that begins at `at`, items `distance` apart. */
static void grams_count(const gram_state *s, const int64_t *items, int64_t at, int64_t distance, int64_t least,
                        float *counts) {
    const gram_params *p = s->params;
    uint32_t node = ROOT;
    for (int64_t length = 1; length <= p->most && at < s->width && p->have_kids[node]; length++, at += distance) {
        const gram_edge *edge = edge_slot(p, node, items[at]);
        if (!edge->next) return;
        node = edge->next;
        if (length >= least && p->columns[node] >= 0) counts[p->columns[node]] += 1;
    }
}

static void row_count(const gram_state *s, const int64_t *items, float *counts) {
    const gram_params *p = s->params;
    int64_t least = p->least;
    for (int64_t distance = 1; distance <= p->skips + 1; distance++) {
        for (int64_t at = 0; at + distance * (least - 1) < s->width; at++)
            grams_count(s, items, at, distance, least, counts);
        /* A single item skips nothing: it counts once. */
        if (least == 1 && ++least > p->most) return;
        if (distance >= s->width) return;
    }
}

static void row_weigh(const gram_params *p, float *counts) {
    for (int64_t i = 0; p->mode != GRAM_TF && i < p->column_count; i++) {
        const float weight = p->weights ? p->weights[i] : 1;
        counts[i] = p->mode == GRAM_TFIDF ? counts[i] * weight : counts[i] > 0 ? weight : 0;
    }
}

static void gram_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const gram_state *s = step->state;
    int64_t *items = scratch;
    for (int64_t row = begin; row < end; row++) {
        float *counts = (float *)ortk_out(step, 0) + row * s->params->column_count;
        memset(counts, 0, (size_t)s->params->column_count * sizeof *counts);
        for (int64_t i = 0; i < s->width; i++) items[i] = item_at(s, ortk_in(step, 0), row * s->width + i);
        row_count(s, items, counts);
        row_weigh(s->params, counts);
    }
}

static ort_status *gram_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    gram_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    const int64_t rows = in->rank == 2 ? in->dims[0] : 1;
    *s = (gram_state){params, in->dtype, rows, rows ? in->element_count / rows : 0};
    step->run = gram_run;
    step->state = s;
    step->task_count = rows;
    step->grain = 1 + 256 / (s->width + 1);
    step->scratch_bytes = ((uint64_t)s->width + 1) * sizeof(int64_t);
    step->cost_ns = 1 + 20 * (double)in->element_count;
    return NULL;
}

static const ortk_kernel kernels[] = {
    {.op = "TfIdfVectorizer",
     .domain = "",
     .since_version = 9,
     .until_version = ORTCPU_NEWEST_OPSET,
     .types = ORTCPU_STRING | ORT_DTYPE_BIT(ORT_DTYPE_I32) | ORT_DTYPE_BIT(ORT_DTYPE_I64),
     .mode = ORTK_MODE_ROWS,
     .params_bytes = sizeof(gram_params),
     .compile = gram_compile,
     .plan = gram_plan}};
const ortcpu_op_table ortcpu_text_ngrams = ORTCPU_TABLE(kernels);
