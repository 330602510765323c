/* A failed point is reached once it has been asked for its failure. */
#include "wrong.h"

static uint32_t state(ortp_point point, ort_status **out_failure) {
    uint32_t found = async_point_state(point, out_failure);
    if (found == ORTP_POINT_FAILED && out_failure && point.timeline) {
        pthread_mutex_lock(&point.timeline->instance->lock);
        for (async_failure *at = point.timeline->failures; at; at = at->next) at->first = at->last + 1;
        pthread_mutex_unlock(&point.timeline->instance->lock);
    }
    return found;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.point_state = state;
}
