/* kernels/cell.h: the gates of recurrent cells (ONNX RNN-22, GRU-22, LSTM-22), one step of one sequence at a time. The
 * products are gemm.h's; here their sums become the new state, a vector of hidden units at a time. */
#ifndef ORTCPU_KERNELS_CELL_H
#define ORTCPU_KERNELS_CELL_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ortcpu_gate_kind {
    ORTCPU_GATE_SIGMOID,
    ORTCPU_GATE_TANH,
    ORTCPU_GATE_RELU,
    ORTCPU_GATE_AFFINE, /* alpha * x + beta */
    ORTCPU_GATE_LEAKY_RELU,
    ORTCPU_GATE_THRESHOLDED_RELU, /* x >= alpha ? x : 0 */
    ORTCPU_GATE_SCALED_TANH,      /* alpha * tanh(beta * x) */
    ORTCPU_GATE_HARD_SIGMOID,
    ORTCPU_GATE_ELU,
    ORTCPU_GATE_SOFTSIGN,
    ORTCPU_GATE_SOFTPLUS,
    ORTCPU_GATE_KIND_COUNT
} ortcpu_gate_kind;

typedef struct ortcpu_gate {
    ortcpu_gate_kind kind;
    float alpha, beta;
} ortcpu_gate;

typedef struct ortcpu_cell {
    int64_t hidden;
    ortcpu_gate f, g, h;    /* as ONNX names them */
    float clip;             /* of what goes into them; INFINITY: none */
    bool has_clip, couples; /* couples: the forget gate is 1 - input gate (input_forget) */
    const float *peephole;  /* LSTM: i, o, f, each of `hidden`; or NULL */
} ortcpu_cell;

/* The new state of one sequence: h (and c) of `hidden` floats are read and written; y gets h too where it is not NULL.
 * Sums lie gate after gate in ONNX's order, each of `hidden` floats. */
typedef struct ortcpu_cell_step {
    float *sums;           /* LSTM i o f c; GRU z r h; RNN one */
    const float *products; /* GRU, linear_before_reset: the state's part of z r h; else NULL */
    float *h, *c, *y;
} ortcpu_cell_step;

typedef void ortcpu_cell_fn(const ortcpu_cell *cell, const ortcpu_cell_step *step);

#endif
