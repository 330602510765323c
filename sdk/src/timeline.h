/* sdk/src/timeline.h: timelines of the border (ort/plugin/queue.h), for every queue of the kit. */
#ifndef ORTK_SRC_TIMELINE_H
#define ORTK_SRC_TIMELINE_H

#include "kit.h"

ort_status *ortk_timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out);
void ortk_timeline_destroy(ortp_timeline *timeline);
uint32_t ortk_point_state(ortp_point point, ort_status **out_failure);
ort_status *ortk_point_wait(ortp_point point, uint64_t timeout_ns);
ort_status *ortk_on_settled(ortp_point point, ortp_settled_fn fn, void *user);
ort_status *ortk_host_signal(ortp_timeline *timeline, uint64_t value, ort_status *failure);
ort_status *ortk_timeline_export(ortp_timeline *timeline, uint32_t kind, uint64_t *out_handle);
ort_status *ortk_timeline_import(ortp_instance *instance, uint32_t kind, uint64_t handle, ortp_timeline **out);

#endif
