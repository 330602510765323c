/* The machine: straight-line code, one block of elements at a time, so that what is between two operators stays in the
 * nearest cache. */
#include "weld.h"

#include <math.h>

const weld_operator weld_operators[] = {
    {"Add", 7, 2, 0.3}, {"Sub", 7, 2, 0.3}, {"Mul", 7, 2, 0.3},     {"Div", 7, 2, 0.6},  {"Relu", 6, 1, 0.3},
    {"Neg", 6, 1, 0.3}, {"Abs", 6, 1, 0.3}, {"Sigmoid", 6, 1, 6.0}, {"Tanh", 6, 1, 8.0}, {"Exp", 6, 1, 4.0},
};
const uint32_t weld_operator_count = sizeof weld_operators / sizeof weld_operators[0];

/* One function for each operator, over a block. */
#define BLOCK(NAME, EXPRESSION)                                                                                        \
    static void NAME(float *out, const float *left, const float *right) {                                              \
        (void)right;                                                                                                   \
        for (int i = 0; i < WELD_BLOCK; i++) out[i] = EXPRESSION;                                                      \
    }
BLOCK(block_add, left[i] + right[i])
BLOCK(block_sub, left[i] - right[i])
BLOCK(block_mul, left[i] * right[i])
BLOCK(block_div, left[i] / right[i])
BLOCK(block_relu, left[i] > 0 || isnan(left[i]) ? left[i] : 0)
BLOCK(block_neg, -left[i])
BLOCK(block_abs, fabsf(left[i]))
BLOCK(block_sigmoid, 1 / (1 + expf(-left[i])))
BLOCK(block_tanh, tanhf(left[i]))
BLOCK(block_exp, expf(left[i]))

static void (*const blocks[])(float *out, const float *left, const float *right) = {
    block_add, block_sub, block_mul, block_div, block_relu, block_neg, block_abs, block_sigmoid, block_tanh, block_exp,
};
_Static_assert(sizeof blocks / sizeof blocks[0] == sizeof weld_operators / sizeof weld_operators[0],
               "each operator has its function, in the same order");

/* The last block may be short: its registers are computed whole, only what is there is read and written. */
static void block_run(const weld_code *code, const float *const *inputs, float *const *outputs, int64_t first,
                      size_t count, float *registers) {
    for (uint32_t i = 0; i < code->instruction_count; i++) {
        const weld_instruction *at = &code->instructions[i];
        float *out = registers + (size_t)at->out * WELD_BLOCK;
        if (at->code == WELD_LOAD) {
            memcpy(out, inputs[at->left] + first, count * sizeof *out);
            memset(out + count, 0, (WELD_BLOCK - count) * sizeof *out);
        } else if (at->code == WELD_NUMBER) {
            for (int k = 0; k < WELD_BLOCK; k++) out[k] = code->numbers[at->left];
        } else if (at->code == WELD_STORE) {
            memcpy(outputs[at->out] + first, registers + (size_t)at->left * WELD_BLOCK, count * sizeof *out);
        } else {
            blocks[at->code - WELD_FIRST](out, registers + (size_t)at->left * WELD_BLOCK,
                                          registers + (size_t)at->right * WELD_BLOCK);
        }
    }
}

void weld_machine_run(const weld_code *code, const float *const *inputs, float *const *outputs, int64_t count,
                      int64_t begin, int64_t end, float *registers) {
    for (int64_t block = begin; block < end; block++) {
        int64_t first = block * WELD_BLOCK, left = count - first;
        block_run(code, inputs, outputs, first, left < WELD_BLOCK ? (size_t)left : WELD_BLOCK, registers);
    }
}
