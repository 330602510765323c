#include "kernels/int8.h"

extern const ortcpu_int8 ortcpu_int8_baseline;

#if defined(__x86_64__)
#include <cpuid.h>

extern const ortcpu_int8 ortcpu_int8_avx2, ortcpu_int8_avxvnni, ortcpu_int8_avx512, ortcpu_int8_avx512vnni;

/* Intel SDM, CPUID leaf 7: AVX512_VNNI is bit 11 of ECX, AVX-VNNI bit 4 of EAX in subleaf 1. */
const ortcpu_int8 *ortcpu_int8_get(ortcpu_isa isa) {
    uint32_t a = 0, b, c = 0, d;
    if (isa == ORTCPU_ISA_AVX512) {
        bool has = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & 1U << 11);
        return has ? &ortcpu_int8_avx512vnni : &ortcpu_int8_avx512;
    }
    if (isa == ORTCPU_ISA_AVX2) {
        bool has = __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1U << 4);
        return has ? &ortcpu_int8_avxvnni : &ortcpu_int8_avx2;
    }
    return &ortcpu_int8_baseline;
}
#else
const ortcpu_int8 *ortcpu_int8_get(ortcpu_isa isa) {
    (void)isa;
    return &ortcpu_int8_baseline;
}
#endif
