/* TreeEnsembleClassifier, TreeEnsembleRegressor, TreeEnsemble. Eight walks go on at once: eight rows down one tree, or
 * one row down eight trees; a walk is a chain of loads that wait for each other, so one alone would mostly wait. */
#include "ml/trees.h"

#include "ml/ml.h"
#include "ops/table.h"

#include <float.h>

#define LANES ORTCPU_TREE_LANES

/* ---- walks ---- */

/* One step of a walk: from node `at` to one of its kids, by the row x. */
#define STEP(NODES, NODE, T, at, x)                                                                                    \
    do {                                                                                                               \
        const NODE *node = &(NODES)[at];                                                                               \
        const T value = (x)[node->feature & ~ORTCPU_NAN_TRUE];                                                         \
        const uint32_t is_first =                                                                                      \
            (uint32_t)(value <= node->split) | ((uint32_t)(value != value) & node->feature >> 31);                     \
        at = node->kids[is_first ^ 1];                                                                                 \
    } while (0)

/* Lane l goes from node at[l] to its leaf, looking at the row x[l]. Places are kept in registers, so the lanes are
 * written out; a walk that has arrived stays where it is. */
#define WALK(NAME, NODES, NODE, T)                                                                                     \
    static void NAME(const ortcpu_trees *t, const T *const *x, uint32_t *at) {                                         \
        const NODE *nodes = t->NODES;                                                                                  \
        const uint32_t node_count = t->node_count;                                                                     \
        uint32_t a = at[0], b = at[1], c = at[2], d = at[3], e = at[4], f = at[5], g = at[6], h = at[7];               \
        while (a < node_count || b < node_count || c < node_count || d < node_count || e < node_count ||               \
               f < node_count || g < node_count || h < node_count) {                                                   \
            STEP(nodes, NODE, T, a, x[0]);                                                                             \
            STEP(nodes, NODE, T, b, x[1]);                                                                             \
            STEP(nodes, NODE, T, c, x[2]);                                                                             \
            STEP(nodes, NODE, T, d, x[3]);                                                                             \
            STEP(nodes, NODE, T, e, x[4]);                                                                             \
            STEP(nodes, NODE, T, f, x[5]);                                                                             \
            STEP(nodes, NODE, T, g, x[6]);                                                                             \
            STEP(nodes, NODE, T, h, x[7]);                                                                             \
        }                                                                                                              \
        const uint32_t all[LANES] = {a, b, c, d, e, f, g, h};                                                          \
        memcpy(at, all, sizeof all);                                                                                   \
    }
WALK(walk_f32, f32, ortcpu_node_f32, float)
WALK(walk_f64, f64, ortcpu_node_f64, double)

static bool is_member(const ortcpu_tree_set *set, double value) {
    for (uint32_t i = 0; i < set->count; i++)
        if (set->members[i] == value) return !set->is_negated;
    return set->is_negated;
}

/* The same where some nodes ask for members of a set. */
#define WALK_SETS(NAME, NODES, NODE, T)                                                                                \
    static void NAME(const ortcpu_trees *t, const T *const *x, uint32_t *at) {                                         \
        for (int l = 0; l < LANES; l++) {                                                                              \
            while (at[l] < t->node_count) {                                                                            \
                const NODE *node = &t->NODES[at[l]];                                                                   \
                const ortcpu_tree_set *set = &t->sets[at[l]];                                                          \
                const T value = x[l][node->feature & ~ORTCPU_NAN_TRUE];                                                \
                bool is_first = set->members ? is_member(set, (double)value) : value <= node->split;                   \
                if (value != value) is_first = node->feature >> 31;                                                    \
                at[l] = node->kids[!is_first];                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }
WALK_SETS(walk_sets_f32, f32, ortcpu_node_f32, float)
WALK_SETS(walk_sets_f64, f64, ortcpu_node_f64, double)

/* ---- sums ---- */

typedef struct trees_state {
    const ortcpu_trees *trees;
    ortcpu_rows rows;
    const ortcpu_classes *classes; /* NULL: a regressor */
    int64_t columns;
    bool is_binary, are_positive; /* all votes are for one class of two; none of them is negative */
    bool gives_f64;
    int64_t sums_offset, scores_offset; /* in the scratch, in bytes */
} trees_state;

static double sum_start(ortcpu_tree_sum sum) {
    return sum == ORTCPU_TREE_MIN ? DBL_MAX : sum == ORTCPU_TREE_MAX ? -DBL_MAX : 0;
}

static void votes_add(const ortcpu_trees *t, uint32_t at, double *sums) {
    const uint32_t leaf = at - t->node_count;
    if (t->has_plain_votes) {
        sums[t->votes[leaf].target] += t->votes[leaf].exact;
        return;
    }
    for (uint32_t v = t->first_votes[leaf]; v < t->first_votes[leaf + 1]; v++) {
        double *sum = &sums[t->votes[v].target];
        const double weight = t->votes[v].exact;
        if (t->sum == ORTCPU_TREE_MIN)
            *sum = weight < *sum ? weight : *sum;
        else if (t->sum == ORTCPU_TREE_MAX)
            *sum = weight > *sum ? weight : *sum;
        else
            *sum += weight;
    }
}

static void walk(const ortcpu_trees *t, const void *const *x, uint32_t *at) {
    const float *const *f32 = (const float *const *)(const void *)x;
    const double *const *f64 = (const double *const *)(const void *)x;
    if (t->sets && t->f32)
        walk_sets_f32(t, f32, at);
    else if (t->sets)
        walk_sets_f64(t, f64, at);
    else if (t->f32)
        walk_f32(t, f32, at);
    else
        walk_f64(t, f64, at);
}

/* Eight rows (the last ones again where there are fewer) down each tree. */
static void rows_sum(const ortcpu_trees *t, const void *const *x, uint32_t count, double *sums) {
    for (uint32_t r = 0; r < t->tree_count; r++) {
        uint32_t at[LANES];
        for (int l = 0; l < LANES; l++) at[l] = t->roots[r];
        walk(t, x, at);
        for (uint32_t l = 0; l < count; l++) votes_add(t, at[l], sums + l * t->targets);
    }
}

/* One row down eight trees at a time. */
static void row_sum(const ortcpu_trees *t, const void *x, double *sums) {
    const void *same[LANES];
    for (int l = 0; l < LANES; l++) same[l] = x;
    for (uint32_t r = 0; r < t->tree_count; r += LANES) {
        uint32_t at[LANES], count = t->tree_count - r < LANES ? t->tree_count - r : LANES;
        for (uint32_t l = 0; l < LANES; l++) at[l] = t->roots[r + (l < count ? l : 0)];
        walk(t, same, at);
        for (uint32_t l = 0; l < count; l++) votes_add(t, at[l], sums);
    }
}

/* The row as the nodes want it: in place, or converted into `spare`. */
static const void *row_get(const trees_state *s, const ortk_step *step, int64_t row, double *spare) {
    const char *x = ortk_in(step, 0);
    if (s->rows.dtype == ORT_DTYPE_F32) return x + (size_t)(row * s->rows.width) * sizeof(float);
    if (s->rows.dtype == ORT_DTYPE_F64) return x + (size_t)(row * s->rows.width) * sizeof(double);
    for (int64_t i = 0; i < s->rows.width; i++) spare[i] = ortcpu_row_get(s->rows.dtype, x, row * s->rows.width + i);
    return spare;
}

/* Sums of up to eight rows, [count][targets], with what the ensemble adds to all. */
static double *block_sum(const trees_state *s, const ortk_step *step, int64_t row, uint32_t count, void *scratch) {
    const ortcpu_trees *t = s->trees;
    double *sums = (double *)(void *)((char *)scratch + s->sums_offset);
    const void *x[LANES];
    for (int64_t i = 0; i < count * t->targets; i++) sums[i] = sum_start(t->sum);
    for (uint32_t l = 0; l < LANES; l++)
        x[l] = l < count ? row_get(s, step, row + l, (double *)scratch + l * s->rows.width) : x[0];
    if (count > LANES / 2)
        rows_sum(t, x, count, sums);
    else
        for (uint32_t l = 0; l < count; l++) row_sum(t, x[l], sums + l * t->targets);
    for (int64_t i = 0; i < count * t->targets; i++) {
        if (t->sum == ORTCPU_TREE_AVERAGE) sums[i] /= t->tree_count;
        if (t->base) sums[i] += t->base[i % t->targets];
    }
    return sums;
}

/* ---- regressors ---- */

static void regress_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const trees_state *s = step->state;
    const int64_t targets = s->trees->targets;
    for (int64_t block = begin; block < end; block++) {
        const int64_t row = block * LANES, rest = s->rows.count - row;
        const uint32_t count = rest < LANES ? (uint32_t)rest : LANES;
        const double *sums = block_sum(s, step, row, count, scratch);
        float *scores = (float *)(void *)((char *)scratch + s->scores_offset);
        if (s->gives_f64) {
            memcpy((double *)ortk_out(step, 0) + row * targets, sums, (size_t)(count * targets) * sizeof *sums);
            continue;
        }
        for (int64_t i = 0; i < count * targets; i++) scores[i] = (float)sums[i];
        for (uint32_t l = 0; l < count; l++) ortcpu_post_apply(s->trees->post, scores + l * targets, targets);
        memcpy((float *)ortk_out(step, 0) + row * targets, scores, (size_t)(count * targets) * sizeof *scores);
    }
}

static ort_status *state_make(ortk_planner *planner, const ortcpu_trees *trees, const ortk_desc *in, trees_state **out,
                              uint64_t *out_scratch_bytes) {
    trees_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (trees_state){.trees = trees, .rows = ortcpu_rows_of(in), .columns = trees->targets};
    if (s->rows.count && s->rows.width < trees->feature_count)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "rows of %lld features; a tree looks at feature %lld",
                         (long long)s->rows.width, (long long)trees->feature_count - 1);
    const bool is_float = s->rows.dtype == ORT_DTYPE_F32 || s->rows.dtype == ORT_DTYPE_F64;
    s->sums_offset = is_float ? 0 : LANES * s->rows.width * (int64_t)sizeof(double);
    s->scores_offset = s->sums_offset + LANES * trees->targets * (int64_t)sizeof(double);
    *out = s;
    *out_scratch_bytes = (uint64_t)(s->scores_offset + LANES * trees->targets * (int64_t)sizeof(float));
    return NULL;
}

/* About eight levels a tree. */
static double row_cost_ns(const ortcpu_trees *trees) {
    return 1 + (double)trees->tree_count * 6;
}

static ort_status *regress_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    trees_state *s = NULL;
    uint64_t scratch_bytes = 0;
    ort_status *status = state_make(planner, params, in, &s, &scratch_bytes);
    if (status) return status;
    s->gives_f64 = out->dtype == ORT_DTYPE_F64;
    step->run = regress_run;
    step->state = s;
    step->task_count = (s->rows.count + LANES - 1) / LANES;
    step->grain = 4;
    step->scratch_bytes = scratch_bytes;
    step->cost_ns = row_cost_ns(s->trees) * (double)s->rows.count;
    return NULL;
}

/* ---- classifiers ---- */

/* Votes for one class of two tell both: the other one has what is left of 1, or the negative. */
static int32_t binary_finish(const trees_state *s, float sum, float *out) {
    const bool is_second = s->are_positive ? sum > 0.5f : sum > 0;
    out[0] = s->are_positive ? 1 - sum : -sum;
    out[1] = sum;
    if (!s->are_positive)
        ortcpu_post_apply(s->trees->post, out, 2);
    else if (s->trees->post == ORTCPU_POST_PROBIT)
        ortcpu_post_apply(ORTCPU_POST_PROBIT, out, 2);
    return is_second;
}

static int32_t row_finish(const trees_state *s, const double *sums, float *out) {
    int32_t best = 0;
    if (s->is_binary) return binary_finish(s, (float)(sums[0] + sums[1]), out);
    for (int64_t i = 0; i < s->columns; i++) out[i] = (float)sums[i];
    for (int32_t i = 1; i < s->columns; i++)
        if (out[i] > out[best]) best = i;
    ortcpu_post_apply(s->trees->post, out, s->columns);
    return best;
}

static void classify_score(const void *model, const ortk_step *step, int64_t begin, int64_t end, void *scratch,
                           int32_t *chosen) {
    const trees_state *s = model;
    float *all = ortcpu_scores_out(step);
    for (int64_t row = begin; row < end; row += LANES) {
        const uint32_t count = end - row < LANES ? (uint32_t)(end - row) : LANES;
        const double *sums = block_sum(s, step, row, count, scratch);
        float *spare = (float *)(void *)((char *)scratch + s->scores_offset);
        for (uint32_t l = 0; l < count; l++) {
            float *out = all ? all + (row + l) * s->columns : spare;
            chosen[row - begin + l] = row_finish(s, sums + l * s->trees->targets, out);
        }
    }
}

typedef struct classifier_params {
    ortcpu_trees trees;
    ortcpu_classes classes;
    bool is_binary, are_positive;
} classifier_params;

static ort_status *classify_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                 const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count;
    const classifier_params *p = params;
    trees_state *s = NULL;
    uint64_t scratch_bytes = 0;
    ort_status *status = state_make(planner, &p->trees, in, &s, &scratch_bytes);
    if (status) return status;
    s->classes = &p->classes;
    s->is_binary = p->is_binary;
    s->are_positive = p->are_positive;
    return ortcpu_classify_plan(planner, &p->classes, s->rows.count, s->columns, out, out_count, classify_score, s,
                                scratch_bytes, 4 * LANES, row_cost_ns(s->trees), step);
}

/* ---- compile ---- */

static ort_status *base_read(ortk_compiler *compiler, const ortk_node *node, ortcpu_trees *trees) {
    uint32_t dtype = ORT_DTYPE_F32;
    int64_t count = 0;
    const float *list = NULL;
    const void *data = ortk_attr_tensor(node, "base_values_as_tensor", &dtype, &count);
    if (!data) {
        ort_status *status = ortcpu_attr_floats(compiler, node, "base_values", &list, &count);
        if (status) return status;
        dtype = ORT_DTYPE_F32;
        data = list;
    }
    if (!count) return NULL;
    if (count != trees->targets || (dtype != ORT_DTYPE_F32 && dtype != ORT_DTYPE_F64))
        return ortk_fail(ORT_CODE_UNSUPPORTED, "%s '%s': %lld base values for %lld targets", ortk_node_op(node),
                         ortk_node_name(node), (long long)count, (long long)trees->targets);
    double *base = ortk_compiler_alloc(compiler, (size_t)count * sizeof *base);
    if (!base) return ortk_out_of_memory();
    for (int64_t i = 0; i < count; i++) base[i] = ortcpu_row_get(dtype, data, i);
    trees->base = base;
    return NULL;
}

static ort_status *named_compile(ortk_compiler *compiler, const ortk_node *node, ortcpu_trees *trees) {
    ortcpu_tree_nodes nodes = {0};
    ort_status *status = ortcpu_post_read(node, &trees->post);
    if (!status) status = base_read(compiler, node, trees);
    if (!status) status = ortcpu_trees_read_named(compiler, node, &nodes);
    return status ? status : ortcpu_trees_build(compiler, node, &nodes, trees);
}

static void binary_look(classifier_params *p) {
    const ortcpu_trees *t = &p->trees;
    p->is_binary = p->are_positive = p->classes.count == 2;
    for (uint32_t v = 0; v < t->first_votes[t->leaf_count]; v++) {
        p->is_binary &= t->votes[v].target == t->votes[0].target;
        p->are_positive &= t->votes[v].weight >= 0;
    }
}

static ort_status *classifier_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    classifier_params *p = params;
    ort_status *status = ortcpu_classes_read(compiler, node, "classlabels_int64s", &p->classes);
    if (status) return status;
    p->trees.sum = ORTCPU_TREE_SUM;
    p->trees.targets = p->classes.count;
    status = named_compile(compiler, node, &p->trees);
    if (!status) binary_look(p);
    if (!status && p->is_binary && p->trees.base)
        status = ortk_fail(ORT_CODE_UNSUPPORTED,
                           "TreeEnsembleClassifier '%s': votes for one of two classes, and base values",
                           ortk_node_name(node));
    return status;
}

static ort_status *regressor_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    static const char *const names[] = {"AVERAGE", "SUM", "MIN", "MAX"};
    ortcpu_trees *trees = params;
    trees->targets = ortk_attr_int(node, "n_targets", 1);
    for (uint32_t i = 0; i < 4; i++)
        if (ortk_attr_is(node, "aggregate_function", "SUM", names[i])) trees->sum = (ortcpu_tree_sum)i;
    if (trees->targets < 1 || trees->targets > INT32_MAX)
        return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': %lld targets", ortk_node_op(node), ortk_node_name(node),
                         (long long)trees->targets);
    return named_compile(compiler, node, trees);
}

static ort_status *ensemble_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    ortcpu_trees *trees = params;
    ortcpu_tree_nodes nodes = {0};
    const int64_t sum = ortk_attr_int(node, "aggregate_function", ORTCPU_TREE_SUM);
    const int64_t post = ortk_attr_int(node, "post_transform", ORTCPU_POST_NONE);
    trees->targets = ortk_attr_int(node, "n_targets", 1);
    if (sum < 0 || sum > ORTCPU_TREE_MAX || post < 0 || post > ORTCPU_POST_PROBIT || trees->targets < 1 ||
        trees->targets > INT32_MAX)
        return ortk_fail(ORT_CODE_INVALID_MODEL, "TreeEnsemble '%s': an attribute is out of range",
                         ortk_node_name(node));
    trees->sum = (ortcpu_tree_sum)sum;
    trees->post = (ortcpu_post)post;
    ort_status *status = ortcpu_trees_read_placed(compiler, node, &nodes);
    return status ? status : ortcpu_trees_build(compiler, node, &nodes, trees);
}

/* A transform is computed in float32; doubles stay what they are without one. */
static bool ensemble_claim(ortk_node *node) {
    if (ortk_node_input_dtype(node, 0) == ORT_DTYPE_F32 || ortk_attr_int(node, "post_transform", 0) == 0) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "TreeEnsemble of float64 with a post_transform");
}

#define FLOATS (ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORT_DTYPE_BIT(ORT_DTYPE_F64))
static const ortk_kernel kernels[] = {
    ORTCPU_ML("TreeEnsembleClassifier", 1, ORTCPU_TYPES_ML, classifier_params, NULL, classifier_compile, classify_plan),
    ORTCPU_ML("TreeEnsembleRegressor", 1, ORTCPU_TYPES_ML, ortcpu_trees, NULL, regressor_compile, regress_plan),
    ORTCPU_ML("TreeEnsemble", 5, FLOATS, ortcpu_trees, ensemble_claim, ensemble_compile, regress_plan),
};
const ortcpu_op_table ortcpu_ml_trees = ORTCPU_TABLE(kernels);
