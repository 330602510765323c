#include "base/alloc.h"
#include "testing/test.h"

static const orti_allocator *heap(void) {
    return orti_allocator_default();
}

ORT_TEST(alloc, memory_is_zeroed_and_aligned) {
    uint64_t *numbers = NULL;
    CHECK_OK(orti_alloc(heap(), 100, sizeof *numbers, &numbers));
    CHECK((uintptr_t)numbers % 16 == 0);
    for (int i = 0; i < 100; i++) CHECK(numbers[i] == 0);
    orti_free(heap(), numbers);
    uint8_t *bytes = NULL;
    CHECK_OK(orti_alloc_aligned(heap(), 3, &bytes));
    CHECK((uintptr_t)bytes % ORTI_ALIGN_BYTES == 0);
    orti_free(heap(), bytes);
    orti_free(heap(), NULL);
}

ORT_TEST(alloc, nothing_is_null) {
    int number, *pointer = &number;
    CHECK_OK(orti_alloc(heap(), 0, 8, &pointer));
    CHECK(pointer == NULL);
    pointer = &number;
    CHECK_OK(orti_alloc_aligned(heap(), 0, &pointer));
    CHECK(pointer == NULL);
}

ORT_TEST(alloc, too_much_fails) {
    int number, *pointer = &number;
    CHECK_FAILS(orti_alloc(heap(), SIZE_MAX / 2, 4, &pointer), ORT_CODE_OUT_OF_MEMORY, "times 4 bytes");
    CHECK(pointer == NULL);
    CHECK_FAILS(orti_alloc_aligned(heap(), SIZE_MAX - 3, &pointer), ORT_CODE_OUT_OF_MEMORY, "bytes");
    orti_allocator_failing failing;
    orti_allocator_failing_init(&failing, 1);
    CHECK_FAILS(orti_alloc(&failing.allocator, 1, 4, &pointer), ORT_CODE_OUT_OF_MEMORY, "4 bytes");
    CHECK(failing.live_count == 0 && failing.call_count == 1);
}

ORT_TEST(alloc, grow_keeps_contents_and_zeroes_the_tail) {
    int *items = NULL;
    size_t capacity = 0;
    for (size_t count = 1; count <= 1000; count++) {
        CHECK_OK(orti_grow(heap(), &items, &capacity, count, sizeof *items));
        CHECK(capacity >= count && items[count - 1] == 0);
        items[count - 1] = (int)count;
    }
    for (int i = 0; i < 1000; i++) CHECK(items[i] == i + 1);
    size_t before = capacity;
    CHECK_FAILS(orti_grow(heap(), &items, &capacity, SIZE_MAX, sizeof *items), ORT_CODE_OUT_OF_MEMORY, "");
    CHECK(capacity == before && items[999] == 1000);
    orti_free(heap(), items);
}

ORT_TEST(arena, pieces_are_zeroed_apart_and_whole) {
    orti_arena arena;
    orti_arena_init(&arena, heap());
    uint8_t *pieces[300];
    for (size_t i = 0; i < 300; i++) {
        size_t size = i * 37 % 5000 + 1;
        CHECK_OK(orti_arena_alloc(&arena, size, 1, &pieces[i]));
        CHECK((uintptr_t)pieces[i] % 16 == 0);
        for (size_t j = 0; j < size; j++) CHECK(pieces[i][j] == 0);
        memset(pieces[i], (int)i, size);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t j = 0; j < i * 37 % 5000 + 1; j++) CHECK(pieces[i][j] == (uint8_t)i);
    orti_arena_finish(&arena);
    CHECK(arena.total_bytes == 0);
    orti_arena_finish(&arena);
}

ORT_TEST(arena, copies_and_strings) {
    orti_arena arena;
    const char *name = NULL;
    int *numbers = NULL;
    orti_arena_init(&arena, heap());
    CHECK_OK(orti_arena_string(&arena, "batch_size", 5, &name));
    CHECK_STR(name, "batch");
    CHECK_OK(orti_arena_string(&arena, NULL, 0, &name));
    CHECK_STR(name, "");
    CHECK_OK(orti_arena_copy(&arena, (int[]){1, 2, 3}, 12, &numbers));
    CHECK(numbers[2] == 3);
    CHECK_OK(orti_arena_copy(&arena, NULL, 0, &numbers));
    CHECK(numbers == NULL);
    CHECK_OK(orti_arena_alloc(&arena, 0, 8, &numbers));
    CHECK(numbers == NULL);
    CHECK_FAILS(orti_arena_alloc(&arena, SIZE_MAX / 4, 8, &numbers), ORT_CODE_OUT_OF_MEMORY, "times 8");
    CHECK_FAILS(orti_arena_string(&arena, "", SIZE_MAX, &name), ORT_CODE_OUT_OF_MEMORY, "string");
    orti_arena_finish(&arena);
    orti_arena zero = {0};
    orti_arena_finish(&zero);
}

ORT_TEST(arena, every_allocation_may_fail) {
    uint64_t fail_at = 1;
    for (bool has_failed = true; has_failed; fail_at++) {
        orti_allocator_failing failing;
        orti_arena arena;
        orti_allocator_failing_init(&failing, fail_at);
        orti_arena_init(&arena, &failing.allocator);
        ort_status *status = NULL;
        for (size_t i = 1; i < 100 && !status; i++) {
            char *piece = NULL;
            status = orti_arena_alloc(&arena, i * 50, 1, &piece);
            if (piece) memset(piece, 1, i * 50);
        }
        has_failed = status != NULL;
        CHECK(!status || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY);
        ort_status_destroy(status);
        orti_arena_finish(&arena);
        CHECK(failing.live_count == 0);
    }
    CHECK(fail_at > 5);
}
