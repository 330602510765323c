/* A right provider with one function that lies: each lie has to be found, by its rule; the unchanged one has to pass.
 */
#include "common/onnx_writer.h"
#include "partition/testdata/fake.h"
#include "session/tiny_model.h"
#include "testing/test.h"
#include "watch/watch.h"

#include <stdlib.h>

/* ---- the liar: one of the fakes with one function replaced ---- */

typedef enum lie_kind {
    LIE_NONE,
    LIE_WRITES_BEHIND,
    LIE_WRITES_BEFORE,
    LIE_WORKSPACE,
    LIE_INPUT,
    LIE_INCOMPLETE,
    LIE_SECOND_RUN,
    LIE_EVERY_RUN,
    LIE_ALTERNATES,
    LIE_OLD_ADDRESS,
    LIE_ALLOCATES,
    TELLS_SIZE, /* no lie: the output's size is the run's to tell */
    LIE_TOLD_BEHIND,
    LIE_TOLD_OTHER,
    LIE_SILENT,
    LIE_NOT_ALLOWED,
    LIE_UNKNOWN_NODE,
    LIE_NO_REASON,
    LIE_LEAK
} lie_kind;

static struct {
    lie_kind kind;
    ortp_plugin_table table;
    ortp_queue_table queue;
    ortp_claim_table claim;
    ortp_program_table program;
    const ortp_plugin_table *real;
    const ortp_host *host;
    /* the last binding's arguments */
    ortp_tensor_arg input, output, former, workspace;
    uint32_t run_count;
    const ortp_cancel *cancel; /* of the last run */
    uint64_t deadline_ns;
    const ortp_claim_sink *sink;
} liar;

static void args_keep(const ortp_bind_args *args) {
    liar.former = liar.output;
    liar.input = args->inputs[0];
    liar.output = args->outputs[0];
    liar.workspace = args->workspace;
}
static ort_status *liar_bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    args_keep(args);
    return liar.real->program->bind(plan, args, out);
}
static ort_status *liar_rebind(ortp_binding *binding, const ortp_bind_args *args) {
    args_keep(args);
    return liar.real->program->rebind(binding, args);
}

static void host_harm(void) {
    unsigned char *out = liar.output.host;
    float *first = liar.output.host;
    switch (liar.kind) {
    case LIE_WRITES_BEHIND:
        out[liar.output.size_bytes + 3] = 1;
        break;
    case LIE_WRITES_BEFORE:
        out[-4] = 1;
        break;
    case LIE_WORKSPACE:
        ((unsigned char *)liar.workspace.host)[liar.workspace.size_bytes] = 1;
        break;
    case LIE_INPUT:
        *(float *)liar.input.host += 1;
        break;
    case LIE_SECOND_RUN:
        *first += liar.run_count >= 2;
        break;
    case LIE_EVERY_RUN:
        *first += (float)liar.run_count;
        break;
    case LIE_ALTERNATES:
        *first += (float)(1 - liar.run_count % 2);
        break;
    case LIE_OLD_ADDRESS:
        if (liar.former.host && liar.run_count == 2) *(float *)liar.former.host += 1;
        break;
    case LIE_ALLOCATES:
        liar.host->core->release(liar.host->context, liar.host->core->alloc(liar.host->context, 8, 8));
        break;
    default:
        break;
    }
}

/* On a device: a byte behind the output, by a copy of its own. */
static ort_status *device_harm(const ortp_run_args *args) {
    static const char byte = 1;
    const ortp_copy copy = {.size = sizeof copy,
                            .src_host = &byte,
                            .dst_buffer = liar.output.buffer,
                            .dst_offset_bytes = liar.output.offset_bytes + liar.output.size_bytes,
                            .size_bytes = 1};
    return liar.real->queue->copy(args->queue, &copy, sizeof copy, 1, args->order);
}

/* Three numbers, or what the lie makes of them. */
static ort_status *told_run(const ortp_run_args *args) {
    int64_t count = liar.kind == LIE_TOLD_OTHER ? 2 + liar.run_count : 3;
    ortp_tensor_arg out = {.size = sizeof out};
    ort_status *status = liar.host->output->provide(args->outputs, 0, &count, 1, (uint64_t)count * sizeof(float), &out);
    for (int64_t i = 0; !status && i < count + (liar.kind == LIE_TOLD_BEHIND); i++) ((float *)out.host)[i] = (float)i;
    return status;
}

static ort_status *liar_run(ortp_binding *binding, const ortp_run_args *args) {
    float kept = 0;
    float *last = liar.output.host ? (float *)liar.output.host + liar.output.size_bytes / sizeof(float) - 1 : NULL;
    liar.run_count++;
    liar.cancel = args->cancel;
    liar.deadline_ns = args->deadline_ns;
    if (liar.kind >= TELLS_SIZE && liar.kind <= LIE_TOLD_OTHER) return told_run(args);
    if (liar.kind == LIE_INCOMPLETE) kept = *last;
    ort_status *status = liar.real->program->run(binding, args);
    if (status) return status;
    if (liar.kind == LIE_INCOMPLETE) *last = kept;
    if (liar.output.host)
        host_harm();
    else if (liar.kind == LIE_WRITES_BEHIND)
        status = device_harm(args);
    return status;
}

static ort_status *liar_propose_sink(void *user, const ortp_proposal *proposal) {
    ortp_proposal changed = *proposal;
    static const uint32_t unknown = 7;
    (void)user;
    if (liar.kind == LIE_SILENT) return NULL;
    changed.flags |= ORTP_PROPOSAL_DETERMINISTIC;
    if (liar.kind == LIE_UNKNOWN_NODE) changed.nodes = &unknown, changed.node_count = 1;
    return liar.sink->propose(liar.sink->user, &changed);
}
static ort_status *liar_decline_sink(void *user, uint32_t node, uint32_t code, ort_string_view text) {
    (void)user;
    if (liar.kind == LIE_NO_REASON) text.length = 0;
    return liar.sink->decline(liar.sink->user, node, code, text);
}
static ort_status *liar_propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                                const ortp_policy *policy, const ortp_claim_sink *sink) {
    const ortp_claim_sink mine = {.size = sizeof mine, .propose = liar_propose_sink, .decline = liar_decline_sink};
    liar.sink = sink;
    if (liar.kind == LIE_NOT_ALLOWED) allowed = NULL;
    return liar.real->claim->propose(instance, view, allowed, policy, &mine);
}
static ort_status *liar_create(const ortp_host *host, ortp_plugin **out) {
    liar.host = host;
    if (liar.kind == LIE_LEAK) liar.input.host = host->core->alloc(host->context, 8, 8);
    return liar.real->create(host, out);
}

static uint32_t liar_enter(ortp_entry_fn real, const ortp_entry_request *request, ortp_entry_reply *reply) {
    uint32_t code = real(request, reply);
    liar.real = reply->plugin;
    liar.table = *liar.real;
    liar.claim = *liar.real->claim;
    liar.program = *liar.real->program;
    liar.claim.propose = liar_propose;
    liar.program.bind = liar_bind;
    liar.program.rebind = liar_rebind;
    liar.program.run = liar_run;
    liar.table.create = liar_create;
    liar.table.claim = &liar.claim;
    liar.table.program = &liar.program;
    reply->plugin = &liar.table;
    return code;
}
static uint32_t liar_near(const ortp_entry_request *request, ortp_entry_reply *reply) {
    return liar_enter(fake_near_entry, request, reply);
}
static uint32_t liar_far(const ortp_entry_request *request, ortp_entry_reply *reply) {
    return liar_enter(fake_far_entry, request, reply);
}

/* ---- a house with the watch in it ---- */

typedef struct house {
    ortc_watch *watch;
    ort_options *options;
    ort_environment *environment;
    ort_model *model;
    ort_session *session;
} house;

static uint32_t fallback_entry(const void *request, void *reply) {
    return fake_near_entry(request, reply);
}

static void house_open(house *self, lie_kind kind, ortp_entry_fn entry, const char *ops) {
    char why[200] = "";
    tiny_bytes bytes;
    const ortc_watch_options options = {.entry = entry, .flags = ORTC_WATCH_GUARD | ORTC_WATCH_REPEAT};
    memset(self, 0, sizeof *self);
    memset(&liar, 0, sizeof liar);
    liar.kind = kind;
    fake_near_ops = fake_far_ops = "Neg Abs Relu Identity";
    tiny_model_make(&bytes, ops, NULL);
    CHECK(ortc_watch_create(&options, &self->watch, why, sizeof why), "%s", why);
    CHECK_OK(ort_options_create(&self->options));
    CHECK_OK(ort_options_set(self->options, "threads.per_lane", "1"));
    CHECK_OK(ort_options_set(self->options, "providers", "[\"" ORTC_WATCH_NAME "\", \"near\"]"));
    CHECK_OK(ort_options_set(self->options, "fallback", "error"));
    CHECK_OK(ort_environment_create(self->options, NULL, NULL, &self->environment));
    CHECK_OK(ortc_watch_register(self->watch, self->environment));
    CHECK_OK(ort_environment_register(self->environment, fake_near_manifest, fallback_entry));
    CHECK_OK(ort_model_load_bytes(self->environment, bytes.data, bytes.length, NULL, self->options, &self->model));
}
static ort_status *house_session(house *self) {
    return ort_session_create(self->environment, self->model, self->options, &self->session);
}
static void house_session_close(house *self) {
    ort_session_destroy(self->session);
    self->session = NULL;
}
/* x = 1, -2, 3, -4; every chain below ends in -|x|. */
static void house_run(house *self) {
    const int64_t four = 4;
    ort_tensor *input = NULL, *output = NULL;
    static const float x[] = {1, -2, 3, -4}, want[] = {-1, -2, -3, -4};
    CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, &four, 1, &input));
    memcpy(ort_tensor_data(input), x, sizeof x);
    CHECK_OK(ort_session_run(self->session, &input, 1, &output, 1, NULL));
    CHECK(memcmp(ort_tensor_data(output), want, sizeof want) == 0, "wrong answer");
    CHECK(memcmp(ort_tensor_data(input), x, sizeof x) == 0, "the input is not what it was");
    ort_tensor_release(input);
    ort_tensor_release(output);
}
static void house_environment_close(house *self) {
    house_session_close(self);
    ort_model_destroy(self->model);
    ort_environment_destroy(self->environment);
    ort_options_destroy(self->options);
}
static void house_close(house *self) {
    house_environment_close(self);
    ortc_watch_destroy(self->watch);
}
static void expect_none(const house *self) {
    CHECK(ortc_watch_finding_count(self->watch) == 0, "%s: %s", ortc_watch_finding_get(self->watch, 0)->rule,
          ortc_watch_finding_get(self->watch, 0)->text);
}
static void expect_rule(const house *self, const char *rule) {
    CHECK(ortc_watch_finding_count(self->watch) != 0, "%s is not found", rule);
    for (uint32_t i = 0; i < ortc_watch_finding_count(self->watch); i++)
        CHECK_STR(ortc_watch_finding_get(self->watch, i)->rule, rule);
    CHECK(ortc_watch_finding_get(self->watch, 0)->text[0]);
}

/* ---- right ones ---- */

static void right_one(ortp_entry_fn entry) {
    house self;
    house_open(&self, LIE_NONE, entry, "Abs Identity Neg");
    CHECK_OK(house_session(&self));
    house_run(&self);
    expect_none(&self);
    CHECK(ortc_watch_runs_of(self.watch, "n0") == 1 && ortc_watch_runs_of(self.watch, "n2") == 1);
    ortc_watch_totals totals = ortc_watch_count(self.watch);
    CHECK(totals.runs >= 1 && totals.launches == 2 * totals.runs, "%llu runs, %llu launches",
          (unsigned long long)totals.runs, (unsigned long long)totals.launches);
    ortc_watch_node node = ortc_watch_node_get(self.watch, 0);
    CHECK_STR(node.op_type, "Abs");
    CHECK(node.in_dtype == ORT_DTYPE_F32 && node.out_dtype == ORT_DTYPE_F32 && node.is_deterministic);
    CHECK(node.state & ORTC_NODE_PROPOSED && node.state & ORTC_NODE_ACCEPTED && node.state & ORTC_NODE_COMPILED);
    house_environment_close(&self);
    ortc_watch_expect_empty(self.watch);
    expect_none(&self);
    ortc_watch_destroy(self.watch);
}
ORT_TEST(conformance_watch, lets_a_right_provider_on_the_host_pass) {
    right_one(liar_near);
}
ORT_TEST(conformance_watch, lets_a_right_device_with_threads_of_its_own_pass) {
    right_one(liar_far);
}

ORT_TEST(conformance_watch, only_counts_when_it_is_not_guarded) {
    house self;
    house_open(&self, LIE_WORKSPACE, liar_near, "Abs Neg");
    ortc_watch_set_flags(self.watch, 0);
    liar.kind = LIE_NONE;
    CHECK_OK(house_session(&self));
    house_run(&self);
    house_run(&self);
    CHECK(ortc_watch_count(self.watch).launches == 2 && ortc_watch_runs_of(self.watch, "n1") == 2);
    house_close(&self);
}

ORT_TEST(conformance_watch, is_alone_in_its_process) {
    house self;
    ortc_watch *second = NULL;
    char why[200] = "";
    const ortc_watch_options options = {.entry = liar_near};
    house_open(&self, LIE_NONE, liar_near, "Abs Neg");
    CHECK(!ortc_watch_create(&options, &second, why, sizeof why) && strstr(why, "already"), "%s", why);
    house_close(&self);
}

ORT_TEST(conformance_watch, says_why_a_library_does_not_open) {
    ortc_watch *watch = NULL;
    char why[300] = "";
    const ortc_watch_options options = {.library_path = "/nowhere/libortp_none.so"};
    CHECK(!ortc_watch_create(&options, &watch, why, sizeof why) && strstr(why, "libortp_none"), "%s", why);
}

/* ---- lies of runs ---- */

static void lie_of_run(lie_kind kind, ortp_entry_fn entry, const char *rule) {
    house self;
    house_open(&self, kind, entry, "Abs Neg");
    CHECK_OK(house_session(&self));
    liar.run_count = 0;
    if (kind != LIE_EVERY_RUN && kind != LIE_INCOMPLETE) {
        house_run(&self);
    } else {
        const int64_t four = 4;
        ort_tensor *input = NULL, *output = NULL;
        CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, &four, 1, &input));
        CHECK_OK(ort_session_run(self.session, &input, 1, &output, 1, NULL));
        ort_tensor_release(input);
        ort_tensor_release(output);
    }
    expect_rule(&self, rule);
    house_close(&self);
}
ORT_TEST(conformance_watch, finds_a_byte_behind_an_output) {
    lie_of_run(LIE_WRITES_BEHIND, liar_near, "run.bounds");
}
ORT_TEST(conformance_watch, finds_a_byte_before_an_output) {
    lie_of_run(LIE_WRITES_BEFORE, liar_near, "run.bounds");
}
ORT_TEST(conformance_watch, finds_a_byte_behind_an_output_of_a_device) {
    lie_of_run(LIE_WRITES_BEHIND, liar_far, "run.bounds");
}
ORT_TEST(conformance_watch, finds_a_workspace_that_is_too_small) {
    lie_of_run(LIE_WORKSPACE, liar_near, "plan.workspace");
}
ORT_TEST(conformance_watch, finds_a_changed_input_and_puts_it_back) {
    lie_of_run(LIE_INPUT, liar_near, "run.inputs");
}
ORT_TEST(conformance_watch, finds_an_element_that_is_not_written) {
    lie_of_run(LIE_INCOMPLETE, liar_near, "run.complete");
}
ORT_TEST(conformance_watch, finds_a_second_run_that_differs) {
    lie_of_run(LIE_SECOND_RUN, liar_near, "run.repeats");
}
ORT_TEST(conformance_watch, finds_runs_that_are_never_the_same) {
    lie_of_run(LIE_EVERY_RUN, liar_near, "run.deterministic");
}
ORT_TEST(conformance_watch, finds_runs_that_alternate) {
    lie_of_run(LIE_ALTERNATES, liar_near, "run.deterministic");
}
ORT_TEST(conformance_watch, finds_a_write_to_the_address_before_the_rebind) {
    lie_of_run(LIE_OLD_ADDRESS, liar_near, "run.rebind");
}
ORT_TEST(conformance_watch, finds_a_run_that_allocates) {
    lie_of_run(LIE_ALLOCATES, liar_near, "run.allocates");
}

/* ---- outputs whose size the run tells ---- */

/* x[4] -> Unique -> y[N] */
static void told(lie_kind kind, const char *rule) {
    static const char *const inputs[] = {"x", NULL};
    const int64_t four = 4, any = -1;
    house self;
    onnx_bytes graph = {0}, model = {0};
    ort_tensor *x = NULL, *y = NULL;
    onnx_node(&graph, "Unique", "y", inputs);
    onnx_value(&graph, 11, "x", &four, 1);
    onnx_value(&graph, 12, "y", &any, 1);
    onnx_model(&model, &graph, 13);
    house_open(&self, kind, liar_near, "Abs Neg");
    fake_near_ops = "Unique";
    ort_model_destroy(self.model);
    CHECK_OK(ort_model_load_bytes(self.environment, model.data, model.size, NULL, self.options, &self.model));
    free(model.data);
    CHECK_OK(house_session(&self));
    CHECK_OK(ort_tensor_create(ORT_DTYPE_F32, &four, 1, &x));
    CHECK_OK(ort_session_run(self.session, &x, 1, &y, 1, NULL));
    CHECK(ort_tensor_dims(y)[0] == 3 && ((const float *)ort_tensor_data_const(y))[2] == 2, "%lld elements",
          (long long)ort_tensor_dims(y)[0]);
    CHECK(ortc_watch_count(self.watch).launches >= 2);
    ort_tensor_release(x);
    ort_tensor_release(y);
    if (rule)
        expect_rule(&self, rule);
    else
        expect_none(&self);
    house_close(&self);
}
ORT_TEST(conformance_watch, hands_an_output_on_whose_size_the_run_told) {
    told(TELLS_SIZE, NULL);
}
ORT_TEST(conformance_watch, finds_a_byte_behind_an_output_that_was_told) {
    told(LIE_TOLD_BEHIND, "run.bounds");
}
ORT_TEST(conformance_watch, finds_an_output_that_is_told_otherwise_the_second_time) {
    told(LIE_TOLD_OTHER, "run.repeats");
}

/* ---- lies of claims ---- */

static void lie_of_claim(lie_kind kind, const char *ops, ortc_cut cut, const char *rule) {
    house self;
    house_open(&self, kind, liar_near, ops);
    ortc_watch_set_cut(self.watch, cut, 1);
    ort_status_destroy(house_session(&self)); /* the core may refuse what the liar says */
    expect_rule(&self, rule);
    house_close(&self);
}
ORT_TEST(conformance_watch, finds_a_node_without_an_answer) {
    lie_of_claim(LIE_SILENT, "Abs Neg", ORTC_CUT_NONE, "claim.answers");
}
ORT_TEST(conformance_watch, finds_a_decline_without_a_reason) {
    lie_of_claim(LIE_NO_REASON, "Abs Sqrt", ORTC_CUT_NONE, "claim.answers");
}
ORT_TEST(conformance_watch, finds_a_node_that_was_not_allowed) {
    lie_of_claim(LIE_NOT_ALLOWED, "Abs Neg", ORTC_CUT_EACH, "claim.allowed");
}
ORT_TEST(conformance_watch, finds_a_node_that_is_not_there) {
    lie_of_claim(LIE_UNKNOWN_NODE, "Abs Neg", ORTC_CUT_NONE, "claim.known");
}

/* ---- cuts ---- */

static uint32_t count_state(const house *self, uint32_t state) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ortc_watch_node_count(self->watch); i++)
        count += (ortc_watch_node_get(self->watch, i).state & state) != 0;
    return count;
}

#define LONG_CHAIN "Abs Relu Abs Relu Abs Relu Abs Neg"

static uint64_t programs_with(ortc_cut cut, uint64_t seed, uint32_t *out_hidden) {
    house self;
    house_open(&self, LIE_NONE, liar_near, LONG_CHAIN);
    ortc_watch_set_cut(self.watch, cut, seed);
    CHECK_OK(house_session(&self));
    house_run(&self);
    expect_none(&self);
    uint64_t programs = ortc_watch_count(self.watch).programs;
    *out_hidden = count_state(&self, ORTC_NODE_HIDDEN);
    for (uint32_t i = 0; i < ortc_watch_node_count(self.watch); i++) {
        ortc_watch_node node = ortc_watch_node_get(self.watch, i);
        CHECK((node.run_count == 0) == ((node.state & ORTC_NODE_HIDDEN) != 0), "node %s: %llu runs", node.name,
              (unsigned long long)node.run_count);
    }
    house_close(&self);
    return programs;
}
ORT_TEST(conformance_watch, cuts_a_graph_as_it_is_told) {
    uint32_t hidden = 0;
    uint64_t whole = programs_with(ORTC_CUT_NONE, 0, &hidden);
    CHECK(whole == 1 && hidden == 0, "%llu programs", (unsigned long long)whole);
    uint64_t each = programs_with(ORTC_CUT_EACH, 0, &hidden);
    CHECK(each > 1 && hidden == 0, "%llu programs", (unsigned long long)each);
    for (uint64_t seed = 1; seed < 5; seed++) {
        uint64_t groups = programs_with(ORTC_CUT_GROUPS, seed, &hidden);
        CHECK(groups > 1 && hidden == 0, "%llu programs", (unsigned long long)groups);
        programs_with(ORTC_CUT_HIDE, seed, &hidden);
        CHECK(hidden > 0, "nothing is hidden");
    }
}

ORT_TEST(conformance_watch, hides_nodes_by_name) {
    static const char *const names[] = {"n1"};
    house self;
    house_open(&self, LIE_NONE, liar_near, "Abs Relu Neg");
    ortc_watch_set_hidden(self.watch, names, 1);
    CHECK_OK(house_session(&self));
    house_run(&self);
    CHECK(ortc_watch_runs_of(self.watch, "n0") == 1 && ortc_watch_runs_of(self.watch, "n1") == 0);
    house_close(&self);
}

/* ---- memory ---- */

ORT_TEST(conformance_watch, finds_what_is_left_after_shutdown) {
    house self;
    house_open(&self, LIE_LEAK, liar_near, "Abs Neg");
    CHECK_OK(house_session(&self));
    void *kept = liar.input.host; /* for a run would overwrite it */
    house_environment_close(&self);
    ortc_watch_expect_empty(self.watch);
    expect_rule(&self, "lifetime.leak");
    ortc_watch_destroy(self.watch);
    free(kept);
}

ORT_TEST(conformance_watch, gives_up_in_the_subjects_eyes) {
    house self;
    house_open(&self, LIE_NONE, liar_near, "Abs Neg");
    CHECK_OK(house_session(&self));
    house_run(&self);
    ortc_watch_give_up(self.watch, ORTC_GIVE_UP_CANCEL);
    house_run(&self); /* this provider does not ask */
    CHECK(liar.cancel && liar.host->exec->is_cancelled(liar.cancel) == 1);
    ortc_watch_give_up(self.watch, ORTC_GIVE_UP_DEADLINE);
    house_run(&self);
    CHECK(liar.deadline_ns && liar.deadline_ns < liar.host->core->clock_ns());
    house_close(&self);
}

ORT_TEST(conformance_watch, fails_the_allocation_it_is_told_to) {
    house self;
    house_open(&self, LIE_NONE, liar_near, "Abs Neg");
    CHECK_OK(house_session(&self));
    const ortp_host_core *core = liar.host->core;
    ortc_watch_fail_alloc(self.watch, 2);
    void *first = core->alloc(liar.host->context, 8, 8), *second = core->alloc(liar.host->context, 8, 8);
    void *third = core->alloc(liar.host->context, 8, 8);
    CHECK(first && !second && third);
    CHECK(ortc_watch_count(self.watch).live_blocks >= 2);
    core->release(liar.host->context, first);
    core->release(liar.host->context, third);
    house_close(&self);
}
