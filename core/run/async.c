/* A run that holds no thread while it waits (docs/adr/0011-runs-that-park.md). On the driver's thread it goes from
 * operation to operation; where a point is pending it asks to be told and is left alone until then. */
#include "run/inner.h"

#include "base/file.h"

static void settled(void *user, const ort_status *status) {
    orti_run *run = user;
    (void)status; /* asked of the point again, where the run goes on */
    orti_worker_push(run->async.driver, &run->async.task);
}

/* False: the run is parked, and from now on it is whoever's that settles the point. */
static bool is_over(orti_run *run, const orti_wait *wait) {
    orti_instance *instance = run->plan->schedule->queues[wait->queue].instance;
    const ortp_point point = orti_run_point(run, wait);
    if (orti_point_state(instance, point, NULL) != ORTP_POINT_PENDING) return true;
    ort_status *status = orti_point_on_settled(instance, point, settled, run);
    if (!status) return false;
    /* No memory to be told: then this thread waits. How the point settled is asked of it again. */
    ort_status_destroy(status);
    ort_status_destroy(orti_point_wait(instance, point, UINT64_MAX));
    return true;
}

static bool are_over(orti_run *run, const orti_wait *waits, uint32_t count) {
    while (run->async.wait < count)
        if (!is_over(run, &waits[run->async.wait++])) return false;
    run->async.wait = 0;
    return true;
}

/* False: parked. */
static bool operations_go(orti_run *run) {
    run_async *async = &run->async;
    const orti_plan *plan = run->plan;
    while (async->operation < plan->operation_count && !async->status) {
        const orti_operation *operation = &plan->operations[async->operation];
        if (!are_over(run, operation->host_waits, operation->host_wait_count)) return false;
        async->status = orti_run_operation(run, async->operation++, &async->request);
    }
    async->phase = async->status ? RUN_PHASE_DRAIN : RUN_PHASE_FINAL;
    return true;
}

static bool final_goes(orti_run *run) {
    run_async *async = &run->async;
    if (!are_over(run, run->plan->final_waits, run->plan->final_wait_count)) return false;
    async->status = orti_run_final(run, &async->request);
    async->phase = RUN_PHASE_DRAIN;
    return true;
}

/* What was submitted uses the run's memory until it has settled. */
static bool drain_goes(orti_run *run) {
    while (run->async.status && run->async.wait < run->plan->schedule->queue_count) {
        uint32_t queue = run->async.wait++;
        const orti_wait last = {queue, run->timelines[queue].submitted};
        if (run->timelines[queue].timeline && last.value && !is_over(run, &last)) return false;
    }
    return true;
}

static bool phases_go(orti_run *run) {
    if (run->async.phase == RUN_PHASE_OPERATIONS && !operations_go(run)) return false;
    if (run->async.phase == RUN_PHASE_FINAL && !final_goes(run)) return false;
    return drain_goes(run);
}

static void async_end(orti_run *run) {
    const run_async *async = &run->async;
    const orti_run_request *request = &async->request;
    if (request->profile)
        orti_profile_add(request->profile, "run", "run", 3, request->track, async->begin_ns, orti_clock_ns());
    ort_status *status = orti_run_end(run, async->status);
    async->done(async->user, status);
}

static void async_go(void *user) {
    orti_run *run = user;
    orti_team *team = run->has_team ? run->lane->team : NULL;
    if (team) orti_team_enter(team);
    bool is_done = phases_go(run);
    /* A run that is parked may be somebody else's already. */
    if (team) orti_team_leave(team);
    if (is_done) async_end(run);
}

static void async_begin(void *user) {
    orti_run *run = user;
    run->async.task.run = async_go;
    run->async.begin_ns = run->async.request.profile ? orti_clock_ns() : 0;
    ort_status *status = orti_run_begin(run, &run->async.request);
    if (status)
        run->async.done(run->async.user, status);
    else
        async_go(run);
}

void orti_run_start(orti_run *run, const orti_run_request *request, orti_worker *driver, orti_run_done_fn done,
                    void *user) {
    run->async = (run_async){.request = *request, .driver = driver, .done = done, .user = user};
    run->async.task = (orti_worker_task){.run = async_begin, .user = run};
    orti_worker_push(driver, &run->async.task);
}
