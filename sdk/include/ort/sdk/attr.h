/* ort/sdk/attr.h: a node's attributes, read with their defaults. Threads: any, for the node's lifetime. */
#ifndef ORT_SDK_ATTR_H
#define ORT_SDK_ATTR_H

#include "ort/sdk/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

bool ortk_attr_has(const ortk_node *node, const char *name);
int64_t ortk_attr_int(const ortk_node *node, const char *name, int64_t fallback);
float ortk_attr_float(const ortk_node *node, const char *name, float fallback);
/* Copies up to `capacity` elements; the count in the model, 0 when absent. */
uint32_t ortk_attr_ints(const ortk_node *node, const char *name, int64_t *out, uint32_t capacity);
uint32_t ortk_attr_floats(const ortk_node *node, const char *name, float *out, uint32_t capacity);
/* Views of the strings: borrow, the view; their bytes end at compile's end, so copy what run needs. */
uint32_t ortk_attr_strings(const ortk_node *node, const char *name, ort_string_view *out, uint32_t capacity);
/* The string attribute, or `fallback` when absent; borrow as above. */
ort_string_view ortk_attr_text(const ortk_node *node, const char *name, const char *fallback);
/* A tensor attribute's elements, dense; NULL when absent. Borrow: the view, so copy at compile what run needs. */
const void *ortk_attr_tensor(const ortk_node *node, const char *name, uint32_t *out_dtype, int64_t *out_count);
/* True when the string attribute (or `fallback` when absent) equals `text`. */
bool ortk_attr_is(const ortk_node *node, const char *name, const char *fallback, const char *text);

#ifdef __cplusplus
}
#endif

#endif
