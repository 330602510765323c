/* point_wait returns success when its time is over. */
#include "wrong.h"

static ort_status *point_wait(ortp_point point, uint64_t timeout_ns) {
    ort_status *status = async_point_wait(point, timeout_ns);
    if (!status || async_point_state(point, NULL) != ORTP_POINT_PENDING) return status;
    point.timeline->instance->host->core->status_destroy(status);
    return NULL;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.point_wait = point_wait;
}
