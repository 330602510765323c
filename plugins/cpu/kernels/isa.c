#include "kernels/isa.h"

#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"

extern const ortcpu_kernels ortcpu_kernels_baseline;

static const char *const names[ORTCPU_ISA_COUNT] = {"baseline", "avx2", "avx512"};

#if defined(__x86_64__)
#include <cpuid.h>

extern const ortcpu_kernels ortcpu_kernels_avx2, ortcpu_kernels_avx512, ortcpu_kernels_avx512bf16;
static const ortcpu_kernels *const tables[ORTCPU_ISA_COUNT] = {&ortcpu_kernels_baseline, &ortcpu_kernels_avx2,
                                                               &ortcpu_kernels_avx512};

enum { XCR0_YMM = 0x6, XCR0_ZMM = 0xe6 };

static uint32_t xcr0_read(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* Bits from the processor manuals' CPUID tables: leaf 1 ECX, leaf 7 EBX. */
ortcpu_isa ortcpu_isa_detect(void) {
    const uint32_t leaf1 = 1U << 12 /* FMA */ | 1U << 27 /* OSXSAVE */ | 1U << 28 /* AVX */ | 1U << 29 /* F16C */;
    const uint32_t avx512 = 1U << 16 /* F */ | 1U << 17 /* DQ */ | 1U << 30 /* BW */ | 1U << 31 /* VL */;
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & leaf1) != leaf1) return ORTCPU_ISA_BASELINE;
    uint32_t saved = xcr0_read();
    if ((saved & XCR0_YMM) != XCR0_YMM || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return ORTCPU_ISA_BASELINE;
    if (!(b & 1U << 5)) return ORTCPU_ISA_BASELINE; /* AVX2 */
    return (b & avx512) == avx512 && (saved & XCR0_ZMM) == XCR0_ZMM ? ORTCPU_ISA_AVX512 : ORTCPU_ISA_AVX2;
}

/* Leaf 7, subleaf 1, EAX: AVX512_BF16. */
bool ortcpu_isa_has_bf16(void) {
    uint32_t a, b, c, d;
    return ortcpu_isa_detect() == ORTCPU_ISA_AVX512 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1U << 5);
}
#else
static const ortcpu_kernels *const tables[ORTCPU_ISA_COUNT] = {&ortcpu_kernels_baseline, NULL, NULL};

bool ortcpu_isa_has_bf16(void) {
    return false;
}

ortcpu_isa ortcpu_isa_detect(void) {
    return ORTCPU_ISA_BASELINE;
}
#endif

bool ortcpu_isa_available(ortcpu_isa isa) {
    return isa >= 0 && isa < ORTCPU_ISA_COUNT && isa <= ortcpu_isa_detect();
}

const char *ortcpu_isa_name(ortcpu_isa isa) {
    return isa >= 0 && isa < ORTCPU_ISA_COUNT ? names[isa] : "?";
}

bool ortcpu_isa_by_name(const char *name, ortcpu_isa *out) {
    for (int i = 0; i < ORTCPU_ISA_COUNT; i++) {
        if (strcmp(name, names[i]) != 0 || !ortcpu_isa_available((ortcpu_isa)i)) continue;
        *out = (ortcpu_isa)i;
        return true;
    }
    return false;
}

const ortcpu_kernels *ortcpu_kernels_bf16(void) {
#if defined(__x86_64__)
    return ortcpu_isa_has_bf16() ? &ortcpu_kernels_avx512bf16 : NULL;
#else
    return NULL;
#endif
}

const ortcpu_kernels *ortcpu_kernels_get(ortcpu_isa isa) {
    return ortcpu_isa_available(isa) ? tables[isa] : NULL;
}
