/* session/tiny_model.h: ONNX bytes of a chain of unary float operators, for tests. */
#ifndef ORT_CORE_SESSION_TINY_MODEL_H
#define ORT_CORE_SESSION_TINY_MODEL_H

#include "ort/ort.h"

#include <stdio.h>
#include <string.h>

typedef struct tiny_bytes {
    unsigned char data[8192];
    size_t length;
} tiny_bytes;

static inline void tiny_varint(tiny_bytes *out, uint64_t value) {
    for (; value >= 128; value >>= 7) out->data[out->length++] = (unsigned char)(value | 128);
    out->data[out->length++] = (unsigned char)value;
}
static inline void tiny_int(tiny_bytes *out, unsigned field, uint64_t value) {
    tiny_varint(out, field << 3);
    tiny_varint(out, value);
}
static inline void tiny_field(tiny_bytes *out, unsigned field, const void *data, size_t length) {
    tiny_varint(out, field << 3 | 2);
    tiny_varint(out, length);
    memcpy(out->data + out->length, data, length);
    out->length += length;
}
static inline void tiny_text(tiny_bytes *out, unsigned field, const char *text) {
    tiny_field(out, field, text, strlen(text));
}
static inline void tiny_part(tiny_bytes *out, unsigned field, const tiny_bytes *part) {
    tiny_field(out, field, part->data, part->length);
}

/* ValueInfoProto of float[dim_param or 4]. */
static inline void tiny_value(tiny_bytes *graph, unsigned field, const char *name, const char *symbol) {
    tiny_bytes dim = {.length = 0}, shape = dim, tensor = dim, type = dim, value = dim;
    if (symbol)
        tiny_text(&dim, 2, symbol);
    else
        tiny_int(&dim, 1, 4);
    tiny_part(&shape, 1, &dim);
    tiny_int(&tensor, 1, 1);
    tiny_part(&tensor, 2, &shape);
    tiny_part(&type, 1, &tensor);
    tiny_text(&value, 1, name);
    tiny_part(&value, 2, &type);
    tiny_part(graph, field, &value);
}

/* x -> ops[0] -> ... -> y as NodeProtos in field `field`, one for each word of `ops`; "Call" is a function's. */
static inline void tiny_chain(tiny_bytes *graph, unsigned field, const char *ops) {
    char from[16] = "x", to[16], op[16];
    for (int i = 0, used = 0; sscanf(ops, "%15s%n", op, &used) == 1; i++) {
        tiny_bytes node = {.length = 0};
        char name[16];
        ops += used;
        while (*ops == ' ') ops++;
        snprintf(to, sizeof to, *ops ? "t%d" : "y", i);
        snprintf(name, sizeof name, "n%d", i);
        tiny_text(&node, 1, from);
        tiny_text(&node, 2, to);
        tiny_text(&node, 3, name);
        tiny_text(&node, 4, op);
        if (strcmp(op, "Call") == 0) tiny_text(&node, 7, "test");
        tiny_part(graph, field, &node);
        memcpy(from, to, sizeof from);
    }
}

/* Imports of ai.onnx and of the functions' domain. */
static inline void tiny_imports(tiny_bytes *out, unsigned field) {
    tiny_bytes onnx = {.length = 0}, own = onnx;
    tiny_int(&onnx, 2, 21);
    tiny_part(out, field, &onnx);
    tiny_text(&own, 1, "test");
    tiny_int(&own, 2, 1);
    tiny_part(out, field, &own);
}

/* Adds the function "Call" to a model: the chain `ops` from x to y. */
static inline void tiny_function(tiny_bytes *model, const char *ops) {
    tiny_bytes function = {.length = 0};
    tiny_text(&function, 1, "Call");
    tiny_text(&function, 4, "x");
    tiny_text(&function, 5, "y");
    tiny_chain(&function, 7, ops);
    tiny_imports(&function, 9);
    tiny_text(&function, 10, "test");
    tiny_part(model, 25, &function);
}

/* A model of one chain; symbol NULL: float[4]. */
static inline void tiny_model_make(tiny_bytes *model, const char *ops, const char *symbol) {
    tiny_bytes graph = {.length = 0};
    memset(model, 0, sizeof *model);
    tiny_chain(&graph, 1, ops);
    tiny_text(&graph, 2, "tiny");
    tiny_value(&graph, 11, "x", symbol);
    tiny_value(&graph, 12, "y", symbol);
    tiny_int(model, 1, 8);
    tiny_part(model, 7, &graph);
    tiny_imports(model, 8);
}

#endif
