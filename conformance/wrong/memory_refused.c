/* Crashes when the host has no memory left. */
#include "wrong.h"

void *__real_async_alloc(const ortp_host *host, uint64_t size_bytes);
void *__wrap_async_alloc(const ortp_host *host, uint64_t size_bytes);

void *__wrap_async_alloc(const ortp_host *host, uint64_t size_bytes) {
    volatile unsigned char *memory = __real_async_alloc(host, size_bytes);
    memory[0] = 0;
    return (void *)(uintptr_t)memory;
}

void ortc_wrong_spoil(void) {}
