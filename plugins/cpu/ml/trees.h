/* cpu/ml/trees.h: an ensemble of trees, compiled: nodes in one array, in the order of a walk from the root down.
 *
 * Every comparison of order becomes "x <= split ? kids[0] : kids[1]" with a bit that says where NaN goes; x < v is
 * x <= the number before v. Leaves stand behind the nodes and are their own kids, so that several walks go on
 * together until all have arrived. */
#ifndef ORTCPU_ML_TREES_H
#define ORTCPU_ML_TREES_H

#include "ml/rows.h"

#define ORTCPU_TREE_LANES 8
#define ORTCPU_NAN_TRUE   0x80000000u /* in `feature`: NaN goes to kids[0] */

/* One comparison as the model has it. */
typedef enum ortcpu_tree_mode {
    ORTCPU_TREE_LEQ,
    ORTCPU_TREE_LT,
    ORTCPU_TREE_GTE,
    ORTCPU_TREE_GT,
    ORTCPU_TREE_EQ,
    ORTCPU_TREE_NEQ,
    ORTCPU_TREE_MEMBER,
    ORTCPU_TREE_LEAF
} ortcpu_tree_mode;

typedef struct ortcpu_node_f32 {
    float split;
    uint32_t feature, kids[2];
} ortcpu_node_f32;

typedef struct ortcpu_node_f64 {
    double split;
    uint32_t feature, kids[2], unused;
} ortcpu_node_f64;

/* What a node of another kind than order looks at: equal to one of `members`, or to none. */
typedef struct ortcpu_tree_set {
    const double *members;
    uint32_t count;
    bool is_negated;
} ortcpu_tree_set;

typedef struct ortcpu_vote {
    uint32_t target;
    float weight;
    double exact; /* the same weight in double */
} ortcpu_vote;

typedef enum ortcpu_tree_sum { ORTCPU_TREE_AVERAGE, ORTCPU_TREE_SUM, ORTCPU_TREE_MIN, ORTCPU_TREE_MAX } ortcpu_tree_sum;

typedef struct ortcpu_trees {
    ortcpu_node_f32 *f32; /* one of the two: by the type of the input */
    ortcpu_node_f64 *f64;
    const ortcpu_tree_set *sets; /* by node; NULL: every node compares order */
    uint32_t node_count, leaf_count, tree_count;
    const uint32_t *roots;
    const uint32_t *first_votes; /* by leaf, and one more */
    const ortcpu_vote *votes;
    bool has_plain_votes;  /* one for each leaf, and they are added */
    int64_t feature_count; /* one more than the largest feature that is looked at */
    int64_t targets;
    const double *base; /* by target; NULL: 0 */
    ortcpu_tree_sum sum;
    ortcpu_post post;
} ortcpu_trees;

/* ---- trees_read.c: from the attributes, in either form, to nodes as the model has them ---- */
typedef struct ortcpu_tree_nodes {
    uint32_t count;
    uint8_t *modes;
    uint32_t *features;
    double *splits;
    uint32_t *kids[2]; /* indices of nodes; leaves are nodes */
    bool *nan_true;
    ortcpu_tree_set *sets;
    uint32_t *roots, root_count;
    uint32_t *first_votes; /* by node, and one more: votes of leaves */
    ortcpu_vote *votes;
} ortcpu_tree_nodes;
/* TreeEnsembleClassifier and -Regressor: nodes named by (tree, id), votes by the same names. */
ort_status *ortcpu_trees_read_named(ortk_compiler *compiler, const ortk_node *node, ortcpu_tree_nodes *out);
/* TreeEnsemble-5: nodes and leaves named by their places. */
ort_status *ortcpu_trees_read_placed(ortk_compiler *compiler, const ortk_node *node, ortcpu_tree_nodes *out);

/* ---- trees_build.c ---- */
/* Checks that they are trees (no node is reached twice, none but the leaves ends) and lays them out. */
ort_status *ortcpu_trees_build(ortk_compiler *compiler, const ortk_node *node, const ortcpu_tree_nodes *nodes,
                               ortcpu_trees *out);

#endif
