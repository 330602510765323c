#include "base/file.h"
#include "base/team.h"
#include "testing/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define ITEM_MAX 4096

typedef struct tally {
    _Atomic uint32_t visits[ITEM_MAX];
    _Atomic uint32_t slot_users[16]; /* how many threads are in the slot now */
    _Atomic uint32_t fault_count;
    int64_t grain, n;
    uint32_t slot_count;
    orti_team *team; /* for nested calls */
} tally;

static void tally_visit(void *user, int64_t begin, int64_t end, uint32_t slot) {
    tally *t = user;
    bool is_chunk = begin % t->grain == 0 && (end - begin == t->grain || end == t->n) && begin < end;
    if (!is_chunk || slot >= t->slot_count) {
        atomic_fetch_add(&t->fault_count, 1);
        return;
    }
    if (atomic_fetch_add(&t->slot_users[slot], 1) != 0) atomic_fetch_add(&t->fault_count, 1);
    for (int64_t i = begin; i < end; i++) atomic_fetch_add(&t->visits[i], 1);
    atomic_fetch_sub(&t->slot_users[slot], 1);
}

static void check_tally(orti_team *team, int64_t n, int64_t grain) {
    static tally t;
    memset(&t, 0, sizeof t);
    t.n = n;
    t.grain = grain > 0 ? grain : 1;
    t.slot_count = orti_team_thread_count(team);
    orti_team_for(team, n, grain, tally_visit, &t);
    CHECK(t.fault_count == 0, "%u wrong chunks of n %d, grain %d", (unsigned)t.fault_count, (int)n, (int)grain);
    for (int64_t i = 0; i < n; i++)
        CHECK(t.visits[i] == 1, "item %d was visited %u times", (int)i, (unsigned)t.visits[i]);
}

static orti_team *team_of(uint32_t thread_count) {
    orti_team *team = NULL;
    CHECK_OK(orti_team_create(orti_allocator_default(), thread_count, NULL, NULL, &team));
    return team;
}

ORT_TEST(team, visits_each_item_once) {
    static const uint32_t thread_counts[] = {1, 2, 3, 8};
    static const int64_t sizes[] = {0, 1, 2, 7, 64, 1000, ITEM_MAX}, grains[] = {0, 1, 3, 64, 5000};
    for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
        orti_team *team = team_of(thread_counts[t]);
        CHECK(orti_team_thread_count(team) == thread_counts[t]);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (size_t j = 0; j < sizeof grains / sizeof *grains; j++) check_tally(team, sizes[i], grains[j]);
        check_tally(team, 5, -1);
        orti_team_destroy(team);
    }
    orti_team_destroy(NULL);
}

static void last_chunk(void *user, int64_t begin, int64_t end, uint32_t slot) {
    (void)slot;
    if (end == INT64_MAX) *(int64_t *)user = end - begin;
}

ORT_TEST(team, huge_ranges_do_not_overflow) {
    orti_team *team = team_of(2);
    int64_t length = 0;
    orti_team_for(team, INT64_MAX, INT64_MAX / 3, last_chunk, &length);
    CHECK(length == 1);
    orti_team_for(team, INT64_MAX, INT64_MAX - 1, last_chunk, &length);
    CHECK(length == 1);
    orti_team_destroy(team);
}

static void nested_outer(void *user, int64_t begin, int64_t end, uint32_t slot) {
    tally *t = user;
    tally inner = {.n = 100, .grain = 7, .slot_count = 1}; /* inline: slot 0 alone */
    (void)begin;
    (void)end;
    (void)slot;
    orti_team_for(t->team, 100, 7, tally_visit, &inner);
    for (int i = 0; i < 100; i++)
        if (inner.visits[i] != 1) atomic_fetch_add(&t->fault_count, 1);
    atomic_fetch_add(&t->fault_count, inner.fault_count);
    atomic_fetch_add(&t->visits[0], 1);
}

ORT_TEST(team, nested_calls_run_inline) {
    static tally t;
    memset(&t, 0, sizeof t);
    t.team = team_of(4);
    orti_team_for(t.team, 50, 1, nested_outer, &t);
    CHECK(t.visits[0] == 50 && t.fault_count == 0);
    orti_team_destroy(t.team);
}

typedef struct sum_job {
    const int32_t *items;
    int64_t *partial; /* one for each chunk */
    int64_t grain;
} sum_job;

static void sum_chunk(void *user, int64_t begin, int64_t end, uint32_t slot) {
    sum_job *job = user;
    int64_t sum = 0;
    (void)slot;
    for (int64_t i = begin; i < end; i++) sum += job->items[i];
    job->partial[begin / job->grain] = sum;
}

/* Plain reads and writes in the chunks: what TSan must find ordered before and after the call. */
static void sum_many(orti_team *team, uint32_t rounds, uint32_t seed, _Atomic uint32_t *fault_count) {
    int32_t items[512];
    int64_t partial[512];
    for (uint32_t round = 0; round < rounds; round++) {
        seed = seed * 1664525u + 1013904223u;
        int64_t n = 1 + seed % 512, grain = 1 + (seed >> 10) % 9, want = 0, got = 0;
        for (int64_t i = 0; i < n; i++) want += items[i] = (int32_t)(seed >> 8) + (int32_t)i;
        memset(partial, 0, sizeof partial);
        orti_team_for(team, n, grain, sum_chunk, &(sum_job){items, partial, grain});
        for (int64_t i = 0; i < n; i++) got += partial[i];
        if (got != want) atomic_fetch_add(fault_count, 1);
        if (seed >> 28 == 0) nanosleep(&(struct timespec){0, 200000}, NULL); /* lets the workers fall asleep */
    }
}

typedef struct sum_caller {
    orti_team *team;
    uint32_t seed;
    _Atomic uint32_t *fault_count;
} sum_caller;

static void *sum_thread(void *argument) {
    sum_caller *caller = argument;
    orti_team_enter(caller->team);
    sum_many(caller->team, 300, caller->seed, caller->fault_count);
    orti_team_leave(caller->team);
    return NULL;
}

ORT_TEST(team, concurrent_callers_get_their_own_answers) {
    _Atomic uint32_t fault_count = 0;
    orti_team *team = team_of(4);
    pthread_t threads[4];
    sum_caller callers[4];
    for (uint32_t i = 0; i < 4; i++) {
        callers[i] = (sum_caller){team, i * 77 + 1, &fault_count};
        CHECK(pthread_create(&threads[i], NULL, sum_thread, &callers[i]) == 0);
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK(fault_count == 0);
    orti_team_destroy(team);
}

ORT_TEST(team, sleepers_are_woken) {
    _Atomic uint32_t fault_count = 0;
    for (uint32_t thread_count = 2; thread_count <= 5; thread_count++) {
        orti_team *team = team_of(thread_count);
        sum_many(team, 400, thread_count, &fault_count);
        orti_team_destroy(team);
    }
    CHECK(fault_count == 0);
}

ORT_TEST(team, is_created_and_destroyed_at_once) {
    for (uint32_t i = 0; i < 50; i++) orti_team_destroy(team_of(1 + i % 5));
}

typedef struct meeting {
    _Atomic uint32_t arrived;
    uint32_t wanted;
} meeting;

/* Ends only when `wanted` threads are inside at once. */
static void meet(void *user, int64_t begin, int64_t end, uint32_t slot) {
    meeting *m = user;
    (void)begin;
    (void)end;
    (void)slot;
    atomic_fetch_add(&m->arrived, 1);
    while (atomic_load(&m->arrived) < m->wanted) nanosleep(&(struct timespec){0, 1000}, NULL);
}

ORT_TEST(team, all_threads_take_part) {
    orti_team *team = team_of(4);
    for (int round = 0; round < 20; round++) {
        meeting m = {0, 4};
        orti_team_for(team, 4, 1, meet, &m);
        CHECK(m.arrived == 4);
    }
    orti_team_destroy(team);
}

ORT_TEST(team, cools_down_after_a_run_and_not_inside_it) {
    orti_team *alone = team_of(1), *team = team_of(2);
    meeting m = {0, 2};
    CHECK(!orti_team_is_hot(alone));
    uint64_t give_up_ns = orti_clock_ns() + UINT64_C(20000000000);
    while (orti_team_is_hot(team) && orti_clock_ns() < give_up_ns) nanosleep(&(struct timespec){0, 100000}, NULL);
    CHECK(!orti_team_is_hot(team));
    orti_team_enter(team);
    orti_team_for(team, 2, 1, meet, &m);
    orti_team_leave(team);
    while (orti_team_is_hot(team) && orti_clock_ns() < give_up_ns) nanosleep(&(struct timespec){0, 100000}, NULL);
    CHECK(!orti_team_is_hot(team));
    orti_team_destroy(alone);
    orti_team_destroy(team);
}

static void note_worker(void *user, uint32_t worker) {
    atomic_fetch_or((_Atomic uint32_t *)user, 1u << worker);
}

ORT_TEST(team, binds_each_worker_before_create_returns) {
    _Atomic uint32_t workers = 0;
    orti_team *team = NULL;
    CHECK_OK(orti_team_create(orti_allocator_default(), 5, note_worker, &workers, &team));
    CHECK(workers == 0x1e, "%#x", (unsigned)workers);
    orti_team_destroy(team);
}

ORT_TEST(team, every_allocation_may_fail) {
    for (uint64_t fail_at = 1; fail_at <= 4; fail_at++) {
        orti_allocator_failing failing;
        orti_team *team = NULL;
        orti_allocator_failing_init(&failing, fail_at);
        ort_status *status = orti_team_create(&failing.allocator, 3, NULL, NULL, &team);
        CHECK(ort_status_code(status) == (fail_at < 4 ? ORT_CODE_OUT_OF_MEMORY : ORT_CODE_OK));
        ort_status_destroy(status);
        orti_team_destroy(team);
        CHECK(failing.live_count == 0);
    }
}
