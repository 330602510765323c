/* List attributes, kept as long as the program. */
#include "ml/rows.h"

ort_status *ortcpu_attr_floats(ortk_compiler *compiler, const ortk_node *node, const char *name, const float **out,
                               int64_t *out_count) {
    uint32_t count = ortk_attr_floats(node, name, NULL, 0);
    float *copy = count ? ortk_compiler_alloc(compiler, count * sizeof *copy) : NULL;
    if (count && !copy) return ortk_out_of_memory();
    ortk_attr_floats(node, name, copy, count);
    *out = copy;
    *out_count = count;
    return NULL;
}

ort_status *ortcpu_attr_ints(ortk_compiler *compiler, const ortk_node *node, const char *name, const int64_t **out,
                             int64_t *out_count) {
    uint32_t count = ortk_attr_ints(node, name, NULL, 0);
    int64_t *copy = count ? ortk_compiler_alloc(compiler, count * sizeof *copy) : NULL;
    if (count && !copy) return ortk_out_of_memory();
    ortk_attr_ints(node, name, copy, count);
    *out = copy;
    *out_count = count;
    return NULL;
}

ort_status *ortcpu_strings_keep(ortk_compiler *compiler, ort_string_view *strings, int64_t count) {
    uint64_t bytes = 0;
    for (int64_t i = 0; strings && i < count; i++) bytes += strings[i].length;
    char *text = ortk_compiler_alloc(compiler, (size_t)bytes + 1);
    if (!text) return ortk_out_of_memory();
    for (int64_t i = 0; strings && i < count; i++) {
        if (strings[i].length) memcpy(text, strings[i].data, (size_t)strings[i].length);
        strings[i].data = text;
        text += strings[i].length;
    }
    return NULL;
}

ort_status *ortcpu_attr_strings(ortk_compiler *compiler, const ortk_node *node, const char *name,
                                const ort_string_view **out, int64_t *out_count) {
    uint32_t count = ortk_attr_strings(node, name, NULL, 0);
    ort_string_view *copy = count ? ortk_compiler_alloc(compiler, count * sizeof *copy) : NULL;
    *out = copy;
    *out_count = count;
    if (!count) return NULL;
    if (!copy) return ortk_out_of_memory();
    ortk_attr_strings(node, name, copy, count);
    return ortcpu_strings_keep(compiler, copy, count);
}
