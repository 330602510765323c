/* Models that are broken or ill-meant, through the application's API and the CPU provider: each is refused with its
 * code and in its own words, and nothing ends the process. */
#include "session/hostile.h"

#include <math.h>
#include <stdbool.h>

/* ---- models that no session comes of ---- */

static const struct {
    const char *name, *text, *shape; /* of x, float32; NULL: "4" */
    ort_code code;
    const char *says;
} models[] = {
    {"cycle", "Neg b > a; Add a,x > b; Relu b > y", NULL, ORT_CODE_INVALID_MODEL, "is on a cycle"},
    {"reads itself", "Add x,y > y", NULL, ORT_CODE_INVALID_MODEL, "'the node' (Add) is on a cycle"},
    {"unknown value", "Neg nowhere > y", NULL, ORT_CODE_INVALID_MODEL,
     "its input 0, 'nowhere', is produced by no node"},
    {"output of no node", "Neg x > z", NULL, ORT_CODE_INVALID_MODEL, "output 'y' is produced by no node"},
    {"produced twice", "Neg x > y; Abs x > y", NULL, ORT_CODE_INVALID_MODEL, "two values named 'y'"},
    {"unknown operator", "Rellu x > y", NULL, ORT_CODE_INVALID_MODEL, "no operator 'Rellu', did you mean Relu"},
    {"unknown domain", "com.acme.Magic x > y", NULL, ORT_CODE_UNSUPPORTED, "operator com.acme.Magic is not known here"},
    {"unknown attribute", "Concat{axes=0} x,x > y", NULL, ORT_CODE_INVALID_MODEL,
     "no attribute 'axes', did you mean axis"},
    {"attribute of a wrong type", "Concat{axis='a'} x,x > y", NULL, ORT_CODE_INVALID_MODEL,
     "attribute 'axis' is of kind 3"},
    {"attribute missing", "Concat x,x > y", NULL, ORT_CODE_INVALID_MODEL, "attribute 'axis' is missing"},
    {"too many inputs", "Relu x,x > y", NULL, ORT_CODE_INVALID_MODEL, "has 2 inputs, needs 1"},
    {"too few inputs", "Add x > y", NULL, ORT_CODE_INVALID_MODEL, "has 1 inputs, needs 2"},
    {"input left out", "Add x,- > y", NULL, ORT_CODE_INVALID_MODEL, "input 1 (B) is left out"},
    {"too many outputs", "Relu x > y,z", NULL, ORT_CODE_INVALID_MODEL, "has 2 outputs, needs 1"},
    {"type not allowed", "Not x > y", NULL, ORT_CODE_INVALID_MODEL, "input 0 ('x') is float32"},
    {"types differ", "i64 w 1; Add x,w > y", NULL, ORT_CODE_INVALID_MODEL, "input 0 is float32 and input 1 is int64"},
    {"shapes don't meet", "f32 w 3; Add x,w > y", NULL, ORT_CODE_INVALID_MODEL,
     "sizes 4 and 3 on axis 0 don't broadcast"},
    {"inner sizes differ", "f32 w 3x2; MatMul x,w > y", NULL, ORT_CODE_INVALID_MODEL,
     "the inner sizes differ: 4 in input 0, 3 in input 1"},
    {"Gemm of a vector", "f32 w 4x2; Gemm x,w > y", NULL, ORT_CODE_INVALID_MODEL, "input 0 has rank 1 instead of 2"},
    {"concatenated along axis 7", "Concat{axis=7} x,x > y", NULL, ORT_CODE_INVALID_MODEL,
     "axis 7 is outside a value of rank 1"},
    {"concatenated ranks", "f32 w 2x2; Concat{axis=0} x,w > y", NULL, ORT_CODE_INVALID_MODEL,
     "input 1 has rank 2, input 0 has 1"},
    {"softmax along axis -9", "Softmax{axis=-9} x > y", NULL, ORT_CODE_INVALID_MODEL,
     "axis -9 is outside a value of rank 1"},
    {"transposed by a repeated axis", "Transpose{perm=0|0} x > y", "2,2", ORT_CODE_INVALID_MODEL,
     "perm names axis 0 twice"},
    {"transposed by a far axis", "Transpose{perm=0|9} x > y", "2,2", ORT_CODE_INVALID_MODEL, "axis 9 is outside"},
    {"reshaped to another count", "i64 s 3; Reshape x,s > y", NULL, ORT_CODE_INVALID_MODEL,
     "4 elements can't take a shape of 3"},
    {"reshaped by two unknowns", "i64 s -1,-1; Reshape x,s > y", NULL, ORT_CODE_INVALID_MODEL, "more than one -1"},
    {"reshaped to less than nothing", "i64 s -7; Reshape x,s > y", NULL, ORT_CODE_INVALID_MODEL, "the shape holds -7"},
    {"squeezed axis of 4", "i64 a 0; Squeeze x,a > y", NULL, ORT_CODE_INVALID_MODEL, "axis 0 has the size 4"},
    {"unsqueezed twice at one place", "i64 a 0,0; Unsqueeze x,a > y", NULL, ORT_CODE_INVALID_MODEL,
     "axis 0 is named twice"},
    {"split unevenly", "i64 s 1,1; Split x,s > y,z", NULL, ORT_CODE_INVALID_MODEL,
     "the pieces add up to 2, axis 0 has 4"},
    {"step of zero", "i64 s 0; i64 e 4; i64 a 0; i64 t 0; Slice x,s,e,a,t > y", NULL, ORT_CODE_INVALID_MODEL,
     "a step of 0 on axis 0"},
    {"pads of half the axes", "i64 p 1; Pad x,p > y", NULL, ORT_CODE_INVALID_MODEL, "1 pads for 1 axes"},
    {"pads below nothing", "i64 p -9,0; Pad x,p > y", NULL, ORT_CODE_INVALID_MODEL, "would have the size -5"},
    {"pads without end", "i64 p 4611686018427387904,4611686018427387904; Pad x,p > y", NULL, ORT_CODE_LIMIT_EXCEEDED,
     "beyond 64 bits"},
    {"reduced along axis 5", "i64 a 5; ReduceSum x,a > y", NULL, ORT_CODE_INVALID_MODEL, "axis 5 is outside"},
    {"cast to type 99", "Cast{to=99} x > y", NULL, ORT_CODE_INVALID_MODEL, "'to' is 99, which is no element type"},
    {"kernel larger than the image", "f32 w 1x1x9x9; Conv x,w > y", "1,1,4,4", ORT_CODE_INVALID_MODEL,
     "the window spans 9 elements, but axis 2 has 4"},
    {"channels differ", "f32 w 1x3x3x3; Conv x,w > y", "1,1,4,4", ORT_CODE_INVALID_MODEL,
     "channels differ: 1 in the input, 3 in the weight"},
    {"groups of nothing", "f32 w 1x1x3x3; Conv{group=0} x,w > y", "1,1,4,4", ORT_CODE_INVALID_MODEL,
     "attribute 'group' is 0"},
    {"strides of nothing", "f32 w 1x1x3x3; Conv{strides=0|0} x,w > y", "1,1,4,4", ORT_CODE_INVALID_MODEL,
     "attribute 'strides' has the value 0"},
    {"strides of one axis", "f32 w 1x1x3x3; Conv{strides=1|} x,w > y", "1,1,4,4", ORT_CODE_INVALID_MODEL,
     "attribute 'strides' has 1 values"},
    {"dilation without end", "f32 w 1x1x3x3; Conv{dilations=9223372036854775807|9223372036854775807} x,w > y",
     "1,1,4,4", ORT_CODE_LIMIT_EXCEEDED, "beyond 64 bits"},
    {"conv pads without end",
     "f32 w 1x1x3x3; Conv{pads=9223372036854775807|9223372036854775807|9223372036854775807|9223372036854775807} x,w > "
     "y",
     "1,1,4,4", ORT_CODE_LIMIT_EXCEEDED, "beyond 64 bits"},
    {"pool window of nothing", "MaxPool{kernel_shape=0|0} x > y", "1,1,4,4", ORT_CODE_INVALID_MODEL,
     "attribute 'kernel_shape' has the value 0"},
    {"pool strides of nothing", "AveragePool{kernel_shape=2|2,strides=0|0} x > y", "1,1,4,4", ORT_CODE_INVALID_MODEL,
     "attribute 'strides' has the value 0"},
    {"tiled without end", "i64 r 4611686018427387904; Tile x,r > y", NULL, ORT_CODE_LIMIT_EXCEEDED, "beyond 64 bits"},
    {"filled without end", "i64 s 4611686018427387904,1024; ConstantOfShape s > f; Add f,x > y", NULL,
     ORT_CODE_INVALID_MODEL, "sizes 1024 and 4 on axis 1 don't broadcast"},
    {"filled with less than nothing", "i64 s -4; ConstantOfShape s > f; Add f,x > y", NULL, ORT_CODE_INVALID_MODEL,
     "would have the size -4"},
    {"input of a negative size", "Neg x > y", "-4", ORT_CODE_INVALID_MODEL, "value 'x': a dimension of -4"},
    {"ranks of the norm", "f32 w 3; BatchNormalization x,w,w,w,w > y", "1,4,2", ORT_CODE_INVALID_MODEL,
     "input 1 has 3 elements, input 0 has 4 channels"},
    {"Resize of nothing said", "Resize x > y", NULL, ORT_CODE_INVALID_MODEL, "neither 'scales' nor 'sizes' is given"},
    {"depth blocks", "DepthToSpace{blocksize=0} x > y", "1,4,2,2", ORT_CODE_INVALID_MODEL, "a block size of 1 or more"},
    {"depth blocks of 3", "DepthToSpace{blocksize=3} x > y", "1,4,2,2", ORT_CODE_INVALID_MODEL,
     "axis 1 has the size 4, which is no multiple of 9"},
    {"a flattened axis 9", "Flatten{axis=9} x > y", NULL, ORT_CODE_INVALID_MODEL, "axis 9 is outside"},
    {"an If without branches", "Cast{to=9} x > c; If c > y", NULL, ORT_CODE_INVALID_MODEL,
     "attribute 'else_branch' is missing"},
};

ORT_TEST(hostile, models_that_no_session_comes_of) {
    house h = house_create();
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        tiny_bytes bytes;
        make_model(&bytes, models[i].text, 1, models[i].shape ? models[i].shape : "4", 1);
        check_status(models[i].name, house_open(&h, &bytes), models[i].code, models[i].says);
        house_empty(&h);
    }
    house_destroy(&h);
}

/* ---- models that may load, calls that don't fit or have no good answer ---- */

static const struct {
    const char *name, *text;
    const char *declared, *given; /* x in the model and in the call: type, sizes or symbols */
    float value;                  /* of every element given */
    ort_code code;
    const char *says;
    float answer; /* y's first element, when there is one */
} calls[] = {
    {"another size", "Neg x > y", "f32 4", "f32 5", 0, ORT_CODE_INVALID_ARGUMENT,
     "input 'x' is float32[5], the model wants float32[4]", 0},
    {"another rank", "Neg x > y", "f32 4", "f32 4,1", 0, ORT_CODE_INVALID_ARGUMENT, "input 'x' is float32[4,1]", 0},
    {"a scalar", "Neg x > y", "f32 4", "f32 ", 0, ORT_CODE_INVALID_ARGUMENT,
     "input 'x' is float32[], the model wants float32[4]", 0},
    {"another type", "Neg x > y", "f32 4", "i32 4", 0, ORT_CODE_INVALID_ARGUMENT,
     "input 'x' is int32[4], but the model wants float32", 0},
    {"one symbol, two sizes", "Neg x > y", "f32 n,n", "f32 2,3", 0, ORT_CODE_INVALID_ARGUMENT, "'n' is 2 already", 0},
    {"sizes that don't meet", "f32 w 3; Add x,w > y", "f32 n", "f32 4", 0, ORT_CODE_INVALID_ARGUMENT,
     "with these input shapes: node 'the node' (Add)", 0},
    {"inner sizes", "f32 w 3x2; MatMul x,w > y", "f32 1,n", "f32 1,4", 0, ORT_CODE_INVALID_ARGUMENT,
     "with these input shapes: node 'the node' (MatMul)", 0},
    {"a count that can't be reshaped", "i64 s 3; Reshape x,s > y", "f32 n", "f32 4", 0, ORT_CODE_INVALID_ARGUMENT,
     "4 elements can't take a shape of 3", 0},
    {"a part of no size", "i64 s 0,2; Reshape x,s > y", "f32 n,m", "f32 3,3", 0, ORT_CODE_INVALID_ARGUMENT,
     "9 elements can't take a shape of 6", 0},
    {"a kernel too large", "f32 w 1x1x3x3; Conv x,w > y", "f32 1,1,h,w", "f32 1,1,2,2", 0, ORT_CODE_INVALID_ARGUMENT,
     "the window spans 3 elements, but axis 2 has 2", 0},
    {"other channels", "f32 w 1x2x1x1; Conv x,w > y", "f32 1,c,2,2", "f32 1,3,2,2", 0, ORT_CODE_INVALID_ARGUMENT,
     "channels differ: 3 in the input, 2 in the weight", 0},
    {"an axis that isn't 1", "i64 a 0; Squeeze x,a > y", "f32 n,m", "f32 3,3", 0, ORT_CODE_INVALID_ARGUMENT,
     "axis 0 has the size 3, only 1", 0},
    {"parts that don't add up", "i64 s 2,2; Split x,s > y,z", "f32 n", "f32 3", 0, ORT_CODE_INVALID_ARGUMENT,
     "the pieces add up to 4, axis 0 has 3", 0},
    {"an index too large", "f32 w 3; Gather w,x > y", "i64 n", "i64 2", 99, ORT_CODE_OK, "", 0},
    {"an index too small", "f32 w 3; Gather w,x > y", "i64 n", "i64 2", -99, ORT_CODE_OK, "", 0},
    {"an element too large", "f32 w 3; GatherElements w,x > y", "i64 n", "i64 2", 1e15, ORT_CODE_OK, "", 0},
    {"division by zero", "i64 w 1; Div w,x > q; Cast{to=1} q > y", "i64 n", "i64 2", 0, ORT_CODE_OK, "", 0},
    {"the least number by -1", "i64 w -9223372036854775808; Div w,x > q; Cast{to=1} q > y", "i64 n", "i64 2", -1,
     ORT_CODE_OK, "", -0x1p63},
    {"a fill from the input", "ConstantOfShape x > y", "i64 1", "i64 1", 1e15, ORT_CODE_UNSUPPORTED,
     "node 'the node' (ConstantOfShape) is taken by no provider: cpu: ", 0},
    {"infinite numbers to integers", "Cast{to=6} x > i; Cast{to=1} i > y", "f32 n", "f32 33", INFINITY, ORT_CODE_OK, "",
     0x1p31},
    {"gathered out of range", "i64 i 9; Gather x,i > y", "f32 4", "f32 4", 3, ORT_CODE_OK, "", 0},
    {"expanded without end", "i64 s 4611686018427387904,4; Expand x,s > y", "f32 4", "f32 4", 1,
     ORT_CODE_INVALID_ARGUMENT, "(made by Expand): dimension 0 is 4611686018427387904", 0},
    {"a fill of 4 TiB", "i64 s 1099511627776; ConstantOfShape s > f; Add f,x > y", "f32 1", "f32 1", 1,
     ORT_CODE_OUT_OF_MEMORY, "4398046511104 bytes", 0},
    {"resized to no size", "f32 r 1; i64 s 0; Resize x,-,-,s > y", "f32 4", "f32 4", 1, ORT_CODE_OK, "", 0},
    {"a size beyond memory", "i64 s 1099511627776,4; Expand x,s > y", "f32 4", "f32 4", 1, ORT_CODE_OUT_OF_MEMORY,
     "17592186044416 bytes", 0},
    {"resized beyond memory", "i64 s 4611686018427387904; Resize x,-,-,s > y", "f32 4", "f32 4", 1,
     ORT_CODE_INVALID_ARGUMENT, "(made by Resize): dimension 0 is", 0},
    {"a huge input declared", "Exp x > a; Neg a > y", "f32 9223372036854775807,4", "f32 4", 1,
     ORT_CODE_INVALID_ARGUMENT, "the model wants float32[9223372036854775807,4]", 0},
    {"nothing at all", "Exp x > a; Neg a > y", "f32 n", "f32 0", 0, ORT_CODE_OK, "", 0},
    {"the maximum of nothing", "ReduceMax{keepdims=0} x > y", "f32 n", "f32 0", 0, ORT_CODE_OK, "", -INFINITY},
    {"softmax of nothing", "Softmax x > y", "f32 n", "f32 0", 0, ORT_CODE_OK, "", 0},
    {"argmax of nothing", "ArgMax x > i; Cast{to=1} i > y", "f32 n", "f32 0", 0, ORT_CODE_INVALID_ARGUMENT,
     "ArgMax: no largest element of an empty axis", 0},
    {"a product over nothing", "f32 w 0x2; MatMul x,w > y", "f32 n,0", "f32 3,0", 0, ORT_CODE_OK, "", 0},
    {"images of no batch", "f32 w 1x1x3x3; Conv x,w > y", "f32 n,1,4,4", "f32 0,1,4,4", 0, ORT_CODE_OK, "", 0},
};

ORT_TEST(hostile, calls_that_do_not_fit) {
    house h = house_create();
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        tiny_bytes bytes;
        make_declared(&bytes, calls[i].text, calls[i].declared);
        ort_tensor *input = make_tensor(calls[i].given, calls[i].value), *output = NULL;
        ort_status *status = house_open(&h, &bytes);
        if (!status) status = ort_session_run(h.session, &input, 1, &output, 1, NULL);
        CHECK((status == NULL) == (output != NULL), "'%s'", calls[i].name);
        check_status(calls[i].name, status, calls[i].code, calls[i].says);
        if (output && ort_tensor_element_count(output)) {
            float got = *(const float *)ort_tensor_data_const(output);
            CHECK(got == calls[i].answer, "'%s': %g", calls[i].name, (double)got);
        }
        ort_tensor_release(output);
        ort_tensor_release(input);
        house_empty(&h);
    }
    house_destroy(&h);
}

/* ---- cut and flipped: any answer but a crash, a hang or a leak ---- */

static void try_all(house *h, const tiny_bytes *bytes) {
    ort_tensor *input = NULL, *output = NULL;
    ort_status *status = house_open(h, bytes);
    ort_value_info info = ORT_INIT(ort_value_info);
    if (!status) status = ort_session_input(h->session, 0, &info);
    int64_t dims[32], count = 1;
    bool is_small = !status && info.has_shape && info.rank <= 4;
    for (uint32_t i = 0; is_small && i < info.rank; i++) {
        dims[i] = info.dims[i] < 0 ? 2 : info.dims[i];
        is_small = dims[i] < 1024 && (count *= dims[i]) < 4096;
    }
    if (is_small && info.dtype != ORT_DTYPE_STRING) {
        CHECK_OK(ort_tensor_create(info.dtype, dims, info.rank, &input));
        status = ort_session_run(h->session, &input, 1, &output, 1, NULL);
        CHECK((status == NULL) == (output != NULL));
    }
    ort_status_destroy(status);
    ort_tensor_release(input);
    ort_tensor_release(output);
    house_empty(h);
}

ORT_TEST(hostile, cut_and_flipped) {
    house h = house_create();
    tiny_bytes bytes;
    make_model(&bytes,
               "f32 w 2x1x3x3; i64 s 0,-1; Conv{pads=1|1|1|1} x,w > a; Relu a > b; Reshape b,s > c; "
               "Softmax{axis=1} c > y",
               1, "n,1,4,4", 1);
    CHECK_OK(house_open(&h, &bytes));
    house_empty(&h);
    size_t whole = bytes.length;
    for (bytes.length = 0; bytes.length < whole; bytes.length++) try_all(&h, &bytes);
    for (size_t bit = 0; bit < whole * 8; bit++) {
        bytes.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        try_all(&h, &bytes);
        bytes.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    house_destroy(&h);
}
