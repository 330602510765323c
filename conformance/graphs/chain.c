#include "graphs/chain.h"

#define OPSET 14

static const ortc_chain chains[] = {
    {"add-mul-relu", {"Add", "Mul", "Relu", NULL}},
    {"add-relu", {"Add", "Relu", NULL}},
    {"add", {"Add", NULL}},
    {"mul", {"Mul", NULL}},
    {"relu", {"Relu", NULL}},
    {"neg", {"Neg", NULL}},
    {"abs", {"Abs", NULL}},
};

const ortc_chain *ortc_chains(uint32_t *out_count) {
    *out_count = sizeof chains / sizeof *chains;
    return chains;
}

static bool is_binary(const char *op) {
    return strcmp(op, "Add") == 0 || strcmp(op, "Mul") == 0;
}

static float apply(const char *op, float v, float x) {
    switch (op[0]) {
    case 'A':
        return op[1] == 'd' ? v + x : v < 0 ? -v : v; /* Add, Abs */
    case 'M':
        return v * x;
    case 'N':
        return -v;
    default:
        return v > 0 ? v : 0; /* Relu */
    }
}

void ortc_chain_write(const ortc_chain *chain, uint32_t repeat, int64_t count, onnx_bytes *out) {
    onnx_bytes graph = {0};
    uint32_t op_count = 0;
    char from[16] = "x", to[16];
    while (chain->ops[op_count]) op_count++;
    for (uint32_t i = 0; i < op_count * repeat; i++) {
        const char *op = chain->ops[i % op_count];
        const char *inputs[] = {from, is_binary(op) ? "x" : NULL, NULL};
        snprintf(to, sizeof to, i + 1 == op_count * repeat ? "y" : "v%u", i);
        onnx_node(&graph, op, to, inputs);
        memcpy(from, to, sizeof from);
    }
    onnx_value(&graph, 11, "x", &count, 1);
    onnx_value(&graph, 12, "y", &count, 1);
    *out = (onnx_bytes){0};
    onnx_model(out, &graph, OPSET);
}

void ortc_chain_answer(const ortc_chain *chain, const float *x, float *y, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        y[i] = x[i];
        for (const char *const *op = chain->ops; *op; op++) y[i] = apply(*op, y[i], x[i]);
    }
}

void ortc_chain_fill(float *x, int64_t count, uint32_t seed) {
    uint32_t state = seed * 2654435761u + 1;
    for (int64_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)((int)(state >> 24) % 17 - 8);
    }
}
