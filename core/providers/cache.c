#include "providers/cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CACHE_VERSION 1u /* also tells byte orders apart: the header is written as it lies in memory */
#define SEED_0        UINT64_C(0x9e3779b97f4a7c15)
#define SEED_1        UINT64_C(0xc2b2ae3d27d4eb4f)

struct orti_cache {
    const orti_allocator *alloc;
    const orti_log *log;
    char *folder;
    bool can_write;
};

typedef struct cache_header {
    char magic[8];
    uint64_t version, key[2], size_bytes, checksum[2];
} cache_header;

/* 128 bits of many bytes. Four lanes, because one multiplication waits for the last; each step is a bijection of its
 * lane, so that one changed word always changes the result of its lane. */
static void fingerprint(const void *data, uint64_t size_bytes, uint64_t out[2]) {
    uint64_t lanes[4] = {SEED_0, SEED_1, SEED_0 ^ SEED_1, ~SEED_0};
    const uint8_t *bytes = data;
    uint64_t left = size_bytes;
    for (; left >= sizeof lanes; left -= sizeof lanes, bytes += sizeof lanes) {
        uint64_t words[4];
        memcpy(words, bytes, sizeof words);
        for (int i = 0; i < 4; i++) {
            uint64_t mixed = lanes[i] ^ words[i];
            lanes[i] = (mixed << 29 | mixed >> 35) * SEED_0;
        }
    }
    for (int i = 0; i < 2; i++) {
        out[i] = orti_hash_bytes(lanes, sizeof lanes, size_bytes ^ (i ? SEED_1 : SEED_0));
        out[i] = orti_hash_bytes(bytes, (size_t)left, out[i]);
    }
}

ort_status *orti_cache_open(const orti_allocator *alloc, const char *folder, const orti_log *log, orti_cache **out) {
    orti_cache *cache = NULL;
    bool can_write = false;
    *out = NULL;
    ORT_TRY(orti_folder_check(folder, &can_write));
    ORT_TRY(orti_alloc(alloc, 1, sizeof *cache, &cache));
    *cache = (orti_cache){.alloc = alloc, .log = log, .can_write = can_write};
    ort_status *status = orti_path_join(alloc, folder, "", &cache->folder);
    if (status) {
        orti_cache_close(cache);
        return status;
    }
    if (!can_write)
        orti_log_write(log, ORTI_LOG_WARNING, "providers", "cache.folder '%s' is read-only: nothing is added", folder);
    *out = cache;
    return NULL;
}

void orti_cache_close(orti_cache *cache) {
    if (!cache) return;
    orti_free(cache->alloc, cache->folder);
    orti_free(cache->alloc, cache);
}

static uint64_t text_hash(const char *text, uint64_t seed) {
    return orti_hash_bytes(text, strlen(text), seed);
}

orti_cache_key orti_cache_key_of(const orti_manifest *maker, const ortp_constant *constant, ort_string_view layout,
                                 ort_string_view device, uint64_t size_bytes) {
    orti_cache_key key = {.size_bytes = size_bytes};
    uint64_t content[2];
    fingerprint(constant->data, constant->size_bytes, content);
    const uint64_t facts[] = {content[0], content[1], constant->size_bytes, constant->dtype, size_bytes};
    for (int i = 0; i < 2; i++) {
        uint64_t hash = text_hash(maker->id, i ? SEED_1 : SEED_0);
        hash = text_hash(maker->version, hash);
        hash = text_hash(maker->sha256, hash);
        hash = orti_hash_bytes(layout.data, (size_t)layout.length, hash);
        hash = orti_hash_bytes(device.data, (size_t)device.length, hash);
        hash = orti_hash_bytes(constant->dims, constant->rank * sizeof *constant->dims, hash);
        key.words[i] = orti_hash_bytes(facts, sizeof facts, hash);
    }
    return key;
}

static ort_status *path_of(const orti_cache *cache, const orti_cache_key *key, char **out) {
    char name[48];
    snprintf(name, sizeof name, "%016" PRIx64 "%016" PRIx64 ".packed", key->words[0], key->words[1]);
    return orti_path_join(cache->alloc, cache->folder, name, out);
}

static cache_header header_of(const orti_cache_key *key, const void *data) {
    cache_header header = {.magic = "ORTPACK",
                           .version = CACHE_VERSION,
                           .key = {key->words[0], key->words[1]},
                           .size_bytes = key->size_bytes};
    fingerprint(data, key->size_bytes, header.checksum);
    return header;
}

/* The size comes first: the header and the checksum read that much. */
static ort_status *file_check(const orti_file *file, const orti_cache_key *key) {
    if (file->size_bytes < CACHE_PAYLOAD_OFFSET_BYTES ||
        file->size_bytes - CACHE_PAYLOAD_OFFSET_BYTES != key->size_bytes)
        ORT_FAIL(IO, "'%s' has %" PRIu64 " bytes, not %u and %" PRIu64, file->path, file->size_bytes,
                 CACHE_PAYLOAD_OFFSET_BYTES, key->size_bytes);
    const cache_header wanted = header_of(key, file->data + CACHE_PAYLOAD_OFFSET_BYTES);
    if (memcmp(file->data, &wanted, sizeof wanted) != 0)
        ORT_FAIL(IO, "'%s' has another header or damaged bytes", file->path);
    return NULL;
}

static ort_status *file_open(const orti_cache *cache, const orti_cache_key *key, orti_file **out) {
    char *path = NULL;
    orti_file *file = NULL;
    *out = NULL;
    ORT_TRY(path_of(cache, key, &path));
    ort_status *status = orti_file_open(cache->alloc, path, false, UINT64_MAX, &file);
    orti_free(cache->alloc, path);
    if (!status) status = file_check(file, key);
    if (!status)
        *out = file;
    else
        orti_file_release(file);
    return status;
}

orti_file *orti_cache_find(const orti_cache *cache, const orti_cache_key *key, const void **out_data) {
    orti_file *file = NULL;
    *out_data = NULL;
    ort_status *status = file_open(cache, key, &file);
    if (status && ort_status_code(status) != ORT_CODE_NOT_FOUND)
        orti_log_write(cache->log, ORTI_LOG_WARNING, "providers", "a cached weight is ignored: %s",
                       ort_status_message(status));
    ort_status_destroy(status);
    if (!file) return NULL;
    orti_file_close_descriptor(file); /* a model has hundreds of weights */
    *out_data = file->data + CACHE_PAYLOAD_OFFSET_BYTES;
    return file;
}

static ort_status *file_write(const orti_cache *cache, const orti_cache_key *key, const void *data) {
    uint8_t head[CACHE_PAYLOAD_OFFSET_BYTES] = {0};
    const cache_header header = header_of(key, data);
    char *path = NULL;
    orti_file_writer *writer = NULL;
    memcpy(head, &header, sizeof header);
    ORT_TRY(path_of(cache, key, &path));
    ort_status *status = orti_file_writer_create(cache->alloc, path, &writer);
    orti_free(cache->alloc, path);
    if (status) return status;
    orti_file_writer_add(writer, head, sizeof head);
    orti_file_writer_add(writer, data, (size_t)key->size_bytes);
    status = orti_file_writer_commit(writer);
    orti_file_writer_destroy(writer);
    return status;
}

void orti_cache_keep(const orti_cache *cache, const orti_cache_key *key, const void *data) {
    if (!cache->can_write) return;
    ort_status *status = file_write(cache, key, data);
    if (status)
        orti_log_write(cache->log, ORTI_LOG_WARNING, "providers", "a packed weight is not cached: %s",
                       ort_status_message(status));
    ort_status_destroy(status);
}
