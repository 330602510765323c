/* Values that go into a program: elements as numbers, random contents, files, stored data sets. */
#include "common/tensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tool_values_finish(tool_values *values) {
    for (uint32_t i = 0; i < values->count; i++) ort_value_release(values->items[i]);
    values->count = 0;
}

static double half_to_double(uint16_t bits) {
    int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    double magnitude = exponent == 31 ? (mantissa ? NAN : INFINITY)
                       : exponent     ? ldexp(1024 + mantissa, exponent - 25)
                                      : ldexp(mantissa, -24);
    return bits >> 15 ? -magnitude : magnitude;
}

static double bfloat_to_double(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float number;
    memcpy(&number, &wide, 4);
    return (double)number;
}

double tool_element(const ort_tensor *tensor, int64_t index) {
    const void *data = ort_tensor_data_const(tensor);
    switch (ort_tensor_dtype(tensor)) {
    case ORT_DTYPE_F32:
        return (double)((const float *)data)[index];
    case ORT_DTYPE_F64:
        return ((const double *)data)[index];
    case ORT_DTYPE_F16:
        return half_to_double(((const uint16_t *)data)[index]);
    case ORT_DTYPE_BF16:
        return bfloat_to_double(((const uint16_t *)data)[index]);
    case ORT_DTYPE_I64:
        return (double)((const int64_t *)data)[index];
    case ORT_DTYPE_U64:
        return (double)((const uint64_t *)data)[index];
    case ORT_DTYPE_I32:
        return ((const int32_t *)data)[index];
    case ORT_DTYPE_U32:
        return ((const uint32_t *)data)[index];
    case ORT_DTYPE_I16:
        return ((const int16_t *)data)[index];
    case ORT_DTYPE_U16:
        return ((const uint16_t *)data)[index];
    case ORT_DTYPE_I8:
        return ((const int8_t *)data)[index];
    case ORT_DTYPE_U8:
    case ORT_DTYPE_BOOL:
        return ((const uint8_t *)data)[index];
    default:
        return NAN;
    }
}

/* splitmix64: the same numbers everywhere for the same seed. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool fill_random(ort_tensor *tensor, uint64_t *state) {
    int64_t count = ort_tensor_element_count(tensor);
    void *data = ort_tensor_data(tensor);
    ort_dtype dtype = ort_tensor_dtype(tensor);
    uint64_t width = count ? ort_tensor_size_bytes(tensor) / (uint64_t)count : 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits = next_random(state);
        double unit = (double)(bits >> 11) * 0x1p-53;
        switch (dtype) {
        case ORT_DTYPE_F32:
            ((float *)data)[i] = (float)unit;
            break;
        case ORT_DTYPE_F64:
            ((double *)data)[i] = unit;
            break;
        case ORT_DTYPE_F16:
            ((uint16_t *)data)[i] = (uint16_t)(0x3000 + bits % 0x0c00);
            break; /* 0.125 to 1 */
        case ORT_DTYPE_BF16:
            ((uint16_t *)data)[i] = (uint16_t)(0x3e00 + bits % 0x0180);
            break;
        case ORT_DTYPE_BOOL:
            ((uint8_t *)data)[i] = bits & 1;
            break;
        case ORT_DTYPE_U8:
        case ORT_DTYPE_I8:
        case ORT_DTYPE_U16:
        case ORT_DTYPE_I16:
        case ORT_DTYPE_U32:
        case ORT_DTYPE_I32:
        case ORT_DTYPE_U64:
        case ORT_DTYPE_I64: {
            uint64_t small = bits % 10; /* little-endian: the low bytes are the number */
            memcpy((char *)data + (uint64_t)i * width, &small, width);
            break;
        }
        default:
            return false;
        }
    }
    return true;
}

/* The part of "NAME=..." behind the sign when NAME is `name`; names may contain '=' and ':' themselves. */
static const char *given_for(const tool_list *inputs, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < inputs->count; i++)
        if (strncmp(inputs->items[i], name, length) == 0 && inputs->items[i][length] == '=')
            return inputs->items[i] + length + 1;
    return NULL;
}

static bool parse_shape(const char *text, int64_t *dims, uint32_t *rank) {
    *rank = 0;
    while (*text) {
        char *end;
        long long dim = strtoll(text, &end, 10);
        if (end == text || dim < 0 || *rank == 32) return false;
        dims[(*rank)++] = dim;
        if (*end && *end != 'x' && *end != ',') return false;
        text = end + (*end != 0);
    }
    return true;
}

static ort_status *random_input(const tool_inputs *wanted, const ort_value_info *value, const char *shape,
                                uint64_t *state, ort_tensor **out) {
    int64_t dims[32];
    uint32_t rank = value->rank < 32 ? value->rank : 32;
    for (uint32_t i = 0; i < rank; i++) dims[i] = value->dims[i] < 0 ? 1 : value->dims[i];
    if (shape && !parse_shape(shape, dims, &rank)) {
        tool_error(wanted->program, "%s %s=%s%s: not a shape like 1x3x224x224", wanted->option, value->name,
                   wanted->shape_mark, shape);
        exit(TOOL_EXIT_USAGE);
    }
    if (value->kind != ORT_VALUE_TENSOR) {
        tool_error(wanted->program, "input '%s' is %s: no random values for it, give a file", value->name, value->type);
        exit(TOOL_EXIT_USAGE);
    }
    ort_status *status = ort_tensor_create(value->dtype, dims, rank, out);
    if (!status && !fill_random(*out, state)) {
        tool_error(wanted->program, "input '%s' is %s: no random values for it, give a file", value->name,
                   ort_dtype_name(value->dtype));
        exit(TOOL_EXIT_USAGE);
    }
    return status;
}

static ort_status *check_names(const tool_inputs *wanted, ort_session *session) {
    for (size_t k = 0; k < wanted->given->count; k++) {
        bool is_known = false;
        const char *item = wanted->given->items[k];
        for (uint32_t i = 0; i < ort_session_input_count(session) && !is_known; i++) {
            ort_value_info value = ORT_INIT(ort_value_info);
            ort_status *status = ort_session_input(session, i, &value);
            if (status) return status;
            size_t length = strlen(value.name);
            is_known = strncmp(item, value.name, length) == 0 && item[length] == '=';
        }
        if (!is_known) {
            tool_error(wanted->program, "%s %s: the model has no such input (or '=' is missing)", wanted->option, item);
            exit(TOOL_EXIT_USAGE);
        }
    }
    return NULL;
}

ort_status *tool_inputs_create(const tool_inputs *wanted, ort_session *session, tool_values *out) {
    uint64_t state = wanted->seed;
    size_t mark_length = strlen(wanted->shape_mark);
    ort_status *status = check_names(wanted, session);
    uint32_t count = ort_session_input_count(session);
    for (uint32_t i = 0; !status && i < count && i < TOOL_VALUES_MAX; i++) {
        ort_value_info value = ORT_INIT(ort_value_info);
        status = ort_session_input(session, i, &value);
        if (status) break;
        const char *given = given_for(wanted->given, value.name);
        bool is_file = given && strncmp(given, wanted->shape_mark, mark_length) != 0;
        ort_tensor *tensor = NULL;
        out->items[i] = NULL;
        if (is_file)
            status = ort_value_load(given, value.type, &out->items[i]);
        else
            status = random_input(wanted, &value, given ? given + mark_length : NULL, &state, &tensor);
        if (tensor) out->items[i] = ort_tensor_value(tensor);
        out->count = i + 1;
    }
    return status;
}

ort_status *tool_values_load(const char *folder, const char *kind, uint32_t count, const ort_session *session,
                             tool_values *out) {
    bool is_output = strcmp(kind, "output") == 0;
    for (uint32_t i = 0; i < count && i < TOOL_VALUES_MAX; i++) {
        char path[4096];
        ort_value_info value = ORT_INIT(ort_value_info);
        ort_status *status = NULL;
        if (session)
            status = is_output ? ort_session_output(session, i, &value) : ort_session_input(session, i, &value);
        snprintf(path, sizeof path, "%s/%s_%u.pb", folder, kind, i);
        out->items[i] = NULL;
        if (!status) status = ort_value_load(path, value.type, &out->items[i]);
        if (status) return status;
        out->count = i + 1;
    }
    return NULL;
}
