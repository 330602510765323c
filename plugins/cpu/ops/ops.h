/* cpu/ops/ops.h: the CPU provider's operators beside the heavy ones, as tables of kernels for the kit.
 *
 *     for (uint32_t i = 0; i < ortcpu_ops_count; i++) add(ortcpu_ops[i]->kernels, ortcpu_ops[i]->count);
 *
 * One operator may stand in several kernels (by type or mode): the first that matches is the best one. All tables are
 * constant data, valid for ever. */
#ifndef ORTCPU_OPS_OPS_H
#define ORTCPU_OPS_OPS_H

#include "kernels/isa.h"
#include "ort/sdk/kernel.h"

typedef struct ortcpu_op_table {
    const ortk_kernel *kernels;
    uint32_t count;
} ortcpu_op_table;

extern const ortcpu_op_table ortcpu_ops_binary, ortcpu_ops_pow, ortcpu_ops_unary, ortcpu_ops_logic, ortcpu_ops_cast,
    ortcpu_ops_reduce, ortcpu_ops_arg, ortcpu_ops_softmax, ortcpu_ops_norm, ortcpu_ops_view, ortcpu_ops_move,
    ortcpu_ops_pad, ortcpu_ops_gather, ortcpu_ops_fourier, ortcpu_ops_loss, ortcpu_ops_windows, ortcpu_ops_einsum,
    ortcpu_ops_channels, ortcpu_ops_sampling, ortcpu_ops_conv_any, ortcpu_ops_pool_any, ortcpu_ops_places,
    ortcpu_ops_along, ortcpu_ops_bits, ortcpu_ops_nms, ortcpu_ops_chosen, ortcpu_ops_scatter, ortcpu_ops_fill,
    ortcpu_ops_quantize, ortcpu_ops_resize, ortcpu_ops_rotary, ortcpu_ops_skip_norm;

/* All of them. */
extern const ortcpu_op_table *const *const ortcpu_ops;
extern const uint32_t ortcpu_ops_count;

/* Fixes which instruction set the vector loops use, for the process: call it in the plugin's create, before anything is
 * planned. The best one is a pure function of CPUID, so every caller chooses the same; without a call it is detected at
 * the first plan. Plans keep the loops they were made with. threads: any. */
void ortcpu_ops_use(ortcpu_isa isa);

#endif
