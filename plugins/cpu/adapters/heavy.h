/* cpu/adapters/heavy.h: the compute-heavy operators as kernels of the kit: Conv, ConvTranspose, MatMul, Gemm, pools.
 * What they compute is in kernels/; here attributes and shapes become calls. */
#ifndef ORTCPU_ADAPTERS_HEAVY_H
#define ORTCPU_ADAPTERS_HEAVY_H

#include "kernels/kernels.h"
#include "ops/ops.h"
#include "ort/sdk/attr.h"
#include "ort/sdk/broadcast.h"
#include "ort/sdk/provider.h"
#include "text/letters.h"

/* What an instance was opened with: ortk_settings.context. */
typedef struct ortcpu_instance {
    const ortcpu_kernels *kernels;
    const ortcpu_kernels *kernels_bf16; /* NULL: this machine has none, or the option isa forbids it */
    bool no_winograd;
    ortcpu_letters letters;
} ortcpu_instance;

/* Those that products and convolutions of the piece that is compiled use. */
static inline const ortcpu_kernels *ortcpu_compiler_kernels(const ortk_compiler *compiler) {
    const ortcpu_instance *instance = ortk_compiler_context(compiler);
    return ortk_compiler_precision(compiler) == ORTP_PRECISION_BF16 ? instance->kernels_bf16 : instance->kernels;
}

extern const ortcpu_op_table ortcpu_heavy_conv, ortcpu_heavy_product, ortcpu_heavy_pool, ortcpu_heavy_recurrent,
    ortcpu_heavy_int8;

/* Rough cost of arithmetic on one thread. */
#define ORTCPU_MULTIPLY_ADD_NS 0.03

/* ---- windows: kernel, strides, dilations and pads of convolutions and pools; 1-d is 2-d of height 1 ---- */
typedef enum ortcpu_auto_pad {
    ORTCPU_PAD_EXPLICIT,
    ORTCPU_PAD_SAME_UPPER,
    ORTCPU_PAD_SAME_LOWER,
    ORTCPU_PAD_VALID
} ortcpu_auto_pad;
typedef struct ortcpu_window {
    uint32_t spatial; /* 1 or 2 */
    ortcpu_auto_pad auto_pad;
    int64_t kernel[2], stride[2], dilation[2], pad_begin[2], pad_end[2], output_padding[2];
} ortcpu_window;

/* `spatial` dimensions, 1 or 2. False when the attributes make no sense. kernel is read from kernel_shape when there.
 */
bool ortcpu_window_read(const ortk_node *node, uint32_t spatial, ortcpu_window *out);
/* Height and width (height 1 for 1-d) of an image. */
void ortcpu_image_size(const ortk_desc *desc, int64_t out_size[2]);
/* Pads at the beginning and the end of axis `axis` for these sizes. */
void ortcpu_window_pads(const ortcpu_window *window, uint32_t axis, int64_t in, int64_t out, int64_t *begin,
                        int64_t *end);

/* The part of an epilogue that compile knows. Slopes must be one for each column. */
ortcpu_epilogue ortcpu_epilogue_of(const ortk_fused *fused);

#endif
