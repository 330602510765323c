/* providers/cache.h: packed weights kept in a folder, so that the next process need not pack them.
 * Start at: orti_cache_open().  Threads: any; other processes may use the folder at the same time.
 *
 * A file a weight: a header, then from byte CACHE_PAYLOAD_OFFSET_BYTES on the packed bytes, which are mapped. The name
 * is the key: provider, layout, device, type, dims and contents. Hashes guard against damage and chance, not against
 * someone who forges files: who can write to the folder decides what is computed. What can't be read or written is
 * logged and packed as without a cache. */
#ifndef ORT_CORE_PROVIDERS_CACHE_H
#define ORT_CORE_PROVIDERS_CACHE_H

#include "base/file.h"
#include "base/log.h"
#include "ort/plugin/host.h"
#include "providers/manifest.h"

#define CACHE_PAYLOAD_OFFSET_BYTES 4096u
#define CACHE_MIN_BYTES            65536u /* smaller weights are packed faster than a file is opened */

typedef struct orti_cache orti_cache;

typedef struct orti_cache_key {
    uint64_t words[2], size_bytes; /* of the packed form */
} orti_cache_key;

/* errors: NOT_FOUND, IO when `folder` is none or can't be read. One that can't be written to serves for reading. */
ORT_MUST_USE ort_status *orti_cache_open(const orti_allocator *alloc, const char *folder, const orti_log *log,
                                         orti_cache **out);
void orti_cache_close(orti_cache *cache); /* takes NULL */

/* Reads all of the constant's bytes. */
orti_cache_key orti_cache_key_of(const orti_manifest *maker, const ortp_constant *constant, ort_string_view layout,
                                 ort_string_view device, uint64_t size_bytes);
/* The file with the packed form at *out_data, or NULL. */
orti_file *orti_cache_find(const orti_cache *cache, const orti_cache_key *key, const void **out_data);
void orti_cache_keep(const orti_cache *cache, const orti_cache_key *key, const void *data);

#endif
