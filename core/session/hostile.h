/* session/hostile.h: models from a line of text, and a session of the CPU provider on them, for the hostile tests. */
#ifndef ORT_CORE_SESSION_HOSTILE_H
#define ORT_CORE_SESSION_HOSTILE_H

#include "session/tiny_model.h"
#include "testing/test.h"

#include <stdlib.h>

/* ---- models from a line of text ----
 * "Op{attr=1,list=2|3} in,in > out,out; i64 name 1,2; f32 name 2x3": nodes, and constants: int64 in one dimension, or
 * float32 ones of a shape. An empty input is written as "-". */

static inline void put_ints(tiny_bytes *out, unsigned field, char *words, const char *separators) {
    char *save = NULL;
    for (char *word = strtok_r(words, separators, &save); word; word = strtok_r(NULL, separators, &save))
        tiny_int(out, field, (uint64_t)strtoll(word, NULL, 10));
}

/* name=5, name=1|2|, name='word' or name=0.5f */
static inline void put_attribute(tiny_bytes *node, char *text) {
    tiny_bytes attribute = {.length = 0};
    char *value = strchr(text, '=');
    *value++ = 0;
    size_t length = strlen(value);
    tiny_text(&attribute, 1, text);
    if (value[0] == '\'') {
        tiny_field(&attribute, 4, value + 1, length - 2);
        tiny_int(&attribute, 20, 3);
    } else if (value[length - 1] == 'f') {
        float number = strtof(value, NULL);
        tiny_varint(&attribute, 2 << 3 | 5);
        memcpy(attribute.data + attribute.length, &number, 4);
        attribute.length += 4;
        tiny_int(&attribute, 20, 1);
    } else if (strchr(value, '|')) {
        put_ints(&attribute, 8, value, "|");
        tiny_int(&attribute, 20, 7);
    } else {
        put_ints(&attribute, 3, value, "");
        tiny_int(&attribute, 20, 2);
    }
    tiny_part(node, 5, &attribute);
}

static inline void put_constant(tiny_bytes *graph, int dtype, const char *name, char *values) {
    tiny_bytes tensor = {.length = 0}, data = {.length = 0};
    int64_t count = 1;
    char *save = NULL;
    for (char *word = strtok_r(values, dtype == 7 ? "," : "x", &save); word;
         word = strtok_r(NULL, dtype == 7 ? "," : "x", &save)) {
        int64_t number = strtoll(word, NULL, 10);
        if (dtype == 1) {
            tiny_int(&tensor, 1, (uint64_t)number);
            count *= number;
        } else {
            memcpy(data.data + data.length, &number, 8);
            data.length += 8;
        }
    }
    if (dtype == 7) tiny_int(&tensor, 1, data.length / 8);
    for (const float one = 1; dtype == 1 && count--; data.length += 4) memcpy(data.data + data.length, &one, 4);
    tiny_int(&tensor, 2, (uint64_t)dtype);
    tiny_text(&tensor, 8, name);
    tiny_field(&tensor, 9, data.data, data.length);
    tiny_part(graph, 5, &tensor);
}

static inline void put_names(tiny_bytes *node, unsigned field, char *names) {
    char *save = NULL;
    for (char *name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save))
        tiny_text(node, field, strcmp(name, "-") == 0 ? "" : name);
}

static inline void put_node(tiny_bytes *graph, char *op, char *inputs, char *outputs) {
    tiny_bytes node = {.length = 0};
    char *attributes = strchr(op, '{'), *save = NULL, *dot;
    if (attributes) *attributes++ = 0;
    put_names(&node, 1, inputs);
    put_names(&node, 2, outputs);
    tiny_text(&node, 3, "the node");
    if ((dot = strrchr(op, '.'))) {
        *dot = 0;
        tiny_text(&node, 7, op);
        op = dot + 1;
    }
    tiny_text(&node, 4, op);
    if (attributes) attributes[strlen(attributes) - 1] = 0;
    for (char *one = attributes ? strtok_r(attributes, ",", &save) : NULL; one; one = strtok_r(NULL, ",", &save))
        put_attribute(&node, one);
    tiny_part(graph, 1, &node);
}

/* A value of `dtype`; shape "n,3": symbols and sizes, "": a scalar, NULL: not said. */
static inline void put_value(tiny_bytes *graph, unsigned field, const char *name, int dtype, const char *shape) {
    tiny_bytes dims = {.length = 0}, tensor = dims, type = dims, value = dims;
    char words[64], *save = NULL;
    snprintf(words, sizeof words, "%s", shape ? shape : "");
    for (char *word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        tiny_bytes dim = {.length = 0};
        char *end = NULL;
        long long number = strtoll(word, &end, 10);
        if (*end)
            tiny_text(&dim, 2, word);
        else
            tiny_int(&dim, 1, (uint64_t)number);
        tiny_part(&dims, 1, &dim);
    }
    tiny_int(&tensor, 1, (uint64_t)dtype);
    if (shape) tiny_part(&tensor, 2, &dims);
    tiny_part(&type, 1, &tensor);
    tiny_text(&value, 1, name);
    tiny_part(&value, 2, &type);
    tiny_part(graph, field, &value);
}

/* One input x of the type and shape, one output y. */
static inline void make_model(tiny_bytes *model, const char *text, int dtype, const char *shape, int output_dtype) {
    tiny_bytes graph = {.length = 0}, opset = graph;
    char words[512], *save = NULL;
    CHECK(strlen(text) < sizeof words);
    memset(model, 0, sizeof *model);
    snprintf(words, sizeof words, "%s", text);
    for (char *part = strtok_r(words, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
        char first[128], second[256], third[256];
        if (sscanf(part, " i64 %127s %255s", first, second) == 2) {
            put_constant(&graph, 7, first, second);
        } else if (sscanf(part, " f32 %127s %255s", first, second) == 2) {
            put_constant(&graph, 1, first, second);
        } else {
            CHECK(sscanf(part, " %127s %255s > %255s", first, second, third) == 3, "'%s'", part);
            put_node(&graph, first, second, third);
        }
    }
    tiny_text(&graph, 2, "hostile");
    put_value(&graph, 11, "x", dtype, shape);
    put_value(&graph, 12, "y", output_dtype, NULL);
    tiny_int(model, 1, 8);
    tiny_part(model, 7, &graph);
    tiny_int(&opset, 2, 18);
    tiny_part(model, 8, &opset);
}

static inline void make_declared(tiny_bytes *model, const char *text, const char *declared) {
    make_model(model, text, strncmp(declared, "i64", 3) == 0 ? 7 : 1, declared + 4, 1);
}

/* A tensor from "f32 2,3": every element has the value. */
static inline ort_tensor *make_tensor(const char *given, float value) {
    int64_t dims[8];
    uint32_t rank = 0;
    ort_tensor *tensor = NULL;
    ort_dtype dtype = *given == 'f' ? ORT_DTYPE_F32 : given[1] == '6' ? ORT_DTYPE_I64 : ORT_DTYPE_I32;
    for (const char *at = given + 3; *at && at[1];) dims[rank++] = strtoll(at + 1, (char **)&at, 10);
    CHECK_OK(ort_tensor_create(dtype, dims, rank, &tensor));
    for (int64_t i = 0; i < ort_tensor_element_count(tensor); i++) {
        if (dtype == ORT_DTYPE_F32) ((float *)ort_tensor_data(tensor))[i] = value;
        if (dtype == ORT_DTYPE_I64) ((int64_t *)ort_tensor_data(tensor))[i] = (int64_t)value;
    }
    return tensor;
}

/* ---- the house: the CPU provider alone, on one thread ---- */

typedef struct house {
    ort_options *options;
    ort_environment *environment;
    ort_model *model;
    ort_session *session;
} house;

static inline house house_create(void) {
    house h = {0};
    CHECK_OK(ort_options_create(&h.options));
    CHECK_OK(ort_options_parse(h.options, "{\"threads\": {\"per_lane\": 1}, \"providers\": [\"cpu\"],"
                                          " \"plugins\": {\"path\": [\"" TEST_PLUGINS "\"]}}"));
    CHECK_OK(ort_environment_create(h.options, NULL, NULL, &h.environment));
    return h;
}

static inline void house_empty(house *h) {
    ort_session_destroy(h->session);
    ort_model_destroy(h->model);
    h->session = NULL;
    h->model = NULL;
}

static inline void house_destroy(house *h) {
    house_empty(h);
    ort_environment_destroy(h->environment);
    ort_options_destroy(h->options);
}

static inline ort_status *house_open(house *h, const tiny_bytes *bytes) {
    ort_status *status = ort_model_load_bytes(h->environment, bytes->data, bytes->length, NULL, h->options, &h->model);
    CHECK((status == NULL) == (h->model != NULL));
    if (status) return status;
    status = ort_session_create(h->environment, h->model, h->options, &h->session);
    CHECK((status == NULL) == (h->session != NULL));
    return status;
}

static inline void check_status(const char *name, ort_status *status, ort_code code, const char *says) {
    CHECK(ort_status_code(status) == code, "'%s': code %u: %s", name, ort_status_code(status),
          ort_status_message(status));
    CHECK(strstr(ort_status_message(status), says) != NULL, "'%s': '%s' lacks '%s'", name, ort_status_message(status),
          says);
    ort_status_destroy(status);
}

#endif
