/* point_wait knows no deadline shorter than three seconds. */
#include "wrong.h"

static ort_status *point_wait(ortp_point point, uint64_t timeout_ns) {
    const uint64_t least_ns = UINT64_C(3000000000);
    return async_point_wait(point, timeout_ns < least_ns ? least_ns : timeout_ns);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.point_wait = point_wait;
}
