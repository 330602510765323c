/* Writes to a timeline that was given back. */
#include "wrong.h"

static void timeline_destroy(ortp_timeline *timeline) {
    async_timeline_destroy(timeline);
    if (timeline) *(volatile uint64_t *)&timeline->settled = 77;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.timeline_destroy = timeline_destroy;
}
