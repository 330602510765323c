/* on_settled does not call back where the point had settled before. */
#include "wrong.h"

static ort_status *on_settled(ortp_point point, ortp_settled_fn fn, void *user) {
    if (async_point_state(point, NULL) != ORTP_POINT_PENDING) return NULL;
    return async_on_settled(point, fn, user);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.on_settled = on_settled;
}
