/* Does not take NULL where an object is destroyed. */
#include "wrong.h"

static void timeline_destroy(ortp_timeline *timeline) {
    *(volatile uint64_t *)&timeline->settled = timeline->settled;
    async_timeline_destroy(timeline);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.timeline_destroy = timeline_destroy;
}
