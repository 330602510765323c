/* Does not look at how long the arguments are that it was given. */
#include "wrong.h"

ort_status *__real_async_buffer_range(const ortp_host *host, const char *what, const ortp_buffer *buffer,
                                      uint64_t offset_bytes, uint64_t size_bytes, unsigned char **out);
ort_status *__wrap_async_buffer_range(const ortp_host *host, const char *what, const ortp_buffer *buffer,
                                      uint64_t offset_bytes, uint64_t size_bytes, unsigned char **out);

ort_status *__wrap_async_buffer_range(const ortp_host *host, const char *what, const ortp_buffer *buffer,
                                      uint64_t offset_bytes, uint64_t size_bytes, unsigned char **out) {
    (void)host, (void)what, (void)size_bytes;
    *out = buffer->bytes + offset_bytes;
    return NULL;
}

void ortc_wrong_spoil(void) {}
