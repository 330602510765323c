#include "ops/loops.h"
#include "ops/ops.h"

#include <stdatomic.h>

#define TABLES(isa)                                                                                                    \
    extern const ortcpu_elementwise_loops ortcpu_elementwise_loops_##isa;                                              \
    extern const ortcpu_row_loops ortcpu_row_loops_##isa;                                                              \
    extern const ortcpu_quantize_loops ortcpu_quantize_loops_##isa;                                                    \
    extern const ortcpu_half_rows ortcpu_half_rows_##isa;
#define TABLES_OF(isa)                                                                                                 \
    { &ortcpu_elementwise_loops_##isa, &ortcpu_row_loops_##isa, &ortcpu_quantize_loops_##isa, &ortcpu_half_rows_##isa }

TABLES(baseline)
#if defined(__x86_64__)
TABLES(avx2)
TABLES(avx512)
#endif

static const ortcpu_loops loops_by_isa[ORTCPU_ISA_COUNT] = {
    [ORTCPU_ISA_BASELINE] = TABLES_OF(baseline),
#if defined(__x86_64__)
    [ORTCPU_ISA_AVX2] = TABLES_OF(avx2),
    [ORTCPU_ISA_AVX512] = TABLES_OF(avx512),
#endif
};

/* NULL until the first use. Who comes first does not matter: the same value is stored. */
static _Atomic(const ortcpu_loops *) chosen;

void ortcpu_ops_use(ortcpu_isa isa) {
    if ((unsigned)isa >= ORTCPU_ISA_COUNT || loops_by_isa[isa].row == NULL) isa = ORTCPU_ISA_BASELINE;
    atomic_store_explicit(&chosen, &loops_by_isa[isa], memory_order_relaxed);
}

const ortcpu_loops *ortcpu_loops_get(void) {
    const ortcpu_loops *loops = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (loops != NULL) return loops;
    ortcpu_ops_use(ortcpu_isa_detect());
    return atomic_load_explicit(&chosen, memory_order_relaxed);
}

static const ortcpu_op_table *const all[] = {
    &ortcpu_ops_binary,   &ortcpu_ops_pow,       &ortcpu_ops_unary,    &ortcpu_ops_logic,    &ortcpu_ops_cast,
    &ortcpu_ops_reduce,   &ortcpu_ops_arg,       &ortcpu_ops_softmax,  &ortcpu_ops_norm,     &ortcpu_ops_view,
    &ortcpu_ops_move,     &ortcpu_ops_pad,       &ortcpu_ops_gather,   &ortcpu_ops_fourier,  &ortcpu_ops_loss,
    &ortcpu_ops_windows,  &ortcpu_ops_einsum,    &ortcpu_ops_channels, &ortcpu_ops_sampling, &ortcpu_ops_conv_any,
    &ortcpu_ops_pool_any, &ortcpu_ops_places,    &ortcpu_ops_along,    &ortcpu_ops_bits,     &ortcpu_ops_nms,
    &ortcpu_ops_chosen,   &ortcpu_ops_scatter,   &ortcpu_ops_fill,     &ortcpu_ops_resize,   &ortcpu_ops_quantize,
    &ortcpu_ops_rotary,   &ortcpu_ops_skip_norm,
};
const ortcpu_op_table *const *const ortcpu_ops = all;
const uint32_t ortcpu_ops_count = sizeof all / sizeof all[0];
