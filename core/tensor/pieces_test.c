#include "tensor/pieces.h"
#include "testing/test.h"

static orti_tensor *numbers(int64_t rows, int64_t columns, int32_t first) {
    orti_tensor *tensor = NULL;
    CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_I32, (int64_t[]){rows, columns}, 2, 0, &tensor));
    for (int32_t i = 0; i < rows * columns; i++) ((int32_t *)tensor->data)[i] = first + i;
    return tensor;
}

/* "a" "bb" "" / "ccc" "d" "ee" */
static orti_tensor *words(void) {
    orti_tensor *tensor = NULL;
    CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_STRING, (int64_t[]){2, 3}, 2, 9, &tensor));
    memcpy(tensor->data, (int64_t[]){0, 1, 3, 3, 6, 7, 9}, 56);
    memcpy((char *)tensor->data + 56, "abbcccdee", 9);
    return tensor;
}

ORT_TEST(pieces, slices_and_back) {
    orti_tensor *all = numbers(2, 3, 1), *parts[2] = {NULL}, *whole = NULL, *column = NULL;
    CHECK_OK(orti_tensor_slice(all, 1, 0, 1, true, &parts[0]));
    CHECK_OK(orti_tensor_slice(all, 1, 1, 3, true, &parts[1]));
    CHECK(parts[1]->dims[0] == 2 && parts[1]->dims[1] == 2 && ((int32_t *)parts[1]->data)[2] == 5);
    CHECK_OK(orti_tensor_concat(parts, 2, 1, false, &whole));
    CHECK(whole->size_bytes == 24 && memcmp(whole->data, all->data, 24) == 0);
    CHECK_OK(orti_tensor_slice(all, 1, 2, 3, false, &column));
    CHECK(column->rank == 1 && ((int32_t *)column->data)[0] == 3 && ((int32_t *)column->data)[1] == 6);
    for (int i = 0; i < 2; i++) orti_tensor_release(parts[i]);
    orti_tensor_release(all);
    orti_tensor_release(whole);
    orti_tensor_release(column);
}

ORT_TEST(pieces, a_new_axis) {
    orti_tensor *parts[2] = {numbers(1, 2, 1), numbers(1, 2, 5)}, *whole = NULL;
    CHECK_OK(orti_tensor_concat(parts, 2, 2, true, &whole));
    CHECK(whole->rank == 3 && whole->dims[2] == 2);
    CHECK(memcmp(whole->data, (int32_t[]){1, 5, 2, 6}, 16) == 0);
    for (int i = 0; i < 2; i++) orti_tensor_release(parts[i]);
    orti_tensor_release(whole);
}

ORT_TEST(pieces, strings) {
    orti_tensor *all = words(), *parts[2] = {NULL}, *whole = NULL, *none = NULL;
    CHECK_OK(orti_tensor_slice(all, 1, 0, 2, true, &parts[0]));
    CHECK_OK(orti_tensor_slice(all, 1, 2, 3, true, &parts[1]));
    CHECK(memcmp(parts[0]->data, (int64_t[]){0, 1, 3, 6, 7}, 40) == 0);
    CHECK(memcmp((char *)parts[0]->data + 40, "abbcccd", 7) == 0);
    CHECK_OK(orti_tensor_concat(parts, 2, 1, false, &whole));
    CHECK(whole->size_bytes == all->size_bytes && memcmp(whole->data, all->data, (size_t)all->size_bytes) == 0);
    CHECK_OK(orti_tensor_slice(all, 0, 1, 1, true, &none));
    CHECK(none->element_count == 0 && none->size_bytes == 8 && *(int64_t *)none->data == 0);
    for (int i = 0; i < 2; i++) orti_tensor_release(parts[i]);
    orti_tensor_release(all);
    orti_tensor_release(whole);
    orti_tensor_release(none);
}

ORT_TEST(pieces, refuse) {
    orti_tensor *parts[2] = {numbers(2, 3, 1), numbers(3, 2, 1)}, *out = NULL;
    CHECK_FAILS(orti_tensor_slice(parts[0], 1, 2, 4, true, &out), ORT_CODE_INVALID_ARGUMENT, "not there");
    CHECK_FAILS(orti_tensor_concat(parts, 2, 0, false, &out), ORT_CODE_INVALID_ARGUMENT, "tensor 1");
    CHECK_FAILS(orti_tensor_concat(parts, 1, 2, false, &out), ORT_CODE_INVALID_ARGUMENT, "no axis 2");
    for (int i = 0; i < 2; i++) orti_tensor_release(parts[i]);
}
