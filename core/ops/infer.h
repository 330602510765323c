/* ops/infer.h: the machine behind inference. Inside this room only.
 *
 * One code path serves both passes. It works on orti_dim: in the symbolic pass over the graph's pool, in the plan pass
 * over numbers (a private pool holds negative ones). A state is what is known of a value; contents of small values are
 * cells of eight bytes: orti_dim for integers and bool (ORTI_DIM_INVALID: this element is not known), double for
 * floats. */
#ifndef ORT_CORE_OPS_INFER_H
#define ORT_CORE_OPS_INFER_H

#include "ops/ops.h"

typedef union orti_cell {
    orti_dim dim;
    double number;
} orti_cell;

/* A cell is a number: of strings and complex numbers nothing is known, nor of 16-bit floats, whose arithmetic is the
 * providers' alone. */
bool orti_has_cells(ort_dtype dtype);

typedef struct orti_state {
    ort_dtype dtype;
    bool has_shape, is_set;
    uint32_t rank;
    orti_dim *dims;
    orti_cell *cells; /* NULL: contents not known; else count cells */
    uint32_t count;
} orti_state;

typedef struct orti_engine {
    orti_graph *graph;
    orti_dim_pool *pool;
    orti_arena *arena;
    orti_state *states; /* by value id */
    bool is_plan;       /* numbers: unknown sizes stay ORTI_DIM_INVALID instead of becoming fresh symbols */
} orti_engine;

/* One node's inference. The first failure stays in `status`; the helpers then do nothing. */
typedef struct orti_infer {
    orti_engine *engine;
    const orti_node *node;
    ort_status *status;
} orti_infer;

typedef void (*orti_infer_fn)(orti_infer *infer);

#define ORTI_MEANING_KNOWABLE 1u /* its output's contents follow from its inputs' contents */
#define ORTI_MEANING_SHAPES   2u /* ... from its inputs' shapes alone: Shape, Size */
#define ORTI_MEANING_TOLD     4u /* the sizes of its outputs are known once it has run: NonZero */
#define ORTI_MEANING_CORE     8u /* the core runs it itself, on whole values: If, Loop */

typedef struct orti_meaning {
    const char *domain, *name;
    orti_infer_fn infer;
    uint32_t flags;
    uint32_t contents_mask; /* inputs whose contents the output's shape depends on: bit i for input i */
} orti_meaning;

extern const orti_meaning orti_meanings[];
extern const uint32_t orti_meaning_count;
const orti_meaning *orti_meaning_find(const char *domain, const char *name);
/* The meaning of a node in its operator's newest form; NULL for one not raised yet, whose inputs mean something else.
 */
const orti_meaning *orti_meaning_of(const orti_node *node);

/* ---- inputs and outputs ---- */
/* NULL when left out. */
const orti_state *orti_in(orti_infer *infer, uint32_t index);
/* NULL when left out, or when its shape is not known. */
const orti_state *orti_in_shaped(orti_infer *infer, uint32_t index);
/* Contents, complete or partial; NULL when not known. Loads small constants. */
const orti_cell *orti_in_cells(orti_infer *infer, uint32_t index, uint32_t *out_count);
/* Contents as integers, all of them numbers; false when not known. At most `capacity`. */
bool orti_in_ints(orti_infer *infer, uint32_t index, int64_t *out, uint32_t capacity, uint32_t *out_count);
orti_state *orti_result(orti_infer *infer, uint32_t index); /* NULL when left out */
void orti_set_dtype(orti_infer *infer, uint32_t index, ort_dtype dtype);
/* Sets the shape of output `index`; copies dims. ORTI_DIM_INVALID among them becomes a fresh symbol. */
void orti_set_dims(orti_infer *infer, uint32_t index, const orti_dim *dims, uint32_t rank);
/* Room for `count` cells of output `index`; NULL when over ORTI_KNOWN_MAX or after a failure. */
orti_cell *orti_set_cells(orti_infer *infer, uint32_t index, uint32_t count);
/* Element count of a state when all its dims are numbers; -1 else. */
int64_t orti_state_count(const orti_engine *engine, const orti_state *state);

/* ---- dimensions: ORTI_DIM_INVALID in, ORTI_DIM_INVALID out ---- */
typedef ort_status *(*orti_dim_fn)(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
orti_dim orti_dims_op(orti_infer *infer, orti_dim_fn fn, orti_dim a, orti_dim b);
orti_dim orti_dim_number(orti_infer *infer, int64_t number);
bool orti_dim_is_number(const orti_infer *infer, orti_dim dim, int64_t *out);
orti_dim orti_dims_product(orti_infer *infer, const orti_dim *dims, uint32_t count);
orti_dim orti_dim_fresh(orti_infer *infer);
/* Normalises an axis; false and a failure when it is out of range. */
bool orti_axis(orti_infer *infer, int64_t axis, uint32_t rank, uint32_t *out);
/* The ONNX broadcast of two shapes into `out` (capacity ORTI_RANK_MAX); false after a failure. */
bool orti_broadcast(orti_infer *infer, const orti_dim *a, uint32_t a_rank, const orti_dim *b, uint32_t b_rank,
                    orti_dim *out, uint32_t *out_rank);

/* Fails naming the node and operator. */
void orti_infer_fail(orti_infer *infer, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The element type of the tensors in input `index`, a sequence; ORT_DTYPE_NONE when it is none, or not known. */
ort_dtype orti_in_element_dtype(orti_infer *infer, uint32_t index);
/* Output `index` is a sequence of tensors of that type. */
void orti_set_sequence(orti_infer *infer, uint32_t index, ort_dtype dtype);

/* Runs inference on every node of the graph in order. */
ort_status *orti_engine_run(orti_engine *engine);

/* What the table names, by the file they live in. */
void orti_infer_same(orti_infer *infer); /* elementwise.c */
void orti_infer_same_along(orti_infer *infer);
void orti_infer_unary_known(orti_infer *infer);
void orti_infer_binary(orti_infer *infer);
void orti_infer_compare(orti_infer *infer);
void orti_infer_variadic(orti_infer *infer);
void orti_infer_where(orti_infer *infer);
void orti_infer_cast(orti_infer *infer);
void orti_infer_cast_like(orti_infer *infer);
void orti_infer_identity(orti_infer *infer); /* moves.c */
void orti_infer_shape(orti_infer *infer);
void orti_infer_size(orti_infer *infer);
void orti_infer_reshape(orti_infer *infer);
void orti_infer_flatten(orti_infer *infer);
void orti_infer_squeeze(orti_infer *infer);
void orti_infer_unsqueeze(orti_infer *infer);
void orti_infer_transpose(orti_infer *infer);
void orti_infer_concat(orti_infer *infer);
void orti_infer_split(orti_infer *infer);
void orti_infer_slice(orti_infer *infer);
void orti_infer_gather(orti_infer *infer);
void orti_infer_gather_elements(orti_infer *infer);
void orti_infer_scatter_elements(orti_infer *infer);
void orti_infer_scatter_nd(orti_infer *infer);
void orti_infer_expand(orti_infer *infer);
void orti_infer_tile(orti_infer *infer);
void orti_infer_pad(orti_infer *infer);
void orti_infer_range(orti_infer *infer);
void orti_infer_constant_of_shape(orti_infer *infer);
void orti_infer_one_hot(orti_infer *infer);
void orti_infer_depth_to_space(orti_infer *infer);
void orti_infer_space_to_depth(orti_infer *infer);
void orti_infer_conv(orti_infer *infer); /* networks.c */
void orti_infer_conv_transpose(orti_infer *infer);
void orti_infer_pool(orti_infer *infer);
void orti_infer_max_unpool(orti_infer *infer);
void orti_infer_global_pool(orti_infer *infer);
void orti_infer_matmul(orti_infer *infer);
void orti_infer_gemm(orti_infer *infer);
void orti_infer_resize(orti_infer *infer);
void orti_infer_quantized_conv(orti_infer *infer);   /* the weight is input 3 */
void orti_infer_quantized_matmul(orti_infer *infer); /* the right side is input 3 */
void orti_infer_reduce(orti_infer *infer);
void orti_infer_arg(orti_infer *infer);
void orti_infer_batch_norm(orti_infer *infer);
void orti_infer_if(orti_infer *infer); /* control.c */
void orti_infer_loop(orti_infer *infer);
void orti_infer_scan(orti_infer *infer);
void orti_infer_layer_norm(orti_infer *infer);
void orti_infer_attention(orti_infer *infer); /* attention.c */
void orti_infer_projected_attention(orti_infer *infer);
void orti_infer_multi_head_attention(orti_infer *infer);
void orti_infer_embed_norm(orti_infer *infer);
void orti_infer_skip_norm(orti_infer *infer);
void orti_infer_fused_matmul(orti_infer *infer); /* networks.c */
void orti_infer_non_zero(orti_infer *infer);     /* chosen.c */
void orti_infer_compress(orti_infer *infer);
void orti_infer_unique(orti_infer *infer);
void orti_infer_non_max_suppression(orti_infer *infer);
void orti_infer_quantize(orti_infer *infer); /* quantize.c */
void orti_infer_dequantize(orti_infer *infer);
void orti_infer_dynamic_quantize(orti_infer *infer);
void orti_infer_recurrent(orti_infer *infer); /* recurrent.c */
void orti_infer_top_k(orti_infer *infer);     /* shaping.c */
void orti_infer_gather_nd(orti_infer *infer);
void orti_infer_einsum(orti_infer *infer); /* einsum.c */
void orti_infer_eye_like(orti_infer *infer);
void orti_infer_window(orti_infer *infer);
void orti_infer_loss(orti_infer *infer);
void orti_infer_dft(orti_infer *infer);
void orti_infer_stft(orti_infer *infer);
void orti_infer_det(orti_infer *infer);
void orti_infer_dropout(orti_infer *infer);
void orti_infer_grid_sample(orti_infer *infer);
void orti_infer_roi_align(orti_infer *infer);
void orti_infer_array_feature_extractor(orti_infer *infer); /* features.c */
void orti_infer_feature_vectorizer(orti_infer *infer);
void orti_infer_one_hot_encoder(orti_infer *infer);
void orti_infer_label_encoder(orti_infer *infer);
void orti_infer_category_mapper(orti_infer *infer);
void orti_infer_linear_classifier(orti_infer *infer);
void orti_infer_linear_regressor(orti_infer *infer);
void orti_infer_svm_classifier(orti_infer *infer);
void orti_infer_svm_regressor(orti_infer *infer);
void orti_infer_tree_classifier(orti_infer *infer);
void orti_infer_tree_regressor(orti_infer *infer);
void orti_infer_string_normalizer(orti_infer *infer); /* strings.c */
void orti_infer_string_split(orti_infer *infer);
void orti_infer_tokenizer(orti_infer *infer);
void orti_infer_tfidf_vectorizer(orti_infer *infer);
void orti_infer_sequence_empty(orti_infer *infer); /* sequences.c */
void orti_infer_sequence_construct(orti_infer *infer);
void orti_infer_sequence_same(orti_infer *infer);
void orti_infer_sequence_at(orti_infer *infer);
void orti_infer_sequence_length(orti_infer *infer);
void orti_infer_optional(orti_infer *infer);
void orti_infer_optional_get_element(orti_infer *infer);
void orti_infer_optional_has_element(orti_infer *infer);
void orti_infer_sequence_map(orti_infer *infer); /* control.c */
void orti_infer_zip_map(orti_infer *infer);
void orti_infer_dict_vectorizer(orti_infer *infer);
void orti_infer_cast_map(orti_infer *infer);

#endif
