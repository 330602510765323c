/* The queue table is shorter than the first version's. */
#include "wrong.h"

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.size = ORTP_QUEUE_TABLE_SIZE_0_0 / 2;
}
