/* Nodes as the model has them become the compact array that trees are walked in. */
#include "ml/trees.h"

#include <math.h>

typedef struct tree_builder {
    const ortk_node *node;
    const ortcpu_tree_nodes *from;
    ortcpu_trees *to;
    uint32_t *places; /* by the model's node: its place; UINT32_MAX: not reached yet */
    ortcpu_tree_set *sets;
    uint32_t *first_votes;
    ortcpu_vote *votes;
} tree_builder;

/* The split as "x <= split": of two directions one is turned round. NaN is equal to nothing. */
typedef struct order_rule {
    double split;
    bool is_turned; /* true leads where "x <= split" is false */
} order_rule;

static order_rule rule_f64(uint8_t mode, double split) {
    const bool is_strict = mode == ORTCPU_TREE_LT || mode == ORTCPU_TREE_GTE; /* x < v, and x >= v is not x < v */
    if (is_strict) split = split == -INFINITY ? NAN : nextafter(split, -INFINITY);
    return (order_rule){split, mode == ORTCPU_TREE_GTE || mode == ORTCPU_TREE_GT};
}

/* For float32 x: x <= split holds for the same x when the split is rounded down to a float32. */
static float split_f32(double split) {
    float near = (float)split;
    return (double)near > split ? nextafterf(near, -INFINITY) : near;
}

static void order_put(const tree_builder *b, uint32_t from, uint32_t at) {
    const order_rule rule = rule_f64(b->from->modes[from], b->from->splits[from]);
    const bool is_set = b->from->modes[from] == ORTCPU_TREE_MEMBER;
    const uint32_t first = rule.is_turned && !is_set ? 1 : 0;
    const uint32_t kids[2] = {b->places[b->from->kids[first][from]], b->places[b->from->kids[!first][from]]};
    const bool nan_first = b->from->nan_true[from] != (first == 1);
    const uint32_t feature = b->from->features[from] | (nan_first ? ORTCPU_NAN_TRUE : 0);
    if (b->to->f32)
        b->to->f32[at] = (ortcpu_node_f32){split_f32(rule.split), feature, {kids[0], kids[1]}};
    else
        b->to->f64[at] = (ortcpu_node_f64){rule.split, feature, {kids[0], kids[1]}, 0};
    if (b->sets) b->sets[at] = b->from->sets[from];
}

static ort_status *not_a_tree(const tree_builder *b, uint32_t index) {
    return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': node %u is reached twice: that is no tree",
                     ortk_node_op(b->node), ortk_node_name(b->node), (unsigned)index);
}

/* Gives every node that the roots reach its place: nodes from 0 in the order of a walk, leaves counted apart. */
static ort_status *places_give(tree_builder *b, uint32_t *stack) {
    for (uint32_t r = 0; r < b->from->root_count; r++) {
        uint32_t depth = 0;
        stack[depth++] = b->from->roots[r];
        while (depth) {
            const uint32_t at = stack[--depth];
            if (b->places[at] != UINT32_MAX) return not_a_tree(b, at);
            if (b->from->modes[at] == ORTCPU_TREE_LEAF) {
                b->places[at] = b->to->leaf_count++;
                continue;
            }
            b->places[at] = b->to->node_count++;
            stack[depth++] = b->from->kids[1][at];
            stack[depth++] = b->from->kids[0][at];
        }
    }
    return NULL;
}

static ort_status *arrays_alloc(ortk_compiler *compiler, tree_builder *b, bool is_f32, bool has_sets) {
    ortcpu_trees *t = b->to;
    const size_t all = (size_t)t->node_count + t->leaf_count + 1;
    uint32_t *roots = ortk_compiler_alloc(compiler, (b->from->root_count + 1u) * sizeof *roots);
    if (is_f32) t->f32 = ortk_compiler_alloc(compiler, all * sizeof *t->f32);
    if (!is_f32) t->f64 = ortk_compiler_alloc(compiler, all * sizeof *t->f64);
    b->sets = has_sets ? ortk_compiler_alloc(compiler, all * sizeof *b->sets) : NULL;
    b->first_votes = ortk_compiler_alloc(compiler, (t->leaf_count + 1u) * sizeof *b->first_votes);
    b->votes = ortk_compiler_alloc(compiler, (b->from->first_votes[b->from->count] + 1u) * sizeof *b->votes);
    if (!roots || (!t->f32 && !t->f64) || (has_sets && !b->sets) || !b->first_votes || !b->votes)
        return ortk_out_of_memory();
    t->roots = roots;
    t->sets = b->sets;
    t->first_votes = b->first_votes;
    t->votes = b->votes;
    for (uint32_t i = 0; i < b->from->root_count; i++) roots[i] = b->places[b->from->roots[i]];
    t->tree_count = b->from->root_count;
    return NULL;
}

/* How many votes each leaf has stands one place on, then becomes where they begin. */
static void votes_copy(const tree_builder *b) {
    const ortcpu_tree_nodes *from = b->from;
    const uint32_t node_count = b->to->node_count;
    for (uint32_t i = 0; i < from->count; i++)
        if (from->modes[i] == ORTCPU_TREE_LEAF && b->places[i] != UINT32_MAX)
            b->first_votes[b->places[i] - node_count + 1] = from->first_votes[i + 1] - from->first_votes[i];
    for (uint32_t i = 0; i < b->to->leaf_count; i++) b->first_votes[i + 1] += b->first_votes[i];
    for (uint32_t i = 0; i < from->count; i++) {
        if (from->modes[i] != ORTCPU_TREE_LEAF || b->places[i] == UINT32_MAX) continue;
        const uint32_t count = from->first_votes[i + 1] - from->first_votes[i];
        if (count)
            memcpy(b->votes + b->first_votes[b->places[i] - node_count], from->votes + from->first_votes[i],
                   count * sizeof *b->votes);
    }
}

static ort_status *votes_check(const tree_builder *b) {
    const bool is_added = b->to->sum == ORTCPU_TREE_SUM || b->to->sum == ORTCPU_TREE_AVERAGE;
    b->to->has_plain_votes = is_added;
    for (uint32_t i = 0; i < b->to->leaf_count; i++)
        b->to->has_plain_votes &= b->first_votes[i + 1] - b->first_votes[i] == 1;
    for (uint32_t i = 0; i < b->first_votes[b->to->leaf_count]; i++)
        if ((int64_t)b->votes[i].target >= b->to->targets)
            return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': a vote for target %u of %lld", ortk_node_op(b->node),
                             ortk_node_name(b->node), (unsigned)b->votes[i].target, (long long)b->to->targets);
    return NULL;
}

static void nodes_put(const tree_builder *b) {
    ortcpu_trees *t = b->to;
    for (uint32_t i = 0; i < b->from->count; i++) {
        if (b->places[i] == UINT32_MAX) continue;
        if (b->from->modes[i] != ORTCPU_TREE_LEAF) {
            if ((int64_t)b->from->features[i] >= t->feature_count) t->feature_count = b->from->features[i] + INT64_C(1);
            order_put(b, i, b->places[i]);
        } else if (t->f32) {
            t->f32[b->places[i]] = (ortcpu_node_f32){0, 0, {b->places[i], b->places[i]}};
        } else {
            t->f64[b->places[i]] = (ortcpu_node_f64){0, 0, {b->places[i], b->places[i]}, 0};
        }
    }
}

ort_status *ortcpu_trees_build(ortk_compiler *compiler, const ortk_node *node, const ortcpu_tree_nodes *nodes,
                               ortcpu_trees *out) {
    const bool is_f32 = ortk_node_input_dtype(node, 0) == ORT_DTYPE_F32;
    bool has_sets = false;
    tree_builder b = {.node = node, .from = nodes, .to = out};
    b.places = ortk_compiler_alloc(compiler, (nodes->count + 1u) * sizeof *b.places);
    uint32_t *stack = ortk_compiler_alloc(compiler, (2u * nodes->count + 2u) * sizeof *stack);
    if (!b.places || !stack) return ortk_out_of_memory();
    for (uint32_t i = 0; i < nodes->count; i++) {
        b.places[i] = UINT32_MAX;
        has_sets |= nodes->modes[i] == ORTCPU_TREE_MEMBER;
    }
    ort_status *status = places_give(&b, stack);
    for (uint32_t i = 0; !status && i < nodes->count; i++)
        if (nodes->modes[i] == ORTCPU_TREE_LEAF && b.places[i] != UINT32_MAX) b.places[i] += out->node_count;
    if (!status) status = arrays_alloc(compiler, &b, is_f32, has_sets);
    if (status) return status;
    nodes_put(&b);
    votes_copy(&b);
    return votes_check(&b);
}
