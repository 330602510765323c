/* providers/manifest.h: NAME.ortp.json, read and checked without running any of the plugin's code.
 * Start at: orti_manifest_parse().  Fields: plugin-api/README.md. */
#ifndef ORT_CORE_PROVIDERS_MANIFEST_H
#define ORT_CORE_PROVIDERS_MANIFEST_H

#include "base/text.h"

#define ORTI_MANIFEST_SUFFIX    ".ortp.json"
#define ORTI_MANIFEST_MAX_BYTES (256u * 1024u)

/* Strings live in the arena that parse was given; "" or NULL lists where left out. */
typedef struct orti_manifest {
    const char *id, *name, *version, *vendor;
    uint32_t abi_major, abi_min_minor, abi_built_minor;
    const char *library; /* as written; after orti_manifest_locate the absolute path */
    const char *architecture;
    const char **cpu_features, **device_nodes, **sonames;
    uint32_t cpu_feature_count, device_node_count, soname_count;
    const char *sha256; /* 64 hex digits, lower case, or "" */
    int32_t priority;
    bool needs_isolation; /* "isolation": "required" */
} orti_manifest;

/* Fields that could be read are set also when it fails, so that a refusal can name the provider. `is_static`: library
 * and architecture may be left out. errors: PLUGIN with the line; LIMIT_EXCEEDED when too long. */
ORT_MUST_USE ort_status *orti_manifest_parse(orti_arena *arena, const char *text, size_t length, bool is_static,
                                             orti_manifest *out);
/* Makes `library` absolute: a regular file, links resolved, inside `folder`. */
ORT_MUST_USE ort_status *orti_manifest_locate(orti_arena *arena, const char *folder, orti_manifest *manifest);
/* Does it fit this machine and this host: ABI range, architecture, CPU features, device nodes, sonames, isolation? */
ORT_MUST_USE ort_status *orti_manifest_check_needs(const orti_allocator *alloc, const orti_manifest *manifest);
/* Compares the library's SHA-256 with the manifest's, where it gives one. */
ORT_MUST_USE ort_status *orti_manifest_check_digest(const orti_allocator *alloc, const orti_manifest *manifest);
/* < 0, 0, > 0: dotted numbers compared as numbers; "1.0-beta" is before "1.0". */
int orti_manifest_compare_versions(const char *a, const char *b);

#endif
