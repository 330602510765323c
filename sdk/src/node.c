/* A node through a kernel's eyes, and constants kept readable. */
#include "kit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void text_fit(char *out, size_t capacity, ort_string_view text) {
    size_t length = text.length < capacity ? (size_t)text.length : capacity - 1;
    if (length) memcpy(out, text.data, length);
    out[length] = 0;
}

ort_status *ortk_node_init(ortk_node *node, const ortp_host *host, const ortp_view *view, uint32_t id,
                           ortk_constants *constants) {
    static const ortk_fused nothing;
    memset(node, 0, sizeof *node);
    node->host = host;
    node->view = view;
    node->id = id;
    node->constants = constants;
    node->fused = &nothing;
    node->info.size = sizeof node->info;
    ORTK_TRY(host->graph->node(view, id, &node->info));
    node->inputs = node->info.inputs;
    node->outputs = node->info.outputs;
    node->input_count = node->info.input_count;
    node->output_count = node->info.output_count;
    while (node->input_count && node->inputs[node->input_count - 1] == ORTP_NONE) node->input_count--;
    while (node->output_count && node->outputs[node->output_count - 1] == ORTP_NONE) node->output_count--;
    text_fit(node->name, sizeof node->name, node->info.name);
    text_fit(node->op, sizeof node->op, node->info.op_type);
    return NULL;
}

ort_status *ortk_view_value(const ortp_host *host, const ortp_view *view, uint32_t value, ortp_value_info *out) {
    *out = (ortp_value_info){.size = sizeof *out};
    return host->graph->value(view, value, out);
}

/* Facts about an input or output; false when it was left out. */
static bool value_of(const ortk_node *node, const uint32_t *values, uint32_t count, uint32_t index,
                     ortp_value_info *out) {
    if (index >= count || values[index] == ORTP_NONE) return false;
    ort_status *status = ortk_view_value(node->host, node->view, values[index], out);
    if (!status) return true;
    ortk_status_drop(node->host, status);
    return false;
}

uint32_t ortk_node_input_count(const ortk_node *node) {
    return node->input_count;
}

uint32_t ortk_node_output_count(const ortk_node *node) {
    return node->output_count;
}

bool ortk_node_has_input(const ortk_node *node, uint32_t index) {
    return index < node->input_count && node->inputs[index] != ORTP_NONE;
}

uint32_t ortk_node_input_dtype(const ortk_node *node, uint32_t index) {
    ortp_value_info info;
    return value_of(node, node->inputs, node->input_count, index, &info) ? info.dtype : ORT_DTYPE_NONE;
}

uint32_t ortk_node_output_dtype(const ortk_node *node, uint32_t index) {
    ortp_value_info info;
    return value_of(node, node->outputs, node->output_count, index, &info) ? info.dtype : ORT_DTYPE_NONE;
}

int32_t ortk_node_input_rank(const ortk_node *node, uint32_t index) {
    ortp_value_info info;
    if (!value_of(node, node->inputs, node->input_count, index, &info)) return -1;
    return info.flags & ORTP_VALUE_HAS_SHAPE ? (int32_t)info.rank : -1;
}

int64_t ortk_node_input_dim(const ortk_node *node, uint32_t index, uint32_t axis) {
    ortp_value_info info;
    if (!value_of(node, node->inputs, node->input_count, index, &info)) return -1;
    if (!(info.flags & ORTP_VALUE_HAS_SHAPE) || axis >= info.rank || info.dims[axis] < 0) return -1;
    return info.dims[axis];
}

bool ortk_node_is_known(const ortk_node *node, uint32_t index) {
    ortp_value_info info;
    if (!value_of(node, node->inputs, node->input_count, index, &info)) return false;
    return info.kind == ORTP_VALUE_CONSTANT || (info.flags & ORTP_VALUE_IS_KNOWN) != 0;
}

const void *ortk_node_constant(const ortk_node *node, uint32_t index, int64_t *out_count) {
    ortp_value_info info;
    *out_count = 0;
    if (!value_of(node, node->inputs, node->input_count, index, &info) || info.kind != ORTP_VALUE_CONSTANT) return NULL;
    const ortk_constant_entry *entry = NULL;
    ort_status *status = ortk_constants_get(node->constants, node->view, node->inputs[index], &entry);
    if (status) {
        ortk_status_drop(node->host, status);
        return NULL;
    }
    *out_count = ortk_constant_count(&entry->constant);
    return entry->data;
}

bool ortk_node_is_constant(const ortk_node *node, uint32_t index, int64_t *out_count) {
    ortp_value_info info;
    *out_count = 0;
    if (!value_of(node, node->inputs, node->input_count, index, &info) || info.kind != ORTP_VALUE_CONSTANT)
        return false;
    *out_count = 1;
    for (uint32_t i = 0; i < info.rank; i++) *out_count *= info.dims[i];
    return true;
}

const char *ortk_node_name(const ortk_node *node) {
    return node->name;
}

const char *ortk_node_op(const ortk_node *node) {
    return node->op;
}

const ortk_fused *ortk_node_fused(const ortk_node *node) {
    return node->fused;
}

bool ortk_decline(ortk_node *node, uint32_t code, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(node->decline_text, sizeof node->decline_text, fmt, args);
    va_end(args);
    node->decline_code = code;
    return false;
}

/* ---- constants ---- */

int64_t ortk_constant_count(const ortp_constant *constant) {
    int64_t count = 1;
    for (uint32_t i = 0; i < constant->rank; i++) count *= constant->dims[i];
    return count;
}

/* Kernels read elements through their own type, which asks for its alignment; a file promises none. */
static ort_status *constant_align(ortk_constants *all, ortk_constant_entry *entry) {
    entry->is_aligned = true;
    /* Strings begin with their offsets. */
    uint64_t element = entry->constant.dtype == ORT_DTYPE_STRING ? 8 : ortk_dtype_bytes(entry->constant.dtype, 1);
    if (element <= 1 || (uintptr_t)entry->retained % (element > 8 ? 8 : element) == 0) return NULL;
    void *copy = ortk_arena_take(all->arena, (size_t)entry->constant.size_bytes);
    if (!copy) return ortk_out_of_memory();
    memcpy(copy, entry->retained, (size_t)entry->constant.size_bytes);
    entry->data = copy;
    return NULL;
}

static ort_status *constants_find(ortk_constants *all, const ortp_view *view, uint32_t value,
                                  ortk_constant_entry **out) {
    ortk_constant_entry **bucket = &all->buckets[value % ORTK_COUNT_OF(all->buckets)];
    for (*out = *bucket; *out; *out = (*out)->next)
        if ((*out)->value == value) return NULL;
    const ortp_host *host = all->host;
    ortk_constant_entry *entry = ortk_arena_alloc(all->arena, sizeof *entry);
    if (!entry) return ortk_out_of_memory();
    entry->value = value;
    entry->constant.size = sizeof entry->constant;
    ORTK_TRY(host->graph->constant(view, value, &entry->constant));
    int64_t *dims = ortk_arena_array(all->arena, entry->constant.rank, sizeof *dims);
    if (!dims) return ortk_out_of_memory();
    if (entry->constant.rank) memcpy(dims, entry->constant.dims, entry->constant.rank * sizeof *dims);
    entry->constant.dims = dims;
    ORTK_TRY(host->store->constant_retain(host->context, &entry->constant, &entry->retained));
    entry->next = *bucket; /* on the list as soon as there is something to release */
    *bucket = entry;
    entry->data = entry->retained;
    *out = entry;
    return NULL;
}

ort_status *ortk_constants_get_bytes(ortk_constants *all, const ortp_view *view, uint32_t value,
                                     const ortk_constant_entry **out) {
    ortk_constant_entry *entry = NULL;
    ort_status *status = constants_find(all, view, value, &entry);
    *out = entry;
    return status;
}

ort_status *ortk_constants_get(ortk_constants *all, const ortp_view *view, uint32_t value,
                               const ortk_constant_entry **out) {
    ortk_constant_entry *entry = NULL;
    *out = NULL;
    ORTK_TRY(constants_find(all, view, value, &entry));
    if (!entry->is_aligned) ORTK_TRY(constant_align(all, entry));
    *out = entry;
    return NULL;
}

void ortk_constants_release(ortk_constants *all) {
    for (size_t i = 0; i < ORTK_COUNT_OF(all->buckets); i++) {
        for (ortk_constant_entry *e = all->buckets[i]; e; e = e->next)
            all->host->store->constant_release(all->host->context, &e->constant, e->retained);
        all->buckets[i] = NULL;
    }
}
