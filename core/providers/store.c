#include "providers/store.h"

#include <string.h>

typedef struct store_constant {
    struct store_constant *next;
    orti_tensor *tensor; /* held: with it the file or the memory */
    uint64_t count;      /* views that show it, and plugins that keep it */
} store_constant;

typedef enum weight_state { WEIGHT_PACKING, WEIGHT_READY, WEIGHT_FAILED } weight_state;

/* A key and the packed bytes. `owner` is the provider: two of them may use one word for different layouts. */
struct ortp_packed {
    struct ortp_packed *next;
    const orti_manifest *owner;
    uint64_t identity[2], hash, size_bytes, ref_count;
    char *layout, *device;
    void *data;      /* NULL when they are the file's */
    orti_file *file; /* of the cache, or NULL */
    const void *bytes;
    weight_state state;
};

ort_status *orti_store_init(orti_store *store, const orti_allocator *alloc) {
    *store = (orti_store){.alloc = alloc};
    orti_lock_init(&store->lock);
    orti_condition_init(&store->packed_one);
    orti_slabs_init(&store->slabs, alloc);
    ORT_TRY(orti_alloc(alloc, STORE_BUCKET_COUNT, sizeof(void *), &store->constants));
    return orti_alloc(alloc, STORE_BUCKET_COUNT, sizeof(void *), &store->weights);
}

static void weight_free(orti_store *store, ortp_packed *packed) {
    if (!packed) return;
    orti_free(store->alloc, packed->layout);
    orti_free(store->alloc, packed->device);
    orti_slabs_release(&store->slabs, packed->data);
    orti_file_release(packed->file);
    orti_free(store->alloc, packed);
}

void orti_store_finish(orti_store *store) {
    if (!store->alloc) return;
    for (uint32_t i = 0; i < STORE_BUCKET_COUNT; i++) {
        /* What a plugin forgot to give back ends here, with the plugin already shut down. */
        for (store_constant *at = store->constants ? store->constants[i] : NULL, *next; at; at = next) {
            next = at->next;
            orti_tensor_release(at->tensor);
            orti_free(store->alloc, at);
        }
        for (ortp_packed *at = store->weights ? store->weights[i] : NULL, *next; at; at = next) {
            next = at->next;
            weight_free(store, at);
        }
    }
    orti_free(store->alloc, store->constants);
    orti_free(store->alloc, store->weights);
    orti_slabs_finish(&store->slabs);
    orti_cache_close(store->cache);
    orti_condition_finish(&store->packed_one);
    orti_lock_finish(&store->lock);
    *store = (orti_store){0};
}

/* ---- constants ---- */

static store_constant **constant_slot(orti_store *store, const void *data, uint64_t size_bytes) {
    uintptr_t address = (uintptr_t)data;
    uint64_t hash = orti_hash_bytes(&address, sizeof address, size_bytes);
    store_constant **slot = &store->constants[hash % STORE_BUCKET_COUNT];
    while (*slot && ((*slot)->tensor->data != data || (*slot)->tensor->size_bytes != size_bytes)) slot = &(*slot)->next;
    return slot;
}

ort_status *orti_store_put_constant(orti_store *store, orti_tensor *tensor) {
    if (!tensor->data) return NULL; /* without bytes there is nothing to keep */
    ort_status *status = NULL;
    orti_lock_take(&store->lock);
    store_constant **slot = constant_slot(store, tensor->data, tensor->size_bytes), *entry = *slot;
    if (!entry) status = orti_alloc(store->alloc, 1, sizeof *entry, &entry);
    if (!status && !*slot) {
        *slot = entry;
        entry->tensor = orti_tensor_retain(tensor);
    }
    if (!status) entry->count++;
    orti_lock_give(&store->lock);
    return status;
}

void orti_store_release(orti_store *store, uint64_t size_bytes, const void *data) {
    orti_tensor *released = NULL;
    if (!data) return;
    orti_lock_take(&store->lock);
    store_constant **slot = constant_slot(store, data, size_bytes), *entry = *slot;
    if (entry && --entry->count == 0) {
        *slot = entry->next;
        released = entry->tensor;
        orti_free(store->alloc, entry);
    }
    orti_lock_give(&store->lock);
    /* Outside the lock: it may call the application's release. */
    orti_tensor_release(released);
}

void orti_store_take_back_constant(orti_store *store, const orti_tensor *tensor) {
    orti_store_release(store, tensor->size_bytes, tensor->data);
}

ort_status *orti_store_retain(orti_store *store, const ortp_constant *constant, const void **out_data) {
    ort_status *status = NULL;
    *out_data = NULL;
    if (constant->size_bytes == 0) return NULL;
    orti_lock_take(&store->lock);
    store_constant *entry = constant->data ? *constant_slot(store, constant->data, constant->size_bytes) : NULL;
    if (entry) {
        entry->count++;
        *out_data = entry->tensor->data;
    } else {
        status = ORT_STATUS(PLUGIN, "retains a constant of %llu bytes that no view shows",
                            (unsigned long long)constant->size_bytes);
    }
    orti_lock_give(&store->lock);
    return status;
}

void orti_store_identity(const orti_tensor *tensor, uint64_t out_identity[2]) {
    const orti_file *file = tensor->file;
    out_identity[0] = out_identity[1] = 0;
    if (!file || file->fd < 0 || !file->inode) return;
    const uint64_t facts[] = {file->device,
                              file->inode,
                              file->size_bytes,
                              file->mtime_ns,
                              (uint64_t)((const uint8_t *)tensor->data - file->data),
                              tensor->size_bytes};
    out_identity[0] = orti_hash_bytes(facts, sizeof facts, UINT64_C(0x9e3779b97f4a7c15));
    out_identity[1] = orti_hash_bytes(facts, sizeof facts, UINT64_C(0xc2b2ae3d27d4eb4f)) | 1;
}

/* ---- packed weights ---- */

static bool text_equals(const char *text, ort_string_view view) {
    return strlen(text) == view.length && memcmp(text, view.data, view.length) == 0;
}

static uint64_t weight_hash(const void *owner, const uint64_t identity[2], ort_string_view layout,
                            ort_string_view device) {
    uint64_t hash = orti_hash_bytes(identity, 2 * sizeof *identity, (uint64_t)(uintptr_t)owner);
    hash = orti_hash_bytes(layout.data, (size_t)layout.length, hash);
    return orti_hash_bytes(device.data, (size_t)device.length, hash);
}

static ortp_packed *weight_find(orti_store *store, const ortp_packed *wanted, ort_string_view layout,
                                ort_string_view device) {
    for (ortp_packed *at = store->weights[wanted->hash % STORE_BUCKET_COUNT]; at; at = at->next)
        if (at->hash == wanted->hash && at->owner == wanted->owner && at->size_bytes == wanted->size_bytes &&
            memcmp(at->identity, wanted->identity, sizeof at->identity) == 0 && at->state != WEIGHT_FAILED &&
            text_equals(at->layout, layout) && text_equals(at->device, device))
            return at;
    return NULL;
}

static ort_status *text_copy(const orti_allocator *alloc, ort_string_view view, char **out) {
    ORT_TRY(orti_alloc(alloc, (size_t)view.length + 1, 1, out));
    if (view.length) memcpy(*out, view.data, (size_t)view.length);
    return NULL;
}

static ort_status *weight_create(orti_store *store, const ortp_packed *key, ort_string_view layout,
                                 ort_string_view device, ortp_packed **out) {
    ortp_packed *packed = NULL;
    ort_status *status = orti_alloc(store->alloc, 1, sizeof *packed, &packed);
    if (status) return status;
    *packed = *key;
    packed->ref_count = 1;
    status = text_copy(store->alloc, layout, &packed->layout);
    if (!status) status = text_copy(store->alloc, device, &packed->device);
    if (status) {
        weight_free(store, packed);
        return status;
    }
    *out = packed;
    return NULL;
}

/* Called with the lock held. */
static void weight_unlink(orti_store *store, const ortp_packed *packed) {
    ortp_packed **slot = &store->weights[packed->hash % STORE_BUCKET_COUNT];
    while (*slot && *slot != packed) slot = &(*slot)->next;
    if (*slot) *slot = packed->next;
}

void orti_store_weight_release(orti_store *store, ortp_packed *packed) {
    if (!packed) return;
    orti_lock_take(&store->lock);
    bool is_last = --packed->ref_count == 0;
    if (is_last) weight_unlink(store, packed);
    orti_lock_give(&store->lock);
    if (is_last) weight_free(store, packed);
}

/* Waits for another's pack of the same key. True when it is ready; on failure the caller packs itself. */
static bool weight_await(orti_store *store, ortp_packed *packed) {
    while (packed->state == WEIGHT_PACKING) orti_condition_wait(&store->packed_one, &store->lock);
    return packed->state == WEIGHT_READY;
}

/* Packed weights stand for the constant from now on. */
static void constant_drop(orti_store *store, const ortp_constant *constant) {
    if (!constant->data) return;
    orti_lock_take(&store->lock);
    const store_constant *entry = *constant_slot(store, constant->data, constant->size_bytes);
    if (entry) orti_tensor_drop_pages(entry->tensor);
    orti_lock_give(&store->lock);
}

/* False where there is no cache for it, or no view shows the constant, whose bytes can't be trusted to be there. */
static bool cache_key_get(orti_store *store, const ortp_packed *packed, const ortp_constant *constant,
                          orti_cache_key *out) {
    const void *data = NULL;
    if (!store->cache || packed->size_bytes < CACHE_MIN_BYTES) return false;
    ort_status *status = orti_store_retain(store, constant, &data);
    if (data)
        *out = orti_cache_key_of(packed->owner, constant, (ort_string_view){packed->layout, strlen(packed->layout)},
                                 (ort_string_view){packed->device, strlen(packed->device)}, packed->size_bytes);
    orti_store_release(store, constant->size_bytes, data);
    ort_status_destroy(status);
    return data != NULL;
}

static ort_status *weight_fill(orti_store *store, ortp_packed *packed, const ortp_constant *constant, ortp_pack_fn pack,
                               void *user) {
    orti_cache_key key;
    const bool is_cached = cache_key_get(store, packed, constant, &key);
    if (is_cached) packed->file = orti_cache_find(store->cache, &key, &packed->bytes);
    if (packed->file) return NULL;
    ORT_TRY(orti_slabs_alloc(&store->slabs, (size_t)packed->size_bytes, &packed->data));
    packed->bytes = packed->data;
    /* Gaps that pack leaves would carry what lay in memory into the file. */
    if (is_cached) memset(packed->data, 0, (size_t)packed->size_bytes);
    ORT_TRY(pack(user, packed->data, packed->size_bytes));
    if (is_cached) orti_cache_keep(store->cache, &key, packed->bytes);
    return NULL;
}

static ort_status *weight_pack(orti_store *store, ortp_packed *packed, const ortp_constant *constant, ortp_pack_fn pack,
                               void *user) {
    ort_status *status = weight_fill(store, packed, constant, pack, user);
    orti_lock_take(&store->lock);
    packed->state = status ? WEIGHT_FAILED : WEIGHT_READY;
    orti_condition_wake_all(&store->packed_one);
    orti_lock_give(&store->lock);
    if (status) orti_store_weight_release(store, packed);
    return status;
}

ort_status *orti_store_weight(orti_store *store, const orti_manifest *owner, const ortp_constant *constant,
                              ort_string_view layout, ort_string_view device, uint64_t size_bytes, ortp_pack_fn pack,
                              void *user, ortp_packed **out, const void **out_data) {
    ortp_packed key = {.owner = owner, .size_bytes = size_bytes};
    ortp_packed *packed = NULL;
    memcpy(key.identity, constant->identity, sizeof key.identity);
    bool is_shared = key.identity[0] || key.identity[1], is_found = false;
    key.hash = weight_hash(owner, key.identity, layout, device);
    *out = NULL;
    *out_data = NULL;
    orti_lock_take(&store->lock);
    while (is_shared && !is_found && (packed = weight_find(store, &key, layout, device)) != NULL) {
        packed->ref_count++;
        is_found = weight_await(store, packed);
        bool is_last = !is_found && --packed->ref_count == 0;
        if (is_last) weight_unlink(store, packed);
        if (is_last) weight_free(store, packed);
    }
    ort_status *status = is_found ? NULL : weight_create(store, &key, layout, device, &packed);
    if (!is_found && !status && is_shared) {
        packed->next = store->weights[key.hash % STORE_BUCKET_COUNT];
        store->weights[key.hash % STORE_BUCKET_COUNT] = packed;
    }
    orti_lock_give(&store->lock);
    if (!is_found && !status) status = weight_pack(store, packed, constant, pack, user);
    if (status) return status;
    if (!is_found) constant_drop(store, constant);
    *out = packed;
    *out_data = packed->bytes;
    return NULL;
}
