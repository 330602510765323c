/* Inference of operators on sequences, optionals and maps. What a value holds is told by its type in ONNX's words
 * ("seq(tensor(float))"); a plan never sees one. */
#include "ops/infer.h"

#include <stdio.h>
#include <string.h>

static const orti_value *in_value(const orti_infer *infer, uint32_t index) {
    if (index >= infer->node->input_count || infer->node->inputs[index] == ORTI_NONE) return NULL;
    return orti_graph_value(infer->engine->graph, infer->node->inputs[index]);
}

/* ONNX's own words: numpy's but for two. */
static const char *element_word(ort_dtype dtype) {
    return dtype == ORT_DTYPE_F32 ? "float" : dtype == ORT_DTYPE_F64 ? "double" : orti_dtype_name(dtype);
}

static ort_dtype element_dtype(const char *word) {
    if (strcmp(word, "float") == 0) return ORT_DTYPE_F32;
    return strcmp(word, "double") == 0 ? ORT_DTYPE_F64 : orti_dtype_from_name(word);
}

/* The words for what a value is; false when that is not known. */
static bool value_words(orti_infer *infer, uint32_t index, char *out, size_t capacity) {
    const orti_value *value = in_value(infer, index);
    const orti_state *state = orti_in(infer, index);
    if (!value) return false;
    if (value->type != ORTI_TYPE_TENSOR) {
        snprintf(out, capacity, "%s", value->type_text ? value->type_text : "");
        return value->type_text && strlen(value->type_text) < capacity;
    }
    if (!state || state->dtype == ORT_DTYPE_NONE) return false;
    snprintf(out, capacity, "tensor(%s)", element_word(state->dtype));
    return true;
}

static orti_value_type words_type(const char *words) {
    if (strncmp(words, "seq(", 4) == 0) return ORTI_TYPE_SEQUENCE;
    if (strncmp(words, "optional(", 9) == 0) return ORTI_TYPE_OPTIONAL;
    return strncmp(words, "map(", 4) == 0 ? ORTI_TYPE_MAP : ORTI_TYPE_TENSOR;
}

/* Output `index` is what the words say. A type that the model declares stays. */
static void set_words(orti_infer *infer, uint32_t index, const char *words) {
    orti_graph *graph = infer->engine->graph;
    char element[32];
    if (infer->status || infer->engine->is_plan || !orti_result(infer, index)) return;
    orti_value *value = orti_graph_value(graph, infer->node->outputs[index]);
    if (words_type(words) != ORTI_TYPE_TENSOR) {
        if (value->type != ORTI_TYPE_TENSOR) return;
        value->type = words_type(words);
        infer->status = orti_arena_string(orti_graph_arena(graph), words, strlen(words), &value->type_text);
    } else if (sscanf(words, "tensor(%31[a-z0-9_]", element) == 1) {
        orti_set_dtype(infer, index, element_dtype(element));
    }
}

/* "seq(X)" or "optional(X)" of what input `input` is. */
static void wrap(orti_infer *infer, uint32_t input, const char *word) {
    char inner[192], words[224];
    if (!value_words(infer, input, inner, sizeof inner)) return;
    snprintf(words, sizeof words, "%s(%s)", word, inner);
    set_words(infer, 0, words);
}

/* What input 0, of the type `word`, holds. */
static void unwrap(orti_infer *infer, const char *word) {
    char words[192];
    size_t length = strlen(word);
    if (!value_words(infer, 0, words, sizeof words)) return;
    if (strncmp(words, word, length) != 0 || words[length] != '(') {
        set_words(infer, 0, words);
        return;
    }
    words[strlen(words) - 1] = 0;
    set_words(infer, 0, words + length + 1);
}

static void single(orti_infer *infer, ort_dtype dtype) {
    orti_set_dtype(infer, 0, dtype);
    orti_set_dims(infer, 0, NULL, 0);
}

ort_dtype orti_in_element_dtype(orti_infer *infer, uint32_t index) {
    char words[192], element[32];
    if (!value_words(infer, index, words, sizeof words)) return ORT_DTYPE_NONE;
    return sscanf(words, "seq(tensor(%31[a-z0-9_]", element) == 1 ? element_dtype(element) : ORT_DTYPE_NONE;
}

void orti_set_sequence(orti_infer *infer, uint32_t index, ort_dtype dtype) {
    char words[64];
    snprintf(words, sizeof words, "seq(tensor(%s))", element_word(dtype));
    set_words(infer, index, words);
}

void orti_infer_sequence_empty(orti_infer *infer) {
    int64_t dtype = orti_node_attr_int(infer->node, "dtype", ORT_DTYPE_F32);
    if (dtype <= 0 || dtype >= (int64_t)ORT_DTYPE_COUNT) {
        orti_infer_fail(infer, "attribute 'dtype' is %lld", (long long)dtype);
        return;
    }
    orti_set_sequence(infer, 0, (ort_dtype)dtype);
}

void orti_infer_sequence_construct(orti_infer *infer) {
    wrap(infer, 0, "seq");
}

void orti_infer_sequence_same(orti_infer *infer) {
    const orti_value *value = in_value(infer, 0);
    if (value && value->type != ORTI_TYPE_TENSOR && value->type_text) set_words(infer, 0, value->type_text);
}

void orti_infer_sequence_at(orti_infer *infer) {
    unwrap(infer, "seq");
}

void orti_infer_sequence_length(orti_infer *infer) {
    single(infer, ORT_DTYPE_I64);
}

void orti_infer_optional(orti_infer *infer) {
    char words[224];
    const orti_attr *type = orti_node_attr(infer->node, "type");
    if (in_value(infer, 0)) {
        wrap(infer, 0, "optional");
    } else if (type && type->text) {
        snprintf(words, sizeof words, "optional(%s)", type->text);
        set_words(infer, 0, words);
    } else {
        orti_infer_fail(infer, "has neither an input nor the attribute 'type'");
    }
}

void orti_infer_optional_get_element(orti_infer *infer) {
    const orti_value *value = in_value(infer, 0);
    const orti_state *state = orti_in_shaped(infer, 0);
    unwrap(infer, "optional");
    if (value && value->type == ORTI_TYPE_TENSOR && state) orti_set_dims(infer, 0, state->dims, state->rank);
}

void orti_infer_optional_has_element(orti_infer *infer) {
    single(infer, ORT_DTYPE_BOOL);
}

void orti_infer_zip_map(orti_infer *infer) {
    bool has_names = orti_node_attr(infer->node, "classlabels_strings") != NULL;
    set_words(infer, 0, has_names ? "seq(map(string, tensor(float)))" : "seq(map(int64, tensor(float)))");
}

/* [1, n], n being the vocabulary's words; of the type of the map's values. */
void orti_infer_dict_vectorizer(orti_infer *infer) {
    const orti_attr *words = orti_node_attr(infer->node, "string_vocabulary");
    char type[192], element[32];
    if (!words) words = orti_node_attr(infer->node, "int64_vocabulary");
    if (value_words(infer, 0, type, sizeof type) && sscanf(type, "map(%*[a-z0-9], tensor(%31[a-z0-9_]", element) == 1)
        orti_set_dtype(infer, 0, element_dtype(element));
    if (words) orti_set_dims(infer, 0, (const orti_dim[]){1, words->count}, 2);
}

void orti_infer_cast_map(orti_infer *infer) {
    const char *to = orti_node_attr_string(infer->node, "cast_to", "TO_FLOAT");
    bool is_dense = strcmp(orti_node_attr_string(infer->node, "map_form", "DENSE"), "DENSE") == 0;
    orti_set_dtype(infer, 0,
                   strcmp(to, "TO_STRING") == 0  ? ORT_DTYPE_STRING
                   : strcmp(to, "TO_INT64") == 0 ? ORT_DTYPE_I64
                                                 : ORT_DTYPE_F32);
    orti_set_dims(infer, 0,
                  (const orti_dim[]){1, is_dense ? ORTI_DIM_INVALID : orti_node_attr_int(infer->node, "max_map", 1)},
                  2);
}
