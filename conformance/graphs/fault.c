/* Level 5: wrong arguments, callers that give up, memory that is not there. Afterwards everything has to work. */
#include "graphs/fault.h"

#include "graphs/scene.h"

/* ---- wrong inputs ---- */

typedef struct wrong_input {
    const char *what;
    ort_dtype dtype;
    uint32_t rank, count;
    int64_t dims[2];
} wrong_input;

static void wrong_input_try(ortc_scene *scene, const wrong_input *wrong) {
    ort_tensor *x = NULL, *y = NULL;
    ort_status *status = ort_tensor_create(wrong->dtype, wrong->dims, wrong->rank, &x);
    if (!ortc_is_good(scene->context, "fault.input", wrong->what, status)) return;
    status = ort_session_run(scene->session, &x, wrong->count, &y, 1, NULL);
    if (ort_status_code(status) != ORT_CODE_INVALID_ARGUMENT || !*ort_status_message(status))
        ortc_fail(scene->context, "fault.input", "%s: gave %s, not invalid-argument: %s", wrong->what,
                  status ? ort_code_name(ort_status_code(status)) : "success", ort_status_message(status));
    ort_status_destroy(status);
    ort_tensor_release(x);
    ort_tensor_release(y);
    ortc_scene_expect(scene, "fault.input", "a right run behind a wrong one", 17, 3);
}

void ortc_check_inputs(ortc_context *context) {
    static const wrong_input wrong[] = {{"an input of int32 for float32", ORT_DTYPE_I32, 1, 1, {4, 0}},
                                        {"an input of rank 2 for rank 1", ORT_DTYPE_F32, 2, 1, {2, 2}},
                                        {"an input of rank 0 for rank 1", ORT_DTYPE_F32, 0, 1, {0, 0}},
                                        {"no input", ORT_DTYPE_F32, 1, 0, {4, 0}}};
    ortc_scene scene;
    if (ortc_scene_open(context, ORTC_WATCH_GUARD, 1, &scene)) {
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) wrong_input_try(&scene, &wrong[i]);
        ortc_scene_expect(&scene, "fault.input", "a run of no elements", 0, 3);
        ortc_scene_expect(&scene, "fault.input", "a run of one element", 1, 3);
    }
    ortc_scene_close(&scene);
}

/* ---- giving up ---- */

#define LONG_REPEAT   32u
#define LONG_ELEMENTS (1 << 16)

/* A program of many nodes, so that not to look at all is not excused by being short. */
static ort_status *long_session(ortc_scene *scene, ort_model **out_model, ort_session **out_session) {
    onnx_bytes bytes;
    ortc_chain_write(scene->chain, LONG_REPEAT, -1, &bytes);
    ort_status *status =
        ort_model_load_bytes(scene->rig.environments[0], bytes.data, bytes.size, NULL, scene->rig.options, out_model);
    if (!status) status = ort_session_create(scene->rig.environments[0], *out_model, scene->rig.options, out_session);
    free(bytes.data);
    return status;
}

static ort_status *long_run(ort_session *session) {
    const int64_t count = LONG_ELEMENTS;
    ort_tensor *x = NULL, *y = NULL;
    ort_status *status = ort_tensor_create(ORT_DTYPE_F32, &count, 1, &x);
    if (!status) status = ort_session_run(session, &x, 1, &y, 1, NULL);
    ort_tensor_release(x);
    ort_tensor_release(y);
    return status;
}

static void give_up(ortc_context *context, ortc_give_up how, ort_code want) {
    ortc_scene scene;
    ort_model *model = NULL;
    ort_session *session = NULL;
    if (ortc_scene_open(context, 0, 1, &scene) &&
        ortc_is_good(context, "fault.cancel", "a long chain", long_session(&scene, &model, &session))) {
        for (uint32_t i = 0; i < 3 && !ortc_has_failed(context); i++) {
            ortc_watch_give_up(scene.rig.watch, how);
            ort_status *status = long_run(session);
            ortc_watch_give_up(scene.rig.watch, ORTC_GIVE_UP_NOT);
            if (ort_status_code(status) != want)
                ortc_fail(context, "fault.cancel", "a run whose caller had given up gave %s, not %s%s%s",
                          status ? ort_code_name(ort_status_code(status)) : "success", ort_code_name(want),
                          status ? ": " : "", ort_status_message(status));
            ort_status_destroy(status);
            ortc_is_good(context, "fault.cancel", "the next run", long_run(session));
            ortc_scene_expect(&scene, "fault.cancel", "another session", 33, i);
        }
    }
    ort_session_destroy(session);
    ort_model_destroy(model);
    ortc_scene_close(&scene);
}

void ortc_check_cancel(ortc_context *context) {
    give_up(context, ORTC_GIVE_UP_CANCEL, ORT_CODE_CANCELLED);
}

void ortc_check_deadline(ortc_context *context) {
    give_up(context, ORTC_GIVE_UP_DEADLINE, ORT_CODE_DEADLINE);
}

/* ---- the host has no memory ---- */

#define TRIES_MAX 300u

/* One life of an environment, in which the nth allocation fails; 0: none. Returns whether it was refused. */
static bool life(ortc_scene *scene, uint64_t nth) {
    char what[64];
    ortc_context *context = scene->context;
    snprintf(what, sizeof what, "allocation %llu refused", (unsigned long long)nth);
    if (!ortc_rig_environment(&scene->rig, 0, 1)) return false;
    ortc_watch_fail_alloc(scene->rig.watch, nth);
    ort_status *status = ortc_scene_begin(scene);
    ort_code code = ort_status_code(status);
    bool is_refused = status != NULL;
    if (status && code != ORT_CODE_OUT_OF_MEMORY)
        ortc_fail(context, "fault.memory", "%s: gave %s, not out-of-memory: %s", what, ort_code_name(code),
                  ort_status_message(status));
    ort_status_destroy(status);
    if (!is_refused) {
        ortc_answer answer = ortc_scene_run(scene, scene->session, 64, 5, NULL);
        is_refused = answer.outcome == ORTC_REFUSED;
        if (answer.outcome == ORTC_WRONG || (is_refused && answer.code != ORT_CODE_OUT_OF_MEMORY))
            ortc_fail(context, "fault.memory", "%s: %s", what, answer.text);
        ortc_watch_fail_alloc(scene->rig.watch, 0);
        ortc_scene_expect(scene, "fault.memory", what, 64, 6); /* the session goes on */
    }
    ortc_watch_fail_alloc(scene->rig.watch, 0);
    ortc_scene_end(scene);
    ortc_rig_close_environment(&scene->rig, 0);
    uint64_t live = ortc_watch_count(scene->rig.watch).live_blocks;
    if (live)
        ortc_fail(context, "fault.memory", "%s: %llu blocks of the host's memory are lost", what,
                  (unsigned long long)live);
    return is_refused;
}

void ortc_check_host_memory(ortc_context *context) {
    ortc_scene scene;
    uint64_t refused = 0, tries = 0;
    if (ortc_scene_open(context, 0, 1, &scene)) {
        ortc_scene_end(&scene);
        ortc_rig_close_environment(&scene.rig, 0);
        uint64_t before = ortc_watch_count(scene.rig.watch).allocations;
        life(&scene, 0);
        uint64_t count = ortc_watch_count(scene.rig.watch).allocations - before;
        uint64_t step = count / TRIES_MAX + 1;
        for (uint64_t nth = 1; nth <= count && !ortc_has_failed(context); nth += step, tries++)
            refused += life(&scene, nth);
        ortc_metric(context, "allocations=%llu tries=%llu refused=%llu", (unsigned long long)count,
                    (unsigned long long)tries, (unsigned long long)refused);
    }
    ortc_scene_close(&scene);
}

/* ---- the device has no memory ---- */

#define ABSURD (INT64_C(1) << 23) /* squared, in float32: more than an address space holds */

/* y[N, 1] = (a[N, 1] b[1, N]) a: little in, little out, N squared between. */
static void outer_write(onnx_bytes *out) {
    static const char *const first[] = {"a", "b", NULL}, *const second[] = {"m", "a", NULL};
    const int64_t column[] = {-1, 1}, row[] = {1, -1};
    onnx_bytes graph = {0};
    onnx_node(&graph, "MatMul", "m", first);
    onnx_node(&graph, "MatMul", "y", second);
    onnx_value(&graph, 11, "a", column, 2);
    onnx_value(&graph, 11, "b", row, 2);
    onnx_value(&graph, 12, "y", column, 2);
    *out = (onnx_bytes){0};
    onnx_model(out, &graph, 13);
}

static ort_status *outer_run(ort_session *session, int64_t count, float *out_first) {
    const int64_t column[] = {count, 1}, row[] = {1, count};
    ort_tensor *inputs[2] = {NULL, NULL}, *y = NULL;
    ort_status *status = ort_tensor_create(ORT_DTYPE_F32, column, 2, &inputs[0]);
    if (!status) status = ort_tensor_create(ORT_DTYPE_F32, row, 2, &inputs[1]);
    for (int64_t i = 0; !status && i < 2 && i < count; i++)
        ((float *)ort_tensor_data(inputs[0]))[i] = ((float *)ort_tensor_data(inputs[1]))[i] = (float)(i + 1);
    if (!status) status = ort_session_run(session, inputs, 2, &y, 1, NULL);
    if (!status) *out_first = *(const float *)ort_tensor_data_const(y);
    ort_tensor_release(inputs[0]);
    ort_tensor_release(inputs[1]);
    ort_tensor_release(y);
    return status;
}

static void outer_judge(ortc_context *context, ort_session *session) {
    for (uint32_t i = 0; i < 3 && !ortc_has_failed(context); i++) {
        float first = 0;
        ort_status *status = outer_run(session, ABSURD, &first);
        ort_code code = ort_status_code(status);
        /* A device that can't count so far says so instead. */
        if (code != ORT_CODE_OUT_OF_MEMORY && code != ORT_CODE_LIMIT_EXCEEDED && code != ORT_CODE_UNSUPPORTED)
            ortc_fail(context, "fault.memory", "a value larger than any memory gave %s, not out-of-memory: %s",
                      status ? ort_code_name(code) : "success", ort_status_message(status));
        ort_status_destroy(status);
        if (!ortc_is_good(context, "fault.memory", "a small run behind one too large", outer_run(session, 2, &first)))
            return;
        /* [1 2; 2 4] times [1 2] */
        if (first != 5)
            ortc_fail(context, "fault.memory", "a small run behind one too large gave %g, not 5", (double)first);
    }
}

void ortc_check_device_memory(ortc_context *context) {
    ortc_rig rig;
    onnx_bytes bytes;
    ort_model *model = NULL;
    ort_session *session = NULL;
    outer_write(&bytes);
    if (ortc_rig_open(context, 0, &rig) && ortc_rig_environment(&rig, 0, 1)) {
        ort_status *status = ort_options_set(rig.options, "fallback", "error");
        if (!status)
            status = ort_model_load_bytes(rig.environments[0], bytes.data, bytes.size, NULL, rig.options, &model);
        if (!status) status = ort_session_create(rig.environments[0], model, rig.options, &session);
        if (ort_status_code(status) == ORT_CODE_UNSUPPORTED)
            ortc_decline(context, "MatMul of free sizes is not taken: %s", ort_status_message(status));
        else if (status)
            ortc_fail(context, "claim.compiles", "%s", ort_status_message(status));
        else
            outer_judge(context, session);
        ort_status_destroy(status);
    }
    free(bytes.data);
    ort_session_destroy(session);
    ort_model_destroy(model);
    ortc_rig_close(&rig);
}

/* ---- the table ---- */

ortc_checks ortc_fault_checks(void) {
    enum { SLOW = ORTC_CHECK_ALONE | ORTC_CHECK_SLOW };
    static const ortc_check checks[] = {
        {"inputs-wrong", 5, ORTC_CHECK_ALONE, "wrong types, ranks and counts are refused, and the session goes on",
         ortc_check_inputs},
        {"cancel", 5, SLOW, "a run whose caller cancelled ends with that code, and the session goes on",
         ortc_check_cancel},
        {"deadline", 5, SLOW, "a run past its deadline ends with that code, and the session goes on",
         ortc_check_deadline},
        {"cancel-between", 5, SLOW, "runs cancelled by another thread are right or cancelled, nothing else",
         ortc_check_cancel_between},
        {"memory-host", 5, SLOW, "each allocation from the host fails once, and nothing is lost",
         ortc_check_host_memory},
        {"memory-device", 5, SLOW, "a value larger than any memory is out-of-memory, and the session goes on",
         ortc_check_device_memory},
        {"threads-one-session", 5, SLOW, "four threads run one session", ortc_check_one_session},
        {"threads-many-shapes", 5, SLOW, "four threads run one session with other sizes", ortc_check_many_shapes},
        {"threads-many-sessions", 5, SLOW, "four threads make, run and destroy sessions of one environment",
         ortc_check_many_sessions},
        {"threads-asynchronous", 5, SLOW, "eight bindings of one session run at once, told of when they are done",
         ortc_check_asynchronous},
        {"endure-runs", 5, SLOW, "a thousand runs do not grow the process", ortc_check_runs},
        {"endure-sessions", 5, SLOW, "two hundred sessions do not grow the process", ortc_check_sessions},
        {"endure-environments", 5, SLOW, "environments come and go, and leave no thread, file or memory",
         ortc_check_environments},
    };
    return (ortc_checks){checks, sizeof checks / sizeof *checks};
}
