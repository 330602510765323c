/* If, Loop and Scan, and sizes that only the data tells, on the CPU provider: each case is a graph as text and what
 * comes out of it. */
#include "base/lock.h"
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

/* The elements above 2, doubled: how many there are only the data tells. */
#define TOLD                                                                                                           \
    "graph \"told\" {\n" INPUTS "  const %two : float32[] = {2.0}\n"                                                   \
    "  const %flat : int64[1] = {-1}\n"                                                                                \
    "  %m = Greater (%x, %two)\n"                                                                                      \
    "  %at = NonZero (%m)\n"                                                                                           \
    "  %list = Reshape (%at, %flat)\n"                                                                                 \
    "  %some = Gather (%x, %list)\n"                                                                                   \
    "  %z = Mul (%some, %two)\n"                                                                                       \
    "  output %z\n"                                                                                                    \
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

/* n times: s = s + x twice where b is true, captured through two graphs, else s = -s. */
#define NESTED                                                                                                         \
    "graph \"nested\" {\n" INPUTS "  const %twice : int64[] = {2}\n"                                                   \
    "  const %yes : bool[] = {1}\n"                                                                                    \
    "  %z = Loop (%n, _, %x) {body = graph \"outer\" {\n"                                                              \
    "    input %i : int64[]\n    input %go : bool[]\n    input %s : float32[4]\n"                                      \
    "    capture %b1 : bool[] = %b\n    capture %x1 : float32[4] = %x\n"                                               \
    "    capture %t1 : int64[] = %twice\n    capture %yes1 : bool[] = %yes\n"                                          \
    "    %r = If (%b1) {then_branch = graph \"then\" {\n"                                                              \
    "      capture %x2 : float32[4] = %x1\n      capture %s2 : float32[4] = %s\n"                                      \
    "      capture %t2 : int64[] = %t1\n      capture %yes2 : bool[] = %yes1\n"                                        \
    "      %u = Loop (%t2, %yes2, %s2) {body = graph \"inner\" {\n"                                                    \
    "        input %k : int64[]\n        input %on : bool[]\n        input %v : float32[4]\n"                          \
    "        capture %x3 : float32[4] = %x2\n"                                                                         \
    "        %w = Add (%v, %x3)\n"                                                                                     \
    "        output %on\n        output %w\n"                                                                          \
    "      }} \"inner loop\"\n"                                                                                        \
    "      output %u\n"                                                                                                \
    "    }, else_branch = graph \"else\" {\n"                                                                          \
    "      capture %s3 : float32[4] = %s\n"                                                                            \
    "      %m = Neg (%s3)\n"                                                                                           \
    "      output %m\n"                                                                                                \
    "    }} \"choice\"\n"                                                                                              \
    "    output %go\n    output %r\n"                                                                                  \
    "  }} \"outer loop\"\n"                                                                                            \
    "  output %z\n"                                                                                                    \
    "}\n"

/* Sums of x so far, as Scan makes them; ATTRS of the Scan, and which output. */
#define SCAN(ATTRS, OUTPUT)                                                                                            \
    "graph \"scan\" {\n" INPUTS "  const %zero : float32[] = {0.0}\n"                                                  \
    "  %sum, %sums = Scan (%zero, %x) {num_scan_inputs = 1" ATTRS ", body = graph \"step\" {\n"                        \
    "    input %s : float32[]\n    input %e : float32[]\n"                                                             \
    "    %t = Add (%s, %e)\n"                                                                                          \
    "    output %t\n    output %t\n"                                                                                   \
    "  }} \"scan\"\n"                                                                                                  \
    "  output " OUTPUT "\n"                                                                                            \
    "}\n"

/* Columns of [[1, 2], [3, 4]] scanned backwards, doubled, and put together as columns again. */
#define SCAN_COLUMNS                                                                                                   \
    "graph \"columns\" {\n" INPUTS "  const %shape : int64[2] = {2, 2}\n"                                              \
    "  %m = Reshape (%x, %shape)\n"                                                                                    \
    "  %z = Scan (%m) {num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1],\n"                     \
    "    scan_output_axes = [-1], body = graph \"step\" {\n"                                                           \
    "    input %e : float32[2]\n"                                                                                      \
    "    %t = Add (%e, %e)\n"                                                                                          \
    "    output %t\n"                                                                                                  \
    "  }} \"scan\"\n"                                                                                                  \
    "  output %z\n"                                                                                                    \
    "}\n"

/* A state that grows: s = concat(s, x), n times. */
#define GROWS                                                                                                          \
    "graph \"grows\" {\n" INPUTS "  %z = Loop (%n, _, %x) {body = graph \"body\" {\n"                                  \
    "    input %i : int64[]\n    input %go : bool[]\n    input %s : float32[k]\n"                                      \
    "    capture %x1 : float32[4] = %x\n"                                                                              \
    "    %t = Concat (%s, %x1) {axis = 0}\n"                                                                           \
    "    output %go\n    output %t\n"                                                                                  \
    "  }} \"around\"\n"                                                                                                \
    "  output %z\n"                                                                                                    \
    "}\n"

/* The iteration's number, and a state that goes through untouched; outputs of a body that are its inputs. */
#define COUNTS                                                                                                         \
    "graph \"counts\" {\n" INPUTS "  %same, %each = Loop (%n, %b, %x) {body = graph \"body\" {\n"                      \
    "    input %i : int64[]\n    input %go : bool[]\n    input %s : float32[4]\n"                                      \
    "    output %go\n    output %s\n    output %i\n"                                                                   \
    "  }} \"around\"\n"                                                                                                \
    "  %z = Cast (%each) {to = 1}\n"                                                                                   \
    "  output %z\n"                                                                                                    \
    "}\n"

static const control_case cases[] = {
    {"nested, one way", NESTED, 2, true, {4, -1}, {5, 10, 15, 20}},
    {"nested, the other way", NESTED, 3, false, {4, -1}, {-1, -2, -3, -4}},
    {"a scan's state", SCAN("", "%sum"), 0, true, {-1}, {10}},
    {"a scan's outputs", SCAN("", "%sums"), 0, true, {4, -1}, {1, 3, 6, 10}},
    {"a scan backwards", SCAN(", scan_input_directions = [1]", "%sums"), 0, true, {4, -1}, {4, 7, 9, 10}},
    {"a scan's outputs backwards", SCAN(", scan_output_directions = [1]", "%sums"), 0, true, {4, -1}, {10, 6, 3, 1}},
    {"other axes", SCAN_COLUMNS, 0, true, {2, 2, -1}, {4, 2, 8, 6}},
    {"a state that grows", GROWS, 2, true, {12, -1}, {1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}},
    {"a body that computes nothing", COUNTS, 3, true, {3, -1}, {0, 1, 2}},
    {"a size that the data tells", TOLD, 0, true, {2, -1}, {6, 8}},
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

static void case_run(text_house *house, const control_case *at) {
    ort_tensor *inputs[3];
    CHECK_OK(text_house_session(house, at->graph));
    inputs_make(at, inputs);
    for (int i = 0; i < 3; i++) {
        ort_tensor *output = NULL;
        CHECK_OK(ort_session_run(house->session, inputs, 3, &output, 1, NULL));
        output_check(at, output);
        ort_tensor_release(output);
    }
    for (int i = 0; i < 3; i++) ort_tensor_release(inputs[i]);
    text_house_drop(house);
}

ORT_TEST(control, gives_what_it_says) {
    text_house house;
    CHECK_OK(text_house_begin(&house, TEST_PLUGINS, "cpu"));
    for (size_t i = 0; i < CASE_COUNT; i++) case_run(&house, &cases[i]);
    text_house_close(&house);
}

/* ---- on a device, whose runs park ---- */

typedef struct parked_run {
    orti_lock lock;
    orti_condition changed;
    int done_count;
    ort_code code;
} parked_run;

static void parked_done(void *user, const ort_status *status) {
    parked_run *run = user;
    orti_lock_take(&run->lock);
    run->code = ort_status_code(status);
    run->done_count++;
    orti_condition_wake_all(&run->changed);
    orti_lock_give(&run->lock);
}

static void parked_rounds(ort_binding *binding, const control_case *at) {
    parked_run run = {0};
    orti_lock_init(&run.lock);
    orti_condition_init(&run.changed);
    for (int i = 1; i <= 2; i++) {
        CHECK_OK(ort_binding_run_async(binding, NULL, parked_done, &run));
        orti_lock_take(&run.lock);
        while (run.done_count < i) orti_condition_wait(&run.changed, &run.lock);
        orti_lock_give(&run.lock);
        CHECK(run.code == ORT_CODE_OK, "%s: code %d", at->name, (int)run.code);
        output_check(at, ort_binding_output(binding, 0));
    }
    orti_condition_finish(&run.changed);
    orti_lock_finish(&run.lock);
}

static void case_park(text_house *house, const control_case *at) {
    ort_tensor *inputs[3];
    ort_binding *binding = NULL;
    CHECK_OK(text_house_session(house, at->graph));
    inputs_make(at, inputs);
    CHECK_OK(ort_binding_create(house->session, &binding));
    for (uint32_t i = 0; i < 3; i++) CHECK_OK(ort_binding_set_input(binding, i, inputs[i]));
    parked_rounds(binding, at);
    ort_binding_destroy(binding);
    for (int i = 0; i < 3; i++) ort_tensor_release(inputs[i]);
    text_house_drop(house);
}

ORT_TEST(control, gives_the_same_on_a_device) {
    text_house house;
    CHECK_OK(text_house_begin(&house, TEST_PLUGINS, "sim,cpu"));
    for (size_t i = 0; i < CASE_COUNT; i++) {
        case_run(&house, &cases[i]);
        case_park(&house, &cases[i]);
    }
    text_house_close(&house);
}

static uint32_t count_of(ort_session *session, uint32_t state, const char *provider) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ort_session_placement_count(session); i++) {
        ort_placement placement = ORT_INIT(ort_placement);
        CHECK_OK(ort_session_placement(session, i, &placement));
        count += (uint32_t)placement.state == state && strcmp(placement.provider, provider) == 0;
    }
    return count;
}

/* Bodies are asked for like any graph, and told of. */
ORT_TEST(control, bodies_are_placed_and_told_of) {
    text_house house;
    CHECK_OK(text_house_open(&house, TEST_PLUGINS, "sim,cpu", NESTED));
    CHECK(count_of(house.session, ORT_PLACED_CORE, "") == 3);
    CHECK(count_of(house.session, ORT_PLACED_PROVIDER, "sim") == 2);
    text_house_close(&house);
    CHECK_OK(text_house_begin(&house, TEST_PLUGINS, "sim,cpu"));
    CHECK_OK(ort_options_set(house.options, "placement.nodes", "{\"Add*\": \"cpu\"}"));
    CHECK_OK(text_house_model(&house, NESTED));
    CHECK_OK(ort_session_create(house.environment, house.model, house.options, &house.session));
    CHECK(count_of(house.session, ORT_PLACED_PROVIDER, "sim") == 1);
    CHECK(count_of(house.session, ORT_PLACED_PROVIDER, "cpu") == 1);
    text_house_close(&house);
}

/* ---- what is refused ---- */

typedef struct refused_case {
    const char *graph, *says;
} refused_case;

#define LOOP_OF(INPUTS_OF_LOOP, BODY)                                                                                  \
    "graph \"g\" {\n" INPUTS "  %z = Loop (" INPUTS_OF_LOOP ") {body = graph \"body\" {\n" BODY "  }} \"around\"\n"    \
    "  output %z\n}\n"
#define BODY_INPUTS "    input %i : int64[]\n    input %go : bool[]\n    input %s : float32[4]\n"

static const refused_case refused[] = {
    {"graph \"g\" {\n  input %x : float32[4]\n  input %b : bool[2]\n  %z = Loop (_, %b, %x) {body = graph \"body\" "
     "{\n" BODY_INPUTS "    output %go\n    output %s\n  }} \"around\"\n  output %z\n}\n",
     "node 'around' (Loop): its condition has 2 elements, needs one bool"},
    {LOOP_OF("%n, %x, %x", BODY_INPUTS "    output %go\n    output %s\n"),
     "node 'around' (Loop-25): input 1 ('x') is float32, which the operator does not take"},
    {LOOP_OF("%n, %b, %x", BODY_INPUTS "    output %go\n"),
     "node 'around' (Loop): its graph 'body' has 1 outputs, needs 2"},
    {LOOP_OF("%n, %b, %x", "    input %i : int64[]\n    input %go : bool[]\n    output %go\n    output %i\n"),
     "node 'around' (Loop): its graph 'body' has 2 inputs, needs 3"},
    {LOOP_OF("%n, %b, %n", BODY_INPUTS "    output %go\n    output %s\n"),
     "node 'around' (Loop): value 's' of its graph 'body' is declared as float32 and given int64"},
    {"graph \"g\" {\n" INPUTS "  %z = If (%b) {then_branch = graph \"then\" {\n    capture %x1 : float32[4] = %x\n"
     "    %p = Neg (%x1)\n    output %p\n  }, else_branch = graph \"else\" {\n    capture %n1 : int64[] = %n\n"
     "    %q = Neg (%n1)\n    output %q\n  }} \"choice\"\n  output %z\n}\n",
     "node 'choice' (If): output 0 is float32 in one branch ('p') and int64 in the other ('q')"},
    {"graph \"g\" {\n" INPUTS "  %z = Scan (%x) {num_scan_inputs = 2, body = graph \"step\" {\n"
     "    input %e : float32[]\n    output %e\n  }} \"scan\"\n  output %z\n}\n",
     "node 'scan' (Scan): has 1 inputs, 2 of them to scan"},
};

ORT_TEST(control, refuses_wrong_bodies_by_the_nodes_name) {
    text_house house;
    CHECK_OK(text_house_begin(&house, TEST_PLUGINS, "cpu"));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_FAILS(text_house_model(&house, refused[i].graph), ORT_CODE_INVALID_MODEL, refused[i].says);
        text_house_drop(&house);
    }
    text_house_close(&house);
}
