/* The attributes of tree ensembles, in their two forms, as one list of nodes. */
#include "ml/trees.h"

#include <stdlib.h>

#define COUNT_MAX (UINT32_C(1) << 30)

static ort_status *wrong(const ortk_node *node, const char *what, long long index) {
    return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': %s (%lld)", ortk_node_op(node), ortk_node_name(node), what,
                     index);
}

/* Numbers of a list of floats, or of a tensor of any float type; *out_count 0 when neither is there. */
static ort_status *numbers_read(ortk_compiler *compiler, const ortk_node *node, const char *floats, const char *tensor,
                                double **out, int64_t *out_count) {
    uint32_t dtype = ORT_DTYPE_NONE;
    const void *data = tensor ? ortk_attr_tensor(node, tensor, &dtype, out_count) : NULL;
    const float *list = NULL;
    *out = NULL;
    if (!data) {
        ort_status *status = ortcpu_attr_floats(compiler, node, floats, &list, out_count);
        if (status) return status;
        dtype = ORT_DTYPE_F32;
        data = list;
    }
    if (dtype != ORT_DTYPE_F32 && dtype != ORT_DTYPE_F64)
        return wrong(node, "a tensor of numbers of an element type that is not read", dtype);
    *out = *out_count ? ortk_compiler_alloc(compiler, (size_t)*out_count * sizeof **out) : NULL;
    if (*out_count && !*out) return ortk_out_of_memory();
    for (int64_t i = 0; i < *out_count; i++) (*out)[i] = ortcpu_row_get(dtype, data, i);
    return NULL;
}

/* A list of integers that must have `count` elements. */
static ort_status *ints_read(ortk_compiler *compiler, const ortk_node *node, const char *name, int64_t count,
                             const int64_t **out) {
    int64_t has = 0;
    ort_status *status = ortcpu_attr_ints(compiler, node, name, out, &has);
    if (status || has == count) return status;
    return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': %s has %lld elements, needs %lld", ortk_node_op(node),
                     ortk_node_name(node), name, (long long)has, (long long)count);
}

static ort_status *nodes_alloc(ortk_compiler *compiler, uint32_t count, uint32_t vote_count, ortcpu_tree_nodes *out) {
    out->count = count;
    out->modes = ortk_compiler_alloc(compiler, count + 1u);
    out->features = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *out->features);
    out->splits = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *out->splits);
    out->kids[0] = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *out->kids[0]);
    out->kids[1] = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *out->kids[1]);
    out->nan_true = ortk_compiler_alloc(compiler, count + 1u);
    out->sets = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *out->sets);
    out->roots = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *out->roots);
    out->first_votes = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *out->first_votes);
    out->votes = ortk_compiler_alloc(compiler, (vote_count + 1u) * sizeof *out->votes);
    const bool is_there = out->modes && out->features && out->splits && out->kids[0] && out->kids[1] && out->nan_true &&
                          out->sets && out->roots && out->first_votes && out->votes;
    return is_there ? NULL : ortk_out_of_memory();
}

/* Equal and not equal are membership in a set of one. */
static void equality_to_set(ortcpu_tree_nodes *nodes, uint32_t i) {
    if (nodes->modes[i] != ORTCPU_TREE_EQ && nodes->modes[i] != ORTCPU_TREE_NEQ) return;
    nodes->sets[i] = (ortcpu_tree_set){&nodes->splits[i], 1, nodes->modes[i] == ORTCPU_TREE_NEQ};
    nodes->modes[i] = ORTCPU_TREE_MEMBER;
}

static ort_status *feature_put(const ortk_node *node, ortcpu_tree_nodes *nodes, uint32_t i, int64_t feature) {
    if (feature < 0 || feature >= (int64_t)ORTCPU_NAN_TRUE) return wrong(node, "a feature that can't be", feature);
    nodes->features[i] = (uint32_t)feature;
    return NULL;
}

/* ---- nodes named by (tree, id) ---- */

typedef struct name_entry {
    int64_t tree, id;
    uint32_t index;
} name_entry;

static int name_compare(const void *a, const void *b) {
    const name_entry *x = a, *y = b;
    if (x->tree != y->tree) return x->tree < y->tree ? -1 : 1;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Names sorted, places kept: of equal names in their order. */
static name_entry *names_sort(ortk_compiler *compiler, const int64_t *trees, const int64_t *ids, uint32_t count) {
    name_entry *names = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *names);
    for (uint32_t i = 0; names && i < count; i++) names[i] = (name_entry){trees[i], ids[i], i};
    if (names) qsort(names, count, sizeof *names, name_compare);
    return names;
}

/* The first entry that is not before (tree, id). */
static uint32_t name_find(const name_entry *names, uint32_t count, int64_t tree, int64_t id) {
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const bool is_before = names[middle].tree < tree || (names[middle].tree == tree && names[middle].id < id);
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return low;
}

static ort_status *kid_find(const ortk_node *node, const name_entry *names, uint32_t count, int64_t tree, int64_t id,
                            uint32_t *out) {
    const uint32_t at = name_find(names, count, tree, id);
    if (at == count || names[at].tree != tree || names[at].id != id)
        return wrong(node, "a node's kid is not there", id);
    *out = names[at].index;
    return NULL;
}

static ort_status *mode_read(const ortk_node *node, ort_string_view text, uint8_t *out) {
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE", "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ", "",           "LEAF"};
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        *out = (uint8_t)i;
        if (names[i][0] && text.length == strlen(names[i]) && memcmp(text.data, names[i], text.length) == 0)
            return NULL;
    }
    return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': a node's mode is '%.*s'", ortk_node_op(node),
                     ortk_node_name(node), (int)text.length, text.data);
}

typedef struct named_lists {
    const int64_t *trees, *ids, *features, *kids[2], *missing;
    double *splits, *weights;
    int64_t split_count, weight_count, missing_count;
    const int64_t *vote_trees, *vote_ids, *vote_targets;
    ort_string_view *modes;
} named_lists;

static ort_status *lists_read(ortk_compiler *compiler, const ortk_node *node, uint32_t count, named_lists *l) {
    const bool is_class = strcmp(ortk_node_op(node), "TreeEnsembleClassifier") == 0;
    const char *const votes[2][5] = {
        {"target_treeids", "target_nodeids", "target_ids", "target_weights", "target_weights_as_tensor"},
        {"class_treeids", "class_nodeids", "class_ids", "class_weights", "class_weights_as_tensor"}};
    const char *const *vote = votes[is_class];
    ort_status *status = ints_read(compiler, node, "nodes_treeids", count, &l->trees);
    if (!status) status = ints_read(compiler, node, "nodes_nodeids", count, &l->ids);
    if (!status) status = ints_read(compiler, node, "nodes_featureids", count, &l->features);
    if (!status) status = ints_read(compiler, node, "nodes_truenodeids", count, &l->kids[0]);
    if (!status) status = ints_read(compiler, node, "nodes_falsenodeids", count, &l->kids[1]);
    if (!status)
        status = ortcpu_attr_ints(compiler, node, "nodes_missing_value_tracks_true", &l->missing, &l->missing_count);
    if (!status)
        status = numbers_read(compiler, node, "nodes_values", "nodes_values_as_tensor", &l->splits, &l->split_count);
    if (!status) status = numbers_read(compiler, node, vote[3], vote[4], &l->weights, &l->weight_count);
    if (!status) status = ints_read(compiler, node, vote[0], l->weight_count, &l->vote_trees);
    if (!status) status = ints_read(compiler, node, vote[1], l->weight_count, &l->vote_ids);
    if (!status) status = ints_read(compiler, node, vote[2], l->weight_count, &l->vote_targets);
    if (status) return status;
    if (l->split_count != count || (l->missing_count && l->missing_count != count) || l->weight_count > COUNT_MAX)
        return wrong(node, "lists of nodes of different lengths", l->split_count);
    l->modes = ortk_compiler_alloc(compiler, (count + 1u) * sizeof *l->modes);
    if (!l->modes) return ortk_out_of_memory();
    ortk_attr_strings(node, "nodes_modes", l->modes, count);
    return NULL;
}

/* Votes of each node, by names that both lists share. */
static ort_status *votes_place(ortk_compiler *compiler, const named_lists *l, ortcpu_tree_nodes *out) {
    const uint32_t vote_count = (uint32_t)l->weight_count;
    const name_entry *votes = names_sort(compiler, l->vote_trees, l->vote_ids, vote_count);
    uint32_t at = 0;
    if (!votes) return ortk_out_of_memory();
    for (uint32_t i = 0; i < out->count; i++) {
        out->first_votes[i] = at;
        if (out->modes[i] != ORTCPU_TREE_LEAF) continue;
        for (uint32_t k = name_find(votes, vote_count, l->trees[i], l->ids[i]);
             k < vote_count && votes[k].tree == l->trees[i] && votes[k].id == l->ids[i] && at < vote_count; k++, at++) {
            const double weight = l->weights[votes[k].index];
            out->votes[at] = (ortcpu_vote){(uint32_t)l->vote_targets[votes[k].index], (float)weight, weight};
        }
    }
    out->first_votes[out->count] = at;
    return NULL;
}

/* The root of a tree is the first of its nodes in the list. */
static void roots_find(const named_lists *l, const name_entry *names, ortcpu_tree_nodes *out) {
    for (uint32_t i = 0; i < out->count; i++) {
        if (i && names[i].tree == names[i - 1].tree) {
            uint32_t *root = &out->roots[out->root_count - 1];
            if (names[i].index < *root) *root = names[i].index;
        } else {
            out->roots[out->root_count++] = names[i].index;
        }
    }
    (void)l;
}

static ort_status *named_fill(ortk_compiler *compiler, const ortk_node *node, const named_lists *l,
                              ortcpu_tree_nodes *out) {
    const name_entry *names = names_sort(compiler, l->trees, l->ids, out->count);
    if (!names) return ortk_out_of_memory();
    for (uint32_t i = 0; i < out->count; i++) {
        ort_status *status = mode_read(node, l->modes[i], &out->modes[i]);
        out->splits[i] = l->splits[i];
        out->nan_true[i] = l->missing_count && l->missing[i] != 0;
        for (uint32_t k = 0; !status && k < 2 && out->modes[i] != ORTCPU_TREE_LEAF; k++)
            status = kid_find(node, names, out->count, l->trees[i], l->kids[k][i], &out->kids[k][i]);
        if (!status && out->modes[i] != ORTCPU_TREE_LEAF) status = feature_put(node, out, i, l->features[i]);
        if (status) return status;
        equality_to_set(out, i);
    }
    for (int64_t i = 0; i < l->weight_count; i++)
        if (l->vote_targets[i] < 0 || l->vote_targets[i] > (int64_t)COUNT_MAX)
            return wrong(node, "a vote for a target that can't be", l->vote_targets[i]);
    roots_find(l, names, out);
    return votes_place(compiler, l, out);
}

ort_status *ortcpu_trees_read_named(ortk_compiler *compiler, const ortk_node *node, ortcpu_tree_nodes *out) {
    const uint32_t count = ortk_attr_strings(node, "nodes_modes", NULL, 0);
    named_lists lists = {0};
    if (count == 0 || count > COUNT_MAX) return wrong(node, "a number of nodes that can't be", count);
    ort_status *status = lists_read(compiler, node, count, &lists);
    if (!status) status = nodes_alloc(compiler, count, (uint32_t)lists.weight_count, out);
    return status ? status : named_fill(compiler, node, &lists, out);
}

/* ---- nodes and leaves named by their places ---- */

typedef struct placed_lists {
    const int64_t *features, *kids[2], *are_leaves[2], *missing, *targets, *roots;
    double *splits, *weights, *members;
    int64_t count, leaf_count, missing_count, member_count, root_count, target_count;
    const uint8_t *modes;
} placed_lists;

static ort_status *placed_read(ortk_compiler *compiler, const ortk_node *node, placed_lists *l) {
    uint32_t dtype = ORT_DTYPE_NONE;
    int64_t mode_count = 0;
    l->modes = ortk_attr_tensor(node, "nodes_modes", &dtype, &mode_count);
    if (!l->modes || dtype != ORT_DTYPE_U8) return wrong(node, "nodes_modes is no tensor of uint8", dtype);
    ort_status *status = numbers_read(compiler, node, "", "nodes_splits", &l->splits, &l->count);
    if (!status) status = numbers_read(compiler, node, "", "leaf_weights", &l->weights, &l->leaf_count);
    if (!status) status = numbers_read(compiler, node, "", "membership_values", &l->members, &l->member_count);
    if (!status) status = ints_read(compiler, node, "nodes_featureids", l->count, &l->features);
    if (!status) status = ints_read(compiler, node, "nodes_truenodeids", l->count, &l->kids[0]);
    if (!status) status = ints_read(compiler, node, "nodes_falsenodeids", l->count, &l->kids[1]);
    if (!status) status = ints_read(compiler, node, "nodes_trueleafs", l->count, &l->are_leaves[0]);
    if (!status) status = ints_read(compiler, node, "nodes_falseleafs", l->count, &l->are_leaves[1]);
    if (!status) status = ints_read(compiler, node, "leaf_targetids", l->leaf_count, &l->targets);
    if (!status) status = ortcpu_attr_ints(compiler, node, "tree_roots", &l->roots, &l->root_count);
    if (!status)
        status = ortcpu_attr_ints(compiler, node, "nodes_missing_value_tracks_true", &l->missing, &l->missing_count);
    if (status) return status;
    if (mode_count != l->count || l->count + 2 * l->count + l->leaf_count > (int64_t)COUNT_MAX ||
        (l->missing_count && l->missing_count != l->count))
        return wrong(node, "lists of nodes of different lengths", mode_count);
    return NULL;
}

/* Sets stand one after the other, in the order of their nodes, each ended by NaN. */
static ort_status *set_take(const ortk_node *node, const placed_lists *l, int64_t *at, ortcpu_tree_set *out) {
    *out = (ortcpu_tree_set){l->members + *at, 0, false};
    if (*at >= l->member_count) return wrong(node, "a set of members is missing", *at);
    while (*at < l->member_count && l->members[*at] == l->members[*at]) {
        out->count++;
        ++*at;
    }
    ++*at;
    return NULL;
}

/* A leaf may be named by several nodes: each naming is a leaf of its own. */
static ort_status *placed_kid(const ortk_node *node, const placed_lists *l, uint32_t i, uint32_t k, uint32_t *next_leaf,
                              ortcpu_tree_nodes *out) {
    const int64_t kid = l->kids[k][i];
    if (kid < 0 || kid >= (l->are_leaves[k][i] ? l->leaf_count : l->count))
        return wrong(node, "a node's kid is not there", kid);
    out->kids[k][i] = (uint32_t)kid;
    if (!l->are_leaves[k][i]) return NULL;
    const uint32_t leaf = (*next_leaf)++, vote = leaf - (uint32_t)l->count;
    if (l->targets[kid] < 0 || l->targets[kid] > (int64_t)COUNT_MAX)
        return wrong(node, "a vote for a target that can't be", l->targets[kid]);
    out->kids[k][i] = leaf;
    out->modes[leaf] = ORTCPU_TREE_LEAF;
    out->first_votes[leaf] = vote;
    out->votes[vote] = (ortcpu_vote){(uint32_t)l->targets[kid], (float)l->weights[kid], l->weights[kid]};
    return NULL;
}

static ort_status *placed_fill(const ortk_node *node, const placed_lists *l, ortcpu_tree_nodes *out) {
    uint32_t next_leaf = (uint32_t)l->count;
    int64_t member = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        ort_status *status = NULL;
        if (l->modes[i] > ORTCPU_TREE_MEMBER) return wrong(node, "a node's mode is not known", l->modes[i]);
        out->modes[i] = l->modes[i];
        out->splits[i] = l->splits[i];
        out->nan_true[i] = l->missing_count && l->missing[i] != 0;
        status = feature_put(node, out, i, l->features[i]);
        for (uint32_t k = 0; !status && k < 2; k++) status = placed_kid(node, l, i, k, &next_leaf, out);
        if (!status && l->modes[i] == ORTCPU_TREE_MEMBER) status = set_take(node, l, &member, &out->sets[i]);
        if (status) return status;
        equality_to_set(out, i);
    }
    out->count = next_leaf;
    out->first_votes[next_leaf] = next_leaf - (uint32_t)l->count;
    for (int64_t i = 0; i < l->root_count; i++) {
        if (l->roots[i] < 0 || l->roots[i] >= l->count) return wrong(node, "a root that is not there", l->roots[i]);
        out->roots[out->root_count++] = (uint32_t)l->roots[i];
    }
    return NULL;
}

ort_status *ortcpu_trees_read_placed(ortk_compiler *compiler, const ortk_node *node, ortcpu_tree_nodes *out) {
    placed_lists lists = {0};
    ort_status *status = placed_read(compiler, node, &lists);
    if (!status && (lists.count == 0 || lists.root_count > lists.count))
        status = wrong(node, "a number of nodes that can't be", lists.count);
    if (!status) status = nodes_alloc(compiler, (uint32_t)(3 * lists.count), (uint32_t)(2 * lists.count), out);
    return status ? status : placed_fill(node, &lists, out);
}
