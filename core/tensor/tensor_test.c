#include "tensor/tensor.h"
#include "testing/test.h"

static const orti_allocator *alloc_default(void) {
    return orti_allocator_default();
}

ORT_TEST(tensor, shapes_are_counted) {
    int64_t count = 0;
    CHECK(orti_shape_count(NULL, 0, &count) && count == 1);
    CHECK(orti_shape_count((int64_t[]){2, 3, 4}, 3, &count) && count == 24);
    CHECK(orti_shape_count((int64_t[]){INT64_MAX, 0, INT64_MAX}, 3, &count) && count == 0);
    CHECK(!orti_shape_count((int64_t[]){INT64_MAX, 2}, 2, &count));
    CHECK(!orti_shape_count((int64_t[]){0, -1}, 2, &count));
}

ORT_TEST(tensor, owns_aligned_memory) {
    orti_tensor *tensor = NULL;
    CHECK_OK(orti_tensor_create(alloc_default(), ORT_DTYPE_F32, (int64_t[]){2, 3}, 2, 0, &tensor));
    CHECK(tensor->size_bytes == 24 && tensor->element_count == 6 && (uintptr_t)tensor->data % ORTI_ALIGN_BYTES == 0);
    memset(tensor->data, 1, 24);
    CHECK(orti_tensor_retain(tensor) == tensor);
    orti_tensor_release(tensor);
    CHECK(tensor->datum.ref_count == 1);
    orti_tensor_release(tensor);
    orti_tensor_release(NULL);
    CHECK_OK(orti_tensor_create(alloc_default(), ORT_DTYPE_F32, (int64_t[]){0}, 1, 0, &tensor));
    CHECK(tensor->data == NULL && tensor->size_bytes == 0);
    orti_tensor_release(tensor);
    CHECK_OK(orti_tensor_create(alloc_default(), ORT_DTYPE_STRING, (int64_t[]){2}, 1, 5, &tensor));
    CHECK(tensor->size_bytes == 3 * 8 + 5);
    orti_tensor_release(tensor);
}

ORT_TEST(tensor, create_refuses) {
    orti_tensor *tensor = NULL;
    int64_t many[ORTI_RANK_MAX + 1] = {0};
    CHECK_FAILS(orti_tensor_create(alloc_default(), ORT_DTYPE_F32, many, ORTI_RANK_MAX + 1, 0, &tensor),
                ORT_CODE_LIMIT_EXCEEDED, "rank 33");
    CHECK_FAILS(orti_tensor_create(alloc_default(), 77, many, 1, 0, &tensor), ORT_CODE_INVALID_ARGUMENT, "77");
    CHECK_FAILS(orti_tensor_create(alloc_default(), ORT_DTYPE_F32, (int64_t[]){-2}, 1, 0, &tensor),
                ORT_CODE_INVALID_ARGUMENT, "float32[-2]");
    CHECK_FAILS(orti_tensor_create(alloc_default(), ORT_DTYPE_F64, (int64_t[]){INT64_MAX}, 1, 0, &tensor),
                ORT_CODE_LIMIT_EXCEEDED, "address space");
    CHECK_FAILS(orti_tensor_create(alloc_default(), ORT_DTYPE_STRING, (int64_t[]){1}, 1, UINT64_MAX, &tensor),
                ORT_CODE_LIMIT_EXCEEDED, "address space");
    CHECK_FAILS(orti_tensor_create(alloc_default(), ORT_DTYPE_F32, (int64_t[]){1}, 1, 4, &tensor),
                ORT_CODE_INVALID_ARGUMENT, "no room for strings");
    CHECK(tensor == NULL);
}

static void count_release(void *user, void *data) {
    (void)data;
    ++*(int *)user;
}

ORT_TEST(tensor, wraps_memory) {
    orti_tensor *tensor = NULL;
    float data[4] = {0};
    int releases = 0;
    CHECK_FAILS(orti_tensor_wrap(alloc_default(), ORT_DTYPE_F32, (int64_t[]){3}, 1, data, 16, count_release, &releases,
                                 &tensor),
                ORT_CODE_INVALID_ARGUMENT, "float32[3] needs 12 bytes, not 16");
    CHECK_FAILS(orti_tensor_wrap(alloc_default(), ORT_DTYPE_F32, (int64_t[]){4}, 1, NULL, 16, NULL, NULL, &tensor),
                ORT_CODE_INVALID_ARGUMENT, "without memory");
    CHECK(releases == 0 && tensor == NULL);
    CHECK_OK(orti_tensor_wrap(alloc_default(), ORT_DTYPE_F32, (int64_t[]){4}, 1, data, 16, count_release, &releases,
                              &tensor));
    CHECK(tensor->data == data);
    orti_tensor_retain(tensor);
    orti_tensor_release(tensor);
    CHECK(releases == 0);
    orti_tensor_release(tensor);
    CHECK(releases == 1);
}

ORT_TEST(tensor, wraps_strings_that_are_in_order) {
    struct {
        int64_t offsets[3];
        char bytes[8];
    } strings = {{0, 3, 8}, "abcdefgh"};
    orti_tensor *tensor = NULL;
    CHECK_OK(orti_tensor_wrap(alloc_default(), ORT_DTYPE_STRING, (int64_t[]){2}, 1, &strings, sizeof strings, NULL,
                              NULL, &tensor));
    orti_tensor_release(tensor);
    const struct {
        int64_t offsets[4];
        char bytes[8];
    } falling = {{0, 5, 3, 8}, "abcdefgh"};
    CHECK_FAILS(orti_tensor_wrap(alloc_default(), ORT_DTYPE_STRING, (int64_t[]){3}, 1, (void *)(uintptr_t)&falling,
                                 sizeof falling, NULL, NULL, &tensor),
                ORT_CODE_INVALID_ARGUMENT, "offset 3 of element 2 is out of order");
    static const int64_t bad[][3] = {{1, 3, 8}, {0, 9, 8}, {0, 3, 9}, {0, -1, 8}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(strings.offsets, bad[i], sizeof bad[i]);
        CHECK_FAILS(orti_tensor_wrap(alloc_default(), ORT_DTYPE_STRING, (int64_t[]){2}, 1, &strings, sizeof strings,
                                     NULL, NULL, &tensor),
                    ORT_CODE_INVALID_ARGUMENT, "out of order");
    }
    memcpy(strings.offsets, (int64_t[]){0, 3, 7}, sizeof strings.offsets);
    CHECK_FAILS(orti_tensor_wrap(alloc_default(), ORT_DTYPE_STRING, (int64_t[]){2}, 1, &strings, sizeof strings, NULL,
                                 NULL, &tensor),
                ORT_CODE_INVALID_ARGUMENT, "end at 7");
    CHECK_FAILS(
        orti_tensor_wrap(alloc_default(), ORT_DTYPE_STRING, (int64_t[]){2}, 1, &strings, 8, NULL, NULL, &tensor),
        ORT_CODE_INVALID_ARGUMENT, "needs 24 bytes");
}

ORT_TEST(tensor, views_a_file) {
    static const uint8_t bytes[10] = {9, 1, 2, 3, 4};
    orti_file *file = NULL;
    orti_tensor *tensor = NULL;
    CHECK_OK(orti_file_from_bytes(alloc_default(), bytes, sizeof bytes, true, &file));
    CHECK_OK(orti_tensor_from_file(alloc_default(), ORT_DTYPE_U8, (int64_t[]){4}, 1, file, 1, 4, &tensor));
    CHECK(file->ref_count == 2);
    orti_file_release(file);
    CHECK(((const uint8_t *)tensor->data)[3] == 4);
    file = tensor->file;
    orti_tensor *other = NULL;
    CHECK_FAILS(orti_tensor_from_file(alloc_default(), ORT_DTYPE_U8, (int64_t[]){4}, 1, file, 8, 4, &other),
                ORT_CODE_INVALID_ARGUMENT, "no 4 bytes at offset 8");
    CHECK_FAILS(orti_tensor_from_file(alloc_default(), ORT_DTYPE_U8, (int64_t[]){4}, 1, file, UINT64_MAX, 4, &other),
                ORT_CODE_INVALID_ARGUMENT, "offset");
    CHECK_FAILS(orti_tensor_from_file(alloc_default(), ORT_DTYPE_F32, (int64_t[]){4}, 1, file, 0, 4, &other),
                ORT_CODE_INVALID_ARGUMENT, "needs 16 bytes");
    CHECK_FAILS(orti_tensor_from_file(alloc_default(), ORT_DTYPE_STRING, (int64_t[]){0}, 1, file, 0, 8, &other),
                ORT_CODE_INVALID_ARGUMENT, "strings");
    orti_tensor_release(tensor);
}

ORT_TEST(tensor, every_allocation_may_fail) {
    for (uint64_t fail_at = 1; fail_at <= 3; fail_at++) {
        orti_allocator_failing failing;
        orti_tensor *tensor = NULL;
        orti_allocator_failing_init(&failing, fail_at);
        ort_status *status = orti_tensor_create(&failing.allocator, ORT_DTYPE_I64, (int64_t[]){5}, 1, 0, &tensor);
        CHECK(ort_status_code(status) == (fail_at < 3 ? ORT_CODE_OUT_OF_MEMORY : ORT_CODE_OK));
        ort_status_destroy(status);
        orti_tensor_release(tensor);
        CHECK(failing.live_count == 0);
    }
}

ORT_TEST(tensor, shapes_print) {
    orti_text text;
    orti_text_init(&text, alloc_default());
    orti_shape_print(ORT_DTYPE_F32, (int64_t[]){2, 3}, 2, &text);
    orti_shape_print(ORT_DTYPE_BOOL, NULL, 0, &text);
    CHECK_STR(text.data, "float32[2,3]bool[]");
    orti_text_finish(&text);
}
