/* Writes behind the end of memory that it got from the host. */
#include "wrong.h"

static ort_status *timeline_create(ortp_instance *instance, uint64_t initial_value, ortp_timeline **out) {
    ort_status *status = async_timeline_create(instance, initial_value, out);
    if (!status) *(volatile unsigned char *)(*out + 1) = 0x5a;
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.timeline_create = timeline_create;
}
