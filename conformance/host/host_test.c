/* Every detector of the host, shown to detect: what a wrong plugin would do is done here. */
#include "host/host.h"

#include "testing/test.h"

#include <stdint.h>
#include <string.h>

typedef struct given {
    ortc_host *host;
    const ortp_host *table;
} given;

static given begin(uint32_t thread_count) {
    ortc_fault_clear();
    ortc_host *host = ortc_host_create(thread_count);
    CHECK(host != NULL);
    return (given){host, ortc_host_table(host)};
}

static void end(given *g) {
    ortc_host_destroy(g->host);
    ortc_fault_clear();
}

static void expect_fault(const char *rule, const char *text) {
    const ortc_fault *fault = ortc_fault_get(0);
    CHECK(fault != NULL, "no fault was noted");
    CHECK_STR(fault->rule, rule);
    CHECK(strstr(fault->text, text) != NULL, "'%s' lacks '%s'", fault->text, text);
    ortc_fault_clear();
}

static unsigned char *take(const given *g, uint64_t size_bytes, uint64_t align_bytes) {
    return g->table->core->alloc(g->table->context, size_bytes, align_bytes);
}

static void drop(const given *g, void *memory) {
    g->table->core->release(g->table->context, memory);
}

static ort_string_view view_of(const char *text) {
    return (ort_string_view){text, strlen(text)};
}

static ort_status *fail(const given *g, const char *text) {
    return g->table->core->status_create(g->table->context, ORT_CODE_IO, view_of(text));
}

ORT_TEST(host_heap, right_use_is_no_fault) {
    given g = begin(1);
    static const uint64_t sizes[] = {0, 1, 63, 64, 4096, 4097, 100000};
    for (uint64_t align = 1; align <= 65536; align *= 4)
        for (uint32_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            unsigned char *memory = take(&g, sizes[i], align);
            CHECK(memory && (uintptr_t)memory % align == 0);
            memset(memory, 7, sizes[i]);
            drop(&g, memory);
        }
    drop(&g, NULL);
    ortc_host_expect_empty(g.host, "at the end");
    CHECK(ortc_fault_count() == 0, "%s", ortc_fault_get(0)->text);
    end(&g);
}

ORT_TEST(host_heap, a_leak_is_counted) {
    given g = begin(1);
    CHECK(take(&g, 100, 8) != NULL);
    CHECK(ortc_host_weigh(g.host).live_bytes == 100);
    ortc_host_expect_empty(g.host, "after shutdown");
    expect_fault("lifetime.leak", "after shutdown, 1 blocks (100 bytes)");
    end(&g);
}

ORT_TEST(host_heap, foreign_twice_and_inner_releases) {
    given g = begin(1), other = begin(1);
    int mine;
    drop(&g, &mine);
    expect_fault("lifetime.heap", "did not give");
    unsigned char *memory = take(&g, 10, 8);
    drop(&g, memory + 8);
    expect_fault("lifetime.heap", "did not give");
    drop(&other, memory);
    expect_fault("lifetime.heap", "another host");
    drop(&g, memory);
    drop(&g, memory);
    expect_fault("lifetime.heap", "released before");
    end(&other);
    end(&g);
}

ORT_TEST(host_heap, a_small_overrun_shows_at_release) {
    given g = begin(1);
    unsigned char *memory = take(&g, 60, 64);
    memory[60] = 1;
    drop(&g, memory);
    expect_fault("lifetime.bounds", "byte 60");
    memory = take(&g, 60, 64);
    memory[-1] = 1;
    drop(&g, memory);
    expect_fault("lifetime.bounds", "byte -1");
    end(&g);
}

#if !defined(__SANITIZE_THREAD__)
ORT_TEST(host_heap, touches_out_of_reach_are_noted_and_go_on) {
    given g = begin(1);
    volatile unsigned char *memory = take(&g, 64, 64);
    unsigned char seen = memory[64];
    expect_fault("lifetime.bounds", "read at byte 64");
    drop(&g, (void *)(uintptr_t)memory);
    seen = (unsigned char)(seen + memory[3]);
    expect_fault("lifetime.after_release", "read at byte 3");
    volatile unsigned char *tensor = ortc_block_create(g.host, ORTC_USE_TENSOR, 64, 64);
    tensor[70] = seen;
    expect_fault("run.bounds", "write at byte 70");
    ortc_block_destroy((void *)(uintptr_t)tensor);
    ortc_fault_clear();
    end(&g);
}

ORT_TEST(host_heap, an_argument_kept_too_long) {
    given g = begin(1);
    const int number = 41;
    const volatile int *lent = ortc_block_lend(g.host, &number, sizeof number);
    CHECK(*lent == 41);
    ortc_block_destroy((void *)(uintptr_t)lent);
    CHECK(*lent != 41);
    expect_fault("lifetime.after_release", "whose call had ended");
    end(&g);
}
#endif

ORT_TEST(host_heap, the_nth_allocation_fails_once_or_from_then_on) {
    given g = begin(1);
    void *kept[3] = {0};
    ortc_host_fail_alloc(g.host, 2, false);
    for (int i = 0; i < 3; i++) kept[i] = take(&g, 8, 8);
    CHECK(kept[0] && !kept[1] && kept[2]);
    ortc_host_fail_alloc(g.host, 1, true);
    CHECK(!take(&g, 8, 8) && !take(&g, 8, 8));
    ortc_host_fail_alloc(g.host, 0, false);
    for (int i = 0; i < 3; i++) drop(&g, kept[i]);
    CHECK(ortc_host_weigh(g.host).alloc_calls == 5);
    CHECK(take(&g, 8, 3) == NULL);
    expect_fault("host.calls", "power of two");
    end(&g);
}

ORT_TEST(host_status, made_noted_copied_destroyed) {
    given g = begin(1);
    ort_status *status = g.table->core->status_note(g.table->context, fail(&g, "no such thing"), view_of("opening"));
    CHECK_STR(ortc_status_text(status), "opening: no such thing");
    ort_status *copy = g.table->core->status_copy(g.table->context, status);
    CHECK(ortc_status_code(copy) == ORT_CODE_IO && ortc_status_is_of(copy, g.host));
    ortc_status_destroy(status);
    ortc_status_destroy(copy);
    ortc_host_expect_empty(g.host, "at the end");
    CHECK(ortc_fault_count() == 0);
    end(&g);
}

ORT_TEST(host_status, leaked_foreign_twice_and_empty) {
    given g = begin(1);
    ort_status *status = fail(&g, "lost");
    ortc_host_expect_empty(g.host, "after shutdown");
    expect_fault("lifetime.leak", "a status saying 'lost'");
    status = fail(&g, "x");
    ortc_status_destroy(status);
    ortc_status_destroy(status);
    expect_fault("lifetime.after_release", "was destroyed");
    int mine = 0;
    g.table->core->status_destroy((ort_status *)(void *)&mine);
    expect_fault("status.owned", "no status of the host");
    ortc_status_destroy(fail(&g, ""));
    expect_fault("status.owned", "without a message");
    ortc_status_destroy(g.table->core->status_create(g.table->context, 99, view_of("x")));
    expect_fault("status.owned", "code 99");
    end(&g);
}

static void mark(void *user, int64_t from, int64_t to, uint32_t slot) {
    atomic_uint *marks = user;
    for (int64_t i = from; i < to; i++) atomic_fetch_add(&marks[i], slot < 4 ? 1 : 100);
}

ORT_TEST(host_exec, every_index_once_whatever_the_spread) {
    given g = begin(4);
    for (ortc_spread spread = ORTC_SPREAD_ORDERED; spread <= ORTC_SPREAD_THREADS; spread++) {
        atomic_uint marks[101] = {0};
        ortp_lane lane = {.thread_count = 4, .spread = spread};
        g.table->exec->parallel_for(&lane, 101, 7, mark, marks);
        for (int i = 0; i < 101; i++) CHECK(atomic_load(&marks[i]) == 1);
    }
    g.table->exec->parallel_for(NULL, 0, 1, mark, NULL);
    end(&g);
}

static void set_flag(void *user) {
    atomic_store((atomic_uint *)user, 1);
}

ORT_TEST(host_exec, tasks_are_done_when_the_host_is_weighed_empty) {
    given g = begin(1);
    atomic_uint done = 0;
    CHECK(g.table->exec->submit(g.table->context, set_flag, &done) == NULL);
    ortc_host_expect_empty(g.host, "at the end");
    CHECK(atomic_load(&done) == 1);
    end(&g);
}

static ort_status *fill(void *user, void *memory, uint64_t size_bytes) {
    (void)user;
    memset(memory, 3, size_bytes);
    return NULL;
}

ORT_TEST(host_store, weights_and_constants_are_counted) {
    given g = begin(1);
    static const int64_t dims[] = {4};
    static const float data[4] = {1, 2, 3, 4};
    ortp_constant constant = {
        .size = sizeof constant, .rank = 1, .dims = dims, .data = data, .size_bytes = sizeof data, .identity = {5, 6}};
    ortp_packed *first = NULL, *second = NULL;
    const void *kept = NULL, *bytes = NULL;
    for (int i = 0; i < 2; i++)
        CHECK(!g.table->store->weight(g.table->context, &constant, view_of("rows"), view_of("d"), 64, fill, NULL,
                                      i ? &second : &first, &bytes));
    CHECK(first == second && ortc_host_weigh(g.host).packings == 1 && ((const unsigned char *)bytes)[63] == 3);
    CHECK(!g.table->store->constant_retain(g.table->context, &constant, &kept));
    CHECK(memcmp(kept, data, sizeof data) == 0);
    g.table->store->weight_release(g.table->context, first);
    ortc_host_expect_empty(g.host, "after shutdown");
    expect_fault("lifetime.leak", "1 constants and 1 packed");
    g.table->store->weight_release(g.table->context, second);
    g.table->store->weight_release(g.table->context, second);
    expect_fault("lifetime.heap", "not held");
    g.table->store->constant_release(g.table->context, &constant, kept);
    g.table->store->constant_release(g.table->context, &constant, kept);
    expect_fault("lifetime.heap", "not retained");
    end(&g);
}
