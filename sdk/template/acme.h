/* acme.h: what the provider's files share: the tables of kernels, and what open decides. Start at provider.c. */
#ifndef ACME_H
#define ACME_H

#include <ort/sdk/attr.h>
#include <ort/sdk/broadcast.h>
#include <ort/sdk/provider.h>

#include <string.h>

/* Operator versions of ONNX opsets up to this one are known to mean what the kernels compute. */
#define ACME_OPSET 28

#define ACME_F32 ORT_DTYPE_BIT(ORT_DTYPE_F32)
#define ACME_F16 ORT_DTYPE_BIT(ORT_DTYPE_F16)
#define ACME_I32 ORT_DTYPE_BIT(ORT_DTYPE_I32)

/* One for each opened device: what compile and plan find by ortk_compiler_context and ortk_planner_context. */
typedef struct acme_instance {
    int64_t chunk; /* the option: elements that one elementwise task computes */
} acme_instance;

/* A table of kernels, ended by one without a name. */
extern const ortk_kernel acme_elementwise[], acme_product[], acme_softmax[], acme_move[];

/* A node's axis as 0 .. rank - 1; out of range (the core refuses such models): 0. */
static inline uint32_t acme_axis(int64_t axis, uint32_t rank) {
    if (axis < 0) axis += rank;
    return axis >= 0 && axis < (int64_t)rank ? (uint32_t)axis : 0;
}

/* IEEE binary16 <-> float. To half: rounds to nearest, ties to even. */
float acme_float_of(uint16_t half);
uint16_t acme_half_of(float value);

#endif
