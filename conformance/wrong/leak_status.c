/* Makes a status and forgets it. */
#include "wrong.h"

static ort_status *create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    ort_status *forgotten = async_fail(instance->host, ORT_CODE_PLUGIN, "nobody will read this");
    (void)forgotten;
    return async_queue_table.create(instance, device, flags, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.create = create;
}
