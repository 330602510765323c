/* bare/probe.h: small graphs of one or two operators, with inputs and the answers computed here in double.
 * Start at: ortc_probe_build().  Used by: this room. */
#ifndef ORTC_BARE_PROBE_H
#define ORTC_BARE_PROBE_H

#include "host/graph.h"

#define ORTC_PROBE_INPUTS 2u

typedef enum ortc_form {
    ORTC_FORM_ONE,      /* X[n] -> op -> Z */
    ORTC_FORM_TWO,      /* X[n], Y[n] -> op -> Z */
    ORTC_FORM_CONSTANT, /* X[n], a constant [n] -> op -> Z */
    ORTC_FORM_CHAIN,    /* X[n] -> op -> T; T, Y[n] -> then -> Z */
    ORTC_FORM_PRODUCT,  /* X[n, 5] times a constant [5, 3] -> Z[n, 3] */
    ORTC_FORM_TURNED,   /* X[n, 3] -> Z[3, n] */
    ORTC_FORM_RESHAPED  /* X[n, 4] -> Z[4n] */
} ortc_form;

typedef struct ortc_probe {
    const char *name;
    ortc_form form;
    uint32_t dtype, out_dtype;
    const char *op_type;
    int32_t since_version;
    double (*one)(double x);
    double (*two)(double x, double y);
    const char *then; /* of a chain */
    double (*then_two)(double x, double y);
} ortc_probe;

extern const ortc_probe ortc_probes[];
extern const uint32_t ortc_probe_count;

/* A probe of one size: its graph, inputs and answers. Owns the data; the graph points into it. */
typedef struct ortc_example {
    const ortc_probe *probe;
    int64_t n;
    bool is_symbolic; /* n is the symbol N in the graph */
    ortc_graph graph;
    uint32_t inputs[ORTC_PROBE_INPUTS], input_count, output;
    uint64_t input_bytes[ORTC_PROBE_INPUTS], output_bytes, output_count;
    void *data[ORTC_PROBE_INPUTS]; /* of the inputs */
    void *constant;
    double *answer;
} ortc_example;

/* False: no memory. Finish in any case. */
bool ortc_example_init(ortc_example *example, const ortc_probe *probe, int64_t n, bool is_symbolic, uint64_t seed);
void ortc_example_finish(ortc_example *example);
/* The index of the first element of `output` (dense) that is not the answer, and what it should be; -1: all are. */
int64_t ortc_example_compare(const ortc_example *example, const void *output, double *out_got, double *out_want);

/* X -> Relu -> T; T -> Opaque -> O; T, O -> Add -> Z: Relu and Add together are not convex. */
void ortc_fork_build(ortc_graph *graph);
/* One node of an operator that nobody has. */
void ortc_opaque_build(ortc_graph *graph);

#endif
