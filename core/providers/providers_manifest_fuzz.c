/* Any bytes as a manifest: a refusal or a record, never a crash, a leak or a hang. */
#include "providers/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orti_arena arena;
    orti_manifest manifest;
    orti_arena_init(&arena, orti_allocator_default());
    ort_status *status = orti_manifest_parse(&arena, (const char *)data, size, false, &manifest);
    if (!status) status = orti_manifest_check_needs(arena.alloc, &manifest);
    ort_status_destroy(status);
    orti_arena_finish(&arena);
    return 0;
}
