#include "providers/manifest.h"

#include "base/file.h"
#include "base/library.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_TEXT_LENGTH 64u
#define LIBRARY_MAX_BYTES  (UINT64_C(4) << 30)
#define LIST_COUNT_MAX     256u
#define STRING_MAX_BYTES   4096u

typedef struct reader {
    orti_arena *arena;
    const char *text;
    size_t length;
} reader;

/* The line of the first `"key"` that a colon follows: jansson remembers no places once it has parsed. 0: not there. */
static uint32_t line_of(const reader *in, const char *key) {
    size_t key_length = strlen(key);
    uint32_t line = 1;
    for (size_t i = 0; i + key_length + 2 < in->length; i++) {
        if (in->text[i] == '\n') line++;
        if (in->text[i] != '"' || memcmp(in->text + i + 1, key, key_length) != 0 || in->text[i + 1 + key_length] != '"')
            continue;
        size_t after = i + key_length + 2;
        while (after < in->length && isspace((unsigned char)in->text[after])) after++;
        if (after < in->length && in->text[after] == ':') return line;
    }
    return 0;
}

static ort_status *wrong(const reader *in, const char *key, const char *what) {
    uint32_t line = line_of(in, key);
    if (!line) ORT_FAIL(PLUGIN, "line 1: '%s' %s", key, what);
    ORT_FAIL(PLUGIN, "line %u: '%s' %s", line, key, what);
}

/* `out` keeps its value when an optional key is absent. */
static ort_status *read_text(const reader *in, const json_t *object, const char *key, bool is_required,
                             const char **out) {
    const json_t *value = json_object_get(object, key);
    if (!value && is_required) return wrong(in, key, "is missing");
    if (!value) return NULL;
    if (!json_is_string(value)) return wrong(in, key, "is not a string");
    size_t length = json_string_length(value);
    if (is_required && length == 0) return wrong(in, key, "is empty");
    if (length > STRING_MAX_BYTES) return wrong(in, key, "is longer than 4096 bytes");
    return orti_arena_string(in->arena, json_string_value(value), length, out);
}

static ort_status *read_int(const reader *in, const json_t *object, const char *key, bool is_required, int64_t minimum,
                            int64_t maximum, int64_t *out) {
    const json_t *value = json_object_get(object, key);
    if (!value && is_required) return wrong(in, key, "is missing");
    if (!value) return NULL;
    if (!json_is_integer(value)) return wrong(in, key, "is not an integer");
    int64_t number = json_integer_value(value);
    if (number < minimum || number > maximum) return wrong(in, key, "is out of range");
    *out = number;
    return NULL;
}

static ort_status *read_texts(const reader *in, const json_t *object, const char *key, const char ***out,
                              uint32_t *out_count) {
    const json_t *list = json_object_get(object, key);
    if (!list) return NULL;
    if (!json_is_array(list)) return wrong(in, key, "is not a list");
    size_t count = json_array_size(list);
    if (count > LIST_COUNT_MAX) return wrong(in, key, "has more than 256 entries");
    const char **texts = NULL;
    ORT_TRY(orti_arena_alloc(in->arena, count, sizeof *texts, &texts));
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_string(item) || json_string_length(item) == 0) return wrong(in, key, "holds what is no string");
        ORT_TRY(orti_arena_string(in->arena, json_string_value(item), json_string_length(item), &texts[i]));
    }
    *out = texts;
    *out_count = (uint32_t)count;
    return NULL;
}

/* Checks that a key, where it is there, holds an object, so that the reader may look inside. */
static ort_status *read_object(const reader *in, const json_t *root, const char *key, bool is_required,
                               const json_t **out) {
    const json_t *value = json_object_get(root, key);
    if (!value && is_required) return wrong(in, key, "is missing");
    if (value && !json_is_object(value)) return wrong(in, key, "is not an object");
    *out = value;
    return NULL;
}

static ort_status *read_abi(const reader *in, const json_t *root, orti_manifest *out) {
    const json_t *abi = NULL;
    int64_t major = 0, min_minor = 0, built_minor = 0;
    ORT_TRY(read_object(in, root, "abi", true, &abi));
    ORT_TRY(read_int(in, abi, "major", true, 0, INT32_MAX, &major));
    ORT_TRY(read_int(in, abi, "min_minor", true, 0, INT32_MAX, &min_minor));
    ORT_TRY(read_int(in, abi, "built_minor", true, 0, INT32_MAX, &built_minor));
    if (built_minor < min_minor) return wrong(in, "built_minor", "is below min_minor");
    out->abi_major = (uint32_t)major;
    out->abi_min_minor = (uint32_t)min_minor;
    out->abi_built_minor = (uint32_t)built_minor;
    return NULL;
}

/* A name is what people type: letters, digits, '-' and '_'; an id adds dots. */
static bool is_word(const char *text, bool allows_dots) {
    for (const char *at = text; *at; at++)
        if (!isalnum((unsigned char)*at) && *at != '-' && *at != '_' && !(allows_dots && *at == '.')) return false;
    return strlen(text) <= 128;
}

static ort_status *read_names(const reader *in, const json_t *root, orti_manifest *out) {
    ORT_TRY(read_text(in, root, "name", true, &out->name));
    ORT_TRY(read_text(in, root, "id", true, &out->id));
    ORT_TRY(read_text(in, root, "version", true, &out->version));
    ORT_TRY(read_text(in, root, "vendor", false, &out->vendor));
    if (!is_word(out->name, false)) return wrong(in, "name", "is no word of letters, digits, '-' and '_'");
    if (!is_word(out->id, true) || !strchr(out->id, '.')) return wrong(in, "id", "is no reverse domain name");
    return NULL;
}

static ort_status *read_digest(const reader *in, const json_t *root, orti_manifest *out) {
    char lower[DIGEST_TEXT_LENGTH + 1] = {0};
    ORT_TRY(read_text(in, root, "sha256", false, &out->sha256));
    if (!*out->sha256) return NULL;
    if (strlen(out->sha256) != DIGEST_TEXT_LENGTH) return wrong(in, "sha256", "is no 64 hexadecimal digits");
    for (size_t i = 0; i < DIGEST_TEXT_LENGTH; i++) {
        if (!isxdigit((unsigned char)out->sha256[i])) return wrong(in, "sha256", "is no 64 hexadecimal digits");
        lower[i] = (char)tolower((unsigned char)out->sha256[i]);
    }
    return orti_arena_string(in->arena, lower, DIGEST_TEXT_LENGTH, &out->sha256);
}

static ort_status *read_rest(const reader *in, const json_t *root, bool is_static, orti_manifest *out) {
    const json_t *needs = NULL, *ignored = NULL;
    const char *isolation = "";
    int64_t priority = 0;
    ORT_TRY(read_text(in, root, "library", !is_static, &out->library));
    ORT_TRY(read_text(in, root, "architecture", !is_static, &out->architecture));
    ORT_TRY(read_object(in, root, "needs", false, &needs));
    ORT_TRY(read_texts(in, needs, "cpu_features", &out->cpu_features, &out->cpu_feature_count));
    ORT_TRY(read_texts(in, needs, "device_nodes", &out->device_nodes, &out->device_node_count));
    ORT_TRY(read_texts(in, needs, "sonames", &out->sonames, &out->soname_count));
    ORT_TRY(read_object(in, root, "provides", false, &ignored));
    ORT_TRY(read_object(in, root, "conformance", false, &ignored));
    if (json_object_get(root, "options") && !json_is_array(json_object_get(root, "options")))
        return wrong(in, "options", "is not a list");
    ORT_TRY(read_int(in, root, "priority", false, -1000, 1000, &priority));
    out->priority = (int32_t)priority;
    ORT_TRY(read_text(in, root, "isolation", false, &isolation));
    if (*isolation && strcmp(isolation, "none") != 0 && strcmp(isolation, "wished") != 0 &&
        strcmp(isolation, "required") != 0)
        return wrong(in, "isolation", "is none of \"none\", \"wished\" and \"required\"");
    out->needs_isolation = strcmp(isolation, "required") == 0;
    return read_digest(in, root, out);
}

ort_status *orti_manifest_parse(orti_arena *arena, const char *text, size_t length, bool is_static,
                                orti_manifest *out) {
    reader in = {arena, text, length};
    json_error_t error;
    *out = (orti_manifest){
        .id = "", .name = "", .version = "", .vendor = "", .library = "", .architecture = "", .sha256 = ""};
    if (length > ORTI_MANIFEST_MAX_BYTES)
        ORT_FAIL(LIMIT_EXCEEDED, "has %zu bytes; a manifest may have %u", length, ORTI_MANIFEST_MAX_BYTES);
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!root) ORT_FAIL(PLUGIN, "line %d: %s", error.line, error.text);
    ort_status *status = NULL;
    if (!json_is_object(root)) status = ORT_STATUS(PLUGIN, "line 1: is not a JSON object");
    if (!status) status = read_names(&in, root, out);
    if (!status) status = read_abi(&in, root, out);
    if (!status) status = read_rest(&in, root, is_static, out);
    json_decref(root);
    return status;
}

/* "a/../b", "..", "/x": what could name a file elsewhere before links are even looked at. */
static bool leaves_folder(const char *path) {
    if (path[0] == '/') return true;
    for (const char *at = path; at; at = strchr(at, '/')) {
        if (*at == '/') at++;
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == 0)) return true;
    }
    return false;
}

ort_status *orti_manifest_locate(orti_arena *arena, const char *folder, orti_manifest *manifest) {
    char *root = NULL, *joined = NULL, *resolved = NULL;
    ort_status *status = NULL;
    if (leaves_folder(manifest->library))
        ORT_FAIL(PLUGIN, "library '%s' leaves the manifest's folder", manifest->library);
    ORT_TRY_TO(done, status, orti_path_resolve(arena->alloc, folder, &root));
    ORT_TRY_TO(done, status, orti_path_join(arena->alloc, root, manifest->library, &joined));
    status = orti_path_resolve(arena->alloc, joined, &resolved);
    if (status) {
        ort_status_destroy(status);
        status = ORT_STATUS(NOT_FOUND, "library '%s' is not there", manifest->library);
        goto done;
    }
    size_t length = strlen(root);
    if (strncmp(resolved, root, length) != 0 || (resolved[length] != '/' && strcmp(root, "/") != 0)) {
        status = ORT_STATUS(PLUGIN, "library '%s' leaves the manifest's folder", manifest->library);
        goto done;
    }
    if (!orti_path_is_file(resolved)) {
        status = ORT_STATUS(PLUGIN, "library '%s' is no regular file", manifest->library);
        goto done;
    }
    status = orti_arena_string(arena, resolved, strlen(resolved), &manifest->library);
done:
    orti_free(arena->alloc, root);
    orti_free(arena->alloc, joined);
    orti_free(arena->alloc, resolved);
    return status;
}

static ort_status *check_cpu(const orti_manifest *manifest) {
    if (*manifest->architecture && strcmp(manifest->architecture, orti_machine_architecture()) != 0)
        ORT_FAIL(UNSUPPORTED, "is for %s; this machine is %s", manifest->architecture, orti_machine_architecture());
    for (uint32_t i = 0; i < manifest->cpu_feature_count; i++) {
        bool is_known = false;
        if (orti_machine_has(manifest->cpu_features[i], &is_known)) continue;
        if (!is_known)
            ORT_FAIL(UNSUPPORTED, "needs the CPU feature '%s', which is not known", manifest->cpu_features[i]);
        ORT_FAIL(UNSUPPORTED, "needs the CPU feature '%s'", manifest->cpu_features[i]);
    }
    return NULL;
}

ort_status *orti_manifest_check_needs(const orti_allocator *alloc, const orti_manifest *manifest) {
    if (manifest->abi_major != ORTP_ABI_MAJOR)
        ORT_FAIL(UNSUPPORTED, "speaks ABI %u; this library speaks %u.%u", manifest->abi_major, ORTP_ABI_MAJOR,
                 ORTP_ABI_MINOR);
    if (manifest->abi_min_minor > ORTP_ABI_MINOR)
        ORT_FAIL(UNSUPPORTED, "needs ABI %u.%u or later; this library speaks %u.%u", manifest->abi_major,
                 manifest->abi_min_minor, ORTP_ABI_MAJOR, ORTP_ABI_MINOR);
    ORT_TRY(check_cpu(manifest));
    for (uint32_t i = 0; i < manifest->device_node_count; i++)
        if (!orti_path_exists(manifest->device_nodes[i]))
            ORT_FAIL(NOT_FOUND, "needs the device node '%s', which is not there", manifest->device_nodes[i]);
    for (uint32_t i = 0; i < manifest->soname_count; i++)
        if (!orti_library_exists(alloc, manifest->sonames[i]))
            ORT_FAIL(NOT_FOUND, "needs the library '%s', which is not installed", manifest->sonames[i]);
    if (manifest->needs_isolation)
        ORT_FAIL(UNSUPPORTED, "must run in a worker process, which this version does not offer");
    return NULL;
}

ort_status *orti_manifest_check_digest(const orti_allocator *alloc, const orti_manifest *manifest) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1] = {0};
    unsigned int length = 0;
    orti_file *file = NULL;
    if (!*manifest->sha256 || !*manifest->library) return NULL;
    ORT_TRY(orti_file_open(alloc, manifest->library, false, LIBRARY_MAX_BYTES, &file));
    int is_good = EVP_Digest(file->data, (size_t)file->size_bytes, digest, &length, EVP_sha256(), NULL);
    orti_file_release(file);
    if (!is_good) ORT_FAIL(BUG, "can't compute the SHA-256 of '%s'", manifest->library);
    for (unsigned int i = 0; i < length; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
    if (strcmp(text, manifest->sha256) != 0)
        ORT_FAIL(PLUGIN, "'%s' has the SHA-256 %s; the manifest says %s", manifest->library, text, manifest->sha256);
    return NULL;
}

int orti_manifest_compare_versions(const char *a, const char *b) {
    while (*a || *b) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            char *a_end = NULL, *b_end = NULL;
            unsigned long long a_number = strtoull(a, &a_end, 10), b_number = strtoull(b, &b_end, 10);
            if (a_number != b_number) return a_number < b_number ? -1 : 1;
            a = a_end;
            b = b_end;
        } else if (*a == *b) {
            a++;
            b++;
        } else {
            /* What follows a '-' comes before the version without it; a further number comes after. */
            if (*a == '-' || *b == '-') return *a == '-' ? -1 : 1;
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        }
    }
    return 0;
}
