/* Counts bytes that were given back as live. */
#include "wrong.h"

static ort_status *stats(ortp_instance *instance, uint32_t device, uint32_t space, ortp_memory_stats *out) {
    ort_status *status = async_memory_table.stats(instance, device, space, out);
    if (!status) out->live_bytes = out->peak_bytes;
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.memory.stats = stats;
}
