/* common/onnx_writer.h: writes small ONNX models into memory, for benchmarks: nodes in a row, float32 initializers, one
 * input and one output; a dimension below zero is the symbol N. Header only; the caller frees `data`. */
#ifndef ORT_TOOLS_ONNX_WRITER_H
#define ORT_TOOLS_ONNX_WRITER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct onnx_bytes {
    uint8_t *data;
    size_t size, capacity;
} onnx_bytes;

static inline void onnx_put(onnx_bytes *out, const void *data, size_t size) {
    if (out->size + size > out->capacity) {
        out->capacity = (out->size + size) * 2;
        out->data = realloc(out->data, out->capacity);
        if (!out->data) abort();
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static inline void onnx_varint(onnx_bytes *out, uint64_t number) {
    do {
        uint8_t byte = (uint8_t)((number & 127) | (number > 127 ? 128 : 0));
        onnx_put(out, &byte, 1);
        number >>= 7;
    } while (number);
}

/* A field of wire type 0 (a number) or 2 (bytes). */
static inline void onnx_number(onnx_bytes *out, uint32_t field, uint64_t number) {
    onnx_varint(out, field << 3);
    onnx_varint(out, number);
}
static inline void onnx_field(onnx_bytes *out, uint32_t field, const void *data, size_t size) {
    onnx_varint(out, field << 3 | 2);
    onnx_varint(out, size);
    onnx_put(out, data, size);
}
static inline void onnx_text(onnx_bytes *out, uint32_t field, const char *text) {
    onnx_field(out, field, text, strlen(text));
}
/* Adds `part` as a field and frees it. */
static inline void onnx_message(onnx_bytes *out, uint32_t field, onnx_bytes *part) {
    onnx_field(out, field, part->data, part->size);
    free(part->data);
    *part = (onnx_bytes){0};
}

/* ValueInfoProto of a float32 tensor. */
static inline void onnx_value(onnx_bytes *graph, uint32_t field, const char *name, const int64_t *dims, uint32_t rank) {
    onnx_bytes shape = {0}, tensor = {0}, type = {0}, value = {0};
    for (uint32_t i = 0; i < rank; i++) {
        onnx_bytes dim = {0};
        if (dims[i] < 0)
            onnx_text(&dim, 2, "N");
        else
            onnx_number(&dim, 1, (uint64_t)dims[i]);
        onnx_message(&shape, 1, &dim);
    }
    onnx_number(&tensor, 1, 1);
    onnx_message(&tensor, 2, &shape);
    onnx_message(&type, 1, &tensor);
    onnx_text(&value, 1, name);
    onnx_message(&value, 2, &type);
    onnx_message(graph, field, &value);
}

static inline void onnx_initializer(onnx_bytes *graph, const char *name, const int64_t *dims, uint32_t rank,
                                    const float *values) {
    onnx_bytes tensor = {0};
    size_t count = 1;
    for (uint32_t i = 0; i < rank; i++) {
        onnx_number(&tensor, 1, (uint64_t)dims[i]);
        count *= (size_t)dims[i];
    }
    onnx_number(&tensor, 2, 1);
    onnx_text(&tensor, 8, name);
    onnx_field(&tensor, 9, values, count * sizeof *values);
    onnx_message(graph, 5, &tensor);
}

/* A node without attributes; inputs are names, NULL ends them. */
static inline void onnx_node(onnx_bytes *graph, const char *op, const char *output, const char *const *inputs) {
    onnx_bytes node = {0};
    for (; *inputs; inputs++) onnx_text(&node, 1, *inputs);
    onnx_text(&node, 2, output);
    onnx_text(&node, 4, op);
    onnx_message(graph, 1, &node);
}

/* ModelProto around the graph, which is freed. */
static inline void onnx_model(onnx_bytes *model, onnx_bytes *graph, int64_t opset) {
    onnx_bytes import = {0};
    onnx_number(model, 1, 8);
    onnx_text(graph, 2, "bench");
    onnx_message(model, 7, graph);
    onnx_number(&import, 2, (uint64_t)opset);
    onnx_message(model, 8, &import);
}

#endif
