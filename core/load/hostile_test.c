/* Models that are broken or ill-meant, written field by field; each is refused with its own words. */
#include "load/load.h"
#include "load/tensor_file.h"
#include "testing/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- a protobuf writer: nested messages are built inside out ---- */

typedef struct bytes {
    uint8_t data[16384];
    size_t length;
} bytes;

static const orti_allocator *alloc(void) {
    return orti_allocator_default();
}

static void put(bytes *b, const void *data, size_t length) {
    CHECK(b->length + length <= sizeof b->data, "the test's buffer is too small");
    memcpy(b->data + b->length, data, length);
    b->length += length;
}

static void put_varint(bytes *b, uint64_t value) {
    do {
        uint8_t byte = (uint8_t)(value & 0x7f) | (value > 0x7f ? 0x80 : 0);
        put(b, &byte, 1);
        value >>= 7;
    } while (value);
}

static void put_int(bytes *b, uint32_t field, int64_t value) {
    put_varint(b, field << 3);
    put_varint(b, (uint64_t)value);
}

static void put_bytes(bytes *b, uint32_t field, const void *data, size_t length) {
    put_varint(b, field << 3 | 2);
    put_varint(b, length);
    put(b, data, length);
}

static void put_text(bytes *b, uint32_t field, const char *text) {
    put_bytes(b, field, text, strlen(text));
}
static void put_message(bytes *b, uint32_t field, const bytes *message) {
    put_bytes(b, field, message->data, message->length);
}

/* ---- ONNX in terms of it ---- */

static void put_opset(bytes *b, uint32_t field, const char *domain, int64_t version) {
    bytes opset = {.length = 0};
    put_text(&opset, 1, domain);
    put_int(&opset, 2, version);
    put_message(b, field, &opset);
}

/* A model around a graph: IR 8, opset 17. */
static void put_model(bytes *model, const bytes *graph) {
    put_int(model, 1, 8);
    put_opset(model, 8, "", 17);
    put_message(model, 7, graph);
}

static void put_value(bytes *graph, uint32_t field, const char *name, int64_t dtype, int64_t dim) {
    bytes d = {.length = 0}, shape = {.length = 0}, tensor = {.length = 0}, type = {.length = 0}, value = {.length = 0};
    put_int(&d, 1, dim);
    put_message(&shape, 1, &d);
    put_int(&tensor, 1, dtype);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&value, 1, name);
    put_message(&value, 2, &type);
    put_message(graph, field, &value);
}

static bytes node(const char *op, const char *input, const char *output) {
    bytes n = {.length = 0};
    put_text(&n, 1, input);
    put_text(&n, 2, output);
    put_text(&n, 3, "the node");
    put_text(&n, 4, op);
    return n;
}

static void put_node(bytes *graph, const char *op, const char *input, const char *output) {
    bytes n = node(op, input, output);
    put_message(graph, 1, &n);
}

/* x -> Relu -> y, in graph "g". */
static bytes good_graph(void) {
    bytes g = {.length = 0};
    put_text(&g, 2, "g");
    put_value(&g, 11, "x", 1, 2);
    put_value(&g, 12, "y", 1, 2);
    put_node(&g, "Relu", "x", "y");
    return g;
}

static bytes tensor_head(const char *name, int64_t dtype, int64_t dim) {
    bytes t = {.length = 0};
    put_int(&t, 1, dim);
    put_int(&t, 2, dtype);
    put_text(&t, 8, name);
    return t;
}

static void put_entry(bytes *b, uint32_t field, const char *key, const char *value) {
    bytes entry = {.length = 0};
    put_text(&entry, 1, key);
    put_text(&entry, 2, value);
    put_message(b, field, &entry);
}

/* ---- cases: each adds to a good graph, or to a model around it ---- */

static void graph_cycle(bytes *g) {
    put_node(g, "Neg", "b", "a");
    put_node(g, "Neg", "a", "b");
}
static void graph_unknown_input(bytes *g) {
    put_node(g, "Neg", "nowhere", "a");
}
static void graph_two_producers(bytes *g) {
    put_node(g, "Neg", "x", "y");
}
static void graph_unknown_output(bytes *g) {
    put_value(g, 12, "nothing", 1, 2);
}
static void graph_output_twice(bytes *g) {
    put_value(g, 12, "y", 1, 2);
}
static void graph_input_twice(bytes *g) {
    put_value(g, 11, "x", 1, 2);
}
static void graph_produces_input(bytes *g) {
    put_node(g, "Neg", "y", "x");
}
static void graph_bad_type(bytes *g) {
    put_value(g, 11, "odd", 77, 2);
}
static void graph_bad_dim(bytes *g) {
    put_value(g, 11, "odd", 1, -7);
}
static void graph_no_op(bytes *g) {
    put_node(g, "", "x", "a");
}

static void graph_output_twice_in_node(bytes *g) {
    bytes n = node("Split", "x", "a");
    put_text(&n, 2, "a");
    put_message(g, 1, &n);
}

static void graph_two_initializers(bytes *g) {
    bytes t = tensor_head("w", 1, 0);
    put_message(g, 5, &t);
    put_message(g, 5, &t);
}

static void graph_initializer(bytes *g, int64_t dtype, int64_t dim, size_t raw_bytes) {
    uint8_t raw[2048] = {0};
    bytes t = tensor_head("w", dtype, dim);
    put_bytes(&t, 9, raw, raw_bytes);
    put_message(g, 5, &t);
}
static void graph_short_raw(bytes *g) {
    graph_initializer(g, 1, 3, 8);
}
static void graph_long_raw(bytes *g) {
    graph_initializer(g, 1, 3, 2048);
}
static void graph_negative_dim(bytes *g) {
    graph_initializer(g, 1, -3, 8);
}
static void graph_huge_dim(bytes *g) {
    graph_initializer(g, 1, INT64_MAX / 2, 8);
}
static void graph_raw_string(bytes *g) {
    graph_initializer(g, 8, 1, 8);
}
static void graph_tensor_type(bytes *g) {
    graph_initializer(g, 99, 1, 8);
}

static void graph_product_overflow(bytes *g) {
    bytes t = tensor_head("w", 1, INT64_MAX / 2);
    put_int(&t, 1, 16);
    put_message(g, 5, &t);
}

static void graph_rank(bytes *g) {
    bytes t = tensor_head("w", 1, 1);
    for (int i = 0; i < 40; i++) put_int(&t, 1, 1);
    put_message(g, 5, &t);
}

static void graph_no_data(bytes *g) {
    bytes t = tensor_head("w", 7, 1000000000000);
    put_message(g, 5, &t);
}

static void graph_few_strings(bytes *g) {
    bytes t = tensor_head("w", 8, 2);
    put_text(&t, 6, "one");
    put_message(g, 5, &t);
}

static void graph_segment(bytes *g) {
    bytes t = tensor_head("w", 1, 0), segment = {.length = 0};
    put_message(&t, 3, &segment);
    put_message(g, 5, &t);
}

static void graph_raw_twice(bytes *g) {
    bytes t = tensor_head("w", 1, 1);
    put_bytes(&t, 9, "abcd", 4);
    put_bytes(&t, 9, "abcd", 4);
    put_message(g, 5, &t);
}

static void graph_our_field(bytes *g) {
    bytes t = tensor_head("w", 1, 1);
    put_varint(&t, 1001 << 3 | 1);
    put(&t, "\0\0\0\0\0\0\0\0", 8);
    put_message(g, 5, &t);
}

static void graph_declared_otherwise(bytes *g) {
    graph_initializer(g, 1, 2, 8);
    put_value(g, 11, "w", 7, 2);
}

static void graph_declared_other_shape(bytes *g) {
    graph_initializer(g, 1, 2, 8);
    put_value(g, 11, "w", 1, 5);
}

static void graph_external(bytes *g, const char *location, const char *offset) {
    bytes t = tensor_head("w", 1, 2);
    put_entry(&t, 13, "location", location);
    put_entry(&t, 13, "offset", offset);
    put_int(&t, 14, 1);
    put_message(g, 5, &t);
}
static void graph_escape(bytes *g) {
    graph_external(g, "../../../../etc/passwd", "0");
}
static void graph_absolute(bytes *g) {
    graph_external(g, "/etc/passwd", "0");
}
static void graph_missing_file(bytes *g) {
    graph_external(g, "no-such-file.bin", "0");
}
static void graph_bad_offset(bytes *g) {
    graph_external(g, "weights.bin", "-1");
}
static void graph_huge_offset(bytes *g) {
    graph_external(g, "weights.bin", "99999999999999999999999");
}
static void graph_far_offset(bytes *g) {
    graph_external(g, "weights.bin", "4096");
}
static void graph_no_location(bytes *g) {
    graph_external(g, "", "0");
}

static void put_attr_node(bytes *g, const bytes *attr, int count) {
    bytes n = node("Neg", "x", "a");
    for (int i = 0; i < count; i++) put_message(&n, 5, attr);
    put_message(g, 1, &n);
}

static bytes attr_head(const char *name, int64_t type) {
    bytes a = {.length = 0};
    put_text(&a, 1, name);
    put_int(&a, 20, type);
    return a;
}

static void graph_attr(bytes *g, const char *name, int64_t type, int count) {
    bytes a = attr_head(name, type);
    put_attr_node(g, &a, count);
}
static void graph_attr_twice(bytes *g) {
    graph_attr(g, "axis", 2, 2);
}
static void graph_attr_type(bytes *g) {
    graph_attr(g, "axis", 55, 1);
}
static void graph_attr_no_graph(bytes *g) {
    graph_attr(g, "body", 5, 1);
}
static void graph_attr_no_tensor(bytes *g) {
    graph_attr(g, "value", 4, 1);
}
static void graph_attr_no_name(bytes *g) {
    graph_attr(g, "", 2, 1);
}
static void graph_attr_types(bytes *g) {
    graph_attr(g, "types", 14, 1);
}

static void graph_stray_reference(bytes *g) {
    bytes a = attr_head("axis", 2);
    put_text(&a, 21, "formal");
    put_attr_node(g, &a, 1);
}

static void graph_body_unknown(bytes *g) {
    bytes body = {.length = 0}, a = attr_head("then_branch", 5);
    put_node(&body, "Neg", "phantom", "q");
    put_message(&a, 6, &body);
    put_attr_node(g, &a, 1);
}

/* The body reads what its own node produces. */
static void graph_body_cycle(bytes *g) {
    bytes body = {.length = 0}, a = attr_head("then_branch", 5);
    put_node(&body, "Neg", "a", "q");
    put_message(&a, 6, &body);
    put_attr_node(g, &a, 1);
}

static void graph_deep(bytes *g) {
    bytes inner = {.length = 0};
    for (int i = 0; i < 100; i++) {
        bytes a = {.length = 0}, n = {.length = 0}, next = {.length = 0};
        put_message(&a, 6, &inner);
        put_message(&n, 5, &a);
        put_message(&next, 1, &n);
        inner = next;
    }
    put(g, inner.data, inner.length);
}

static void graph_deep_type(bytes *g) {
    bytes type = {.length = 0}, value = {.length = 0};
    for (int i = 0; i < 100; i++) {
        bytes sequence = {.length = 0}, next = {.length = 0};
        put_message(&sequence, 1, &type);
        put_message(&next, 4, &sequence);
        type = next;
    }
    put_text(&value, 1, "x2");
    put_message(&value, 2, &type);
    put_message(g, 11, &value);
}

static void graph_sparse(bytes *g, int64_t index, int64_t dim) {
    bytes values = tensor_head("s", 1, 1), indices = tensor_head("", 7, 1), sparse = {.length = 0};
    put_bytes(&values, 9, "\0\0\x80\x3f", 4);
    put_bytes(&indices, 9, &index, 8);
    put_message(&sparse, 1, &values);
    put_message(&sparse, 2, &indices);
    put_int(&sparse, 3, dim);
    put_message(g, 15, &sparse);
}
static void graph_sparse_index(bytes *g) {
    graph_sparse(g, 9, 5);
}
static void graph_sparse_huge(bytes *g) {
    graph_sparse(g, 0, INT64_C(1) << 40);
}

static void model_opset(bytes *m, int64_t version) {
    put_opset(m, 8, "", version);
}
static void model_opset_0(bytes *m) {
    model_opset(m, 0);
}
static void model_opset_6(bytes *m) {
    model_opset(m, 6);
}
static void model_opset_29(bytes *m) {
    model_opset(m, 29);
}
static void model_ir_2(bytes *m) {
    put_int(m, 1, 2);
}
static void model_ir_99(bytes *m) {
    put_int(m, 1, 99);
}
static void model_two_graphs(bytes *m) {
    bytes g = good_graph();
    put_message(m, 7, &g);
}
static void model_open_field(bytes *m) {
    put(m, "\x3a\xff\xff\xff\xff\x7f", 6);
}
static void model_half_varint(bytes *m) {
    put(m, "\x08\xff", 2);
}
static void model_group(bytes *m) {
    put(m, "\x0b", 1);
}
static void model_field_0(bytes *m) {
    put(m, "\x00\x00", 2);
}
static void model_wrong_wire(bytes *m) {
    put_int(m, 25, 5);
}
static void model_scalar_wire(bytes *m) {
    put_text(m, 1, "eight");
}

static void put_function(bytes *m, const char *name, const char *calls, int call_count) {
    bytes f = {.length = 0};
    put_text(&f, 1, name);
    put_text(&f, 10, "my");
    put_text(&f, 4, "p");
    put_text(&f, 5, "q0");
    for (int i = 0; i < call_count; i++) {
        char output[16];
        snprintf(output, sizeof output, "q%d", i);
        bytes n = node(calls, "p", output);
        put_text(&n, 7, "my");
        put_message(&f, 7, &n);
    }
    put_message(m, 25, &f);
}

static void graph_call(bytes *g) {
    bytes n = node("F0", "x", "a");
    put_text(&n, 7, "my");
    put_message(g, 1, &n);
}
static void model_recursion(bytes *m) {
    put_function(m, "F0", "F0", 1);
}
static void model_mutual_recursion(bytes *m) {
    put_function(m, "F0", "F1", 1);
    put_function(m, "F1", "F0", 1);
}
static void model_function_twice(bytes *m) {
    put_function(m, "F0", "Relu", 1);
    put_function(m, "F0", "Relu", 1);
}
static void model_function_opset(bytes *m) {
    bytes f = {.length = 0};
    put_text(&f, 1, "F0");
    put_text(&f, 10, "my");
    put_opset(&f, 9, "", 11);
    put_message(m, 25, &f);
}
static void model_function_no_output(bytes *m) {
    put_function(m, "F0", "Relu", 0);
}

/* Twenty functions that each call the next ten times: ten to the twentieth nodes. */
static void model_bomb(bytes *m) {
    char name[16], next[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "F%d", i);
        snprintf(next, sizeof next, "F%d", i + 1);
        put_function(m, name, next, 10);
    }
}

static const struct {
    const char *name;
    void (*add_to_graph)(bytes *graph);
    void (*add_to_model)(bytes *model);
    ort_code code;
    const char *message;
} cases[] = {
    {"cycle", graph_cycle, NULL, ORT_CODE_INVALID_MODEL, "node 'the node' (Neg) is on a cycle"},
    {"unknown input", graph_unknown_input, NULL, ORT_CODE_INVALID_MODEL,
     "node 'the node' (Neg): its input 0, 'nowhere', is produced by no node"},
    {"two producers", graph_two_producers, NULL, ORT_CODE_INVALID_MODEL, "two values named 'y'"},
    {"unknown output", graph_unknown_output, NULL, ORT_CODE_INVALID_MODEL, "output 'nothing' is produced by no node"},
    {"output twice", graph_output_twice, NULL, ORT_CODE_INVALID_MODEL, "'y' is an output twice"},
    {"input twice", graph_input_twice, NULL, ORT_CODE_INVALID_MODEL, "two values named 'x'"},
    {"produces an input", graph_produces_input, NULL, ORT_CODE_INVALID_MODEL, "two values named 'x'"},
    {"value of unknown type", graph_bad_type, NULL, ORT_CODE_INVALID_MODEL, "value 'odd': element type 77"},
    {"negative dimension of an input", graph_bad_dim, NULL, ORT_CODE_INVALID_MODEL, "value 'odd': a dimension of -7"},
    {"node without operator", graph_no_op, NULL, ORT_CODE_INVALID_MODEL, "it has no operator type"},
    {"output twice in a node", graph_output_twice_in_node, NULL, ORT_CODE_INVALID_MODEL, "two values named 'a'"},
    {"two initializers", graph_two_initializers, NULL, ORT_CODE_INVALID_MODEL, "two values named 'w'"},
    {"short raw data", graph_short_raw, NULL, ORT_CODE_INVALID_MODEL,
     "tensor 'w': its shape needs 12 bytes of raw_data, it has 8"},
    {"long raw data", graph_long_raw, NULL, ORT_CODE_INVALID_MODEL,
     "tensor 'w': its shape needs 12 bytes of raw_data, it has 2048"},
    {"negative dimension", graph_negative_dim, NULL, ORT_CODE_INVALID_MODEL, "tensor 'w': its dimension 0 is -3"},
    {"huge dimension", graph_huge_dim, NULL, ORT_CODE_INVALID_MODEL, "needs 18446744073709551612 bytes of raw_data"},
    {"product overflows", graph_product_overflow, NULL, ORT_CODE_INVALID_MODEL, "more elements than 64 bits can count"},
    {"rank 41", graph_rank, NULL, ORT_CODE_LIMIT_EXCEEDED, "tensor 'w': its rank is 41"},
    {"no data", graph_no_data, NULL, ORT_CODE_INVALID_MODEL, "needs 1000000000000 entries of int64_data, it has 0"},
    {"raw strings", graph_raw_string, NULL, ORT_CODE_INVALID_MODEL, "strings can't be raw"},
    {"too few strings", graph_few_strings, NULL, ORT_CODE_INVALID_MODEL, "needs 2 strings, it has 1"},
    {"unknown element type", graph_tensor_type, NULL, ORT_CODE_INVALID_MODEL, "tensor 'w': its element type is 99"},
    {"segments", graph_segment, NULL, ORT_CODE_UNSUPPORTED, "segments"},
    {"raw data twice", graph_raw_twice, NULL, ORT_CODE_INVALID_MODEL, "TensorProto has field 9 twice"},
    {"our own field", graph_our_field, NULL, ORT_CODE_INVALID_MODEL, "unknown field 1001"},
    {"declared as another type", graph_declared_otherwise, NULL, ORT_CODE_INVALID_MODEL,
     "value 'w': declared as int64, and its initializer is float32"},
    {"declared with another shape", graph_declared_other_shape, NULL, ORT_CODE_INVALID_MODEL, "another shape"},
    {"external data escapes", graph_escape, NULL, ORT_CODE_INVALID_MODEL, "leads out of the folder"},
    {"absolute external data", graph_absolute, NULL, ORT_CODE_INVALID_MODEL, "must be relative"},
    {"external data is missing", graph_missing_file, NULL, ORT_CODE_NOT_FOUND, "no-such-file.bin"},
    {"negative offset", graph_bad_offset, NULL, ORT_CODE_INVALID_MODEL, "offset '-1' is not a number"},
    {"offset beyond 64 bits", graph_huge_offset, NULL, ORT_CODE_INVALID_MODEL, "is not a number of bytes"},
    {"offset behind the end", graph_far_offset, NULL, ORT_CODE_INVALID_MODEL,
     "external data 'weights.bin' has 8 bytes, it needs 8 at offset 4096"},
    {"no location", graph_no_location, NULL, ORT_CODE_INVALID_MODEL, "no location"},
    {"attribute twice", graph_attr_twice, NULL, ORT_CODE_INVALID_MODEL, "it has the attribute 'axis' twice"},
    {"unknown attribute type", graph_attr_type, NULL, ORT_CODE_INVALID_MODEL, "attribute 'axis': its type is 55"},
    {"graph attribute without graph", graph_attr_no_graph, NULL, ORT_CODE_INVALID_MODEL, "it holds no graph"},
    {"tensor attribute without tensor", graph_attr_no_tensor, NULL, ORT_CODE_INVALID_MODEL, "it holds no tensor"},
    {"attribute without name", graph_attr_no_name, NULL, ORT_CODE_INVALID_MODEL, "its attribute 0 has no name"},
    {"list of types", graph_attr_types, NULL, ORT_CODE_UNSUPPORTED, "lists of types"},
    {"reference outside of a function", graph_stray_reference, NULL, ORT_CODE_INVALID_MODEL,
     "it refers to 'formal', and no function is around it"},
    {"body reads nothing", graph_body_unknown, NULL, ORT_CODE_INVALID_MODEL, "its input 0, 'phantom'"},
    {"body reads its own node", graph_body_cycle, NULL, ORT_CODE_INVALID_MODEL, "is on a cycle"},
    {"deep bodies", graph_deep, NULL, ORT_CODE_LIMIT_EXCEEDED, "graphs lie more than 64 deep"},
    {"deep types", graph_deep_type, NULL, ORT_CODE_LIMIT_EXCEEDED, "types lie more than 32 deep"},
    {"sparse index outside", graph_sparse_index, NULL, ORT_CODE_INVALID_MODEL, "sparse index 9 is outside"},
    {"sparse tensor of 4 TiB", graph_sparse_huge, NULL, ORT_CODE_LIMIT_EXCEEDED, "limit sparse_bytes"},
    {"opset 0", NULL, model_opset_0, ORT_CODE_INVALID_MODEL, "opset version 0"},
    {"opset 6", NULL, model_opset_6, ORT_CODE_UNSUPPORTED, "opset 6 of ai.onnx, this build knows 7 to 28"},
    {"opset 29", NULL, model_opset_29, ORT_CODE_UNSUPPORTED, "opset 29 of ai.onnx"},
    {"IR 2", NULL, model_ir_2, ORT_CODE_UNSUPPORTED, "IR version 2"},
    {"IR 99", NULL, model_ir_99, ORT_CODE_UNSUPPORTED, "IR version 99"},
    {"two graphs", NULL, model_two_graphs, ORT_CODE_INVALID_MODEL, "ModelProto has field 7 twice"},
    {"field longer than the file", NULL, model_open_field, ORT_CODE_INVALID_MODEL, "ends in the middle of a field"},
    {"half a varint", NULL, model_half_varint, ORT_CODE_INVALID_MODEL, "ends in the middle of a field"},
    {"group", NULL, model_group, ORT_CODE_INVALID_MODEL, "wire type 3"},
    {"field 0", NULL, model_field_0, ORT_CODE_INVALID_MODEL, "the number 0"},
    {"function as a number", NULL, model_wrong_wire, ORT_CODE_INVALID_MODEL, "field 25 with wire type 0"},
    {"IR version as text", NULL, model_scalar_wire, ORT_CODE_INVALID_MODEL, "not a valid ONNX model"},
    {"function calls itself", graph_call, model_recursion, ORT_CODE_INVALID_MODEL, "function my::F0: calls itself"},
    {"functions call each other", graph_call, model_mutual_recursion, ORT_CODE_INVALID_MODEL, "calls itself"},
    {"function twice", graph_call, model_function_twice, ORT_CODE_INVALID_MODEL, "function my::F0: is defined twice"},
    {"function of another opset", NULL, model_function_opset, ORT_CODE_UNSUPPORTED,
     "function my::F0: imports opset 11 of 'ai.onnx', the model 17"},
    {"function without its output", graph_call, model_function_no_output, ORT_CODE_INVALID_MODEL,
     "output 'q0' of the function is produced by no node"},
    {"calls that explode", graph_call, model_bomb, ORT_CODE_LIMIT_EXCEEDED, "calls of functions expand"},
};

static bytes case_bytes(size_t i) {
    bytes graph = good_graph(), model = {.length = 0};
    if (cases[i].add_to_graph) cases[i].add_to_graph(&graph);
    put_model(&model, &graph);
    if (cases[i].add_to_model) cases[i].add_to_model(&model);
    return model;
}

ORT_TEST(hostile, each_is_refused_in_its_own_words) {
    char folder[] = "/tmp/ort-hostile-XXXXXX", weights[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(weights, sizeof weights, "%s/weights.bin", folder);
    CHECK_OK(orti_file_write(weights, "12345678", 8));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes model = case_bytes(i);
        orti_model *loaded = NULL;
        ort_status *status = orti_model_load_bytes(alloc(), model.data, model.length, folder, NULL, &loaded);
        CHECK(status != NULL && loaded == NULL, "'%s' loads", cases[i].name);
        CHECK(ort_status_code(status) == cases[i].code, "'%s': code %u: %s", cases[i].name, ort_status_code(status),
              ort_status_message(status));
        CHECK(strstr(ort_status_message(status), cases[i].message) != NULL, "'%s': '%s' lacks '%s'", cases[i].name,
              ort_status_message(status), cases[i].message);
        CHECK(strstr(ort_status_message(status), "model '<memory>'") != NULL, "%s", ort_status_message(status));
        ort_status_destroy(status);
    }
    unlink(weights);
    rmdir(folder);
}

ORT_TEST(hostile, a_good_one_loads) {
    bytes graph = good_graph(), model = {.length = 0};
    orti_model *loaded = NULL;
    graph_call(&graph);
    put_model(&model, &graph);
    put_opset(&model, 8, "my", 1);
    put_function(&model, "F0", "Relu", 1);
    CHECK_OK(orti_model_load_bytes(alloc(), model.data, model.length, NULL, NULL, &loaded));
    const orti_node *call = orti_graph_node(loaded->graph, 1);
    CHECK(call->body != NULL && orti_graph_node_count(call->body) == 1);
    CHECK_STR(orti_graph_name(call->body), "function my::F0:");
    CHECK(orti_model_opset_in(loaded, loaded->graph, "") == 17 && orti_model_opset_in(loaded, call->body, "") == 0);
    orti_model_destroy(loaded);
}

ORT_TEST(hostile, external_data_needs_a_folder) {
    bytes graph = good_graph(), model = {.length = 0};
    orti_model *loaded = NULL;
    graph_external(&graph, "weights.bin", "0");
    put_model(&model, &graph);
    CHECK_FAILS(orti_model_load_bytes(alloc(), model.data, model.length, NULL, NULL, &loaded),
                ORT_CODE_INVALID_ARGUMENT, "no folder was given for external data");
}

/* A model with everything in it, cut and flipped: any answer but a crash, a hang or a leak. */
ORT_TEST(hostile, truncated_and_flipped) {
    bytes graph = good_graph(), model = {.length = 0};
    graph_call(&graph);
    graph_initializer(&graph, 1, 512, 2048);
    graph_sparse(&graph, 1, 4);
    put_model(&model, &graph);
    put_function(&model, "F0", "Relu", 2);
    orti_model *loaded = NULL;
    CHECK_OK(orti_model_load_bytes(alloc(), model.data, model.length, NULL, NULL, &loaded));
    orti_model_destroy(loaded);
    for (size_t length = 0; length < model.length; length++) {
        ort_status *status = orti_model_load_bytes(alloc(), model.data, length, NULL, NULL, &loaded);
        CHECK((status == NULL) == (loaded != NULL));
        ort_status_destroy(status);
        orti_model_destroy(loaded);
    }
    for (size_t bit = 0; bit < model.length * 8; bit++) {
        model.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ort_status *status = orti_model_load_bytes(alloc(), model.data, model.length, NULL, NULL, &loaded);
        CHECK((status == NULL) == (loaded != NULL));
        ort_status_destroy(status);
        orti_model_destroy(loaded);
        model.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

ORT_TEST(hostile, running_out_of_memory_leaks_nothing) {
    bytes graph = good_graph(), model = {.length = 0};
    graph_call(&graph);
    graph_initializer(&graph, 1, 512, 2048);
    graph_sparse(&graph, 1, 4);
    put_model(&model, &graph);
    put_function(&model, "F0", "Relu", 2);
    for (uint64_t fail_at = 1;; fail_at++) {
        orti_allocator_failing failing;
        orti_model *loaded = NULL;
        orti_allocator_failing_init(&failing, fail_at);
        ort_status *status = orti_model_load_bytes(&failing.allocator, model.data, model.length, NULL, NULL, &loaded);
        orti_model_destroy(loaded);
        CHECK(failing.live_count == 0, "allocation %llu", (unsigned long long)fail_at);
        bool is_over = !status;
        CHECK(is_over || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY, "allocation %llu: %s",
              (unsigned long long)fail_at, ort_status_message(status));
        ort_status_destroy(status);
        if (is_over) break;
    }
}

/* ---- tensors in files ---- */

static void check_equal(const orti_tensor *a, const orti_tensor *b) {
    CHECK(a->dtype == b->dtype && a->rank == b->rank && a->size_bytes == b->size_bytes);
    CHECK(memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0);
    CHECK(a->size_bytes == 0 || memcmp(a->data, b->data, a->size_bytes) == 0);
}

/* Bits as they come; of strings all bytes are the first one's. */
static orti_tensor *any_tensor(ort_dtype dtype, const int64_t *dims, uint32_t rank) {
    orti_tensor *tensor = NULL;
    int64_t count = 0, text_bytes = 5;
    CHECK(orti_shape_count(dims, rank, &count));
    if (dtype != ORT_DTYPE_STRING || !count) text_bytes = 0;
    CHECK_OK(orti_tensor_create(alloc(), dtype, dims, rank, (uint64_t)text_bytes, &tensor));
    for (uint64_t i = 0; i < tensor->size_bytes; i++) ((uint8_t *)tensor->data)[i] = (uint8_t)(i & 1);
    for (int64_t i = 0; dtype == ORT_DTYPE_STRING && i <= count; i++) ((int64_t *)tensor->data)[i] = i ? text_bytes : 0;
    return tensor;
}

ORT_TEST(tensor_file, round_trips) {
    char folder[] = "/tmp/ort-tensor-XXXXXX", path[64], *name = NULL;
    static const int64_t dims[] = {3, 1, 0, 4};
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/t", folder);
    /* Three shapes of each: [3, 1], [] and [0, 4]. */
    for (uint32_t at = 3; at < 3 * ORT_DTYPE_COUNT; at++) {
        orti_tensor *back = NULL;
        ort_dtype dtype = at / 3;
        orti_tensor *tensor = any_tensor(dtype, at % 3 == 2 ? dims + 2 : dims, at % 3 == 1 ? 0 : 2);
        CHECK_OK(orti_tensor_save_pb(tensor, "the name", path));
        CHECK_OK(orti_tensor_load_pb(alloc(), path, &back, &name));
        CHECK_STR(name, "the name");
        check_equal(tensor, back);
        orti_tensor_release(back);
        orti_free(alloc(), name);
        ort_status *status = orti_tensor_save_npy(tensor, path);
        CHECK(!status || ort_status_code(status) == ORT_CODE_UNSUPPORTED, "%s", ort_status_message(status));
        CHECK(status || dtype != ORT_DTYPE_STRING);
        if (!status) {
            CHECK_OK(orti_tensor_load_npy(alloc(), path, &back));
            check_equal(tensor, back);
            orti_tensor_release(back);
        }
        ort_status_destroy(status);
        orti_tensor_release(tensor);
    }
    unlink(path);
    rmdir(folder);
}

ORT_TEST(tensor_file, damaged_files) {
#define NPY(header) "\x93NUMPY\x01\x00\x40\x00" header
    static const struct {
        const char *data;
        size_t length;
        bool is_npy;
        ort_code code;
        const char *message;
    } files[] = {
        {"not numpy at all", 16, true, ORT_CODE_INVALID_ARGUMENT, "is no .npy file"},
        {"\x93NUMPY\x01\x00\xff\xff{}", 12, true, ORT_CODE_INVALID_ARGUMENT, "ends in its header"},
        {"\x93NUMPY\x09\x00\x02\x00{}", 12, true, ORT_CODE_UNSUPPORTED, ".npy version 9"},
        {NPY("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }       ") "abcd", 78, true, ORT_CODE_UNSUPPORTED,
         "element type"},
        {NPY("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }        ") "abcd", 78, true, ORT_CODE_UNSUPPORTED,
         "C order"},
        {NPY("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }       ") "abcd", 78, true,
         ORT_CODE_INVALID_ARGUMENT, "has 4 bytes of elements"},
        {NPY("{'descr': '<f4', 'fortran_order': False, 'shape': (a,), }       ") "abcd", 78, true,
         ORT_CODE_INVALID_ARGUMENT, "not a tuple"},
        {"\xff\xff", 2, false, ORT_CODE_INVALID_ARGUMENT, "is no TensorProto"},
        {"", 0, false, ORT_CODE_UNSUPPORTED, "holds no tensor"},
        {"\x0a\x01s\x10\x01\x1a\x00", 7, false, ORT_CODE_UNSUPPORTED, "holds no tensor: sequences"},
        {"\x08\x02\x10\x01", 4, false, ORT_CODE_INVALID_MODEL, "needs 2 entries of float_data"},
    };
    char folder[] = "/tmp/ort-tensor-XXXXXX", path[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/t", folder);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        orti_tensor *tensor = NULL;
        CHECK_OK(orti_file_write(path, files[i].data, files[i].length));
        CHECK_FAILS(files[i].is_npy ? orti_tensor_load_npy(alloc(), path, &tensor)
                                    : orti_tensor_load_pb(alloc(), path, &tensor, NULL),
                    files[i].code, files[i].message);
        CHECK(tensor == NULL);
    }
    unlink(path);
    rmdir(folder);
}
