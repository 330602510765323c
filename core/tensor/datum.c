#include "tensor/datum.h"

#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdatomic.h>

const char *orti_value_type_name(orti_value_type type) {
    static const char *const names[] = {[ORTI_TYPE_TENSOR] = "tensor",
                                        [ORTI_TYPE_SEQUENCE] = "sequence",
                                        [ORTI_TYPE_OPTIONAL] = "optional",
                                        [ORTI_TYPE_MAP] = "map",
                                        [ORTI_TYPE_SPARSE] = "sparse tensor"};
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "?";
}

orti_datum *orti_datum_retain(orti_datum *datum) {
    atomic_fetch_add_explicit(&datum->ref_count, 1, memory_order_relaxed);
    return datum;
}

void orti_datum_release(orti_datum *datum) {
    if (!datum || atomic_fetch_sub_explicit(&datum->ref_count, 1, memory_order_acq_rel) != 1) return;
    orti_list *list = orti_datum_list(datum);
    if (list)
        for (uint32_t i = 0; i < list->count; i++) orti_datum_release(list->items[i]);
    else
        orti_tensor_finish(orti_datum_tensor(datum));
    orti_free(datum->alloc, datum);
}

orti_tensor *orti_datum_tensor(orti_datum *datum) {
    return datum && datum->type == ORTI_TYPE_TENSOR ? (orti_tensor *)datum : NULL;
}

orti_list *orti_datum_list(orti_datum *datum) {
    return datum && datum->type != ORTI_TYPE_TENSOR ? (orti_list *)datum : NULL;
}

static int64_t item_count(orti_datum *datum) {
    const orti_tensor *tensor = orti_datum_tensor(datum);
    if (tensor) return tensor->rank == 1 ? tensor->element_count : -1;
    return datum->type == ORTI_TYPE_SEQUENCE ? (int64_t)orti_datum_list(datum)->count : -1;
}

static bool is_key_type(ort_dtype dtype) {
    return dtype == ORT_DTYPE_STRING || orti_dtype_is_integer(dtype);
}

static ort_status *map_check(orti_datum *const *items, uint32_t count) {
    if (count != 2) ORT_FAIL(INVALID_ARGUMENT, "a map of %u items: it has two, its keys and its values", count);
    const orti_tensor *keys = orti_datum_tensor(items[0]);
    if (!keys || keys->rank != 1 || !is_key_type(keys->dtype))
        ORT_FAIL(INVALID_ARGUMENT, "a map's keys are one row of integers or strings");
    int64_t value_count = item_count(items[1]);
    if (value_count != keys->element_count)
        ORT_FAIL(INVALID_ARGUMENT, "a map of %" PRId64 " keys and %" PRId64 " values (-1: no row of them)",
                 keys->element_count, value_count);
    return NULL;
}

static ort_status *items_check(orti_value_type type, orti_datum *const *items, uint32_t count) {
    if (type != ORTI_TYPE_SEQUENCE && type != ORTI_TYPE_OPTIONAL && type != ORTI_TYPE_MAP)
        ORT_FAIL(INVALID_ARGUMENT, "a %s holds no other values", orti_value_type_name(type));
    for (uint32_t i = 0; i < count; i++)
        if (!items[i]) ORT_FAIL(INVALID_ARGUMENT, "item %u of a %s is NULL", i, orti_value_type_name(type));
    if (type == ORTI_TYPE_OPTIONAL && count > 1)
        ORT_FAIL(INVALID_ARGUMENT, "an optional of %u items: it has none or one", count);
    return type == ORTI_TYPE_MAP ? map_check(items, count) : NULL;
}

ort_status *orti_list_create(const orti_allocator *alloc, orti_value_type type, orti_datum *const *items,
                             uint32_t count, orti_list **out) {
    orti_list *list = NULL;
    *out = NULL;
    ORT_TRY(items_check(type, items, count));
    ORT_TRY(orti_alloc(alloc, 1, sizeof *list + count * sizeof *items, &list));
    list->datum.alloc = alloc;
    atomic_init(&list->datum.ref_count, 1);
    list->datum.type = type;
    list->count = count;
    for (uint32_t i = 0; i < count; i++) list->items[i] = orti_datum_retain(items[i]);
    *out = list;
    return NULL;
}
