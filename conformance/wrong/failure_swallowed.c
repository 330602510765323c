/* Work behind a failed point runs as if nothing had happened. */
#include "wrong.h"

uint32_t __real_async_point_look(ortp_point point, const ort_status **out_failure);
uint32_t __wrap_async_point_look(ortp_point point, const ort_status **out_failure);

/* Called by queue.c for what a job waits for; timeline.c's own calls are not replaced. */
uint32_t __wrap_async_point_look(ortp_point point, const ort_status **out_failure) {
    uint32_t state = __real_async_point_look(point, out_failure);
    *out_failure = NULL;
    return state == ORTP_POINT_FAILED ? ORTP_POINT_REACHED : state;
}

void ortc_wrong_spoil(void) {}
