#include "load/context.h"

#include <inttypes.h>
#include <string.h>

#define IMPORTS_MAX 256u /* looking for duplicates takes the square of it */

static const char *domain_plain(const char *domain) {
    return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

static int32_t version_in(const orti_opset_list *list, const char *domain) {
    domain = domain_plain(domain);
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->opsets[i].domain, domain) == 0) return list->opsets[i].version;
    return 0;
}

static ort_status *import_one(orti_arena *arena, const Onnx__OperatorSetIdProto *proto, orti_opset_list *list) {
    const char *domain = domain_plain(proto->domain);
    if (proto->version < 1 || proto->version > INT32_MAX)
        ORT_FAIL(INVALID_MODEL, "opset version %" PRId64 " of domain '%s'", proto->version, domain);
    if (!domain[0] && (proto->version < ORTI_OPSET_MIN || proto->version > ORTI_OPSET_MAX))
        ORT_FAIL(UNSUPPORTED, "opset %" PRId64 " of ai.onnx, this build knows %d to %d", proto->version, ORTI_OPSET_MIN,
                 ORTI_OPSET_MAX);
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->opsets[i].domain, domain) != 0) continue;
        if (proto->version > list->opsets[i].version) list->opsets[i].version = (int32_t)proto->version;
        return NULL;
    }
    list->opsets[list->count].version = (int32_t)proto->version;
    ORT_TRY(orti_arena_string(arena, domain, strlen(domain), &list->opsets[list->count].domain));
    list->count++;
    return NULL;
}

ort_status *orti_load_imports(orti_arena *arena, Onnx__OperatorSetIdProto **protos, size_t count,
                              orti_opset_list *out) {
    if (count > IMPORTS_MAX) ORT_FAIL(LIMIT_EXCEEDED, "%zu imports of operator sets", count);
    ORT_TRY(orti_arena_alloc(arena, count, sizeof *out->opsets, &out->opsets));
    for (size_t i = 0; i < count; i++) ORT_TRY(import_one(arena, protos[i], out));
    return NULL;
}

int32_t orti_model_opset(const orti_model *model, const char *domain) {
    return version_in(&model->imports, domain);
}

int32_t orti_model_opset_in(const orti_model *model, const orti_graph *graph, const char *domain) {
    for (; graph && orti_graph_outer(graph); graph = orti_graph_outer(graph))
        for (uint32_t i = 0; i < model->function_count; i++)
            if (strcmp(model->functions[i].body_name, orti_graph_name(graph)) == 0)
                return version_in(&model->functions[i].imports, domain);
    return orti_model_opset(model, domain);
}
