/* LabelEncoder and CategoryMapper: each element becomes the value that belongs to it as a key, or a default. */
#include "ml/lookup.h"
#include "ml/ml.h"
#include "ml/rows.h"
#include "ops/table.h"
#include "text/strings.h"

/* A list in one of the forms that attributes take. */
typedef struct encode_list {
    uint32_t dtype;
    int64_t count, element_bytes;
    const void *numbers;            /* NULL: strings */
    const ort_string_view *strings; /* NULL: numbers */
} encode_list;

typedef struct encode_params {
    ortcpu_lookup lookup;
    encode_list values; /* the default is one more, the last */
    uint32_t key_dtype;
} encode_params;

typedef struct encode_state {
    const encode_params *params;
    int64_t count;
    uint32_t rank;
    int64_t dims[ORTK_RANK_MAX];
} encode_state;

/* ---- compile ---- */

/* A copy of the elements of a list, with room for one more. */
static ort_status *list_read(ortk_compiler *compiler, const ortk_node *node, const char *const *names,
                             encode_list *out) {
    uint32_t dtype;
    const void *tensor = ortk_attr_tensor(node, names[3], &dtype, &out->count);
    ort_string_view *strings = NULL;
    *out = (encode_list){.count = out->count};
    uint32_t count = (uint32_t)out->count;
    if (tensor) out->dtype = dtype;
    if (!out->dtype && (count = ortk_attr_strings(node, names[0], NULL, 0)) != 0) out->dtype = ORT_DTYPE_STRING;
    if (!out->dtype && (count = ortk_attr_ints(node, names[1], NULL, 0)) != 0) out->dtype = ORT_DTYPE_I64;
    if (!out->dtype && (count = ortk_attr_floats(node, names[2], NULL, 0)) != 0) out->dtype = ORT_DTYPE_F32;
    if (!out->dtype)
        return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s' has none of %s, %s, %s", ortk_node_op(node),
                         ortk_node_name(node), names[0], names[1], names[2]);
    out->count = count;
    const bool is_string = out->dtype == ORT_DTYPE_STRING;
    out->element_bytes = is_string ? (int64_t)sizeof *strings : (int64_t)ortk_dtype_bytes(out->dtype, 1);
    void *copy = ortk_compiler_alloc(compiler, ((size_t)count + 1) * (size_t)out->element_bytes);
    if (!copy) return ortk_out_of_memory();
    strings = is_string ? copy : NULL;
    out->strings = strings;
    out->numbers = is_string ? NULL : copy;
    if (tensor && !is_string) memcpy(copy, tensor, count * (size_t)out->element_bytes);
    if (!tensor && out->dtype == ORT_DTYPE_I64) ortk_attr_ints(node, names[1], copy, count);
    if (!tensor && out->dtype == ORT_DTYPE_F32) ortk_attr_floats(node, names[2], copy, count);
    for (uint32_t i = 0; tensor && is_string && i < count; i++) strings[i] = ortcpu_string_at(tensor, count, i);
    if (!tensor && is_string) ortk_attr_strings(node, names[0], strings, count);
    return NULL;
}

static int64_t key_at(uint32_t dtype, const void *numbers, int64_t index) {
    switch (dtype) {
    case ORT_DTYPE_I64:
        return ((const int64_t *)numbers)[index];
    case ORT_DTYPE_I32:
        return ((const int32_t *)numbers)[index];
    case ORT_DTYPE_I16:
        return ((const int16_t *)numbers)[index];
    case ORT_DTYPE_F32:
        return ortcpu_float_key((double)((const float *)numbers)[index]);
    default:
        return ortcpu_float_key(((const double *)numbers)[index]);
    }
}

static ort_status *keys_hash(ortk_compiler *compiler, const encode_list *keys, encode_params *p) {
    int64_t *ints = NULL;
    p->key_dtype = keys->dtype;
    if (keys->strings) return ortcpu_lookup_make(compiler, keys->strings, NULL, keys->count, &p->lookup);
    ints = ortk_compiler_alloc(compiler, (size_t)keys->count * sizeof *ints + 1);
    if (!ints) return ortk_out_of_memory();
    for (int64_t i = 0; i < keys->count; i++) ints[i] = key_at(keys->dtype, keys->numbers, i);
    return ortcpu_lookup_make(compiler, NULL, ints, keys->count, &p->lookup);
}

/* Behind the values: what an element that is no key becomes. */
static void default_put(const ortk_node *node, const encode_list *values) {
    uint32_t dtype = ORT_DTYPE_NONE;
    int64_t count = 0;
    const void *tensor = ortk_attr_tensor(node, "default_tensor", &dtype, &count);
    char *at = (char *)(uintptr_t)(values->strings ? (const void *)values->strings : values->numbers) +
               values->count * values->element_bytes;
    const bool is_given = tensor && dtype == values->dtype && count >= 1;
    if (values->strings) {
        ort_string_view text =
            is_given ? ortcpu_string_at(tensor, count, 0) : ortk_attr_text(node, "default_string", "_Unused");
        memcpy(at, &text, sizeof text);
    } else if (is_given) {
        memcpy(at, tensor, (size_t)values->element_bytes);
    } else if (values->dtype == ORT_DTYPE_F32) {
        const float number = ortk_attr_float(node, "default_float", -0.0f);
        memcpy(at, &number, sizeof number);
    } else if (values->dtype == ORT_DTYPE_F64) {
        const double number = (double)ortk_attr_float(node, "default_float", -0.0f);
        memcpy(at, &number, sizeof number);
    } else { /* two's complement: the low bytes are the number */
        const int64_t number = ortk_attr_int(node, "default_int64", -1);
        memcpy(at, &number, (size_t)values->element_bytes);
    }
}

static ort_status *lists_compile(ortk_compiler *compiler, const ortk_node *node, const char *const *key_names,
                                 const char *const *value_names, encode_params *p) {
    encode_list keys;
    ort_status *status = list_read(compiler, node, key_names, &keys);
    if (!status) status = list_read(compiler, node, value_names, &p->values);
    if (!status && keys.count != p->values.count)
        status = ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': %lld keys and %lld values", ortk_node_op(node),
                           ortk_node_name(node), (long long)keys.count, (long long)p->values.count);
    if (!status && keys.dtype != ortk_node_input_dtype(node, 0))
        status = ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': keys of another type than its input", ortk_node_op(node),
                           ortk_node_name(node));
    if (status) return status;
    default_put(node, &p->values);
    status = ortcpu_strings_keep(compiler, (ort_string_view *)(uintptr_t)keys.strings, keys.count);
    if (!status)
        status = ortcpu_strings_keep(compiler, (ort_string_view *)(uintptr_t)p->values.strings, p->values.count + 1);
    return status ? status : keys_hash(compiler, &keys, p);
}

static ort_status *encoder_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    static const char *const keys[] = {"keys_strings", "keys_int64s", "keys_floats", "keys_tensor"};
    static const char *const values[] = {"values_strings", "values_int64s", "values_floats", "values_tensor"};
    return lists_compile(compiler, node, keys, values, params);
}

static ort_status *mapper_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    static const char *const strings[] = {"cats_strings", "", "", ""};
    static const char *const ints[] = {"", "cats_int64s", "", ""};
    const bool is_string = ortk_node_input_dtype(node, 0) == ORT_DTYPE_STRING;
    return lists_compile(compiler, node, is_string ? strings : ints, is_string ? ints : strings, params);
}

/* ---- run ---- */

/* Where the value of element `index` stands. */
static int64_t value_of(const encode_state *s, const void *x, int64_t index) {
    const encode_params *p = s->params;
    int64_t at;
    if (p->key_dtype == ORT_DTYPE_STRING) {
        const ort_string_view text = ortcpu_string_at(x, s->count, index);
        at = ortcpu_lookup_string(&p->lookup, text.data, text.length);
    } else {
        at = ortcpu_lookup_int(&p->lookup, key_at(p->key_dtype, x, index));
    }
    return at < 0 ? p->values.count : at;
}

static void numbers_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const encode_state *s = step->state;
    const size_t bytes = (size_t)s->params->values.element_bytes;
    char *out = ortk_out(step, 0);
    for (int64_t i = begin; i < end; i++)
        memcpy(out + (size_t)i * bytes,
               (const char *)s->params->values.numbers + (size_t)value_of(s, ortk_in(step, 0), i) * bytes, bytes);
}

static void strings_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const encode_state *s = step->state;
    int64_t *at = scratch;
    uint64_t bytes = 0;
    for (int64_t i = 0; i < s->count; i++) {
        at[i] = value_of(s, ortk_in(step, 0), i);
        bytes += s->params->values.strings[at[i]].length;
    }
    ortcpu_string_writer writer;
    if (!ortcpu_strings_begin(step, 0, s->dims, s->rank, s->count, bytes, &writer)) return;
    for (int64_t i = 0; i < s->count; i++) ortcpu_strings_add(&writer, s->params->values.strings[at[i]]);
}

static ort_status *encode_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                               const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    encode_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (encode_state){params, in->element_count, out->rank, {0}};
    memcpy(s->dims, out->dims, sizeof s->dims);
    step->state = s;
    step->cost_ns = 1 + (double)s->count * 10;
    if (s->params->values.strings) {
        step->run = strings_run;
        step->task_count = 1;
        step->scratch_bytes = ((uint64_t)s->count + 1) * sizeof(int64_t);
    } else {
        step->run = numbers_run;
        step->task_count = s->count;
        step->grain = 256;
    }
    return NULL;
}

#define KEY_TYPES      (ORTCPU_TYPES_ML | ORT_DTYPE_BIT(ORT_DTYPE_I16) | ORT_DTYPE_BIT(ORT_DTYPE_STRING))
#define CATEGORY_TYPES (ORT_DTYPE_BIT(ORT_DTYPE_I64) | ORT_DTYPE_BIT(ORT_DTYPE_STRING))
static const ortk_kernel kernels[] = {
    ORTCPU_ML("LabelEncoder", 2, KEY_TYPES, encode_params, NULL, encoder_compile, encode_plan),
    ORTCPU_ML("CategoryMapper", 1, CATEGORY_TYPES, encode_params, NULL, mapper_compile, encode_plan),
};
const ortcpu_op_table ortcpu_ml_encode = ORTCPU_TABLE(kernels);
