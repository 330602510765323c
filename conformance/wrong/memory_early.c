/* Memory is used again before the point that its release was given has settled. */
#include "wrong.h"

static ortp_buffer *kept;

static ort_status *alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                         uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    *out = kept;
    if (kept && kept->instance == instance && kept->size_bytes >= size_bytes) {
        kept = NULL;
        return NULL;
    }
    return async_memory_table.alloc(instance, device, space, size_bytes, align_bytes, after, out);
}

static void release(ortp_instance *instance, ortp_buffer *buffer, ortp_point after) {
    if (buffer && after.timeline && !kept)
        kept = buffer;
    else
        async_memory_table.release(instance, buffer, after);
}

static void close(ortp_instance *instance) {
    if (instance && kept) async_memory_table.release(instance, kept, (ortp_point){NULL, 0});
    kept = NULL;
    async_plugin_table.close(instance);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.memory.alloc = alloc;
    ortc_wrong.memory.release = release;
    ortc_wrong.plugin.close = close;
}
