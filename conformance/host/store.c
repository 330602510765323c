/* Constants that are kept, weights that are packed. */
#include "host/inner.h"

#include <stdlib.h>
#include <string.h>

struct retained {
    void *copy; /* out of reach once the last user released it */
    struct retained *next;
};

/* The host gives each retained constant as a copy of its own: what outlives its release is found. */
static ort_status *constant_retain(ortp_host_context *context, const ortp_constant *constant, const void **out_data) {
    *out_data = NULL;
    if (!constant || !constant->data)
        return ortc_status_create(context, ORT_CODE_INVALID_ARGUMENT, "constant_retain without a constant in memory");
    retained *r = NULL;
    if (!ortc_host_must_fail(context)) r = calloc(1, sizeof *r);
    if (r) r->copy = ortc_block_create(context, ORTC_USE_LENT, constant->size_bytes, 64);
    if (!r || !r->copy) {
        free(r);
        return ortc_status_create(context, ORT_CODE_OUT_OF_MEMORY, "no memory for a constant of %llu bytes",
                                  (unsigned long long)constant->size_bytes);
    }
    if (constant->size_bytes) memcpy(r->copy, constant->data, constant->size_bytes);
    pthread_mutex_lock(&context->lock);
    r->next = context->retained;
    context->retained = r;
    pthread_mutex_unlock(&context->lock);
    atomic_fetch_add(&context->retained_count, 1);
    *out_data = r->copy;
    return NULL;
}

static void constant_release(ortp_host_context *context, const ortp_constant *constant, const void *data) {
    (void)constant;
    pthread_mutex_lock(&context->lock);
    retained **at = &context->retained;
    while (*at && (*at)->copy != data) at = &(*at)->next;
    retained *found = *at;
    if (found) *at = found->next;
    pthread_mutex_unlock(&context->lock);
    if (!found) {
        ortc_fault_note("lifetime.heap", "constant_release was given what is not retained");
        return;
    }
    atomic_fetch_sub(&context->retained_count, 1);
    ortc_block_destroy(found->copy);
    free(found);
}

static bool is_same(const ortp_packed *packed, const ortp_constant *constant, ort_string_view layout,
                    ort_string_view device) {
    return (constant->identity[0] || constant->identity[1]) && packed->identity[0] == constant->identity[0] &&
           packed->identity[1] == constant->identity[1] && strlen(packed->layout) == layout.length &&
           memcmp(packed->layout, layout.data, layout.length) == 0 && strlen(packed->device) == device.length &&
           memcmp(packed->device, device.data, device.length) == 0;
}

static void text_keep(char *out, uint64_t capacity, ort_string_view text) {
    uint64_t length = text.length < capacity ? text.length : capacity - 1;
    if (length) memcpy(out, text.data, length);
    out[length] = 0;
}

static ortp_packed *packed_find(ortc_host *host, const ortp_constant *constant, ort_string_view layout,
                                ort_string_view device) {
    pthread_mutex_lock(&host->lock);
    ortp_packed *found = host->packed;
    while (found && !is_same(found, constant, layout, device)) found = found->next;
    if (found) found->users++;
    pthread_mutex_unlock(&host->lock);
    return found;
}

static ort_status *packed_make(ortc_host *host, const ortp_constant *constant, uint64_t size_bytes, ortp_pack_fn pack,
                               void *user, ortp_packed **out) {
    ortp_packed *packed = ortc_host_must_fail(host) ? NULL : calloc(1, sizeof *packed);
    if (packed) packed->data = ortc_block_create(host, ORTC_USE_LENT, size_bytes, 64);
    if (!packed || !packed->data) {
        free(packed);
        return ortc_status_create(host, ORT_CODE_OUT_OF_MEMORY, "no memory for a weight of %llu bytes",
                                  (unsigned long long)size_bytes);
    }
    atomic_fetch_add(&host->packings, 1);
    ort_status *status = pack(user, packed->data, size_bytes);
    if (status) {
        ortc_block_destroy(packed->data);
        free(packed);
        return status;
    }
    packed->host = host;
    packed->users = 1;
    packed->size_bytes = size_bytes;
    memcpy(packed->identity, constant->identity, sizeof packed->identity);
    *out = packed;
    return NULL;
}

static ort_status *weight(ortp_host_context *context, const ortp_constant *constant, ort_string_view layout,
                          ort_string_view device, uint64_t size_bytes, ortp_pack_fn pack, void *user, ortp_packed **out,
                          const void **out_data) {
    *out = NULL;
    *out_data = NULL;
    if (!constant || !pack || layout.length == 0)
        return ortc_status_create(context, ORT_CODE_INVALID_ARGUMENT,
                                  "weight without a constant, a layout or a packer");
    ortp_packed *packed = packed_find(context, constant, layout, device);
    if (!packed) {
        ort_status *status = packed_make(context, constant, size_bytes, pack, user, &packed);
        if (status) return status;
        text_keep(packed->layout, sizeof packed->layout, layout);
        text_keep(packed->device, sizeof packed->device, device);
        pthread_mutex_lock(&context->lock);
        packed->next = context->packed;
        context->packed = packed;
        pthread_mutex_unlock(&context->lock);
    }
    if (packed->size_bytes != size_bytes)
        ortc_fault_note("host.calls", "the weight '%s' has %llu bytes and is asked for with %llu", packed->layout,
                        (unsigned long long)packed->size_bytes, (unsigned long long)size_bytes);
    atomic_fetch_add(&context->packed_count, 1);
    *out = packed;
    *out_data = packed->data;
    return NULL;
}

static void weight_release(ortp_host_context *context, ortp_packed *packed) {
    if (!packed) return;
    pthread_mutex_lock(&context->lock);
    ortp_packed **at = &context->packed;
    while (*at && *at != packed) at = &(*at)->next;
    ortp_packed *found = *at;
    bool is_last = found && --found->users == 0;
    if (is_last) *at = found->next;
    pthread_mutex_unlock(&context->lock);
    if (!found) {
        ortc_fault_note("lifetime.heap", "weight_release was given what is not held");
        return;
    }
    atomic_fetch_sub(&context->packed_count, 1);
    if (!is_last) return;
    ortc_block_destroy(found->data);
    free(found);
}

static ort_status *cache_get(ortp_host_context *context, ort_string_view key, const void **out_data,
                             uint64_t *out_size_bytes) {
    (void)key;
    *out_data = NULL;
    *out_size_bytes = 0;
    return ortc_status_create(context, ORT_CODE_UNSUPPORTED, "this host has no cache");
}

static ort_status *cache_put(ortp_host_context *context, ort_string_view key, const void *data, uint64_t size_bytes) {
    (void)key, (void)data, (void)size_bytes;
    return ortc_status_create(context, ORT_CODE_UNSUPPORTED, "this host has no cache");
}

void ortc_store_finish(ortc_host *host) {
    while (host->retained) {
        retained *next = host->retained->next;
        ortc_block_destroy(host->retained->copy);
        free(host->retained);
        host->retained = next;
    }
    while (host->packed) {
        ortp_packed *next = host->packed->next;
        ortc_block_destroy(host->packed->data);
        free(host->packed);
        host->packed = next;
    }
}

const ortp_host_store ortc_store_table = {.size = sizeof(ortp_host_store),
                                          .constant_retain = constant_retain,
                                          .constant_release = constant_release,
                                          .weight = weight,
                                          .weight_release = weight_release,
                                          .cache_get = cache_get,
                                          .cache_put = cache_put};
