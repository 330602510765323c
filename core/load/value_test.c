#include "load/tensor_file.h"
#include "testing/test.h"

#include <stdio.h>
#include <unistd.h>

static const orti_allocator *alloc_default(void) {
    return orti_allocator_default();
}

static const char *file_path(void) {
    static char path[128];
    snprintf(path, sizeof path, "/tmp/ort-value-test-%ld.pb", (long)getpid());
    return path;
}

static orti_tensor *floats(int64_t count, float first) {
    orti_tensor *tensor = NULL;
    CHECK_OK(orti_tensor_create(alloc_default(), ORT_DTYPE_F32, &count, 1, 0, &tensor));
    for (int64_t i = 0; i < count; i++) ((float *)tensor->data)[i] = first + (float)i;
    return tensor;
}

/* Saved and loaded again; the file is gone. */
static orti_datum *there_and_back(orti_datum *datum) {
    orti_datum *back = NULL;
    CHECK_OK(orti_datum_save_pb(datum, "value", file_path()));
    CHECK_OK(orti_datum_load_pb(alloc_default(), file_path(), datum->type, &back));
    unlink(file_path());
    return back;
}

static orti_list *list_of(orti_value_type type, orti_datum *first, orti_datum *second) {
    orti_list *list = NULL;
    orti_datum *items[] = {first, second};
    CHECK_OK(orti_list_create(alloc_default(), type, items, second ? 2 : first ? 1 : 0, &list));
    return list;
}

ORT_TEST(value_file, sequences_and_optionals) {
    orti_tensor *a = floats(2, 1), *b = floats(3, 5);
    orti_list *sequence = list_of(ORTI_TYPE_SEQUENCE, &a->datum, &b->datum);
    orti_list *optional = list_of(ORTI_TYPE_OPTIONAL, &sequence->datum, NULL),
              *none = list_of(ORTI_TYPE_OPTIONAL, NULL, NULL);
    orti_datum *back = there_and_back(&optional->datum), *nothing = there_and_back(&none->datum);
    CHECK(orti_datum_list(nothing)->count == 0);
    CHECK(orti_datum_list(back)->count == 1);
    orti_list *inner = orti_datum_list(orti_datum_list(back)->items[0]);
    CHECK(inner && inner->datum.type == ORTI_TYPE_SEQUENCE && inner->count == 2);
    orti_tensor *last = orti_datum_tensor(inner->items[1]);
    CHECK(last && last->element_count == 3 && ((float *)last->data)[2] == 7);
    orti_datum_release(back);
    orti_datum_release(nothing);
    orti_datum_release(&none->datum);
    orti_datum_release(&optional->datum);
    orti_datum_release(&sequence->datum);
    orti_tensor_release(a);
    orti_tensor_release(b);
}

ORT_TEST(value_file, maps) {
    orti_tensor *keys = NULL, *names = NULL, *values = floats(2, 1);
    CHECK_OK(orti_tensor_create(alloc_default(), ORT_DTYPE_I64, &(int64_t){2}, 1, 0, &keys));
    memcpy(keys->data, (int64_t[]){-7, 300}, 16);
    CHECK_OK(orti_tensor_create(alloc_default(), ORT_DTYPE_STRING, &(int64_t){2}, 1, 3, &names));
    memcpy(names->data, (int64_t[]){0, 1, 3}, 24);
    memcpy((char *)names->data + 24, "abc", 3);
    orti_list *by_int = list_of(ORTI_TYPE_MAP, &keys->datum, &values->datum);
    orti_list *by_name = list_of(ORTI_TYPE_MAP, &names->datum, &values->datum);
    orti_datum *back = there_and_back(&by_int->datum), *named = there_and_back(&by_name->datum);
    orti_tensor *got = orti_datum_tensor(orti_datum_list(back)->items[0]);
    CHECK(got->dtype == ORT_DTYPE_I64 && ((int64_t *)got->data)[0] == -7 && ((int64_t *)got->data)[1] == 300);
    got = orti_datum_tensor(orti_datum_list(back)->items[1]);
    CHECK(got && got->element_count == 2 && ((float *)got->data)[1] == 2);
    got = orti_datum_tensor(orti_datum_list(named)->items[0]);
    CHECK(got->size_bytes == names->size_bytes && memcmp(got->data, names->data, (size_t)got->size_bytes) == 0);
    orti_datum_release(back);
    orti_datum_release(named);
    orti_datum_release(&by_int->datum);
    orti_datum_release(&by_name->datum);
    orti_tensor_release(keys);
    orti_tensor_release(names);
    orti_tensor_release(values);
}

static void bytes_write(const void *data, size_t size_bytes) {
    FILE *file = fopen(file_path(), "wb");
    CHECK(file && fwrite(data, 1, size_bytes, file) == size_bytes);
    fclose(file);
}

ORT_TEST(value_file, refuses_damage) {
    orti_datum *datum = NULL;
    uint8_t deep[64];
    size_t at = sizeof deep;
    /* Sequences in sequences: field 5, each as long as what is left. */
    for (uint8_t inner = 0; at >= 2 && inner < 62; inner = (uint8_t)(inner + 2)) {
        deep[--at] = inner;
        deep[--at] = 5 << 3 | 2;
    }
    bytes_write(deep + at, sizeof deep - at);
    CHECK_FAILS(orti_datum_load_pb(alloc_default(), file_path(), ORTI_TYPE_SEQUENCE, &datum), ORT_CODE_LIMIT_EXCEEDED,
                "deeper");
    bytes_write("\x1a\x7f", 2);
    CHECK_FAILS(orti_datum_load_pb(alloc_default(), file_path(), ORTI_TYPE_SEQUENCE, &datum), ORT_CODE_INVALID_ARGUMENT,
                "damaged");
    bytes_write("\x10\x0b", 2); /* keys of float64 */
    CHECK_FAILS(orti_datum_load_pb(alloc_default(), file_path(), ORTI_TYPE_MAP, &datum), ORT_CODE_INVALID_ARGUMENT,
                "element type 11");
    bytes_write("\x10\x07\x18\x01", 4); /* a key without a value */
    CHECK_FAILS(orti_datum_load_pb(alloc_default(), file_path(), ORTI_TYPE_MAP, &datum), ORT_CODE_INVALID_ARGUMENT,
                "1 keys and 0 values");
    unlink(file_path());
}
