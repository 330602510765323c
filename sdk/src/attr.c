#include "kit.h"

#include <string.h>

static bool attr_find(const ortk_node *node, const char *name, ortp_attr_info *out) {
    for (uint32_t i = 0; i < node->info.attr_count; i++) {
        *out = (ortp_attr_info){.size = sizeof *out};
        ort_status *status = node->host->graph->attr(node->view, node->id, i, out);
        if (status) {
            ortk_status_drop(node->host, status);
            return false;
        }
        if (ortk_view_is(out->name, name)) return true;
    }
    return false;
}

bool ortk_attr_has(const ortk_node *node, const char *name) {
    ortp_attr_info attr;
    return attr_find(node, name, &attr);
}

int64_t ortk_attr_int(const ortk_node *node, const char *name, int64_t fallback) {
    ortp_attr_info attr;
    return attr_find(node, name, &attr) && attr.kind == ORTP_ATTR_INT && attr.count ? attr.ints[0] : fallback;
}

float ortk_attr_float(const ortk_node *node, const char *name, float fallback) {
    ortp_attr_info attr;
    return attr_find(node, name, &attr) && attr.kind == ORTP_ATTR_FLOAT && attr.count ? attr.floats[0] : fallback;
}

uint32_t ortk_attr_ints(const ortk_node *node, const char *name, int64_t *out, uint32_t capacity) {
    ortp_attr_info attr;
    if (!attr_find(node, name, &attr) || attr.kind != ORTP_ATTR_INTS) return 0;
    for (uint32_t i = 0; i < capacity && i < attr.count; i++) out[i] = attr.ints[i];
    return (uint32_t)attr.count;
}

uint32_t ortk_attr_floats(const ortk_node *node, const char *name, float *out, uint32_t capacity) {
    ortp_attr_info attr;
    if (!attr_find(node, name, &attr) || attr.kind != ORTP_ATTR_FLOATS) return 0;
    for (uint32_t i = 0; i < capacity && i < attr.count; i++) out[i] = attr.floats[i];
    return (uint32_t)attr.count;
}

uint32_t ortk_attr_strings(const ortk_node *node, const char *name, ort_string_view *out, uint32_t capacity) {
    ortp_attr_info attr;
    if (!attr_find(node, name, &attr) || attr.kind != ORTP_ATTR_STRINGS) return 0;
    for (uint32_t i = 0; i < capacity && i < attr.count; i++) out[i] = attr.strings[i];
    return (uint32_t)attr.count;
}

ort_string_view ortk_attr_text(const ortk_node *node, const char *name, const char *fallback) {
    ortp_attr_info attr;
    if (!attr_find(node, name, &attr) || attr.kind != ORTP_ATTR_STRING || !attr.count)
        return (ort_string_view){fallback, strlen(fallback)};
    return attr.strings[0];
}

bool ortk_attr_is(const ortk_node *node, const char *name, const char *fallback, const char *text) {
    ortp_attr_info attr;
    if (!attr_find(node, name, &attr) || attr.kind != ORTP_ATTR_STRING || !attr.count)
        return strcmp(fallback, text) == 0;
    return ortk_view_is(attr.strings[0], text);
}

const void *ortk_attr_tensor(const ortk_node *node, const char *name, uint32_t *out_dtype, int64_t *out_count) {
    ortp_attr_info attr;
    *out_dtype = ORT_DTYPE_NONE;
    *out_count = 0;
    if (!attr_find(node, name, &attr) || attr.kind != ORTP_ATTR_TENSOR || !attr.tensor) return NULL;
    *out_dtype = attr.tensor->dtype;
    *out_count = ortk_constant_count(attr.tensor);
    return attr.tensor->data;
}
