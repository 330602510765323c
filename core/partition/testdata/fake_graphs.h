/* partition/testdata/fake_graphs.h: graphs that are drawn, for tests of plans and runs on the fake providers. */
#ifndef ORT_CORE_PARTITION_FAKE_GRAPHS_H
#define ORT_CORE_PARTITION_FAKE_GRAPHS_H

#include <stdint.h>
#include <stdio.h>

enum { FAKE_GRAPH_VALUES = 24, FAKE_GRAPH_OUTPUTS = 5 };

/* Ways to divide the operators among far and near. */
static const char *const fake_graph_ops[4][2] = {{"Neg Relu Mul", "Abs Add"},
                                                 {"Neg Abs Relu Add Mul", ""},
                                                 {"Add Mul", "Neg Abs Relu"},
                                                 {"Abs Add", "Neg Relu Mul"}};

static inline uint32_t fake_draw(uint64_t *seed, uint32_t bound) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % bound;
}

/* Of unary and binary operators on %v0 : float32[8], in the text form. */
static inline void fake_graph_draw(uint64_t seed, char *text, size_t size) {
    static const char *const ops[] = {"Neg@13", "Abs@13", "Relu@14", "Add@14", "Mul@14"};
    int length = snprintf(text, size, "graph \"drawn\" {\n  input %%v0 : float32[8]\n");
    for (uint32_t i = 1; i < FAKE_GRAPH_VALUES; i++) {
        uint32_t op = fake_draw(&seed, 5), near = i > 6 ? i - 6 : 0;
        uint32_t a = near + fake_draw(&seed, i - near), b = fake_draw(&seed, i);
        length += snprintf(text + length, size - (size_t)length, "  %%v%u : float32[8] = %s (%%v%u", i, ops[op], a);
        if (op >= 3) length += snprintf(text + length, size - (size_t)length, ", %%v%u", b);
        length += snprintf(text + length, size - (size_t)length, ")\n");
    }
    for (uint32_t i = FAKE_GRAPH_VALUES - FAKE_GRAPH_OUTPUTS; i < FAKE_GRAPH_VALUES; i++)
        length += snprintf(text + length, size - (size_t)length, "  output %%v%u\n", i);
    snprintf(text + length, size - (size_t)length, "}\n");
}

#endif
