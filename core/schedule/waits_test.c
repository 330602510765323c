/* Waits and copies of plans, computed here once more from what the operations touch. */
#include "partition/testdata/fake_graphs.h"
#include "partition/testdata/fake_rooms.h"
#include "schedule/schedule.h"
#include "testing/test.h"

enum { OPERATIONS_MAX = 160, GRAPHS = 200 };

typedef struct test_plan {
    fake_rooms rooms;
    orti_partitioning *parts;
    orti_schedule *schedule;
    orti_plan *plan;
} test_plan;

static ort_status *plan_try(test_plan *at) {
    const int64_t dims[] = {8};
    orti_tensor *input = NULL;
    CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_F32, dims, 1, 0, &input));
    ort_status *status = orti_schedule_plan(at->schedule, &input, &at->plan, NULL);
    orti_tensor_release(input);
    return status;
}

static void plan_make(test_plan *at) {
    CHECK_OK(plan_try(at));
    CHECK(at->plan->operation_count <= OPERATIONS_MAX);
}

static void plan_again(test_plan *at) {
    orti_plan_release(at->plan);
    orti_schedule_save_memory(at->schedule);
    plan_make(at);
}

static void schedule_make(test_plan *at) {
    const orti_schedule_request request = {.alloc = orti_allocator_default(),
                                           .partitioning = at->parts,
                                           .candidates = at->rooms.candidates,
                                           .policy = &at->rooms.policy,
                                           .host_limit_bytes = UINT64_MAX,
                                           .plan_limit = 1};
    CHECK_OK(orti_schedule_create(&request, &at->schedule));
}

static void plan_open(test_plan *at, const char *graph, const char *far_ops, const char *near_ops) {
    memset(at, 0, sizeof *at);
    CHECK_OK(fake_rooms_open(&at->rooms, graph, far_ops, near_ops));
    CHECK_OK(orti_partition_create(&at->rooms.request, &at->parts));
    schedule_make(at);
    plan_make(at);
}

static void plan_close(test_plan *at) {
    orti_plan_release(at->plan);
    orti_schedule_destroy(at->schedule);
    orti_partitioning_destroy(at->parts);
    fake_rooms_close(&at->rooms);
}

/* ---- waits ---- */

static bool is_shared(const orti_place *a, const orti_place *b) {
    if (a->kind == ORTI_PLACE_NONE || a->kind != b->kind || a->index != b->index) return false;
    uint64_t a_end = a->offset_bytes + a->size_bytes, b_end = b->offset_bytes + b->size_bytes;
    return a->kind != ORTI_PLACE_MEMORY || (a->offset_bytes < b_end && b->offset_bytes < a_end);
}

/* Everything that an operation touches, one after the other; NULL past the end. */
static const orti_place *touched(const orti_operation *operation, uint32_t index, bool *is_written) {
    *is_written = index >= operation->input_count;
    if (!*is_written) return &operation->inputs[index];
    index -= operation->input_count;
    if (index < operation->output_count) return &operation->outputs[index];
    return index == operation->output_count ? &operation->workspace : NULL;
}

static bool depends(const orti_operation *a, const orti_operation *b) {
    bool a_writes, b_writes;
    const orti_place *x, *y;
    for (uint32_t i = 0; (x = touched(a, i, &a_writes)) != NULL; i++)
        for (uint32_t k = 0; (y = touched(b, k, &b_writes)) != NULL; k++)
            if ((a_writes || b_writes) && is_shared(x, y)) return true;
    return false;
}

typedef struct test_edges {
    bool needs[OPERATIONS_MAX][OPERATIONS_MAX];   /* [later][earlier] */
    bool is_host[OPERATIONS_MAX][OPERATIONS_MAX]; /* ... and the host has to wait */
    bool done[OPERATIONS_MAX][OPERATIONS_MAX];    /* closure: earlier is done and good before later begins */
    bool known[OPERATIONS_MAX][OPERATIONS_MAX];   /* the host waited before later came */
} test_edges;

static void edges_find(const orti_plan *plan, test_edges *edges) {
    const orti_schedule_queue *queues = plan->schedule->queues;
    uint32_t count = plan->operation_count;
    memset(edges, 0, sizeof *edges);
    for (uint32_t j = 0; j < count; j++)
        for (uint32_t i = 0; i < j; i++) {
            const orti_schedule_queue *from = &queues[plan->operations[i].queue],
                                      *to = &queues[plan->operations[j].queue];
            if (from->is_inline || !depends(&plan->operations[i], &plan->operations[j])) continue;
            edges->needs[j][i] = true;
            edges->is_host[j][i] = to->is_inline || to->instance != from->instance;
            for (uint32_t k = j + 1; edges->is_host[j][i] && k < count; k++) edges->known[k][i] = true;
        }
    for (uint32_t j = 0; j < count; j++)
        for (uint32_t i = 0; i < j; i++) edges->done[j][i] = edges->needs[j][i] || edges->known[j][i];
    for (uint32_t k = 0; k < count; k++)
        for (uint32_t j = 0; j < count; j++)
            for (uint32_t i = 0; edges->done[j][k] && i < count; i++) edges->done[j][i] |= edges->done[k][i];
}

/* An edge of the reduction: no other path leads there, and the host has not been there before. */
static bool is_reduced(const test_edges *edges, uint32_t count, uint32_t later, uint32_t earlier) {
    if (!edges->needs[later][earlier] || edges->known[later][earlier]) return false;
    for (uint32_t k = 0; k < count; k++)
        if (edges->done[later][k] && edges->done[k][earlier]) return false;
    return true;
}

static bool has_wait(const orti_wait *waits, uint32_t count, const orti_operation *operation) {
    for (uint32_t i = 0; i < count; i++)
        if (waits[i].queue == operation->queue && waits[i].value == operation->signal) return true;
    return false;
}

static void waits_check(const orti_plan *plan, const test_edges *edges) {
    for (uint32_t j = 0; j < plan->operation_count; j++) {
        const orti_operation *operation = &plan->operations[j];
        uint32_t queue_count = 0, host_count = 0;
        for (uint32_t i = 0; i < j; i++) {
            if (!is_reduced(edges, plan->operation_count, j, i)) continue;
            bool is_host = edges->is_host[j][i];
            *(is_host ? &host_count : &queue_count) += 1;
            const orti_wait *waits = is_host ? operation->host_waits : operation->waits;
            CHECK(has_wait(waits, is_host ? operation->host_wait_count : operation->wait_count, &plan->operations[i]),
                  "operation %u does not wait for %u", j, i);
        }
        CHECK(operation->wait_count == queue_count, "operation %u: %u waits, %u are due", j, operation->wait_count,
              queue_count);
        CHECK(operation->host_wait_count == host_count, "operation %u: %u host waits, %u are due", j,
              operation->host_wait_count, host_count);
    }
}

/* At the end the host waits for those that nobody else waits for. */
static void final_check(const orti_plan *plan, const test_edges *edges) {
    uint32_t due = 0;
    for (uint32_t i = 0; i < plan->operation_count; i++) {
        bool is_last = plan->operations[i].signal != 0;
        for (uint32_t j = 0; j < plan->operation_count; j++) is_last &= !edges->done[j][i];
        due += is_last;
        CHECK(!is_last || has_wait(plan->final_waits, plan->final_wait_count, &plan->operations[i]),
              "nobody waits for operation %u", i);
    }
    CHECK(plan->final_wait_count == due, "%u final waits, %u are due", plan->final_wait_count, due);
}

/* ---- copies ---- */

/* The device that a node's piece is on: 0 is the host, where near computes. */
static uint32_t memory_of(const orti_partitioning *parts, orti_node_id node) {
    return parts->parts[parts->part_of[node]].candidate == 0 ? 1 : 0;
}

/* Each value goes once to each memory where it is read and was not made. */
static uint32_t copies_due(const orti_partitioning *parts) {
    uint32_t due = 0;
    for (orti_value_id v = 0; v < orti_graph_value_count(parts->graph); v++) {
        const orti_value *value = orti_graph_value(parts->graph, v);
        const orti_node_id *readers = NULL;
        uint32_t count = 0, home = value->kind == ORTI_VALUE_INNER ? memory_of(parts, value->producer) : 0;
        bool is_read[2] = {value->is_output, false};
        CHECK_OK(orti_graph_consumers(parts->graph, v, &readers, &count));
        for (uint32_t i = 0; i < count; i++) is_read[memory_of(parts, readers[i])] = true;
        due += is_read[!home];
    }
    return due;
}

/* *out_bytes: of the device, all plans together. */
static void drawn_graphs_check(bool is_frugal, uint64_t *out_bytes) {
    static test_edges edges;
    static char text[8192];
    uint32_t wait_count = 0, host_wait_count = 0;
    *out_bytes = 0;
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        test_plan at;
        fake_graph_draw(seed, text, sizeof text);
        plan_open(&at, text, fake_graph_ops[seed % 4][0], fake_graph_ops[seed % 4][1]);
        if (is_frugal) plan_again(&at);
        if (at.schedule->domain_count > 1) *out_bytes += at.plan->domain_bytes[1];
        edges_find(at.plan, &edges);
        waits_check(at.plan, &edges);
        final_check(at.plan, &edges);
        CHECK(at.plan->copy_count == copies_due(at.parts), "seed %u: %u copies, %u are due", (unsigned)seed,
              at.plan->copy_count, copies_due(at.parts));
        for (uint32_t i = 0; i < at.plan->operation_count; i++) {
            wait_count += at.plan->operations[i].wait_count;
            host_wait_count += at.plan->operations[i].host_wait_count;
        }
        plan_close(&at);
    }
    CHECK(wait_count > GRAPHS && host_wait_count > GRAPHS, "%u and %u waits: too few to show anything", wait_count,
          host_wait_count);
}

/* With memory to spare, and once more when it has run out: then the plans need less, and wait for who had the bytes. */
ORT_TEST(waits, are_the_transitive_reduction_on_drawn_graphs) {
    uint64_t ample_bytes, frugal_bytes;
    drawn_graphs_check(false, &ample_bytes);
    drawn_graphs_check(true, &frugal_bytes);
    CHECK(frugal_bytes < ample_bytes, "%u bytes, with memory to spare %u", (unsigned)frugal_bytes,
          (unsigned)ample_bytes);
}

/* y is copied while a is computed from x: neither waits for the other, and they are on different queues. */
ORT_TEST(waits, copies_overlap_work) {
    test_plan at;
    plan_open(&at,
              "graph \"overlap\" {\n"
              "  input %x : float32[8]\n"
              "  %a : float32[8] = Neg@13 (%x)\n"
              "  %b : float32[8] = Abs@13 (%x)\n"
              "  %c : float32[8] = Add@14 (%a, %b)\n"
              "  output %c\n"
              "}\n",
              "Neg Add", "Abs");
    const orti_operation *run = NULL, *copy = NULL;
    for (uint32_t i = 0; i < at.plan->operation_count; i++) {
        const orti_operation *operation = &at.plan->operations[i];
        bool is_far = !at.schedule->queues[operation->queue].is_inline;
        if (operation->action == ORTI_ACTION_RUN && is_far && !run) run = operation;
        if (operation->action == ORTI_ACTION_COPY && run && !copy) copy = operation;
    }
    CHECK(run && copy && copy->queue != run->queue);
    CHECK(copy->wait_count == 0 && copy->host_wait_count == 0, "the copy of b waits for %u", copy->wait_count);
    plan_close(&at);
}

/* Both far pieces are queued before the host waits for the first one. */
ORT_TEST(waits, devices_begin_before_the_host_waits) {
    test_plan at;
    plan_open(&at,
              "graph \"early\" {\n"
              "  input %x : float32[8]\n"
              "  %a : float32[8] = Neg@13 (%x)\n"
              "  %b : float32[8] = Abs@13 (%a)\n"
              "  %c : float32[8] = Relu@14 (%b)\n"
              "  %d : float32[8] = Abs@13 (%x)\n"
              "  %e : float32[8] = Neg@13 (%d)\n"
              "  %f : float32[8] = Abs@13 (%e)\n"
              "  output %c\n"
              "  output %f\n"
              "}\n",
              "Neg Relu", "Abs");
    uint32_t far_count = 0, waited_at = UINT32_MAX;
    for (uint32_t i = 0; i < at.plan->operation_count && waited_at == UINT32_MAX; i++) {
        const orti_operation *operation = &at.plan->operations[i];
        if (operation->host_wait_count) waited_at = i;
        far_count += operation->action == ORTI_ACTION_RUN && !at.schedule->queues[operation->queue].is_inline;
    }
    CHECK(waited_at != UINT32_MAX && far_count == 2, "%u far pieces are queued before the host waits", far_count);
    plan_close(&at);
}

/* What follows from shapes is nobody's input, so it is copied nowhere. */
ORT_TEST(waits, known_values_cross_nowhere) {
    test_plan at;
    plan_open(&at,
              "graph \"known\" {\n"
              "  input %x : float32[8]\n"
              "  %a : float32[8] = Neg@13 (%x)\n"
              "  %s : int64[1] = Shape@21 (%a)\n"
              "  %b : float32[8] = Reshape@21 (%a, %s)\n"
              "  %c : float32[8] = Abs@13 (%b)\n"
              "  output %c\n"
              "}\n",
              "Neg Abs", "Reshape");
    CHECK(at.plan->copy_count == 4, "%u copies", at.plan->copy_count);
    for (uint32_t i = 0; i < at.parts->part_count; i++)
        for (uint32_t k = 0; k < at.parts->parts[i].input_count; k++)
            CHECK(orti_graph_value(at.parts->graph, at.parts->parts[i].inputs[k])->dtype == ORT_DTYPE_F32);
    plan_close(&at);
}

/* Three blocks that together wrap around: laying them out would never end. */
ORT_TEST(memory, more_than_an_address_can_tell) {
    static const char text[] = "graph \"vast\" {\n"
                               "  input %x : float32[8]\n"
                               "  const %s : int64[1] = {2305843009213693951}\n"
                               "  %a = ConstantOfShape@9 (%s)\n"
                               "  %b = ConstantOfShape@9 (%s)\n"
                               "  %c = ConstantOfShape@9 (%s)\n"
                               "  %d = Add@14 (%a, %b)\n"
                               "  %e = Add@14 (%c, %d)\n"
                               "  output %e\n"
                               "}\n";
    test_plan at;
    memset(&at, 0, sizeof at);
    CHECK_OK(fake_rooms_open(&at.rooms, text, "ConstantOfShape", "Add"));
    CHECK_OK(orti_partition_create(&at.rooms.request, &at.parts));
    schedule_make(&at);
    CHECK_FAILS(plan_try(&at), ORT_CODE_LIMIT_EXCEEDED, "graph 'vast' takes more than");
    plan_close(&at);
}
