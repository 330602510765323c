/* Models and calls that are broken or ill-meant, through the application's API and the CPU provider: each is refused
 * with its code and in its own words, and nothing ends the process. */
#include "session/tiny_model.h"
#include "testing/test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- models from a line of text ----
 * "Op{attr=1,list=2|3} in,in > out,out; i64 name 1,2; f32 name 2x3": nodes, and constants: int64 in one dimension, or
 * float32 ones of a shape. An empty input is written as "-". */

static void put_ints(tiny_bytes *out, unsigned field, char *words, const char *separators) {
    char *save = NULL;
    for (char *word = strtok_r(words, separators, &save); word; word = strtok_r(NULL, separators, &save))
        tiny_int(out, field, (uint64_t)strtoll(word, NULL, 10));
}

/* name=5, name=1|2|, name='word' or name=0.5f */
static void put_attribute(tiny_bytes *node, char *text) {
    tiny_bytes attribute = {.length = 0};
    char *value = strchr(text, '=');
    *value++ = 0;
    size_t length = strlen(value);
    tiny_text(&attribute, 1, text);
    if (value[0] == '\'') {
        tiny_field(&attribute, 4, value + 1, length - 2);
        tiny_int(&attribute, 20, 3);
    } else if (value[length - 1] == 'f') {
        float number = strtof(value, NULL);
        tiny_varint(&attribute, 2 << 3 | 5);
        memcpy(attribute.data + attribute.length, &number, 4);
        attribute.length += 4;
        tiny_int(&attribute, 20, 1);
    } else if (strchr(value, '|')) {
        put_ints(&attribute, 8, value, "|");
        tiny_int(&attribute, 20, 7);
    } else {
        put_ints(&attribute, 3, value, "");
        tiny_int(&attribute, 20, 2);
    }
    tiny_part(node, 5, &attribute);
}

static void put_constant(tiny_bytes *graph, int dtype, const char *name, char *values) {
    tiny_bytes tensor = {.length = 0}, data = {.length = 0};
    int64_t count = 1;
    char *save = NULL;
    for (char *word = strtok_r(values, dtype == 7 ? "," : "x", &save); word;
         word = strtok_r(NULL, dtype == 7 ? "," : "x", &save)) {
        int64_t number = strtoll(word, NULL, 10);
        if (dtype == 1) {
            tiny_int(&tensor, 1, (uint64_t)number);
            count *= number;
        } else {
            memcpy(data.data + data.length, &number, 8);
            data.length += 8;
        }
    }
    if (dtype == 7) tiny_int(&tensor, 1, data.length / 8);
    for (const float one = 1; dtype == 1 && count--; data.length += 4) memcpy(data.data + data.length, &one, 4);
    tiny_int(&tensor, 2, (uint64_t)dtype);
    tiny_text(&tensor, 8, name);
    tiny_field(&tensor, 9, data.data, data.length);
    tiny_part(graph, 5, &tensor);
}

static void put_names(tiny_bytes *node, unsigned field, char *names) {
    char *save = NULL;
    for (char *name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save))
        tiny_text(node, field, strcmp(name, "-") == 0 ? "" : name);
}

static void put_node(tiny_bytes *graph, char *op, char *inputs, char *outputs) {
    tiny_bytes node = {.length = 0};
    char *attributes = strchr(op, '{'), *save = NULL, *dot;
    if (attributes) *attributes++ = 0;
    put_names(&node, 1, inputs);
    put_names(&node, 2, outputs);
    tiny_text(&node, 3, "the node");
    if ((dot = strrchr(op, '.'))) {
        *dot = 0;
        tiny_text(&node, 7, op);
        op = dot + 1;
    }
    tiny_text(&node, 4, op);
    if (attributes) attributes[strlen(attributes) - 1] = 0;
    for (char *one = attributes ? strtok_r(attributes, ",", &save) : NULL; one; one = strtok_r(NULL, ",", &save))
        put_attribute(&node, one);
    tiny_part(graph, 1, &node);
}

/* A value of `dtype`; shape "n,3": symbols and sizes, "": a scalar, NULL: not said. */
static void put_value(tiny_bytes *graph, unsigned field, const char *name, int dtype, const char *shape) {
    tiny_bytes dims = {.length = 0}, tensor = dims, type = dims, value = dims;
    char words[64], *save = NULL;
    snprintf(words, sizeof words, "%s", shape ? shape : "");
    for (char *word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        tiny_bytes dim = {.length = 0};
        char *end = NULL;
        long long number = strtoll(word, &end, 10);
        if (*end)
            tiny_text(&dim, 2, word);
        else
            tiny_int(&dim, 1, (uint64_t)number);
        tiny_part(&dims, 1, &dim);
    }
    tiny_int(&tensor, 1, (uint64_t)dtype);
    if (shape) tiny_part(&tensor, 2, &dims);
    tiny_part(&type, 1, &tensor);
    tiny_text(&value, 1, name);
    tiny_part(&value, 2, &type);
    tiny_part(graph, field, &value);
}

/* One input x of the type and shape, one output y. */
static void make_model(tiny_bytes *model, const char *text, int dtype, const char *shape, int output_dtype) {
    tiny_bytes graph = {.length = 0}, opset = graph;
    char words[512], *save = NULL;
    CHECK(strlen(text) < sizeof words);
    memset(model, 0, sizeof *model);
    snprintf(words, sizeof words, "%s", text);
    for (char *part = strtok_r(words, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
        char first[128], second[256], third[256];
        if (sscanf(part, " i64 %127s %255s", first, second) == 2) {
            put_constant(&graph, 7, first, second);
        } else if (sscanf(part, " f32 %127s %255s", first, second) == 2) {
            put_constant(&graph, 1, first, second);
        } else {
            CHECK(sscanf(part, " %127s %255s > %255s", first, second, third) == 3, "'%s'", part);
            put_node(&graph, first, second, third);
        }
    }
    tiny_text(&graph, 2, "hostile");
    put_value(&graph, 11, "x", dtype, shape);
    put_value(&graph, 12, "y", output_dtype, NULL);
    tiny_int(model, 1, 8);
    tiny_part(model, 7, &graph);
    tiny_int(&opset, 2, 18);
    tiny_part(model, 8, &opset);
}

/* ---- the house: the CPU provider alone, on one thread ---- */

typedef struct house {
    ort_options *options;
    ort_environment *environment;
    ort_model *model;
    ort_session *session;
} house;

static house house_create(void) {
    house h = {0};
    CHECK_OK(ort_options_create(&h.options));
    CHECK_OK(ort_options_parse(h.options, "{\"threads\": {\"per_lane\": 1}, \"providers\": [\"cpu\"],"
                                          " \"plugins\": {\"path\": [\"" TEST_PLUGINS "\"]}}"));
    CHECK_OK(ort_environment_create(h.options, NULL, NULL, &h.environment));
    return h;
}

static void house_empty(house *h) {
    ort_session_destroy(h->session);
    ort_model_destroy(h->model);
    h->session = NULL;
    h->model = NULL;
}

static void house_destroy(house *h) {
    house_empty(h);
    ort_environment_destroy(h->environment);
    ort_options_destroy(h->options);
}

static ort_status *house_open(house *h, const tiny_bytes *bytes) {
    ort_status *status =
        ort_model_load_bytes(h->environment, bytes->data, bytes->length, NULL, h->options, &h->model);
    CHECK((status == NULL) == (h->model != NULL));
    if (status) return status;
    status = ort_session_create(h->environment, h->model, h->options, &h->session);
    CHECK((status == NULL) == (h->session != NULL));
    return status;
}

static void check_status(const char *name, ort_status *status, ort_code code, const char *text) {
    if (!status) printf("XX %s: OK\n", name);
    else printf("XX %s [%u %s]: %s\n", name, ort_status_code(status), ort_code_name(ort_status_code(status)), ort_status_message(status));
    (void)code; (void)text;
    ort_status_destroy(status);
}

/* ---- models that no session comes of ---- */

static const struct {
    const char *name, *text;
    ort_code code;
    const char *says;
    int dtype; /* 0: float32 */
    const char *shape;
} models[] = {
    {"cycle", "Neg b > a; Add a,x > b; Relu b > y", ORT_CODE_INVALID_MODEL, "cycle", 0, NULL},
    {"reads itself", "Add x,y > y", ORT_CODE_INVALID_MODEL, "cycle", 0, NULL},
    {"unknown value", "Neg nowhere > y", ORT_CODE_INVALID_MODEL, "nowhere", 0, NULL},
    {"output of no node", "Neg x > z", ORT_CODE_INVALID_MODEL, "'y'", 0, NULL},
    {"produced twice", "Neg x > y; Abs x > y", ORT_CODE_INVALID_MODEL, "'y'", 0, NULL},
    {"unknown operator", "Rellu x > y", ORT_CODE_UNSUPPORTED, "did you mean Relu", 0, NULL},
    {"unknown domain", "com.acme.Magic x > y", ORT_CODE_UNSUPPORTED, "com.acme", 0, NULL},
    {"unknown attribute", "Concat{axes=0} x,x > y", ORT_CODE_INVALID_MODEL, "axis", 0, NULL},
    {"attribute of a wrong type", "Concat{axis='a'} x,x > y", ORT_CODE_INVALID_MODEL, "axis", 0, NULL},
    {"attribute missing", "Concat x,x > y", ORT_CODE_INVALID_MODEL, "axis", 0, NULL},
    {"too many inputs", "Relu x,x > y", ORT_CODE_INVALID_MODEL, "input", 0, NULL},
    {"too few inputs", "Add x > y", ORT_CODE_INVALID_MODEL, "input", 0, NULL},
    {"input left out", "Add x,- > y", ORT_CODE_INVALID_MODEL, "input", 0, NULL},
    {"too many outputs", "Relu x > y,z", ORT_CODE_INVALID_MODEL, "output", 0, NULL},
    {"type not allowed", "Not x > y", ORT_CODE_INVALID_MODEL, "float32", 0, NULL},
    {"types differ", "i64 w 1; Add x,w > y", ORT_CODE_INVALID_MODEL, "int64", 0, NULL},
    {"shapes don't meet", "f32 w 3; Add x,w > y", ORT_CODE_INVALID_MODEL, "3", 0, NULL},
    {"inner sizes differ", "f32 w 3x2; MatMul x,w > y", ORT_CODE_INVALID_MODEL, "3", 0, NULL},
    {"Gemm of a vector", "f32 w 4x2; Gemm x,w > y", ORT_CODE_INVALID_MODEL, "rank", 0, NULL},
    {"concatenated along axis 7", "Concat{axis=7} x,x > y", ORT_CODE_INVALID_MODEL, "axis", 0, NULL},
    {"concatenated ranks", "f32 w 2x2; Concat{axis=0} x,w > y", ORT_CODE_INVALID_MODEL, "rank", 0, NULL},
    {"softmax along axis -9", "Softmax{axis=-9} x > y", ORT_CODE_INVALID_MODEL, "axis", 0, NULL},
    {"transposed by a repeated axis", "Transpose{perm=0|0} x > y", ORT_CODE_INVALID_MODEL, "perm", 0, "2,2"},
    {"transposed by a far axis", "Transpose{perm=0|9} x > y", ORT_CODE_INVALID_MODEL, "perm", 0, "2,2"},
    {"reshaped to another count", "i64 s 3; Reshape x,s > y", ORT_CODE_INVALID_MODEL, "3", 0, NULL},
    {"reshaped by two unknowns", "i64 s -1,-1; Reshape x,s > y", ORT_CODE_INVALID_MODEL, "-1", 0, NULL},
    {"reshaped to less than nothing", "i64 s -7; Reshape x,s > y", ORT_CODE_INVALID_MODEL, "-7", 0, NULL},
    {"squeezed axis of 4", "i64 a 0; Squeeze x,a > y", ORT_CODE_INVALID_MODEL, "Squeeze", 0, NULL},
    {"unsqueezed twice at one place", "i64 a 0,0; Unsqueeze x,a > y", ORT_CODE_INVALID_MODEL, "Unsqueeze", 0, NULL},
    {"split unevenly", "i64 s 1,1; Split x,s > y,z", ORT_CODE_INVALID_MODEL, "Split", 0, NULL},
    {"step of zero", "i64 s 0; i64 e 4; i64 a 0; i64 t 0; Slice x,s,e,a,t > y", ORT_CODE_INVALID_MODEL, "step", 0, NULL},
    {"pads of half the axes", "i64 p 1; Pad x,p > y", ORT_CODE_INVALID_MODEL, "pads", 0, NULL},
    {"pads below nothing", "i64 p -9,0; Pad x,p > y", ORT_CODE_INVALID_MODEL, "Pad", 0, NULL},
    {"pads without end", "i64 p 4611686018427387904,4611686018427387904; Pad x,p > y", ORT_CODE_INVALID_MODEL, "Pad", 0, NULL},
    {"reduced along axis 5", "i64 a 5; ReduceSum x,a > y", ORT_CODE_INVALID_MODEL, "axis", 0, NULL},
    {"cast to type 99", "Cast{to=99} x > y", ORT_CODE_INVALID_MODEL, "99", 0, NULL},
    {"gathered out of range", "i64 i 9; Gather x,i > y", ORT_CODE_INVALID_MODEL, "9", 0, NULL},
    {"kernel larger than the image", "f32 w 1x1x9x9; Conv x,w > y", ORT_CODE_INVALID_MODEL, "Conv", 0, "1,1,4,4"},
    {"channels differ", "f32 w 1x3x3x3; Conv x,w > y", ORT_CODE_INVALID_MODEL, "Conv", 0, "1,1,4,4"},
    {"groups of nothing", "f32 w 1x1x3x3; Conv{group=0} x,w > y", ORT_CODE_INVALID_MODEL, "group", 0, "1,1,4,4"},
    {"strides of nothing", "f32 w 1x1x3x3; Conv{strides=0|0} x,w > y", ORT_CODE_INVALID_MODEL, "stride", 0, "1,1,4,4"},
    {"strides of one axis", "f32 w 1x1x3x3; Conv{strides=1|} x,w > y", ORT_CODE_INVALID_MODEL, "stride", 0, "1,1,4,4"},
    {"dilation without end", "f32 w 1x1x3x3; Conv{dilations=9223372036854775807|9223372036854775807} x,w > y", ORT_CODE_INVALID_MODEL, "Conv", 0, "1,1,4,4"},
    {"conv pads without end", "f32 w 1x1x3x3; Conv{pads=9223372036854775807|9223372036854775807|9223372036854775807|9223372036854775807} x,w > y", ORT_CODE_INVALID_MODEL, "Conv", 0, "1,1,4,4"},
    {"pool window of nothing", "MaxPool{kernel_shape=0|0} x > y", ORT_CODE_INVALID_MODEL, "kernel", 0, "1,1,4,4"},
    {"pool strides of nothing", "AveragePool{kernel_shape=2|2,strides=0|0} x > y", ORT_CODE_INVALID_MODEL, "stride", 0, "1,1,4,4"},
    {"tiled without end", "i64 r 4611686018427387904; Tile x,r > y", ORT_CODE_INVALID_MODEL, "Tile", 0, NULL},
    {"expanded without end", "i64 s 4611686018427387904,4; Expand x,s > y", ORT_CODE_INVALID_MODEL, "Expand", 0, NULL},
    {"filled without end", "i64 s 4611686018427387904,1024; ConstantOfShape s > f; Add f,x > y", ORT_CODE_INVALID_MODEL, "ConstantOfShape", 0, NULL},
    {"filled with less than nothing", "i64 s -4; ConstantOfShape s > f; Add f,x > y", ORT_CODE_INVALID_MODEL, "ConstantOfShape", 0, NULL},
    {"a fill of 4 TiB", "i64 s 1099511627776; ConstantOfShape s > f; Add f,x > y", ORT_CODE_OUT_OF_MEMORY, "", 0, "1"},
    {"one of an input's sizes is huge", "Exp x > a; Neg a > y", ORT_CODE_LIMIT_EXCEEDED, "", 0, "9223372036854775807,4"},
    {"input of a negative size", "Neg x > y", ORT_CODE_INVALID_MODEL, "-4", 0, "-4"},
    {"ranks of the norm", "f32 w 3; BatchNormalization x,w,w,w,w > y", ORT_CODE_INVALID_MODEL, "BatchNormalization", 0, "1,4,2"},
    {"resized to no size", "f32 r 1; i64 s 0; Resize x,-,-,s > y", ORT_CODE_INVALID_MODEL, "Resize", 0, NULL},
    {"Resize of nothing said", "Resize x > y", ORT_CODE_INVALID_MODEL, "Resize", 0, NULL},
    {"depth blocks", "DepthToSpace{blocksize=0} x > y", ORT_CODE_INVALID_MODEL, "blocksize", 0, "1,4,2,2"},
    {"depth blocks of 3", "DepthToSpace{blocksize=3} x > y", ORT_CODE_INVALID_MODEL, "DepthToSpace", 0, "1,4,2,2"},
    {"a flattened axis 9", "Flatten{axis=9} x > y", ORT_CODE_INVALID_MODEL, "axis", 0, NULL},
    {"an If without branches", "Cast{to=9} x > c; If c > y", ORT_CODE_INVALID_MODEL, "branch", 0, NULL},
};

ORT_TEST(hostile, models) {
    house h = house_create();
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        tiny_bytes bytes;
        make_model(&bytes, models[i].text, models[i].dtype ? models[i].dtype : 1, models[i].shape ? models[i].shape : "4", 1);
        check_status(models[i].name, house_open(&h, &bytes), models[i].code, models[i].says);
        house_empty(&h);
    }
    house_destroy(&h);
}

/* ---- sound models, calls that don't fit ---- */

static const struct {
    const char *name, *text;
    ort_code code;
    const char *says;
    int dtype;         /* 0: float32, of x */
    const char *shape; /* of x; NULL: "n" */
    ort_dtype given;
    int64_t dims[4];
    uint32_t rank;
    double value; /* of every element */
} calls[] = {
    {"another size", "Neg x > y", ORT_CODE_INVALID_ARGUMENT, "'x'", 0, "4", ORT_DTYPE_F32, {5}, 1, 0},
    {"another rank", "Neg x > y", ORT_CODE_INVALID_ARGUMENT, "'x'", 0, "4", ORT_DTYPE_F32, {4, 1}, 2, 0},
    {"a scalar", "Neg x > y", ORT_CODE_INVALID_ARGUMENT, "'x'", 0, "4", ORT_DTYPE_F32, {0}, 0, 0},
    {"another type", "Neg x > y", ORT_CODE_INVALID_ARGUMENT, "int32[4]", 0, "4", ORT_DTYPE_I32, {4}, 1, 0},
    {"one symbol, two sizes", "Neg x > y", ORT_CODE_INVALID_ARGUMENT, "'n'", 0, "n,n", ORT_DTYPE_F32, {2, 3}, 2, 0},
    {"sizes that don't meet", "f32 w 3; Add x,w > y", ORT_CODE_INVALID_ARGUMENT, "", 0, NULL, ORT_DTYPE_F32, {4}, 1, 0},
    {"inner sizes", "f32 w 3x2; MatMul x,w > y", ORT_CODE_INVALID_ARGUMENT, "", 0, "1,n", ORT_DTYPE_F32, {1, 4}, 2, 0},
    {"a count that can't be reshaped", "i64 s 3; Reshape x,s > y", ORT_CODE_INVALID_ARGUMENT, "", 0, NULL, ORT_DTYPE_F32, {4}, 1, 0},
    {"a part of no size", "i64 s 0,2; Reshape x,s > y", ORT_CODE_INVALID_ARGUMENT, "", 0, "n,m", ORT_DTYPE_F32, {3, 3}, 2, 0},
    {"a kernel too large", "f32 w 1x1x3x3; Conv x,w > y", ORT_CODE_INVALID_ARGUMENT, "", 0, "1,1,h,w", ORT_DTYPE_F32, {1, 1, 2, 2}, 4, 0},
    {"other channels", "f32 w 1x2x1x1; Conv x,w > y", ORT_CODE_INVALID_ARGUMENT, "", 0, "1,c,2,2", ORT_DTYPE_F32, {1, 3, 2, 2}, 4, 0},
    {"an axis that isn't 1", "i64 a 0; Squeeze x,a > y", ORT_CODE_INVALID_ARGUMENT, "", 0, "n,m", ORT_DTYPE_F32, {3, 3}, 2, 0},
    {"parts that don't add up", "i64 s 2,2; Split x,s > y,z", ORT_CODE_INVALID_ARGUMENT, "", 0, NULL, ORT_DTYPE_F32, {3}, 1, 0},
    {"an index too large", "f32 w 3; Gather w,x > y", ORT_CODE_INVALID_ARGUMENT, "", 7, NULL, ORT_DTYPE_I64, {2}, 1, 99},
    {"an index too small", "f32 w 3; Gather w,x > y", ORT_CODE_INVALID_ARGUMENT, "", 7, NULL, ORT_DTYPE_I64, {2}, 1, -99},
    {"an element too large", "f32 w 3; GatherElements w,x > y", ORT_CODE_INVALID_ARGUMENT, "", 7, NULL, ORT_DTYPE_I64, {2}, 1, 1e15},
    {"division by zero", "i64 w 1; Div w,x > q; Cast{to=1} q > y", ORT_CODE_INVALID_ARGUMENT, "", 7, NULL, ORT_DTYPE_I64, {2}, 1, 0},
    {"the least number by -1", "i64 w -9223372036854775808; Div w,x > q; Cast{to=1} q > y", ORT_CODE_OK, "", 7, NULL, ORT_DTYPE_I64, {2}, 1, -1},
    {"a fill from the input", "ConstantOfShape x > y", ORT_CODE_INVALID_ARGUMENT, "", 7, "1", ORT_DTYPE_I64, {1}, 1, 1e15},
    {"a fill below nothing", "ConstantOfShape x > y", ORT_CODE_INVALID_ARGUMENT, "", 7, "1", ORT_DTYPE_I64, {1}, 1, -5},
    {"infinite numbers to integers", "Cast{to=6} x > i; Cast{to=1} i > y", ORT_CODE_OK, "", 0, NULL, ORT_DTYPE_F32, {33}, 1, (double)INFINITY},
    {"nothing at all", "Exp x > a; Neg a > y", ORT_CODE_OK, "", 0, NULL, ORT_DTYPE_F32, {0}, 1, 0},
    {"the maximum of nothing", "ReduceMax{keepdims=0} x > y", ORT_CODE_OK, "", 0, NULL, ORT_DTYPE_F32, {0}, 1, 0},
    {"softmax of nothing", "Softmax x > y", ORT_CODE_OK, "", 0, NULL, ORT_DTYPE_F32, {0}, 1, 0},
    {"argmax of nothing", "ArgMax x > i; Cast{to=1} i > y", ORT_CODE_OK, "", 0, NULL, ORT_DTYPE_F32, {0}, 1, 0},
    {"a product over nothing", "f32 w 0x2; MatMul x,w > y", ORT_CODE_OK, "", 0, "n,0", ORT_DTYPE_F32, {3, 0}, 2, 0},
    {"images of no batch", "f32 w 1x1x3x3; Conv x,w > y", ORT_CODE_OK, "", 0, "n,1,4,4", ORT_DTYPE_F32, {0, 1, 4, 4}, 4, 0},
};

static ort_tensor *filled(ort_dtype dtype, const int64_t *dims, uint32_t rank, double value) {
    ort_tensor *tensor = NULL;
    CHECK_OK(ort_tensor_create(dtype, dims, rank, &tensor));
    for (int64_t i = 0; i < ort_tensor_element_count(tensor); i++) {
        if (dtype == ORT_DTYPE_F32) ((float *)ort_tensor_data(tensor))[i] = (float)value;
        if (dtype == ORT_DTYPE_I64) ((int64_t *)ort_tensor_data(tensor))[i] = (int64_t)value;
    }
    return tensor;
}

ORT_TEST(hostile, calls) {
    house h = house_create();
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        tiny_bytes bytes;
        make_model(&bytes, calls[i].text, calls[i].dtype ? calls[i].dtype : 1, calls[i].shape ? calls[i].shape : "n", 1);
        ort_status *status = house_open(&h, &bytes);
        if (status) { printf("AT OPEN "); check_status(calls[i].name, status, 0, ""); house_empty(&h); continue; }
        ort_tensor *input = filled(calls[i].given, calls[i].dims, calls[i].rank, calls[i].value), *output = NULL;
        check_status(calls[i].name, ort_session_run(h.session, &input, 1, &output, 1, NULL), calls[i].code, calls[i].says);
        ort_tensor_release(output);
        ort_tensor_release(input);
        house_empty(&h);
    }
    house_destroy(&h);
}
