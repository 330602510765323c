/* Panels of NR columns; in them, four neighbours in k of one column after another: the unit of VPDPBUSD. */
#include "kernels/int8.h"

#include "kernels/vec.h"

enum { NR = 2 * VL, MR = 6, UNIT = 4 };

/* sum + the four products of each lane. Without VNNI by VPMADDWD on even and odd bytes: VPMADDUBSW would saturate. */
#if defined(__AVX512VNNI__)
ORTCPU_INLINE vi dot(vi sum, vi a, vi b) {
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}
#elif defined(__AVXVNNI__)
ORTCPU_INLINE vi dot(vi sum, vi a, vi b) {
    return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
}
#else
typedef int16_t v_i16 __attribute__((vector_size(VL * 4)));
typedef uint16_t v_u16 __attribute__((vector_size(VL * 4)));
#if defined(ORTCPU_AVX512)
ORTCPU_INLINE vi pairs(v_i16 a, v_i16 b) {
    return (vi)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}
#elif defined(ORTCPU_AVX2)
ORTCPU_INLINE vi pairs(v_i16 a, v_i16 b) {
    return (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
#elif defined(__SSE2__)
ORTCPU_INLINE vi pairs(v_i16 a, v_i16 b) {
    return (vi)_mm_madd_epi16((__m128i)a, (__m128i)b);
}
#else
ORTCPU_INLINE vi pairs(v_i16 a, v_i16 b) {
    vi y = {0};
    for (int i = 0; i < VL; i++) y[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    return y;
}
#endif
ORTCPU_INLINE vi dot(vi sum, vi a, vi b) {
    v_i16 a_even = (v_i16)((v_u16)a & 0xff), a_odd = (v_i16)((v_u16)a >> 8);
    v_i16 b_even = (v_i16)((v_u16)b << 8) >> 8, b_odd = (v_i16)b >> 8;
    return (vi)((vu)sum + (vu)pairs(a_even, b_even) + (vu)pairs(a_odd, b_odd));
}
#endif

static int64_t panel_count(int64_t n) {
    return (n + NR - 1) / NR;
}
static size_t panel_bytes(int64_t k) {
    return (size_t)(NR * ortcpu_int8_depth(k));
}

static size_t pack_bytes(int64_t n, int64_t k) {
    return (size_t)panel_count(n) * (panel_bytes(k) + NR * sizeof(int32_t));
}

static const int32_t *column_sums(int64_t n, int64_t k, const void *packed) {
    return (const int32_t *)(const void *)((const char *)packed + (size_t)panel_count(n) * panel_bytes(k));
}

static void pack(int64_t n, int64_t k, const uint8_t *b, int64_t row_stride, int64_t col_stride, uint8_t flip,
                 void *packed) {
    memset(packed, 0, pack_bytes(n, k));
    int32_t *sums = (int32_t *)(void *)((char *)packed + (size_t)panel_count(n) * panel_bytes(k));
    for (int64_t j = 0; j < n; j++) {
        int8_t *panel = (int8_t *)packed + (size_t)(j / NR) * panel_bytes(k) + j % NR * UNIT;
        for (int64_t i = 0; i < k; i++) {
            int8_t value = (int8_t)(b[i * row_stride + j * col_stride] ^ flip);
            panel[i / UNIT * NR * UNIT + i % UNIT] = value;
            sums[j] += value;
        }
    }
}

ORTCPU_INLINE vi unit_spread(const uint8_t *a) {
    int32_t bytes;
    memcpy(&bytes, a, sizeof bytes);
    return vi_set1(bytes);
}

ORTCPU_INLINE void sums_store(int32_t *c, vi x, int64_t n) {
    if (n >= VL)
        vi_store(c, x);
    else if (n > 0)
        memcpy(c, &x, (size_t)n * sizeof *c);
}

/* `rows` rows by one panel. */
ORTCPU_INLINE void tile(const int rows, int64_t units, const uint8_t *a, int64_t a_stride, const int8_t *panel,
                        int32_t *c, int64_t c_stride, int64_t n) {
    vi sum[MR][2];
    for (int m = 0; m < rows; m++) sum[m][0] = sum[m][1] = vi_set1(0);
    for (int64_t u = 0; u < units; u++, panel += NR * UNIT) {
        vi low, high;
        memcpy(&low, panel, sizeof low);
        memcpy(&high, panel + sizeof low, sizeof high);
        for (int m = 0; m < rows; m++) {
            vi x = unit_spread(a + m * a_stride + u * UNIT);
            sum[m][0] = dot(sum[m][0], x, low);
            sum[m][1] = dot(sum[m][1], x, high);
        }
    }
    for (int m = 0; m < rows; m++) {
        sums_store(c + m * c_stride, sum[m][0], n);
        sums_store(c + m * c_stride + VL, sum[m][1], n - VL);
    }
}

typedef void tile_fn(int64_t units, const uint8_t *a, int64_t a_stride, const int8_t *panel, int32_t *c,
                     int64_t c_stride, int64_t n);
#define TILE(rows)                                                                                                     \
    static void tile_##rows(int64_t units, const uint8_t *a, int64_t a_stride, const int8_t *panel, int32_t *c,        \
                            int64_t c_stride, int64_t n) {                                                             \
        tile(rows, units, a, a_stride, panel, c, c_stride, n);                                                         \
    }
/* Whole functions, which clang-format takes for statements. */
/* clang-format off */
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
    /* clang-format on */
    static tile_fn *const tiles[MR + 1] = {NULL, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};

static void run(int64_t m, int64_t n, int64_t k, const uint8_t *a, int64_t a_stride, const void *packed, int32_t *c,
                int64_t c_stride) {
    int64_t units = ortcpu_int8_depth(k) / UNIT;
    for (int64_t r = 0; r < m; r += MR) {
        tile_fn *by_rows = tiles[m - r < MR ? m - r : MR];
        const int8_t *panel = packed;
        for (int64_t j = 0; j < n; j += NR, panel += panel_bytes(k))
            by_rows(units, a + r * a_stride, a_stride, panel, c + r * c_stride + j, c_stride, n - j);
    }
}

#define NAME_2(isa) #isa
#define NAME_1(isa) NAME_2(isa)
extern const ortcpu_int8 ORTCPU_FN(ortcpu_int8);
const ortcpu_int8 ORTCPU_FN(ortcpu_int8) = {
    .name = NAME_1(ORTCPU_ISA), .pack_bytes = pack_bytes, .pack = pack, .column_sums = column_sums, .run = run};
