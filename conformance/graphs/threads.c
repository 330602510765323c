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
