/* Level 5: several threads on one instance. What each finds is collected and told by the main thread. */
#include "graphs/fault.h"
#include "graphs/scene.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define THREADS            4u
#define RUNS               40u
#define CANCELLED_ELEMENTS (1 << 18)

typedef struct worker {
    ortc_scene *scene;
    uint32_t number;
    void (*work)(struct worker *self);
    char text[400]; /* what was wrong first; "" */
} worker;

static void *worker_main(void *user) {
    worker *self = user;
    self->work(self);
    return NULL;
}

static void workers_run(ortc_scene *scene, void (*work)(worker *self)) {
    worker workers[THREADS];
    pthread_t threads[THREADS];
    uint32_t count = 0;
    for (; count < THREADS; count++) {
        workers[count] = (worker){.scene = scene, .number = count, .work = work};
        if (pthread_create(&threads[count], NULL, worker_main, &workers[count]) != 0) break;
    }
    for (uint32_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
    if (count < THREADS) ortc_broken(scene->context, "the system gives no thread %u", count);
    for (uint32_t i = 0; i < count; i++)
        if (*workers[i].text) ortc_fail(scene->context, "threads.concurrent", "thread %u: %s", i, workers[i].text);
}

static bool is_right(worker *self, ort_session *session, int64_t count, uint32_t seed) {
    ortc_answer answer = ortc_scene_run(self->scene, session, count, seed, NULL);
    if (answer.outcome != ORTC_RIGHT) snprintf(self->text, sizeof self->text, "%s", answer.text);
    return answer.outcome == ORTC_RIGHT;
}

static void same_session(worker *self) {
    for (uint32_t i = 0; i < RUNS; i++)
        if (!is_right(self, self->scene->session, 3001, self->number * RUNS + i)) return;
}

static void other_shapes(worker *self) {
    for (uint32_t i = 0; i < RUNS; i++)
        if (!is_right(self, self->scene->session, 1 + self->number * 97 + i % 7 * 13, i)) return;
}

static void own_sessions(worker *self) {
    for (uint32_t i = 0; i < RUNS / 4; i++) {
        ort_session *session = NULL;
        ort_status *status = ort_session_create(self->scene->rig.environments[0], self->scene->model,
                                                self->scene->rig.options, &session);
        if (status) {
            snprintf(self->text, sizeof self->text, "session %u: %s", i, ort_status_message(status));
            ort_status_destroy(status);
            return;
        }
        bool is_good = is_right(self, session, 129 + i, i) && is_right(self, session, 5, i);
        ort_session_destroy(session);
        if (!is_good) return;
    }
}

static void with_threads(ortc_context *context, uint32_t lane_threads, void (*work)(worker *self)) {
    ortc_scene scene;
    if (ortc_scene_open(context, 0, lane_threads, &scene)) {
        workers_run(&scene, work);
        ortc_metric(context, "threads=%u runs=%llu", THREADS,
                    (unsigned long long)ortc_watch_count(scene.rig.watch).runs);
    }
    ortc_scene_close(&scene);
}

void ortc_check_one_session(ortc_context *context) {
    with_threads(context, 2, same_session);
}

void ortc_check_many_shapes(ortc_context *context) {
    with_threads(context, 1, other_shapes);
}

void ortc_check_many_sessions(ortc_context *context) {
    with_threads(context, 1, own_sessions);
}

/* ---- runs that are asked for and told of later ---- */

#define BINDINGS 8u

typedef struct flight {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t open;
    char text[300]; /* of the first failure; "" */
} flight;

static void flight_done(void *user, const ort_status *status) {
    flight *self = user;
    pthread_mutex_lock(&self->lock);
    if (status && !*self->text) snprintf(self->text, sizeof self->text, "%s", ort_status_message(status));
    self->open--;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

/* Starts one run; false: it was refused, and is not told of. */
static bool flight_start(flight *self, ort_binding *binding) {
    pthread_mutex_lock(&self->lock);
    self->open++;
    pthread_mutex_unlock(&self->lock);
    ort_status *status = ort_binding_run_async(binding, NULL, flight_done, self);
    if (status) flight_done(self, status);
    bool is_started = status == NULL;
    ort_status_destroy(status);
    return is_started;
}

static void flight_wait(flight *self) {
    pthread_mutex_lock(&self->lock);
    while (self->open) pthread_cond_wait(&self->changed, &self->lock);
    pthread_mutex_unlock(&self->lock);
}

static bool binding_make(const ortc_scene *scene, int64_t count, uint32_t seed, ort_binding **out) {
    ort_tensor *x = NULL;
    ort_status *status = ort_binding_create(scene->session, out);
    if (!status) status = ort_tensor_create(ORT_DTYPE_F32, &count, 1, &x);
    if (!status) {
        ortc_chain_fill(ort_tensor_data(x), count, seed);
        status = ort_binding_set_input(*out, 0, x);
    }
    ort_tensor_release(x);
    return ortc_is_good(scene->context, "threads.concurrent", "a binding", status);
}

static void answer_check(const ortc_scene *scene, ort_binding *binding, int64_t count, uint32_t seed) {
    float x[1024], want[1024];
    const ort_tensor *y = ort_binding_output(binding, 0);
    ortc_chain_fill(x, count, seed);
    ortc_chain_answer(scene->chain, x, want, count);
    if (!y || memcmp(ort_tensor_data_const(y), want, (size_t)count * sizeof *want) != 0)
        ortc_fail(scene->context, "threads.concurrent", "an asynchronous run of %lld elements is wrong",
                  (long long)count);
}

static void flights_run(ortc_scene *scene, flight *self, ort_binding **bindings) {
    bool is_good = true;
    for (uint32_t i = 0; is_good && i < BINDINGS; i++)
        is_good = binding_make(scene, 100 + (int64_t)i * 100, i, &bindings[i]);
    for (uint32_t turn = 0; is_good && turn < RUNS && !*self->text; turn++) {
        for (uint32_t i = 0; is_good && i < BINDINGS; i++) is_good = flight_start(self, bindings[i]);
        flight_wait(self);
    }
    if (*self->text) ortc_fail(scene->context, "threads.concurrent", "an asynchronous run: %s", self->text);
    for (uint32_t i = 0; is_good && i < BINDINGS && !*self->text; i++)
        answer_check(scene, bindings[i], 100 + (int64_t)i * 100, i);
}

void ortc_check_asynchronous(ortc_context *context) {
    ortc_scene scene;
    flight self = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    ort_binding *bindings[BINDINGS] = {NULL};
    if (ortc_scene_open(context, 0, 1, &scene)) flights_run(&scene, &self, bindings);
    for (uint32_t i = 0; i < BINDINGS; i++) ort_binding_destroy(bindings[i]);
    ortc_scene_close(&scene);
}

/* ---- a run that another thread cancels ---- */

typedef struct canceller {
    ort_run *_Atomic run; /* of the present run; NULL between runs */
    atomic_bool is_over;
    pthread_mutex_t lock; /* held while `run` is looked at: it is destroyed behind it */
} canceller;

static void *canceller_main(void *user) {
    canceller *self = user;
    while (!atomic_load(&self->is_over)) {
        pthread_mutex_lock(&self->lock);
        ort_run *run = atomic_load(&self->run);
        if (run) ort_run_cancel(run);
        pthread_mutex_unlock(&self->lock);
        sched_yield();
    }
    return NULL;
}

/* Returns the outcome of one run under the other thread's hand. */
static ortc_answer run_under(canceller *self, ortc_scene *scene, uint32_t seed) {
    ortc_answer answer = {.outcome = ORTC_WRONG, .text = "no run handle"};
    ort_run *run = NULL;
    ort_status *status = ort_run_create(&run);
    if (status) {
        ort_status_destroy(status);
        return answer;
    }
    ort_run_options options = ORT_INIT(ort_run_options);
    options.run = run;
    if (seed % 4 == 0) ort_run_cancel(run); /* for certain; the other thread is only likely to come between */
    atomic_store(&self->run, run);
    answer = ortc_scene_run(scene, scene->session, CANCELLED_ELEMENTS, seed, &options);
    pthread_mutex_lock(&self->lock);
    atomic_store(&self->run, (ort_run *)NULL);
    pthread_mutex_unlock(&self->lock);
    ort_run_destroy(run);
    return answer;
}

void ortc_check_cancel_between(ortc_context *context) {
    ortc_scene scene;
    canceller other = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    uint32_t cancelled = 0;
    if (ortc_scene_open(context, 0, 1, &scene)) {
        if (pthread_create(&thread, NULL, canceller_main, &other) != 0) {
            ortc_broken(context, "the system gives no thread");
        } else {
            for (uint32_t i = 0; i < RUNS && !ortc_has_failed(context); i++) {
                ortc_answer answer = run_under(&other, &scene, i);
                bool is_cancelled = answer.outcome == ORTC_REFUSED && answer.code == ORT_CODE_CANCELLED;
                cancelled += is_cancelled;
                if (answer.outcome != ORTC_RIGHT && !is_cancelled)
                    ortc_fail(context, "fault.cancel", "a run that was cancelled: %s", answer.text);
                ortc_scene_expect(&scene, "fault.cancel", "the run behind it", 301, i);
            }
            atomic_store(&other.is_over, true);
            pthread_join(thread, NULL);
        }
        ortc_metric(context, "runs=%u cancelled=%u", RUNS, cancelled);
    }
    ortc_scene_close(&scene);
}
