/* If, Loop and Scan, and sizes that only the data tells, on the CPU provider: each case is a graph as text and what
 * comes out of it. */
#include "session/text_house.h"
#include "testing/test.h"

enum { ELEMENT_COUNT = 4 };

/* Every graph's inputs: x = {1, 2, 3, 4}; a count; a bool. */
#define INPUTS                                                                                                         \
    "  input %x : float32[4]\n"                                                                                        \
    "  input %n : int64[]\n"                                                                                           \
    "  input %b : bool[]\n"

typedef struct control_case {
    const char *name, *graph;
    int64_t n;
    bool b;
    int64_t dims[3]; /* of the first output, which is of floats; -1 ends them */
    double want[24];
} control_case;

#define IF                                                                                                             \
    "graph \"if\" {\n" INPUTS "  const %two : float32[] = {2.0}\n"                                                     \
    "  %y = If (%b) {then_branch = graph \"then\" {\n"                                                                 \
    "    capture %x1 : float32[4] = %x\n"                                                                              \
    "    capture %t : float32[] = %two\n"                                                                              \
    "    %p = Mul (%x1, %t)\n"                                                                                         \
    "    output %p\n"                                                                                                  \
    "  }, else_branch = graph \"else\" {\n"                                                                            \
    "    capture %x2 : float32[4] = %x\n"                                                                              \
    "    const %axes : int64[1] = {0}\n"                                                                               \
    "    %q = ReduceSum (%x2, %axes)\n"                                                                                \
    "    output %q\n"                                                                                                  \
    "  }} \"choice\"\n"                                                                                                \
    "  %z = Add (%y, %two)\n"                                                                                          \
    "  output %z\n"                                                                                                    \
    "}\n"

/* s = s + x, n times, while s[0] < 4; the scan output is s[0:1] of each iteration. */
#define LOOP(OUTPUT)                                                                                                   \
    "graph \"loop\" {\n" INPUTS "  %s, %each = Loop (%n, %b, %x) {body = graph \"body\" {\n"                           \
    "    input %i : int64[]\n"                                                                                         \
    "    input %go : bool[]\n"                                                                                         \
    "    input %s0 : float32[4]\n"                                                                                     \
    "    capture %x1 : float32[4] = %x\n"                                                                              \
    "    const %zero : int64[1] = {0}\n"                                                                               \
    "    const %one : int64[1] = {1}\n"                                                                                \
    "    const %four : float32[1] = {4.0}\n"                                                                           \
    "    const %none : int64[0] = {}\n"                                                                                \
    "    %s1 = Add (%s0, %x1)\n"                                                                                       \
    "    %first = Slice (%s1, %zero, %one)\n"                                                                          \
    "    %less = Less (%first, %four)\n"                                                                               \
    "    %again = Reshape (%less, %none)\n"                                                                            \
    "    output %again\n    output %s1\n    output %first\n"                                                           \
    "  }} \"around\"\n"                                                                                                \
    "  output " OUTPUT "\n"                                                                                            \
    "}\n"

/* Two rows of x: a shape that is an output of a node that runs. */
#define CONTENTS                                                                                                       \
    "graph \"contents\" {\n" INPUTS "  const %two : float32[] = {2.0}\n"                                               \
    "  const %one : int64[1] = {1}\n"                                                                                  \
    "  %last = ArgMax (%x)\n"                                                                                          \
    "  %rows = Sub (%last, %one)\n"                                                                                    \
    "  const %four : int64[1] = {4}\n"                                                                                 \
    "  %shape = Concat (%rows, %four) {axis = 0}\n"                                                                    \
    "  %all = Expand (%x, %shape)\n"                                                                                   \
    "  %z = Mul (%all, %two)\n"                                                                                        \
    "  output %z\n"                                                                                                    \
    "}\n"

static const control_case cases[] = {
    {"a shape that a run makes", CONTENTS, 0, true, {2, 4, -1}, {2, 4, 6, 8, 2, 4, 6, 8}},
    {"the branch that is taken", IF, 0, true, {4, -1}, {4, 6, 8, 10}},
    {"the other branch, of another shape", IF, 0, false, {1, -1}, {12}},
    {"by trip count", LOOP("%s"), 2, true, {4, -1}, {3, 6, 9, 12}},
    {"by condition", LOOP("%s"), 1000, true, {4, -1}, {4, 8, 12, 16}},
    {"not at all by trip count", LOOP("%s"), 0, true, {4, -1}, {1, 2, 3, 4}},
    {"not at all by condition", LOOP("%s"), 5, false, {4, -1}, {1, 2, 3, 4}},
    {"scan outputs", LOOP("%each"), 9, true, {3, 1, -1}, {2, 3, 4}},
    {"no scan outputs", LOOP("%each"), 0, true, {0, 1, -1}, {0}},
};
#define CASE_COUNT (sizeof cases / sizeof *cases)

static ort_tensor *tensor_of(ort_dtype dtype, const void *data, size_t size_bytes, int64_t count) {
    ort_tensor *tensor = NULL;
    CHECK_OK(ort_tensor_create(dtype, &count, count ? 1 : 0, &tensor));
    memcpy(ort_tensor_data(tensor), data, size_bytes);
    return tensor;
}

static void inputs_make(const control_case *at, ort_tensor **inputs) {
    const float x[ELEMENT_COUNT] = {1, 2, 3, 4};
    inputs[0] = tensor_of(ORT_DTYPE_F32, x, sizeof x, ELEMENT_COUNT);
    inputs[1] = tensor_of(ORT_DTYPE_I64, &at->n, sizeof at->n, 0);
    inputs[2] = tensor_of(ORT_DTYPE_BOOL, &at->b, 1, 0);
}

static void output_check(const control_case *at, const ort_tensor *output) {
    const orti_tensor *got = tensor_in(output);
    uint32_t rank = 0;
    while (at->dims[rank] != -1) rank++;
    CHECK(got->rank == rank, "%s: rank %u", at->name, got->rank);
    for (uint32_t i = 0; i < rank; i++)
        CHECK(got->dims[i] == at->dims[i], "%s: axis %u has the size %lld", at->name, i, (long long)got->dims[i]);
    for (int64_t i = 0; i < got->element_count; i++)
        CHECK((double)((const float *)got->data)[i] == at->want[i], "%s [%d]: %g", at->name, (int)i,
              (double)((const float *)got->data)[i]);
}

static void case_run(const control_case *at) {
    text_house house;
    ort_tensor *inputs[3];
    CHECK_OK(text_house_open(&house, TEST_PLUGINS, "cpu", at->graph));
    inputs_make(at, inputs);
    for (int i = 0; i < 3; i++) {
        ort_tensor *output = NULL;
        CHECK_OK(ort_session_run(house.session, inputs, 3, &output, 1, NULL));
        output_check(at, output);
        ort_tensor_release(output);
    }
    for (int i = 0; i < 3; i++) ort_tensor_release(inputs[i]);
    text_house_close(&house);
}

ORT_TEST(control, gives_what_it_says) {
    for (size_t i = 0; i < CASE_COUNT; i++) case_run(&cases[i]);
}
