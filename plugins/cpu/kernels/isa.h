/* kernels/isa.h: which instruction set this processor and its system can run.
 *
 * Decided by CPUID's feature bits and XCR0 (does the system save the wide registers), never by a model's name. */
#ifndef ORTCPU_KERNELS_ISA_H
#define ORTCPU_KERNELS_ISA_H

#include <stdbool.h>

typedef enum ortcpu_isa {
    ORTCPU_ISA_BASELINE, /* SSE2 or NEON: 4 floats in a vector */
    ORTCPU_ISA_AVX2,     /* AVX2 and FMA: 8 */
    ORTCPU_ISA_AVX512,   /* AVX-512 F, BW, DQ, VL: 16 */
    ORTCPU_ISA_COUNT
} ortcpu_isa;

/* The best instruction set that this machine runs and this build holds kernels for. Costs a few CPUID: ask once. */
ortcpu_isa ortcpu_isa_detect(void);
bool ortcpu_isa_available(ortcpu_isa isa);
/* AVX-512 that multiplies pairs of bfloat16. */
bool ortcpu_isa_has_bf16(void);
/* "baseline", "avx2", "avx512". */
const char *ortcpu_isa_name(ortcpu_isa isa);
/* Finds an instruction set by its name; false, and *out untouched, when no such name or the machine lacks it. */
bool ortcpu_isa_by_name(const char *name, ortcpu_isa *out);

#endif
