/* A required slot is NULL. */
#include "wrong.h"

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.on_settled = NULL;
}
