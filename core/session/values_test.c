/* Strings, sequences, optionals and maps through a session: created by the application, run, and looked into. */
#include "session/text_house.h"
#include "testing/test.h"

static void house_open(text_house *house, const char *graph) {
    CHECK_OK(text_house_open(house, TEST_PLUGINS, "[\"cpu\"]", graph));
}

static ort_tensor *floats(int64_t rows, int64_t columns, float first) {
    ort_tensor *tensor = NULL;
    CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, (int64_t[]){rows, columns}, 2, &tensor));
    for (int64_t i = 0; i < rows * columns; i++) ((float *)ort_tensor_data(tensor))[i] = first + (float)i;
    return tensor;
}

static void string_check(const ort_tensor *tensor, int64_t index, const char *want) {
    uint64_t length = 0;
    const char *text = ort_tensor_string(tensor, index, &length);
    CHECK(text && length == strlen(want) && memcmp(text, want, length) == 0, "string %lld is '%.*s', not '%s'",
          (long long)index, (int)length, text ? text : "", want);
}

/* Strings inside a piece, and out of it; the second run has longer ones. */
ORT_TEST(values, strings) {
    text_house house;
    ort_tensor *input = NULL, *outputs[2] = {NULL};
    house_open(&house, "graph \"strings\" {\n"
                       "  input %s : string[N]\n"
                       "  %twice = StringConcat (%s, %s)\n"
                       "  %four = StringConcat (%twice, %twice)\n"
                       "  %same = Equal (%twice, %four)\n"
                       "  output %four\n  output %same\n}\n");
    for (int run = 0; run < 2; run++) {
        const char *words[] = {run ? "much longer" : "ab", ""};
        CHECK_OK(ort_tensor_create_strings((int64_t[]){2}, 1, words, NULL, &input));
        CHECK_OK(ort_session_run(house.session, &input, 1, outputs, 2, NULL));
        string_check(outputs[0], 0, run ? "much longermuch longermuch longermuch longer" : "abababab");
        string_check(outputs[0], 1, "");
        CHECK(memcmp(ort_tensor_data(outputs[1]), "\0\1", 2) == 0);
        ort_tensor_release(input);
        for (int i = 0; i < 2; i++) {
            ort_tensor_release(outputs[i]);
            outputs[i] = NULL;
        }
    }
    text_house_close(&house);
}

/* How many pieces there are only the strings tell; what joins them again is planned once that is known. */
ORT_TEST(values, told_strings) {
    text_house house;
    ort_tensor *input = NULL, *output = NULL;
    house_open(&house, "graph \"told\" {\n"
                       "  input %s : string[N]\n"
                       "  %pieces, %n = StringSplit (%s) {delimiter = \"-\"}\n"
                       "  %y = StringConcat (%pieces, %pieces)\n"
                       "  output %y\n}\n");
    CHECK_OK(ort_tensor_create_strings((int64_t[]){2}, 1, (const char *[]){"a-b-c", "d"}, NULL, &input));
    CHECK_OK(ort_session_run(house.session, &input, 1, &output, 1, NULL));
    CHECK(ort_tensor_rank(output) == 2 && ort_tensor_dims(output)[1] == 3);
    string_check(output, 2, "cc");
    string_check(output, 3, "dd");
    string_check(output, 5, "");
    ort_tensor_release(input);
    ort_tensor_release(output);
    text_house_close(&house);
}

ORT_TEST(values, string_tensors_refuse) {
    ort_tensor *tensor = NULL;
    uint64_t length = 7;
    CHECK_FAILS(ort_tensor_create_strings((int64_t[]){1}, 1, (const char *[]){NULL}, NULL, &tensor),
                ORT_CODE_INVALID_ARGUMENT, "string 0 is NULL");
    CHECK_OK(ort_tensor_create_strings(NULL, 0, (const char *[]){"x\0y"}, (uint64_t[]){3}, &tensor));
    CHECK(ort_tensor_string(tensor, 0, &length) && length == 3);
    CHECK(!ort_tensor_string(tensor, 1, &length) && length == 0 && !ort_tensor_string(tensor, -1, NULL));
    ort_tensor_release(tensor);
}

/* Offsets that the application wrote over lead nowhere. */
ORT_TEST(values, offsets_out_of_order_are_refused) {
    text_house house;
    ort_tensor *input = NULL, *output = NULL;
    house_open(&house, "graph \"strings\" {\n  input %s : string[1]\n  %y = StringConcat (%s, %s)\n  output %y\n}\n");
    CHECK_OK(ort_tensor_create_strings((int64_t[]){1}, 1, (const char *[]){"abc"}, NULL, &input));
    ((int64_t *)ort_tensor_data(input))[1] = INT64_C(1) << 40;
    CHECK_FAILS(ort_session_run(house.session, &input, 1, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT, "input 's'");
    ort_tensor_release(input);
    text_house_close(&house);
}

/* ai.onnx.ml's first LabelEncoder, both ways. */
ORT_TEST(values, an_old_label_encoder) {
    text_house house;
    ort_tensor *input = NULL, *outputs[2] = {NULL};
    house_open(&house,
               "graph \"labels\" {\n"
               "  input %s : string[3]\n"
               "  %places = ai.onnx.ml::LabelEncoder@1 (%s) {classes_strings = [\"a\", \"b\"], default_int64 = 1}\n"
               "  %words = ai.onnx.ml::LabelEncoder@1 (%places) {classes_strings = [\"x\", \"y\"]}\n"
               "  output %places\n  output %words\n}\n");
    CHECK_OK(ort_tensor_create_strings((int64_t[]){3}, 1, (const char *[]){"b", "a", "?"}, NULL, &input));
    CHECK_OK(ort_session_run(house.session, &input, 1, outputs, 2, NULL));
    CHECK(memcmp(ort_tensor_data(outputs[0]), (int64_t[]){1, 0, 1}, 24) == 0);
    string_check(outputs[1], 0, "y");
    string_check(outputs[1], 1, "x");
    ort_tensor_release(input);
    for (int i = 0; i < 2; i++) ort_tensor_release(outputs[i]);
    text_house_close(&house);
}

ORT_TEST(values, sequences) {
    text_house house;
    ort_tensor *x = floats(1, 2, 1), *y = floats(1, 2, 5);
    ort_value *sequence = NULL, *inputs[2], *outputs[3] = {NULL};
    house_open(&house, "graph \"sequences\" {\n"
                       "  input %q : type \"seq(tensor(float))\"\n"
                       "  input %x : float32[1,2]\n"
                       "  %z = Add (%x, %x)\n"
                       "  %longer = SequenceInsert (%q, %z)\n"
                       "  %n = SequenceLength (%longer)\n"
                       "  %all = ConcatFromSequence (%longer) {axis = 0}\n"
                       "  output %longer\n  output %n\n  output %all\n}\n");
    ort_value_info info = ORT_INIT(ort_value_info);
    CHECK_OK(ort_session_input(house.session, 0, &info));
    CHECK(info.kind == ORT_VALUE_SEQUENCE && info.dtype == ORT_DTYPE_NONE);
    CHECK_STR(info.type, "seq(tensor(float))");
    CHECK_OK(ort_value_create(ORT_VALUE_SEQUENCE, (ort_value *[]){ort_tensor_value(y)}, 1, &sequence));
    inputs[0] = sequence;
    inputs[1] = ort_tensor_value(x);
    CHECK_OK(ort_session_run_values(house.session, inputs, 2, outputs, 3, NULL));
    CHECK(ort_value_kind(outputs[0]) == ORT_VALUE_SEQUENCE && ort_value_item_count(outputs[0]) == 2);
    CHECK(ort_value_item(outputs[0], 0) == ort_tensor_value(y), "the first item is another one");
    CHECK(*(int64_t *)ort_tensor_data(ort_value_tensor(outputs[1])) == 2);
    CHECK(memcmp(ort_tensor_data(ort_value_tensor(outputs[2])), (float[]){5, 6, 2, 4}, 16) == 0);
    /* Again by a binding. */
    ort_binding *binding = NULL;
    CHECK_OK(ort_binding_create(house.session, &binding));
    for (uint32_t i = 0; i < 2; i++) CHECK_OK(ort_binding_set_value(binding, i, inputs[i]));
    CHECK_OK(ort_binding_run(binding, NULL));
    CHECK(ort_value_item_count(ort_binding_value(binding, 0)) == 2 && !ort_binding_output(binding, 0));
    CHECK(ort_binding_output(binding, 2) != NULL);
    ort_binding_destroy(binding);
    for (int i = 0; i < 3; i++) ort_value_release(outputs[i]);
    ort_value_release(sequence);
    ort_tensor_release(x);
    ort_tensor_release(y);
    text_house_close(&house);
}

ORT_TEST(values, wrong_kinds_are_refused) {
    text_house house;
    ort_tensor *x = floats(1, 2, 1), *whole = NULL, *output = NULL;
    ort_value *sequence = NULL, *result = NULL, *items[1];
    house_open(&house, "graph \"kinds\" {\n"
                       "  input %q : type \"seq(tensor(float))\"\n"
                       "  %i = Constant () {value_int = 0}\n"
                       "  %x : float32[R,2] = SequenceAt (%q, %i)\n"
                       "  %y = Relu (%x)\n"
                       "  output %y\n}\n");
    CHECK_FAILS(ort_session_run(house.session, &x, 1, &output, 1, NULL), ORT_CODE_INVALID_ARGUMENT,
                "input 'q' is float32[1,2], but the model wants seq(tensor(float))");
    /* A sequence of other elements than the type says reaches no provider. */
    CHECK_OK(ort_tensor_create(ORT_DTYPE_I8, (int64_t[]){1}, 1, &whole));
    items[0] = ort_tensor_value(whole);
    CHECK_OK(ort_value_create(ORT_VALUE_SEQUENCE, items, 1, &sequence));
    CHECK_FAILS(ort_session_run_values(house.session, &sequence, 1, &result, 1, NULL), ORT_CODE_INVALID_ARGUMENT,
                "is int8, the model says float32");
    ort_value_release(sequence);
    CHECK_OK(ort_value_create(ORT_VALUE_SEQUENCE, NULL, 0, &sequence));
    CHECK_FAILS(ort_session_run_values(house.session, &sequence, 1, &result, 1, NULL), ORT_CODE_INVALID_ARGUMENT,
                "position 0 of a sequence of 0");
    ort_value_release(sequence);
    ort_tensor_release(whole);
    ort_tensor_release(x);
    text_house_close(&house);
}

ORT_TEST(values, optionals_and_maps) {
    text_house house;
    ort_tensor *x = floats(2, 2, 1);
    ort_value *none = NULL, *outputs[2] = {NULL}, *input = ort_tensor_value(x);
    house_open(&house, "graph \"optional\" {\n"
                       "  input %o : type \"optional(tensor(float))\"\n"
                       "  %has = OptionalHasElement (%o)\n"
                       "  output %has\n}\n");
    CHECK_OK(ort_value_create(ORT_VALUE_OPTIONAL, NULL, 0, &none));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(ort_session_run_values(house.session, i ? &input : &none, 1, outputs, 1, NULL));
        CHECK(*(uint8_t *)ort_tensor_data(ort_value_tensor(outputs[0])) == i, "%d", i);
        ort_value_release(outputs[0]);
        outputs[0] = NULL;
    }
    ort_value_release(none);
    text_house_close(&house);
    house_open(&house, "graph \"map\" {\n"
                       "  input %x : float32[N,2]\n"
                       "  %z = ai.onnx.ml::ZipMap@1 (%x) {classlabels_strings = [\"no\", \"yes\"]}\n"
                       "  output %z\n}\n");
    CHECK_OK(ort_session_run_values(house.session, &input, 1, outputs, 1, NULL));
    ort_value *second = ort_value_item(outputs[0], 1);
    CHECK(ort_value_item_count(outputs[0]) == 2 && ort_value_kind(second) == ORT_VALUE_MAP);
    string_check(ort_value_tensor(ort_value_item(second, 0)), 1, "yes");
    CHECK(((float *)ort_tensor_data(ort_value_tensor(ort_value_item(second, 1))))[1] == 4);
    CHECK_FAILS(ort_session_run(house.session, &x, 1, (ort_tensor *[]){NULL}, 1, NULL), ORT_CODE_INVALID_ARGUMENT,
                "ort_session_run_values");
    ort_value_release(outputs[0]);
    ort_tensor_release(x);
    text_house_close(&house);
}

static void fill(ort_tensor *tensor, int64_t count) {
    uint8_t *bytes = ort_tensor_data(tensor);
    for (uint64_t i = 0; i < ort_tensor_size_bytes(tensor) && count; i++) bytes[i] = (uint8_t)(i % 3 == 1);
}

/* `graph` has one input %x and one output, its equal. */
static void same_check(const char *graph, ort_dtype dtype, const int64_t *dims, uint32_t rank) {
    text_house house;
    ort_tensor *input = NULL, *output = NULL;
    house_open(&house, graph);
    CHECK_OK(ort_tensor_create(dtype, dims, rank, &input));
    if (dtype != ORT_DTYPE_STRING) fill(input, ort_tensor_element_count(input));
    CHECK_OK(ort_session_run(house.session, &input, 1, &output, 1, NULL));
    CHECK(ort_tensor_dtype(output) == dtype && ort_tensor_rank(output) == rank, "%s", graph);
    uint64_t size = ort_tensor_size_bytes(input);
    CHECK(ort_tensor_size_bytes(output) == size, "%s", graph);
    CHECK(!size || memcmp(ort_tensor_data(output), ort_tensor_data(input), size) == 0, "%s", graph);
    ort_tensor_release(input);
    ort_tensor_release(output);
    text_house_close(&house);
}

/* Every element type that Identity takes in three shapes, [3], [] and [0, 4]: handed through, and through a kernel
 * where it has one. */
ORT_TEST(values, every_element_type) {
    static const char *const shapes[] = {"3", "", "0,4"};
    static const int64_t dims[] = {3, 0, 4};
    for (ort_dtype dtype = 1; dtype < ORT_DTYPE_F6E2M3; dtype++) {
        for (uint32_t k = 0; k < 3; k++) {
            char graph[256];
            bool is_handed = dtype > ORT_DTYPE_BF16 || k == 1;
            snprintf(
                graph, sizeof graph, "graph \"any\" {\n  input %%x : %s[%s]\n  %%y = %s (%%x)%s\n  output %%y\n}\n",
                ort_dtype_name(dtype), shapes[k], is_handed ? "Identity" : "Concat", is_handed ? "" : " {axis = 0}");
            same_check(graph, dtype, k == 2 ? dims + 1 : dims, k == 1 ? 0 : k == 2 ? 2 : 1);
        }
    }
}
