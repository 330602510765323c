/* Which kernel takes a node, or why none does. */
#include "claim.h"

#include <stdio.h>
#include <string.h>

static const char *const dtype_names[ORT_DTYPE_COUNT] = {
    "no type",    "float32",      "uint8",          "int8",       "uint16",         "int16",  "int32",     "int64",
    "string",     "bool",         "float16",        "float64",    "uint32",         "uint64", "complex64", "complex128",
    "bfloat16",   "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",  "int4",      "float4e2m1",
    "float8e8m0", "uint2",        "int2",           "float6e2m3", "float6e3m2",
};

static const char *dtype_name(uint32_t dtype) {
    return dtype < ORT_DTYPE_COUNT ? dtype_names[dtype] : "an unknown type";
}

/* "float32, int64" */
static const char *types_text(uint64_t types, char *text, size_t capacity) {
    size_t length = 0;
    text[0] = 0;
    for (uint32_t i = 1; i < ORT_DTYPE_COUNT; i++) {
        if (!(types & ORT_DTYPE_BIT(i)) || length + 32 > capacity) continue;
        length += (size_t)snprintf(text + length, capacity - length, "%s%s", length ? ", " : "", dtype_names[i]);
    }
    return text;
}

static bool domain_is(ort_string_view a, const char *b) {
    return ortk_view_is(a, b) || (b[0] == 0 && ortk_view_is(a, "ai.onnx"));
}

static uint32_t leading_dtype(const ortk_node *node) {
    return ortk_node_has_input(node, 0) ? ortk_node_input_dtype(node, 0) : ortk_node_output_dtype(node, 0);
}

/* What the kit itself needs of every value: a type, and a rank that its records hold. */
static bool values_fit(ortk_node *node, const uint32_t *values, uint32_t count, const char *what) {
    for (uint32_t i = 0; i < count; i++) {
        ortp_value_info info;
        if (values[i] == ORTP_NONE) continue;
        ort_status *status = ortk_view_value(node->host, node->view, values[i], &info);
        if (status) {
            ortk_status_drop(node->host, status);
            return ortk_decline(node, ORTP_DECLINE_SHAPE, "%s: %s %u can't be looked at", node->op, what, i);
        }
        if (!(info.flags & ORTP_VALUE_HAS_SHAPE))
            return ortk_decline(node, ORTP_DECLINE_SHAPE, "%s: the rank of %s %u is not known", node->op, what, i);
        if (info.rank > ORTK_RANK_MAX)
            return ortk_decline(node, ORTP_DECLINE_SHAPE, "%s: %s %u has rank %u, at most %u is done", node->op, what,
                                i, info.rank, ORTK_RANK_MAX);
        for (uint32_t d = 0; d < info.rank; d++)
            if (info.dims[d] == ORTP_DIM_UNKNOWN && strcmp(what, "output") == 0)
                return ortk_decline(node, ORTP_DECLINE_SHAPE, "%s: only the run can tell the shape of output %u",
                                    node->op, i);
    }
    return true;
}

static bool known_inputs_fit(ortk_node *node, const ortk_kernel *kernel) {
    for (uint32_t i = 0; i < node->input_count && i < ORTK_KERNEL_KNOWN_COUNT; i++) {
        if (!(kernel->flags & ORTK_KERNEL_KNOWN(i)) || !ortk_node_has_input(node, i) || ortk_node_is_known(node, i))
            continue;
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "%s: input %u must be constant or follow from shapes", node->op,
                            i);
    }
    return true;
}

/* How far a kernel came, so that the decline tells of the one that came nearest. */
static uint32_t kernel_try(ortk_node *node, const ortk_kernel *kernel, uint32_t dtype) {
    if (kernel->since_version > node->info.until_version || kernel->until_version < node->info.since_version) return 1;
    if (!(kernel->types & ORT_DTYPE_BIT(dtype))) return 2;
    node->decline_text[0] = 0;
    node->decline_code = ORTP_DECLINE_ATTRIBUTE;
    if (!known_inputs_fit(node, kernel)) return 3;
    return kernel->claim && !kernel->claim(node) ? 3 : 4;
}

static const ortk_kernel *declined(ortk_node *node, uint32_t best, uint64_t types, uint32_t dtype, const char *text,
                                   uint32_t code) {
    char list[160];
    if (best == 0) {
        ortk_decline(node, ORTP_DECLINE_OPERATOR, "%s: no kernel", node->op);
    } else if (best == 1) {
        ortk_decline(node, ORTP_DECLINE_OPERATOR, "%s: no kernel for version %d", node->op,
                     (int)node->info.since_version);
    } else if (best == 2) {
        ortk_decline(node, ORTP_DECLINE_TYPE, "%s: no kernel for %s (%s)", node->op, dtype_name(dtype),
                     types_text(types, list, sizeof list));
    } else {
        bool named = strncmp(text, node->op, strlen(node->op)) == 0;
        ortk_decline(node, code, "%s%s%s", named ? "" : node->op, named ? "" : ": ",
                     text[0] ? text : "not in this form");
    }
    return NULL;
}

static bool outputs_are_known(const ortk_node *node) {
    for (uint32_t i = 0; i < node->output_count; i++) {
        ortp_value_info info;
        if (node->outputs[i] == ORTP_NONE) continue;
        ort_status *status = ortk_view_value(node->host, node->view, node->outputs[i], &info);
        ortk_status_drop(node->host, status);
        if (status || !(info.flags & ORTP_VALUE_IS_KNOWN)) return false;
    }
    return node->output_count > 0;
}

const ortk_kernel *ortk_node_match(const ortk_asker *asker, ortk_node *node) {
    const ortk_kernels *all = &asker->instance->plugin->kernels;
    uint32_t best = 0, code = ORTP_DECLINE_OPERATOR, dtype = leading_dtype(node);
    uint64_t types = 0;
    char text[sizeof node->decline_text] = "";
    if (outputs_are_known(node)) return &ortk_kernel_known;
    for (uint32_t i = ortk_kernels_first(all, node->info.op_type); i != ORTP_NONE; i = all->entries[i].next) {
        const ortk_kernel *kernel = all->entries[i].kernel;
        if (!ortk_view_is(node->info.op_type, kernel->op) || !domain_is(node->info.domain, kernel->domain)) continue;
        uint32_t stage = kernel_try(node, kernel, dtype);
        if (stage == 4) {
            bool fits = values_fit(node, node->inputs, node->input_count, "input") &&
                        values_fit(node, node->outputs, node->output_count, "output");
            return fits ? kernel : NULL;
        }
        if (stage == 2) types |= kernel->types;
        if (stage > best) {
            best = stage;
            code = node->decline_code;
            memcpy(text, node->decline_text, sizeof text);
        }
    }
    return declined(node, best, types, dtype, text, code);
}
