#include "base/file.h"
#include "providers/store.h"
#include "providers/testing.h"

#include <stdatomic.h>

static const char chain[] = "graph \"g\" {\n"
                            "  input %x : float32[4]\n"
                            "  %a : float32[4] = Relu@14 (%x)\n"
                            "  %b : float32[4] = Neg@13 (%a)\n"
                            "  %c : float32[4] = Identity@16 (%b)\n"
                            "  output %c\n"
                            "}\n";

ORT_TEST(claims, a_provider_is_asked_and_answers_every_node) {
    orti_providers *providers = providers_of("null", false);
    orti_instance *instance = instance_of(providers);
    orti_graph *graph = graph_of(chain);
    const ortp_view *view = NULL;
    const uint8_t allowed[] = {0, 1, 1};
    orti_claims claims;
    CHECK_OK(orti_view_create(providers, graph, NULL, NULL, &view));
    CHECK_OK(orti_instance_propose(instance, view, NULL, NULL, &claims));
    CHECK(claims.proposal_count == 2 && claims.decline_count == 1);
    CHECK_STR(claims.declines[0].text, "only Identity and Relu of float32");
    orti_claims_finish(&claims);
    CHECK_OK(orti_instance_propose(instance, view, allowed, NULL, &claims));
    CHECK(claims.proposal_count == 1);
    CHECK_STR(orti_graph_node(graph, claims.proposals[0].nodes[0])->op_type, "Identity");
    orti_claims_finish(&claims);
    orti_instance_settle(instance, view, NULL, 0);
    orti_view_destroy(view);
    orti_graph_destroy(graph);
    orti_instance_release(instance);
    orti_providers_destroy(providers);
}

/* Each allocation fails once: nothing is left, nothing ends the process. */
ORT_TEST(claims, a_view_without_memory) {
    static const orti_providers_options none = {.skip_defaults = true};
    orti_allocator_failing failing;
    orti_providers *providers = NULL;
    orti_graph *graph = graph_of(chain);
    orti_allocator_failing_init(&failing, 0);
    CHECK_OK(orti_providers_create(&failing.allocator, &none, &providers));
    int64_t live_count = failing.live_count;
    bool has_failed = true;
    for (uint64_t at = 1; has_failed; at++) {
        const ortp_view *view = NULL;
        failing.fail_at = failing.call_count + at;
        ort_status *status = orti_view_create(providers, graph, NULL, NULL, &view);
        has_failed = status != NULL;
        CHECK(!status || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY, "%s", ort_status_message(status));
        CHECK(has_failed || at > 1);
        ort_status_destroy(status);
        orti_view_destroy(view);
        CHECK((int64_t)failing.live_count == live_count, "allocation %d", (int)at);
    }
    orti_graph_destroy(graph);
    orti_providers_destroy(providers);
}

static const struct {
    const char *plugin, *says;
} liars[] = {{"unknown_node", "names node 4000000000"},
             {"not_allowed", "not allowed"},
             {"twice", "twice"},
             {"token", "the token 0"},
             {"cost", "below zero"},
             {"convex", "not convex"}};

ORT_TEST(claims, lies_name_the_plugin_and_the_rule) {
    for (size_t i = 0; i < sizeof liars / sizeof *liars; i++) {
        orti_providers *providers = providers_of(liars[i].plugin, false);
        orti_instance *instance = instance_of(providers);
        orti_graph *graph = graph_of(chain);
        const ortp_view *view = NULL;
        const uint8_t allowed[] = {0, 1, 1};
        orti_claims claims;
        CHECK_OK(orti_view_create(providers, graph, NULL, NULL, &view));
        bool masks = strcmp(liars[i].plugin, "not_allowed") == 0;
        CHECK_FAILS(orti_instance_propose(instance, view, masks ? allowed : NULL, NULL, &claims), ORT_CODE_PLUGIN,
                    liars[i].says);
        CHECK(claims.proposal_count == 0);
        orti_instance_settle(instance, view, NULL, 0);
        orti_view_destroy(view);
        orti_graph_destroy(graph);
        orti_instance_release(instance);
        orti_providers_destroy(providers);
    }
}

static ort_status *shape_of_four(void *user, uint32_t value, ortp_shape *out) {
    static const int64_t dims[] = {4};
    (void)user, (void)value;
    out->dtype = ORT_DTYPE_F32;
    out->rank = 1;
    out->dims = dims;
    return NULL;
}

static ortp_tensor_arg host_arg(void *data) {
    return (ortp_tensor_arg){.size = sizeof(ortp_tensor_arg), .dtype = ORT_DTYPE_F32, .size_bytes = 16, .host = data};
}

ORT_TEST(claims, a_node_goes_from_claim_to_run) {
    orti_providers *providers = providers_of("null", false);
    orti_instance *instance = instance_of(providers);
    orti_graph *graph = graph_of(chain);
    const ortp_view *view = NULL;
    orti_claims claims;
    CHECK_OK(orti_view_create(providers, graph, NULL, NULL, &view));
    CHECK_OK(orti_instance_propose(instance, view, NULL, NULL, &claims));
    uint64_t token = claims.proposals[0].token;
    orti_instance_settle(instance, view, &token, 1);
    const uint32_t in[] = {orti_graph_find_value(graph, "x")}, out[] = {orti_graph_find_value(graph, "a")};
    const ortp_compile_args compile = {.size = sizeof compile,
                                       .token = token,
                                       .view = view,
                                       .inputs = in,
                                       .outputs = out,
                                       .input_count = 1,
                                       .output_count = 1};
    const ortp_shapes shapes = {.shape = shape_of_four};
    const ortp_prepare_args prepare = {.size = sizeof prepare, .shapes = &shapes};
    float input[4] = {-1, 2, -3, 4}, output[4] = {9, 9, 9, 9};
    const ortp_tensor_arg input_arg = host_arg(input), output_arg = host_arg(output);
    const ortp_bind_args bind = {.size = sizeof bind,
                                 .inputs = &input_arg,
                                 .outputs = &output_arg,
                                 .input_count = 1,
                                 .output_count = 1,
                                 .arg_stride = sizeof input_arg};
    ortp_program *program = NULL;
    ortp_plan *plan = NULL;
    ortp_plan_info info;
    ortp_binding *binding = NULL;
    ortp_queue *queue = NULL;
    ortp_timeline *timeline = NULL;
    CHECK_OK(orti_program_compile(instance, &compile, &program));
    CHECK_OK(orti_program_prepare(instance, program, &prepare, &plan));
    CHECK_OK(orti_plan_describe(instance, plan, 0, &info));
    CHECK(info.launch_count == 1 && info.workspace_align_bytes == ORTI_ALIGN_BYTES);
    CHECK_OK(orti_plan_bind(instance, plan, &bind, &binding));
    CHECK_OK(orti_queue_create(instance, 0, ORTP_QUEUE_INLINE, &queue));
    CHECK_OK(orti_timeline_create(instance, 0, &timeline));
    const ortp_order order = {.size = sizeof order, .signal = {timeline, 5}};
    const ortp_run_args run = {.size = sizeof run, .queue = queue, .order = &order};
    CHECK(orti_point_state(instance, order.signal, NULL) == ORTP_POINT_PENDING);
    CHECK_OK(orti_instance_hot_table(instance)->run(binding, &run));
    CHECK(orti_point_state(instance, order.signal, NULL) == ORTP_POINT_REACHED);
    CHECK_OK(orti_point_wait(instance, order.signal, UINT64_MAX));
    CHECK(output[0] == 0 && output[1] == 2 && output[2] == 0 && output[3] == 4);
    CHECK_OK(orti_timeline_signal(instance, timeline, 9, ORT_STATUS(DEVICE_LOST, "gone")));
    CHECK_FAILS(orti_point_wait(instance, (ortp_point){timeline, 9}, 0), ORT_CODE_DEVICE_LOST, "provider 'null': gone");
    orti_timeline_destroy(instance, timeline);
    orti_queue_destroy(instance, queue);
    orti_plan_unbind(instance, binding);
    orti_plan_destroy(instance, plan);
    orti_program_destroy(instance, program);
    orti_claims_finish(&claims);
    orti_view_destroy(view);
    orti_graph_destroy(graph);
    orti_instance_release(instance);
    orti_providers_destroy(providers);
}

ORT_TEST(claims, a_success_without_an_object_is_a_breach) {
    orti_providers *providers = providers_of("null_out", false);
    orti_instance *instance = instance_of(providers);
    orti_graph *graph = graph_of(chain);
    const ortp_view *view = NULL;
    ortp_program *program = NULL;
    CHECK_OK(orti_view_create(providers, graph, NULL, NULL, &view));
    const ortp_compile_args compile = {.size = sizeof compile, .token = 1, .view = view};
    CHECK_FAILS(orti_program_compile(instance, &compile, &program), ORT_CODE_PLUGIN,
                "provider 'null_out': compile: succeeded and gave nothing");
    orti_view_destroy(view);
    orti_graph_destroy(graph);
    orti_instance_release(instance);
    orti_providers_destroy(providers);
}

ORT_TEST(claims, buffers_are_mapped_and_copied) {
    orti_providers *providers = providers_of("null", false);
    orti_instance *instance = instance_of(providers);
    const ortp_point now = {0};
    ortp_buffer *buffer = NULL, *imported = NULL;
    ortp_queue *queue = NULL;
    void *mapped = NULL;
    const ortp_share share = {.size = sizeof share, .kind = ORTP_SHARE_HOST_POINTER};
    CHECK_OK(orti_queue_create(instance, 0, 0, &queue));
    CHECK_FAILS(orti_buffer_alloc(instance, 0, 1, 64, 0, now, &buffer), ORT_CODE_INVALID_ARGUMENT, "no space 1");
    CHECK_OK(orti_buffer_alloc(instance, 0, 0, 64, 0, now, &buffer));
    const ortp_copy copy = {
        .size = sizeof copy, .src_host = "orthrus", .dst_buffer = buffer, .dst_offset_bytes = 8, .size_bytes = 8};
    CHECK_OK(orti_queue_copy(instance, queue, &copy, 1, NULL));
    CHECK_OK(orti_buffer_map(instance, buffer, 8, 8, &mapped));
    CHECK_STR((const char *)mapped, "orthrus");
    CHECK_FAILS(orti_buffer_import(instance, 0, &share, &imported), ORT_CODE_UNSUPPORTED, "import");
    orti_buffer_unmap(instance, buffer);
    orti_buffer_release(instance, buffer, now);
    orti_queue_destroy(instance, queue);
    orti_instance_release(instance);
    orti_providers_destroy(providers);
}

/* ---- store ---- */

static const orti_manifest maker;

static ort_status *pack_sevens(void *user, void *memory, uint64_t size_bytes) {
    ++*(uint32_t *)user;
    memset(memory, 7, size_bytes);
    return NULL;
}

static ort_status *pack_fails(void *user, void *memory, uint64_t size_bytes) {
    (void)user, (void)memory, (void)size_bytes;
    ORT_FAIL(UNSUPPORTED, "can't pack");
}

ORT_TEST(store, equal_weights_are_packed_once) {
    orti_store store;
    const ort_string_view layout = {"panels16", 8}, other = {"panels8", 7}, device = {"cpu:0", 5};
    const ortp_constant constant = {.size = sizeof constant, .identity = {1, 2}},
                        anonymous = {.size = sizeof anonymous};
    ortp_packed *a = NULL, *b = NULL, *c = NULL, *d = NULL, *e = NULL;
    const void *a_data = NULL, *b_data = NULL, *c_data = NULL;
    uint32_t count = 0;
    CHECK_OK(orti_store_init(&store, orti_allocator_default()));
    CHECK_FAILS(orti_store_weight(&store, &maker, &constant, layout, device, 64, pack_fails, NULL, &a, &a_data),
                ORT_CODE_UNSUPPORTED, "can't pack");
    CHECK_OK(orti_store_weight(&store, &maker, &constant, layout, device, 64, pack_sevens, &count, &a, &a_data));
    CHECK_OK(orti_store_weight(&store, &maker, &constant, layout, device, 64, pack_sevens, &count, &b, &b_data));
    CHECK(a == b && a_data == b_data && count == 1);
    CHECK(((const uint8_t *)a_data)[63] == 7 && (uintptr_t)a_data % 64 == 0);
    CHECK_OK(orti_store_weight(&store, &maker, &constant, other, device, 64, pack_sevens, &count, &c, &c_data));
    CHECK(c != a && count == 2);
    CHECK_OK(orti_store_weight(&store, &maker, &anonymous, layout, device, 64, pack_sevens, &count, &d, &c_data));
    CHECK_OK(orti_store_weight(&store, &maker, &anonymous, layout, device, 64, pack_sevens, &count, &e, &c_data));
    CHECK(d != e && count == 4);
    orti_store_weight_release(&store, a);
    orti_store_weight_release(&store, b);
    orti_store_weight_release(&store, c);
    orti_store_weight_release(&store, d);
    orti_store_weight_release(&store, e);
    CHECK_OK(orti_store_weight(&store, &maker, &constant, layout, device, 64, pack_sevens, &count, &a, &a_data));
    CHECK(count == 5);
    orti_store_weight_release(&store, a);
    orti_store_finish(&store);
}

ORT_TEST(store, a_constant_outlives_the_view_that_showed_it) {
    orti_store store;
    orti_tensor *tensor = NULL;
    const int64_t dims[] = {2};
    const void *data = NULL, *none = NULL;
    CHECK_OK(orti_store_init(&store, orti_allocator_default()));
    CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_F32, dims, 1, 0, &tensor));
    const ortp_constant constant = {.size = sizeof constant, .data = tensor->data, .size_bytes = tensor->size_bytes};
    CHECK_FAILS(orti_store_retain(&store, &constant, &none), ORT_CODE_PLUGIN, "no view shows");
    CHECK_OK(orti_store_put_constant(&store, tensor));
    CHECK_OK(orti_store_retain(&store, &constant, &data));
    orti_store_take_back_constant(&store, tensor);
    CHECK(atomic_load(&tensor->datum.ref_count) == 2 && data == tensor->data);
    orti_store_release(&store, constant.size_bytes, data);
    CHECK(atomic_load(&tensor->datum.ref_count) == 1);
    orti_tensor_release(tensor);
    orti_store_finish(&store);
}

typedef struct crowd {
    orti_providers *providers;
    orti_store *store;
    _Atomic uint32_t pack_count, failure_count;
} crowd;

static ort_status *pack_counted(void *user, void *memory, uint64_t size_bytes) {
    atomic_fetch_add(&((crowd *)user)->pack_count, 1);
    memset(memory, 3, size_bytes);
    return NULL;
}

/* Opens the one provider, an instance, and asks for the one weight. */
static void crowd_member(void *user, int64_t begin, int64_t end, uint32_t slot) {
    crowd *all = user;
    const ortp_constant constant = {.size = sizeof constant, .identity = {5, 6}};
    const ort_string_view word = {"x", 1};
    const uint32_t device = 0;
    (void)slot;
    for (int64_t i = begin; i < end; i++) {
        orti_instance *instance = NULL;
        ortp_packed *packed = NULL;
        const void *data = NULL;
        ort_status *status = orti_instance_open(orti_providers_at(all->providers, 0), &device, 1, NULL, 0, &instance);
        if (!status)
            status =
                orti_store_weight(all->store, &maker, &constant, word, word, 4096, pack_counted, all, &packed, &data);
        if (status || ((const uint8_t *)data)[4095] != 3) atomic_fetch_add(&all->failure_count, 1);
        ort_status_destroy(status);
        orti_store_weight_release(all->store, packed);
        orti_instance_release(instance);
    }
}

ORT_TEST(store, a_crowd_shares_one_instance_and_one_weight) {
    orti_store store;
    orti_team *team = NULL;
    const ortp_constant constant = {.size = sizeof constant, .identity = {5, 6}};
    const ort_string_view word = {"x", 1};
    ortp_packed *held = NULL;
    const void *data = NULL;
    crowd all = {.providers = providers_of("null", false), .store = &store};
    CHECK_OK(orti_store_init(&store, orti_allocator_default()));
    CHECK_OK(orti_team_create(orti_allocator_default(), 4, NULL, NULL, &team));
    orti_team_for(team, 200, 1, crowd_member, &all);
    CHECK(atomic_load(&all.failure_count) == 0);
    atomic_store(&all.pack_count, 0);
    CHECK_OK(orti_store_weight(&store, &maker, &constant, word, word, 4096, pack_counted, &all, &held, &data));
    orti_team_for(team, 200, 1, crowd_member, &all);
    CHECK(atomic_load(&all.failure_count) == 0 && atomic_load(&all.pack_count) == 1);
    orti_store_weight_release(&store, held);
    orti_team_destroy(team);
    orti_store_finish(&store);
    orti_providers_destroy(all.providers);
}
