/* Inputs and outputs as the application sees them. */
#include "session/inner.h"

#include <string.h>

static ort_status *dim_name(orti_arena *arena, const orti_graph *graph, orti_dim dim, const char **out) {
    const orti_dim_pool *pool = orti_graph_pool(graph);
    uint32_t symbol = orti_dim_symbol_index(pool, dim);
    *out = "";
    if (symbol != UINT32_MAX) {
        const char *name = orti_dim_symbol_name(pool, symbol);
        /* A symbol that the model did not name is called "?3" inside. */
        return *name == '?' ? NULL : orti_arena_string(arena, name, strlen(name), out);
    }
    orti_text text;
    orti_text_init(&text, arena->alloc);
    if (dim != ORTI_DIM_INVALID) orti_dim_print(pool, dim, &text);
    ort_status *status = orti_text_status(&text);
    if (!status && text.length && !strchr(text.data, '?'))
        status = orti_arena_string(arena, text.data, text.length, out);
    orti_text_finish(&text);
    return status;
}

static ort_status *dims_describe(orti_arena *arena, const orti_graph *graph, const orti_value *value,
                                 ort_value_info *out) {
    int64_t *dims;
    const char **names;
    ORT_TRY(orti_arena_alloc(arena, value->rank, sizeof *dims, &dims));
    ORT_TRY(orti_arena_alloc(arena, value->rank, sizeof *names, &names));
    for (uint32_t i = 0; i < value->rank; i++) {
        dims[i] = value->dims[i] >= 0 ? value->dims[i] : -1;
        names[i] = "";
        if (dims[i] < 0) ORT_TRY(dim_name(arena, graph, value->dims[i], &names[i]));
    }
    out->rank = value->rank;
    out->dims = dims;
    out->dim_names = names;
    return NULL;
}

ort_status *orti_value_describe(orti_arena *arena, const orti_graph *graph, orti_value_id id, ort_value_info *out) {
    const orti_value *value = orti_graph_value(graph, id);
    const char *type = value->type_text ? value->type_text : orti_dtype_name(value->dtype);
    *out = ORT_INIT(ort_value_info);
    out->dtype = value->type == ORTI_TYPE_TENSOR ? value->dtype : ORT_DTYPE_NONE;
    out->has_shape = value->has_shape;
    out->kind = (uint32_t)value->type;
    ORT_TRY(orti_arena_string(arena, value->name, strlen(value->name), &out->name));
    ORT_TRY(orti_arena_string(arena, type, strlen(type), &out->type));
    return value->has_shape ? dims_describe(arena, graph, value, out) : NULL;
}

ort_status *orti_values_describe(orti_arena *arena, const orti_graph *graph, bool is_output, value_list *out) {
    uint32_t count = is_output ? orti_graph_output_count(graph) : orti_graph_input_count(graph);
    ORT_TRY(orti_arena_alloc(arena, count, sizeof *out->items, &out->items));
    out->count = count;
    for (uint32_t i = 0; i < count; i++)
        ORT_TRY(orti_value_describe(arena, graph, is_output ? orti_graph_output(graph, i) : orti_graph_input(graph, i),
                                    &out->items[i]));
    return NULL;
}

ort_status *orti_info_copy(void *out, const void *info, uint32_t info_size, const char *what) {
    uint32_t size = 0;
    if (!out) ORT_FAIL(INVALID_ARGUMENT, "%s: out is NULL", what);
    memcpy(&size, out, sizeof size);
    if (size < 2 * sizeof size) ORT_FAIL(INVALID_ARGUMENT, "%s: out->size is %u: set it with ORT_INIT", what, size);
    if (size > info_size) {
        memset((char *)out + info_size, 0, size - info_size);
        size = info_size;
    }
    memcpy((char *)out + sizeof size, (const char *)info + sizeof size, size - sizeof size);
    return NULL;
}
