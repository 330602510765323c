/* Workspace offsets and broadcasting, on random cases. */
#include "fake_host.h"
#include "program.h"
#include "testing/test.h"

#include <stdlib.h>
#include <string.h>

static void *plain_alloc(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes) {
    (void)context;
    return aligned_alloc((size_t)align_bytes, (size_t)((size_bytes + align_bytes - 1) / align_bytes * align_bytes));
}

static void plain_release(ortp_host_context *context, void *memory) {
    (void)context;
    free(memory);
}

static const ortp_host_core core = {.size = sizeof core, .alloc = plain_alloc, .release = plain_release};
static const ortp_host host = {.size = sizeof host, .core = &core};

static void places_fill(ortk_place *places, uint32_t count, uint64_t seed) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t a = fake_random(&seed) % 60, b = fake_random(&seed) % 60;
        places[i] = (ortk_place){.parent = ORTP_NONE,
                                 .is_used = fake_random(&seed) % 8 != 0,
                                 .is_fixed = fake_random(&seed) % 8 == 0,
                                 .size_bytes = fake_random(&seed) % 5000,
                                 .first = a < b ? a : b,
                                 .last = a < b ? b : a};
    }
}

static bool is_placed(const ortk_place *place) {
    return place->is_used && !place->is_fixed && place->size_bytes;
}

ORT_TEST(memory, roots_alive_at_once_never_overlap) {
    enum { COUNT = 60 };
    for (uint64_t seed = 1; seed <= 300; seed++) {
        ortk_place places[COUNT], again[COUNT];
        uint64_t bytes = 0, bytes_again = 0, sum = 0;
        ortk_arena arena;
        ortk_arena_init(&arena, &host);
        places_fill(places, COUNT, seed);
        places_fill(again, COUNT, seed);
        CHECK(ortk_memory_assign(&arena, places, COUNT, ORTK_ALIGN, &bytes) == NULL, "no memory");
        CHECK(ortk_memory_assign(&arena, again, COUNT, ORTK_ALIGN, &bytes_again) == NULL, "no memory");
        CHECK(bytes == bytes_again, "twice the same places, twice another size");
        for (uint32_t i = 0; i < COUNT; i++) {
            const ortk_place *a = &places[i];
            if (!is_placed(a)) continue;
            sum += (a->size_bytes + 63) / 64 * 64;
            CHECK(a->workspace_offset % 64 == 0, "offset %llu", (unsigned long long)a->workspace_offset);
            CHECK(a->workspace_offset + a->size_bytes <= bytes, "beyond the end");
            CHECK(a->workspace_offset == again[i].workspace_offset, "not deterministic");
            for (uint32_t k = 0; k < i; k++) {
                const ortk_place *b = &places[k];
                bool together = is_placed(b) && a->first <= b->last && b->first <= a->last;
                bool overlap = a->workspace_offset < b->workspace_offset + b->size_bytes &&
                               b->workspace_offset < a->workspace_offset + a->size_bytes;
                CHECK(!(together && overlap), "seed %llu: %u and %u overlap", (unsigned long long)seed, i, k);
            }
        }
        CHECK(bytes <= sum, "more than side by side");
        ortk_arena_finish(&arena);
    }
}

static ortk_desc desc_random(uint64_t *seed, const int64_t *dims, uint32_t rank, bool may_repeat) {
    ortk_desc desc = {.dtype = ORT_DTYPE_F32, .element_count = 1, .is_present = true};
    uint32_t skip = may_repeat && rank ? fake_random(seed) % (rank + 1) : 0;
    desc.rank = rank - skip;
    for (uint32_t i = 0; i < desc.rank; i++) {
        desc.dims[i] = may_repeat && fake_random(seed) % 3 == 0 ? 1 : dims[skip + i];
        desc.element_count *= desc.dims[i];
    }
    if (desc.rank >= 3 && fake_random(seed) % 2) {
        desc.layout = ORTK_LAYOUT_PIXELS;
        desc.pitch = desc.dims[1] + fake_random(seed) % 3;
    }
    return desc;
}

/* The offset of the element of `desc` that output position `index` (by dimension of `out`) reads. */
static int64_t offset_of(const ortk_desc *desc, const ortk_desc *out, const int64_t *index) {
    int64_t strides[ORTK_RANK_MAX], offset = 0;
    ortk_desc_strides(desc, strides);
    for (uint32_t i = 0; i < desc->rank; i++)
        if (desc->dims[i] != 1) offset += index[out->rank - desc->rank + i] * strides[i];
    return offset;
}

/* Every output element is visited once, and with it the right element of each input. */
static void walk_check(const ortk_desc *out, const ortk_desc *in, int64_t begin, int64_t cut, int64_t *seen) {
    ortk_broadcast b;
    ortk_broadcast_cursor c;
    CHECK(ortk_broadcast_init(&b, out, in, 2), "does not broadcast");
    int64_t strides[ORTK_RANK_MAX];
    ortk_desc_strides(out, strides);
    ortk_broadcast_seek(&b, begin, &c);
    for (int64_t n; (n = ortk_broadcast_next(&b, &c, cut)) != 0;)
        for (int64_t k = 0; k < n; k++) {
            int64_t at = c.offset[0] + k * b.step[0];
            seen[at * 3]++;
            seen[at * 3 + 1] = c.offset[1] + k * b.step[1];
            seen[at * 3 + 2] = c.offset[2] + k * b.step[2];
        }
}

ORT_TEST(broadcast, any_mix_of_layouts_is_right) {
    for (uint64_t seed = 1; seed <= 500; seed++) {
        uint64_t s = seed;
        int64_t dims[5], index[5] = {0};
        uint32_t rank = fake_random(&s) % 6;
        for (uint32_t i = 0; i < rank; i++) dims[i] = 1 + fake_random(&s) % 4;
        ortk_desc out = desc_random(&s, dims, rank, false);
        ortk_desc in[2] = {desc_random(&s, dims, rank, true), desc_random(&s, dims, rank, true)};
        int64_t span = ortk_desc_span(&out), cut = fake_random(&s) % (uint32_t)(out.element_count + 1);
        int64_t *seen = calloc((size_t)span * 3, sizeof *seen), strides[ORTK_RANK_MAX];
        walk_check(&out, in, 0, cut, seen);
        walk_check(&out, in, cut, out.element_count, seen);
        ortk_desc_strides(&out, strides);
        for (int64_t e = 0; e < out.element_count; e++) {
            int64_t rest = e, at = 0;
            for (uint32_t i = rank; i-- > 0; rest /= dims[i]) at += (index[i] = rest % dims[i]) * strides[i];
            CHECK(seen[at * 3] == 1, "seed %llu: element %lld seen %lld times", (unsigned long long)seed, (long long)e,
                  (long long)seen[at * 3]);
            for (uint32_t k = 0; k < 2; k++)
                CHECK(seen[at * 3 + 1 + k] == offset_of(&in[k], &out, index), "seed %llu: input %u of element %lld",
                      (unsigned long long)seed, k, (long long)e);
        }
        free(seen);
    }
}

ORT_TEST(broadcast, refuses_what_does_not_fit) {
    ortk_broadcast b;
    ortk_desc out = {.rank = 2, .dims = {2, 3}, .element_count = 6}, in = {.rank = 1, .dims = {2}, .element_count = 2};
    CHECK(!ortk_broadcast_init(&b, &out, &in, 1), "2 into 3");
    in = (ortk_desc){.rank = 3, .dims = {1, 2, 3}, .element_count = 6};
    CHECK(!ortk_broadcast_init(&b, &out, &in, 1), "rank 3 into 2");
}

ORT_TEST(broadcast, alike_operands_are_one_loop) {
    ortk_broadcast b;
    ortk_desc out = {.rank = 4, .dims = {2, 3, 4, 5}, .element_count = 120, .layout = ORTK_LAYOUT_PIXELS, .pitch = 3};
    ortk_desc in[2] = {out, out};
    CHECK(ortk_broadcast_init(&b, &out, in, 2) && b.rank == 1 && b.inner == 120, "%u loops", b.rank);
}
