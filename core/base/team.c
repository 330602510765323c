/* syscall() and the scheduler's names. */
#define _GNU_SOURCE
#include "base/team.h"
#include "base/file.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define SPIN_NS     UINT64_C(50000)    /* how long a worker without work polls before it sleeps */
#define SPIN_RUN_NS UINT64_C(2000000)  /* the same inside a run: a run that waits for a device must not burn a core */
#define CHUNK_MAX   (INT64_C(1) << 31) /* chunks that fit the claim word at once */
#define LINE_BYTES  64

/* One job at a time. Its plain fields are written by the caller before `claim` is stored (release) and read by a worker
 * after it has taken a chunk from it (acquire); they stand still until `pending` is 0, so no lock is needed. `claim`
 * counts down, so that "nothing left" needs none of the fields: they may belong to the next job already. */
struct orti_team {
    _Alignas(LINE_BYTES) _Atomic uint64_t claim;   /* high half: the job's number; low half: chunks not yet claimed */
    _Alignas(LINE_BYTES) _Atomic uint32_t pending; /* chunks not yet finished; a futex word */
    _Atomic uint32_t caller_sleeps;
    _Alignas(LINE_BYTES) orti_team_fn fn;
    void *user;
    int64_t first, end, grain;
    uint32_t chunk_count, job;
    _Alignas(LINE_BYTES) _Atomic uint32_t sleeper_count;
    _Atomic uint32_t wake_word; /* a futex word: changes whenever sleepers must look again */
    _Atomic uint32_t run_count; /* runs in flight */
    _Atomic bool is_stopping;
    _Alignas(LINE_BYTES) _Atomic bool is_busy; /* a caller has the workers */
    _Alignas(LINE_BYTES) const orti_allocator *alloc;
    pthread_t *threads;
    uint32_t thread_count, started_count;
    _Atomic uint32_t unbound_count; /* workers that have not run `bind` yet; a futex word */
    void (*bind)(void *user, uint32_t worker);
    void *bind_user;
};

typedef struct worker_start {
    orti_team *team;
    uint32_t worker;
} worker_start;

/* Set while this thread computes chunks of a team: calls from inside run inline. */
static _Thread_local bool is_inside_chunk;

static void futex_wait(_Atomic uint32_t *word, uint32_t seen) {
    syscall(SYS_futex, (void *)word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0); /* callers look again in a loop */
}

static void futex_wake(_Atomic uint32_t *word, int count) {
    syscall(SYS_futex, (void *)word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void cpu_relax(void) {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Polls until the clock says `limit_ns` have passed since *since_ns (0: starts now). True when time is over. */
static bool spin_once(uint64_t *since_ns, uint64_t limit_ns) {
    for (int i = 0; i < 32; i++) cpu_relax();
    uint64_t now = orti_clock_ns();
    if (*since_ns == 0) *since_ns = now;
    return now - *since_ns > limit_ns;
}

/* Takes one chunk of the job that is there. */
static bool chunk_claim(orti_team *team, uint32_t *out_left) {
    uint64_t claim = atomic_load_explicit(&team->claim, memory_order_acquire);
    while ((uint32_t)claim != 0)
        if (atomic_compare_exchange_weak_explicit(&team->claim, &claim, claim - 1, memory_order_acquire,
                                                  memory_order_acquire)) {
            *out_left = (uint32_t)claim;
            return true;
        }
    return false;
}

/* Computes chunks while there are any; says how many. */
static uint32_t chunks_run(orti_team *team, uint32_t slot) {
    uint32_t left = 0, done_count = 0;
    is_inside_chunk = true;
    for (; chunk_claim(team, &left); done_count++) {
        int64_t begin = team->first + (int64_t)(team->chunk_count - left) * team->grain;
        int64_t end = team->end - begin > team->grain ? begin + team->grain : team->end;
        team->fn(team->user, begin, end, slot);
    }
    is_inside_chunk = false;
    return done_count;
}

/* After this the caller may go on to the next job, so the job's fields are not touched any more. */
static void chunks_finish(orti_team *team, uint32_t done_count) {
    if (done_count == 0 || atomic_fetch_sub(&team->pending, done_count) != done_count) return;
    if (atomic_load(&team->caller_sleeps)) futex_wake(&team->pending, 1);
}

static bool has_chunks(orti_team *team) {
    return (uint32_t)atomic_load(&team->claim) != 0;
}

/* Announced before the last look at `claim`: a caller that stores a job after that look sees the sleeper. */
static void worker_sleep(orti_team *team) {
    atomic_fetch_add(&team->sleeper_count, 1);
    for (;;) {
        uint32_t seen = atomic_load(&team->wake_word);
        if (has_chunks(team) || atomic_load(&team->is_stopping)) break;
        futex_wait(&team->wake_word, seen);
    }
    atomic_fetch_sub(&team->sleeper_count, 1);
}

static void worker_wait(orti_team *team) {
    uint64_t since_ns = 0;
    while (!has_chunks(team) && !atomic_load(&team->is_stopping)) {
        if (!spin_once(&since_ns, SPIN_NS)) continue;
        bool in_run = atomic_load_explicit(&team->run_count, memory_order_relaxed) != 0;
        if (in_run && !spin_once(&since_ns, SPIN_RUN_NS))
            sched_yield();
        else
            worker_sleep(team);
    }
}

static void *worker_main(void *argument) {
    worker_start start = *(worker_start *)argument;
    orti_team *team = start.team;
    prctl(PR_SET_NAME, "ort-worker");
    if (team->bind) team->bind(team->bind_user, start.worker);
    if (atomic_fetch_sub(&team->unbound_count, 1) == 1) futex_wake(&team->unbound_count, 1);
    while (!atomic_load(&team->is_stopping)) {
        chunks_finish(team, chunks_run(team, start.worker));
        worker_wait(team);
    }
    return NULL;
}

static void workers_wake(orti_team *team, uint32_t count) {
    atomic_fetch_add(&team->wake_word, 1);
    futex_wake(&team->wake_word, count > INT32_MAX ? INT32_MAX : (int)count);
}

static void workers_wait_bound(orti_team *team) {
    for (uint32_t left; (left = atomic_load(&team->unbound_count)) != 0;) futex_wait(&team->unbound_count, left);
}

/* Signals are the application's: its threads get them, ours never. */
static ort_status *workers_start(orti_team *team, worker_start *starts) {
    sigset_t all, before;
    int error = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (uint32_t i = 1; i < team->thread_count && !error; i++) {
        starts[i - 1] = (worker_start){team, i};
        atomic_fetch_add(&team->unbound_count, 1);
        error = pthread_create(&team->threads[i - 1], NULL, worker_main, &starts[i - 1]);
        if (error)
            atomic_fetch_sub(&team->unbound_count, 1);
        else
            team->started_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    workers_wait_bound(team); /* `starts` and the binder's user need not live longer */
    if (error)
        ORT_FAIL(IO, "can't start thread %u of %u: %s", team->started_count + 1, team->thread_count - 1,
                 strerror(error));
    return NULL;
}

ort_status *orti_team_create(const orti_allocator *alloc, uint32_t thread_count,
                             void (*bind)(void *user, uint32_t worker), void *user, orti_team **out) {
    orti_team *team = NULL;
    worker_start *starts = NULL;
    ort_status *status = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc_aligned(alloc, sizeof *team, &team));
    memset(team, 0, sizeof *team);
    team->alloc = alloc;
    team->thread_count = thread_count ? thread_count : 1;
    team->bind = bind;
    team->bind_user = user;
    ORT_TRY_TO(done, status, orti_alloc(alloc, team->thread_count - 1, sizeof *team->threads, &team->threads));
    ORT_TRY_TO(done, status, orti_alloc(alloc, team->thread_count - 1, sizeof *starts, &starts));
    if (team->thread_count > 1) ORT_TRY_TO(done, status, workers_start(team, starts));
    *out = team;
    team = NULL;
done:
    orti_free(alloc, starts);
    orti_team_destroy(team);
    return status;
}

void orti_team_destroy(orti_team *team) {
    if (!team) return;
    atomic_store(&team->is_stopping, true);
    workers_wake(team, UINT32_MAX);
    for (uint32_t i = 0; i < team->started_count; i++) pthread_join(team->threads[i], NULL);
    orti_free(team->alloc, team->threads);
    orti_free(team->alloc, team);
}

uint32_t orti_team_thread_count(const orti_team *team) {
    return team->thread_count;
}

void orti_team_enter(orti_team *team) {
    atomic_fetch_add_explicit(&team->run_count, 1, memory_order_relaxed);
}

void orti_team_leave(orti_team *team) {
    atomic_fetch_sub_explicit(&team->run_count, 1, memory_order_relaxed);
}

bool orti_team_is_hot(const orti_team *team) {
    uint32_t worker_count = team->thread_count - 1;
    return worker_count && atomic_load_explicit(&team->sleeper_count, memory_order_relaxed) * 2 <= worker_count;
}

/* Waits for chunks that workers have claimed. The spin is short: they are at work already. */
static void pending_wait(orti_team *team) {
    uint64_t since_ns = 0;
    while (atomic_load_explicit(&team->pending, memory_order_acquire) != 0)
        if (spin_once(&since_ns, SPIN_NS)) break;
    if (atomic_load_explicit(&team->pending, memory_order_acquire) == 0) return;
    atomic_store(&team->caller_sleeps, 1);
    for (uint32_t left; (left = atomic_load(&team->pending)) != 0;) futex_wait(&team->pending, left);
    atomic_store(&team->caller_sleeps, 0);
}

/* The caller has the workers. */
static void job_run(orti_team *team, int64_t first, int64_t end, int64_t grain, uint32_t chunk_count, orti_team_fn fn,
                    void *user) {
    team->fn = fn;
    team->user = user;
    team->first = first;
    team->end = end;
    team->grain = grain;
    team->chunk_count = chunk_count;
    team->job++;
    atomic_store_explicit(&team->pending, chunk_count, memory_order_relaxed);
    atomic_store(&team->claim, (uint64_t)team->job << 32 | chunk_count);
    if (atomic_load(&team->sleeper_count)) workers_wake(team, chunk_count - 1);
    chunks_finish(team, chunks_run(team, 0));
    pending_wait(team);
}

static void run_inline(int64_t n, int64_t grain, orti_team_fn fn, void *user) {
    for (int64_t begin = 0; begin < n;) {
        int64_t end = n - begin > grain ? begin + grain : n;
        fn(user, begin, end, 0);
        begin = end;
    }
}

void orti_team_for(orti_team *team, int64_t n, int64_t grain, orti_team_fn fn, void *user) {
    if (n <= 0) return;
    if (grain <= 0) grain = 1;
    bool is_alone = n <= grain || team->thread_count == 1 || is_inside_chunk;
    if (is_alone || atomic_exchange_explicit(&team->is_busy, true, memory_order_acquire)) {
        run_inline(n, grain, fn, user);
        return;
    }
    for (int64_t first = 0; first < n;) {
        int64_t chunks = (n - first - 1) / grain + 1;
        if (chunks > CHUNK_MAX) chunks = CHUNK_MAX;
        int64_t end = chunks < CHUNK_MAX || (n - first) / grain < chunks ? n : first + chunks * grain;
        job_run(team, first, end, grain, (uint32_t)chunks, fn, user);
        first = end;
    }
    atomic_store_explicit(&team->is_busy, false, memory_order_release);
}
