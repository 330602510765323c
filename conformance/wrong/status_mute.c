/* A failure has no text. */
#include "wrong.h"

static ort_status *create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    const ortp_host *host = instance->host;
    *out = NULL;
    if (device != 0)
        return host->core->status_create(host->context, ORT_CODE_INVALID_ARGUMENT, (ort_string_view){"", 0});
    return async_queue_table.create(instance, device, flags, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.create = create;
}
