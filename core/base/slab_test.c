#include "base/slab.h"

#include <string.h>

#include "testing/test.h"

/* Blocks of every class keep their bytes while others come and go; nothing is left in the end. */
ORT_TEST(slab, blocks_keep_their_bytes) {
    enum { COUNT = 64 };
    static const size_t sizes[] = {1, 64, 16 << 10, 300001, (2 << 20) - 1, 2 << 20, 3 << 20};
    orti_allocator_failing counting;
    orti_slabs slabs;
    unsigned char *blocks[COUNT] = {NULL};
    orti_allocator_failing_init(&counting, 0);
    orti_slabs_init(&slabs, &counting.allocator);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = round; i < COUNT; i += 3) {
            orti_slabs_release(&slabs, blocks[i]);
            CHECK_OK(orti_slabs_alloc(&slabs, sizes[(i + round) % 7], (void **)(void *)&blocks[i]));
            CHECK((uintptr_t)blocks[i] % ORTI_ALIGN_BYTES == 0);
            memset(blocks[i], (int)i, sizes[(i + round) % 7]);
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = sizes[(i + i % 3) % 7];
        CHECK(blocks[i][0] == i && blocks[i][size - 1] == i, "block %zu", i);
        orti_slabs_release(&slabs, blocks[i]);
    }
    orti_slabs_finish(&slabs);
    CHECK(counting.live_count == 0, "%u blocks are left", (unsigned)counting.live_count);
}

ORT_TEST(slab, no_memory_is_said) {
    orti_allocator_failing failing;
    orti_slabs slabs;
    void *block = &slabs;
    orti_allocator_failing_init(&failing, 1);
    orti_slabs_init(&slabs, &failing.allocator);
    CHECK_FAILS(orti_slabs_alloc(&slabs, 1 << 20, &block), ORT_CODE_OUT_OF_MEMORY, "");
    CHECK(block == NULL);
    CHECK_FAILS(orti_slabs_alloc(&slabs, SIZE_MAX, &block), ORT_CODE_OUT_OF_MEMORY, "");
    orti_slabs_finish(&slabs);
}
