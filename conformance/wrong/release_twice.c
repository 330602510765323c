/* Gives the same memory back twice. */
#include "wrong.h"

static void timeline_destroy(ortp_timeline *timeline) {
    const ortp_host *host = timeline ? timeline->instance->host : NULL;
    async_timeline_destroy(timeline);
    if (host) async_free(host, timeline);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.timeline_destroy = timeline_destroy;
}
