/* The host's signal settles the values below the one given. */
#include "wrong.h"

static ort_status *host_signal(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    return async_host_signal(timeline, value ? value - 1 : 0, failure);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.host_signal = host_signal;
}
