/* Every family against the definition, with the bytes that would saturate in 16 bits. */
#include "kernels/int8.h"

#include <stdlib.h>
#include <string.h>

#include "testing/test.h"

static void check_product(const ortcpu_int8 *k, int64_t m, int64_t n, int64_t depth, uint8_t flip) {
    int64_t stride = ortcpu_int8_depth(depth);
    uint8_t *a = calloc((size_t)(m * stride), 1), *b = malloc((size_t)(depth * n));
    int32_t *c = calloc((size_t)(m * n), sizeof *c);
    void *packed = aligned_alloc(64, (k->pack_bytes(n, depth) + 63) & ~(size_t)63);
    for (int64_t i = 0; i < m * stride; i++) a[i] = i % 5 ? 255 : (uint8_t)(i * 37); /* beyond depth too */
    for (int64_t i = 0; i < depth * n; i++) b[i] = i % 3 ? 0x80 : (uint8_t)(i * 91);
    k->pack(n, depth, b, n, 1, flip, packed);
    k->run(m, n, depth, a, stride, packed, c, n);
    for (int64_t j = 0; j < n; j++) {
        int32_t column = 0;
        for (int64_t i = 0; i < depth; i++) column += (int8_t)(b[i * n + j] ^ flip);
        CHECK(k->column_sums(n, depth, packed)[j] == column, "%s: sum of column %d", k->name, (int)j);
        for (int64_t r = 0; r < m; r++) {
            int32_t want = 0;
            for (int64_t i = 0; i < depth; i++) want += a[r * stride + i] * (int8_t)(b[i * n + j] ^ flip);
            CHECK(c[r * n + j] == want, "%s, %dx%dx%d: got %d, want %d", k->name, (int)m, (int)n, (int)depth,
                  c[r * n + j], want);
        }
    }
    free(a), free(b), free(c), free(packed);
}

ORT_TEST(int8, products_are_exact) {
    static const int64_t sizes[][3] = {{1, 1, 1}, {7, 33, 5}, {6, 32, 64}, {13, 70, 131}, {3, 5, 2}};
    for (int isa = 0; isa < ORTCPU_ISA_COUNT; isa++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            if (!ortcpu_isa_available((ortcpu_isa)isa)) continue;
            const ortcpu_int8 *k = ortcpu_int8_get((ortcpu_isa)isa);
            check_product(k, sizes[i][0], sizes[i][1], sizes[i][2], 0);
            check_product(k, sizes[i][0], sizes[i][1], sizes[i][2], 0x80);
        }
}
