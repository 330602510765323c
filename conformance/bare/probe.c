#include "bare/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 5 /* of a product */
#define WIDTH 3

static double same(double x) {
    return x;
}
static double relu(double x) {
    return x > 0 ? x : 0;
}
static double negated(double x) {
    return -x;
}
static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}
static double sum(double x, double y) {
    return x + y;
}
static double product(double x, double y) {
    return x * y;
}
static double difference(double x, double y) {
    return x - y;
}

#define F32 ORT_DTYPE_F32, ORT_DTYPE_F32
#define I32 ORT_DTYPE_I32, ORT_DTYPE_I32
#define I64 ORT_DTYPE_I64, ORT_DTYPE_I64

const ortc_probe ortc_probes[] = {
    {.name = "Relu float32", .form = ORTC_FORM_ONE, F32, "Relu", 14, .one = relu},
    {.name = "Identity float32", .form = ORTC_FORM_ONE, F32, "Identity", 16, .one = same},
    {.name = "Add float32", .form = ORTC_FORM_TWO, F32, "Add", 14, .two = sum},
    {.name = "Neg float32", .form = ORTC_FORM_ONE, F32, "Neg", 13, .one = negated},
    {.name = "Abs float32", .form = ORTC_FORM_ONE, F32, "Abs", 13, .one = fabs},
    {.name = "Mul float32", .form = ORTC_FORM_TWO, F32, "Mul", 14, .two = product},
    {.name = "Sub float32", .form = ORTC_FORM_TWO, F32, "Sub", 14, .two = difference},
    {.name = "Sigmoid float32", .form = ORTC_FORM_ONE, F32, "Sigmoid", 13, .one = sigmoid},
    {.name = "Add float32 with a constant", .form = ORTC_FORM_CONSTANT, F32, "Add", 14, .two = sum},
    {.name = "Mul float32 with a constant", .form = ORTC_FORM_CONSTANT, F32, "Mul", 14, .two = product},
    {.name = "MatMul float32", .form = ORTC_FORM_PRODUCT, F32, "MatMul", 13},
    {.name = "Transpose float32", .form = ORTC_FORM_TURNED, F32, "Transpose", 13},
    {.name = "Reshape float32", .form = ORTC_FORM_RESHAPED, F32, "Reshape", 14},
    {.name = "Add int32", .form = ORTC_FORM_TWO, I32, "Add", 14, .two = sum},
    {.name = "Mul int32", .form = ORTC_FORM_TWO, I32, "Mul", 14, .two = product},
    {.name = "Add int64", .form = ORTC_FORM_TWO, I64, "Add", 14, .two = sum},
    {.name = "Identity int64", .form = ORTC_FORM_ONE, I64, "Identity", 16, .one = same},
    {.name = "Cast int32 to float32", .form = ORTC_FORM_ONE, ORT_DTYPE_I32, ORT_DTYPE_F32, "Cast", 13, .one = same},
    {.name = "Cast float32 to int32", .form = ORTC_FORM_ONE, ORT_DTYPE_F32, ORT_DTYPE_I32, "Cast", 13, .one = trunc},
    {.name = "Relu then Add", .form = ORTC_FORM_CHAIN, F32, "Relu", 14, .one = relu, .then = "Add", .then_two = sum},
    {.name = "Neg then Mul",
     .form = ORTC_FORM_CHAIN,
     F32,
     "Neg",
     13,
     .one = negated,
     .then = "Mul",
     .then_two = product},
    {.name = "Identity then Sub",
     .form = ORTC_FORM_CHAIN,
     F32,
     "Identity",
     16,
     .one = same,
     .then = "Sub",
     .then_two = difference},
};
const uint32_t ortc_probe_count = (uint32_t)(sizeof ortc_probes / sizeof ortc_probes[0]);

/* ---- graphs ---- */

static const int64_t minus_one[1] = {-1};

static ortp_dim dim_n(ortc_example *e) {
    if (!e->is_symbolic) return e->n;
    if (e->graph.symbol_count == 0) {
        e->graph.symbols[e->graph.symbol_count++] = "N";
        e->graph.exprs[e->graph.expr_count++] = (ortc_expr){0, 1, 0};
        e->graph.exprs[e->graph.expr_count++] = (ortc_expr){0, 4, 0};
    }
    return ORTC_EXPR(0);
}

static uint32_t input_add(ortc_example *e, const char *name, uint32_t rank, const ortp_dim *dims) {
    uint32_t id = ortc_graph_value(&e->graph, name, e->probe->dtype, rank, dims);
    e->graph.values[id].is_input = true;
    e->inputs[e->input_count++] = id;
    return id;
}

static uint32_t constant_add(ortc_example *e, const char *name, uint32_t dtype, uint32_t rank, const ortp_dim *dims,
                             const void *data, uint64_t size_bytes) {
    uint32_t id = ortc_graph_value(&e->graph, name, dtype, rank, dims);
    e->graph.values[id].data = data;
    e->graph.values[id].size_bytes = size_bytes;
    return id;
}

static uint32_t output_add(ortc_example *e, uint32_t rank, const ortp_dim *dims) {
    e->output = ortc_graph_value(&e->graph, "Z", e->probe->out_dtype, rank, dims);
    e->graph.values[e->output].is_output = true;
    return e->output;
}

static void node_add(ortc_example *e, const char *op_type, int32_t since, uint32_t a, uint32_t b, uint32_t out) {
    const uint32_t inputs[] = {a, b, ORTP_NONE}, outputs[] = {out, ORTP_NONE};
    uint32_t node = ortc_graph_node(&e->graph, "", op_type, since, inputs, outputs);
    if (strcmp(op_type, "Cast") == 0)
        e->graph.nodes[node].attrs[e->graph.nodes[node].attr_count++] =
            (ortc_attr){.name = "to", .kind = ORTP_ATTR_INT, .count = 1, .ints = {e->probe->out_dtype}};
    if (strcmp(op_type, "Transpose") == 0)
        e->graph.nodes[node].attrs[e->graph.nodes[node].attr_count++] =
            (ortc_attr){.name = "perm", .kind = ORTP_ATTR_INTS, .count = 2, .ints = {1, 0}};
}

static void build_flat(ortc_example *e) {
    const ortp_dim n[1] = {dim_n(e)};
    const ortc_probe *p = e->probe;
    uint32_t x = input_add(e, "X", 1, n), y = ORTP_NONE, first = ORTP_NONE;
    if (p->form == ORTC_FORM_TWO || p->form == ORTC_FORM_CHAIN) y = input_add(e, "Y", 1, n);
    if (p->form == ORTC_FORM_CONSTANT)
        y = constant_add(e, "W", p->dtype, 1, n, e->constant, (uint64_t)e->n * ortc_dtype_bytes(p->dtype));
    if (p->form != ORTC_FORM_CHAIN) {
        node_add(e, p->op_type, p->since_version, x, y, output_add(e, 1, n));
        return;
    }
    first = ortc_graph_value(&e->graph, "T", p->dtype, 1, n);
    node_add(e, p->op_type, p->since_version, x, ORTP_NONE, first);
    node_add(e, p->then, 14, first, y, output_add(e, 1, n));
}

static void build_product(ortc_example *e) {
    const ortp_dim n = dim_n(e), wide[] = {n, DEPTH}, weights[] = {DEPTH, WIDTH}, out[] = {n, WIDTH};
    uint32_t x = input_add(e, "X", 2, wide);
    uint32_t w = constant_add(e, "W", e->probe->dtype, 2, weights, e->constant, DEPTH * WIDTH * sizeof(float));
    node_add(e, e->probe->op_type, e->probe->since_version, x, w, output_add(e, 2, out));
}

static void build_turned(ortc_example *e) {
    const ortp_dim n = dim_n(e), in[] = {n, WIDTH}, out[] = {WIDTH, n};
    node_add(e, e->probe->op_type, e->probe->since_version, input_add(e, "X", 2, in), ORTP_NONE, output_add(e, 2, out));
}

static void build_reshaped(ortc_example *e) {
    const ortp_dim n = dim_n(e), in[] = {n, 4}, out[] = {e->is_symbolic ? ORTC_EXPR(1) : 4 * e->n}, one[] = {1};
    uint32_t x = input_add(e, "X", 2, in);
    uint32_t shape = constant_add(e, "shape", ORT_DTYPE_I64, 1, one, minus_one, sizeof minus_one);
    node_add(e, e->probe->op_type, e->probe->since_version, x, shape, output_add(e, 1, out));
}

static void (*const builders[])(ortc_example *e) = {
    [ORTC_FORM_ONE] = build_flat,         [ORTC_FORM_TWO] = build_flat,        [ORTC_FORM_CONSTANT] = build_flat,
    [ORTC_FORM_CHAIN] = build_flat,       [ORTC_FORM_PRODUCT] = build_product, [ORTC_FORM_TURNED] = build_turned,
    [ORTC_FORM_RESHAPED] = build_reshaped};

/* ---- data: numbers that all types here hold exactly, and whose products do too ---- */

static double number_read(uint32_t dtype, const void *data, uint64_t index) {
    const unsigned char *at = (const unsigned char *)data + index * ortc_dtype_bytes(dtype);
    float f;
    int32_t i;
    int64_t l;
    if (dtype == ORT_DTYPE_F32) return memcpy(&f, at, sizeof f), (double)f;
    if (dtype == ORT_DTYPE_I32) return memcpy(&i, at, sizeof i), (double)i;
    return memcpy(&l, at, sizeof l), (double)l;
}

static void number_write(uint32_t dtype, void *data, uint64_t index, double value) {
    unsigned char *at = (unsigned char *)data + index * ortc_dtype_bytes(dtype);
    float f = (float)value;
    int32_t i = (int32_t)value;
    int64_t l = (int64_t)value;
    if (dtype == ORT_DTYPE_F32) memcpy(at, &f, sizeof f);
    if (dtype == ORT_DTYPE_I32) memcpy(at, &i, sizeof i);
    if (dtype == ORT_DTYPE_I64) memcpy(at, &l, sizeof l);
}

static void *numbers_make(uint32_t dtype, uint64_t count, uint64_t seed) {
    void *data = calloc(count ? count : 1, 8);
    uint64_t state = seed * 7919 + 12345;
    for (uint64_t i = 0; data && i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        number_write(dtype, data, i, ((double)(state >> 57) - 64) / 8);
    }
    return data;
}

static uint64_t count_of(const ortc_example *e, uint32_t value) {
    uint64_t count = 1;
    for (uint32_t i = 0; i < e->graph.values[value].rank; i++)
        count *= (uint64_t)ortc_dim_number(&e->graph, e->graph.values[value].dims[i], &e->n, 1);
    return count;
}

/* ---- answers ---- */

static double answer_flat(const ortc_example *e, uint64_t i) {
    const ortc_probe *p = e->probe;
    double x = number_read(p->dtype, e->data[0], i);
    const void *second = p->form == ORTC_FORM_CONSTANT ? e->constant : e->data[1];
    if (p->form == ORTC_FORM_ONE) return p->one(x);
    double y = number_read(p->dtype, second, i);
    return p->form == ORTC_FORM_CHAIN ? p->then_two(p->one(x), y) : p->two(x, y);
}

static double answer_at(const ortc_example *e, uint64_t i) {
    uint32_t dtype = e->probe->dtype;
    double total = 0;
    switch (e->probe->form) {
    case ORTC_FORM_PRODUCT:
        for (uint64_t k = 0; k < DEPTH; k++)
            total += number_read(dtype, e->data[0], i / WIDTH * DEPTH + k) *
                     number_read(dtype, e->constant, k * WIDTH + i % WIDTH);
        return total;
    case ORTC_FORM_TURNED:
        return number_read(dtype, e->data[0], i % (uint64_t)e->n * WIDTH + i / (uint64_t)e->n);
    case ORTC_FORM_RESHAPED:
        return number_read(dtype, e->data[0], i);
    default:
        return answer_flat(e, i);
    }
}

bool ortc_example_init(ortc_example *e, const ortc_probe *probe, int64_t n, bool is_symbolic, uint64_t seed) {
    memset(e, 0, sizeof *e);
    e->probe = probe;
    e->n = n;
    e->is_symbolic = is_symbolic && probe->form != ORTC_FORM_CONSTANT;
    e->constant = numbers_make(probe->dtype, (uint64_t)n + DEPTH * WIDTH, seed + 99);
    if (!e->constant) return false;
    builders[probe->form](e);
    for (uint32_t i = 0; i < e->input_count; i++) {
        uint64_t count = count_of(e, e->inputs[i]);
        e->input_bytes[i] = count * ortc_dtype_bytes(probe->dtype);
        e->data[i] = numbers_make(probe->dtype, count, seed + i);
        if (!e->data[i]) return false;
    }
    e->output_count = count_of(e, e->output);
    e->output_bytes = e->output_count * ortc_dtype_bytes(probe->out_dtype);
    e->answer = calloc(e->output_count + 1, sizeof *e->answer);
    for (uint64_t i = 0; e->answer && i < e->output_count; i++) e->answer[i] = answer_at(e, i);
    return e->answer != NULL;
}

void ortc_example_finish(ortc_example *e) {
    for (uint32_t i = 0; i < ORTC_PROBE_INPUTS; i++) free(e->data[i]);
    free(e->constant);
    free(e->answer);
}

int64_t ortc_example_compare(const ortc_example *e, const void *output, double *out_got, double *out_want) {
    double tolerance = e->probe->out_dtype == ORT_DTYPE_F32 ? 1e-5 : 0;
    for (uint64_t i = 0; i < e->output_count; i++) {
        *out_got = number_read(e->probe->out_dtype, output, i);
        *out_want = e->answer[i];
        if (!(fabs(*out_got - *out_want) <= tolerance * (0.1 + fabs(*out_want)))) return (int64_t)i;
    }
    return -1;
}

/* ---- graphs that are not computed ---- */

void ortc_fork_build(ortc_graph *graph) {
    static const ortp_dim dims[] = {16};
    memset(graph, 0, sizeof *graph);
    for (const char *const *name = (const char *const[]){"X", "T", "O", "Z", NULL}; *name; name++)
        ortc_graph_value(graph, *name, ORT_DTYPE_F32, 1, dims);
    graph->values[0].is_input = graph->values[3].is_output = true;
    ortc_graph_node(graph, "", "Relu", 14, (const uint32_t[]){0, ORTP_NONE}, (const uint32_t[]){1, ORTP_NONE});
    ortc_graph_node(graph, "orthrus.conformance", "Opaque", 1, (const uint32_t[]){1, ORTP_NONE},
                    (const uint32_t[]){2, ORTP_NONE});
    ortc_graph_node(graph, "", "Add", 14, (const uint32_t[]){1, 2, ORTP_NONE}, (const uint32_t[]){3, ORTP_NONE});
}

void ortc_opaque_build(ortc_graph *graph) {
    static const ortp_dim dims[] = {16};
    memset(graph, 0, sizeof *graph);
    ortc_graph_value(graph, "X", ORT_DTYPE_F32, 1, dims);
    ortc_graph_value(graph, "Z", ORT_DTYPE_F32, 1, dims);
    graph->values[0].is_input = graph->values[1].is_output = true;
    ortc_graph_node(graph, "orthrus.conformance", "Opaque", 1, (const uint32_t[]){0, ORTP_NONE},
                    (const uint32_t[]){1, ORTP_NONE});
}
