/* Counters, times and profiles of a session. */
#include "session/inner.h"

#include <inttypes.h>

#define PROFILE_SPAN_COUNT_MAX 1000000u

static uint64_t run_count(ort_session *session) {
    uint64_t count = atomic_load(&session->metrics.run_count);
    orti_lock_take(&session->lock);
    for (const ort_binding *at = session->bindings; at; at = at->next) count += atomic_load(&at->run_count);
    orti_lock_give(&session->lock);
    return count;
}

static uint32_t idle_count(ort_session *session) {
    orti_lock_take(&session->lock);
    uint32_t count = session->pool_count;
    orti_lock_give(&session->lock);
    return count;
}

ort_status *ort_session_metrics_json(const ort_session *session, char **out) {
    if (!session || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_session_metrics_json: an argument is NULL");
    ort_session *self = (ort_session *)(uintptr_t)session; /* its lock is taken */
    const session_composition *composition = &session->composition;
    const session_metrics *metrics = &session->metrics;
    uint64_t constant_bytes = 0;
    uint32_t plan_count = 0;
    orti_text text;
    *out = NULL;
    for (uint32_t s = 0; s < composition->segment_count; s++) {
        const orti_partitioning *parts = composition->segments[s]->partitioning;
        plan_count += orti_schedule_plan_count(composition->segments[s]->schedule);
        for (uint32_t i = 0; i < parts->part_count; i++) constant_bytes += parts->parts[i].constant_bytes;
    }
    orti_text_init(&text, session->alloc);
    orti_text_add(&text, "{\"schema\":1,\"runs\":%" PRIu64 ",\"failures\":%" PRIu64, run_count(self),
                  atomic_load(&metrics->failure_count));
    orti_text_add(&text, ",\"plans_made\":%" PRIu64 ",\"runs_made\":%" PRIu64 ",\"run_memory_bytes\":%" PRIu64,
                  atomic_load(&metrics->runs.plan_made_count), atomic_load(&metrics->runs.run_made_count),
                  atomic_load(&metrics->runs.memory_bytes));
    orti_text_add(&text, ",\"plans_kept\":%u,\"runs_idle\":%u", plan_count, idle_count(self));
    orti_text_add(&text, ",\"constant_bytes\":%" PRIu64 ",\"partitions\":%u", constant_bytes, composition->part_count);
    orti_text_add(&text, ",\"precision\":\"%s\"", orti_options_text(session->options, "precision", "model"));
    orti_text_add(&text,
                  ",\"create_ns\":%" PRIu64 ",\"phases\":{\"passes_ns\":%" PRIu64
                  ",\"partition_and_compile_ns\":%" PRIu64 "},\"passes\":",
                  metrics->create_ns, metrics->passes_ns, metrics->compose_ns);
    ort_status *status = orti_passes_record_json(&metrics->passes, &text);
    orti_text_add(&text, "}");
    if (!status) status = orti_text_take(&text, out);
    orti_text_finish(&text);
    return status;
}

ort_status *ort_session_profile_start(ort_session *session) {
    ort_status *status = NULL;
    if (!session) ORT_FAIL(INVALID_ARGUMENT, "ort_session_profile_start: session is NULL");
    orti_lock_take(&session->lock);
    if (atomic_load(&session->profile)) {
        status = ORT_STATUS(BUSY, "the session is being profiled already");
    } else if (session->profile_owned) {
        /* A run that began before the last stop may still write to it: it is emptied, never destroyed. */
        orti_profile_clear(session->profile_owned);
    } else {
        status = orti_profile_create(session->alloc, PROFILE_SPAN_COUNT_MAX, &session->profile_owned);
    }
    if (!status) atomic_store_explicit(&session->profile, session->profile_owned, memory_order_release);
    orti_lock_give(&session->lock);
    return status;
}

ort_status *ort_session_profile_stop(ort_session *session, char **out) {
    if (!session || !out) ORT_FAIL(INVALID_ARGUMENT, "ort_session_profile_stop: an argument is NULL");
    *out = NULL;
    orti_profile *profile = atomic_exchange(&session->profile, NULL);
    if (!profile) ORT_FAIL(INVALID_ARGUMENT, "the session is not being profiled");
    orti_text text;
    orti_text_init(&text, session->alloc);
    ort_status *status = orti_profile_json(profile, &text);
    if (!status) status = orti_text_take(&text, out);
    orti_text_finish(&text);
    return status;
}
