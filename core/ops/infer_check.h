/* ops/infer_check.h: for the tests of inference: graphs as text, what their values come out as. */
#ifndef ORT_CORE_OPS_INFER_CHECK_H
#define ORT_CORE_OPS_INFER_CHECK_H

#include "ops/ops.h"
#include "testing/test.h"

#include <stdio.h>

static inline int32_t newest_opset(void *user, const char *domain) {
    (void)user;
    return orti_ops_newest_opset(domain);
}

/* A bound graph of these statements; %x is the input, %y what is looked at. */
static inline orti_graph *bound(const char *statements) {
    char text[2048];
    orti_graph *graph = NULL;
    snprintf(text, sizeof text, "graph \"t\" { %s output %%y }", statements);
    CHECK_OK(orti_graph_parse(orti_allocator_default(), text, strlen(text), &graph));
    CHECK_OK(orti_ops_bind(graph, newest_opset, NULL));
    return graph;
}

static inline void check_value(const orti_graph *graph, const char *name, const char *want) {
    orti_text text;
    const orti_value *value = orti_graph_value(graph, orti_graph_find_value(graph, name));
    orti_text_init(&text, orti_allocator_default());
    orti_text_add(&text, "%s", orti_dtype_name(value->dtype));
    if (value->has_shape) orti_text_add(&text, "[");
    for (uint32_t i = 0; value->has_shape && i < value->rank; i++) {
        if (i) orti_text_add(&text, ",");
        orti_dim_print(orti_graph_pool(graph), value->dims[i], &text);
    }
    if (value->has_shape) orti_text_add(&text, "]");
    CHECK_OK(orti_text_status(&text));
    CHECK_STR(text.data, want);
    orti_text_finish(&text);
}

/* Infers and compares type and shape of %y, and of %z and %q where a text is given. */
static inline void check_values(const char *statements, const char *want_y, const char *want_z, const char *want_q) {
    orti_graph *graph = bound(statements);
    CHECK_OK(orti_infer_graph(graph));
    check_value(graph, "y", want_y);
    if (want_z) check_value(graph, "z", want_z);
    if (want_q) check_value(graph, "q", want_q);
    orti_graph_destroy(graph);
}

static inline void check_shapes(const char *statements, const char *want_y, const char *want_z) {
    check_values(statements, want_y, want_z, NULL);
}

static inline void check_refuses(const char *statements, const char *why) {
    orti_graph *graph = bound(statements);
    CHECK_FAILS(orti_infer_graph(graph), ORT_CODE_INVALID_MODEL, why);
    orti_graph_destroy(graph);
}

#endif
