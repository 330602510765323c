#include "tensor/tensor.h"
#include "testing/test.h"

static const orti_allocator *alloc_default(void) {
    return orti_allocator_default();
}

static orti_tensor *row(ort_dtype dtype, int64_t count) {
    orti_tensor *tensor = NULL;
    CHECK_OK(orti_tensor_create(alloc_default(), dtype, &count, 1, 0, &tensor));
    return tensor;
}

ORT_TEST(datum, a_tensor_is_one) {
    orti_tensor *tensor = row(ORT_DTYPE_F32, 3);
    CHECK(orti_datum_tensor(&tensor->datum) == tensor && orti_datum_list(&tensor->datum) == NULL);
    CHECK(orti_datum_tensor(NULL) == NULL && orti_datum_list(NULL) == NULL);
    orti_datum_retain(&tensor->datum);
    orti_tensor_release(tensor);
    CHECK(tensor->datum.ref_count == 1);
    orti_datum_release(&tensor->datum);
    orti_datum_release(NULL);
}

ORT_TEST(datum, a_list_holds_its_items) {
    orti_tensor *tensor = row(ORT_DTYPE_F32, 3);
    orti_list *inner = NULL, *outer = NULL;
    orti_datum *twice[] = {&tensor->datum, &tensor->datum};
    CHECK_OK(orti_list_create(alloc_default(), ORTI_TYPE_SEQUENCE, twice, 2, &inner));
    CHECK(tensor->datum.ref_count == 3 && inner->count == 2 && inner->items[1] == &tensor->datum);
    orti_datum *one[] = {&inner->datum};
    CHECK_OK(orti_list_create(alloc_default(), ORTI_TYPE_OPTIONAL, one, 1, &outer));
    CHECK(orti_datum_list(&outer->datum) == outer && orti_datum_tensor(&outer->datum) == NULL);
    orti_datum_release(&inner->datum);
    CHECK(tensor->datum.ref_count == 3);
    orti_datum_release(&outer->datum);
    CHECK(tensor->datum.ref_count == 1);
    orti_tensor_release(tensor);
}

ORT_TEST(datum, maps_have_a_row_of_keys) {
    orti_tensor *keys = row(ORT_DTYPE_I64, 2), *numbers = row(ORT_DTYPE_F32, 2), *three = row(ORT_DTYPE_F32, 3);
    orti_list *map = NULL;
    orti_datum *items[] = {&keys->datum, &numbers->datum};
    CHECK_OK(orti_list_create(alloc_default(), ORTI_TYPE_MAP, items, 2, &map));
    orti_datum_release(&map->datum);
    CHECK_FAILS(orti_list_create(alloc_default(), ORTI_TYPE_MAP, items, 1, &map), ORT_CODE_INVALID_ARGUMENT, "1 items");
    items[1] = &three->datum;
    CHECK_FAILS(orti_list_create(alloc_default(), ORTI_TYPE_MAP, items, 2, &map), ORT_CODE_INVALID_ARGUMENT,
                "2 keys and 3 values");
    items[0] = &numbers->datum;
    CHECK_FAILS(orti_list_create(alloc_default(), ORTI_TYPE_MAP, items, 2, &map), ORT_CODE_INVALID_ARGUMENT, "keys");
    orti_tensor_release(keys);
    orti_tensor_release(numbers);
    orti_tensor_release(three);
}

ORT_TEST(datum, create_refuses) {
    orti_tensor *tensor = row(ORT_DTYPE_F32, 1);
    orti_list *list = NULL;
    orti_datum *items[] = {&tensor->datum, &tensor->datum, NULL};
    CHECK_FAILS(orti_list_create(alloc_default(), ORTI_TYPE_TENSOR, items, 1, &list), ORT_CODE_INVALID_ARGUMENT,
                "a tensor holds no other values");
    CHECK_FAILS(orti_list_create(alloc_default(), ORTI_TYPE_OPTIONAL, items, 2, &list), ORT_CODE_INVALID_ARGUMENT,
                "none or one");
    CHECK_FAILS(orti_list_create(alloc_default(), ORTI_TYPE_SEQUENCE, items, 3, &list), ORT_CODE_INVALID_ARGUMENT,
                "item 2");
    CHECK(tensor->datum.ref_count == 1);
    CHECK_OK(orti_list_create(alloc_default(), ORTI_TYPE_OPTIONAL, NULL, 0, &list));
    orti_datum_release(&list->datum);
    orti_tensor_release(tensor);
}
