/* Where manifests are looked for, in what order, and which of two with one id wins. */
#include "base/file.h"
#include "base/library.h"
#include "providers/internal.h"

#include <string.h>

static const char *const system_folders[] = {"/usr/local/lib/orthrus", "/usr/lib/x86_64-linux-gnu/orthrus",
                                             "/usr/lib/aarch64-linux-gnu/orthrus", "/usr/lib/orthrus"};

static bool has_suffix(const char *text, const char *suffix) {
    size_t length = strlen(text), suffix_length = strlen(suffix);
    return length > suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

static bool is_listed(const orti_providers *providers, const char *path) {
    for (size_t i = 0; i < providers->count; i++)
        if (strcmp(providers->items[i]->path, path) == 0) return true;
    return false;
}

/* What of a manifest can be judged without its library's code, step by step; the first failure is its refusal. */
static void manifest_judge(orti_provider *provider, const char *text, size_t length) {
    orti_manifest *manifest = &provider->manifest;
    orti_arena *arena = &provider->arena;
    char *folder = NULL;
    if (!orti_provider_refuse(provider, "manifest",
                              orti_manifest_parse(arena, text, length, provider->is_static, manifest)))
        return;
    if (!provider->is_static) {
        ort_status *status = orti_path_folder(arena->alloc, provider->path, &folder);
        if (!status) status = orti_manifest_locate(arena, folder, manifest);
        orti_free(arena->alloc, folder);
        if (!orti_provider_refuse(provider, "manifest", status)) return;
    }
    orti_provider_refuse(provider, "needs", orti_manifest_check_needs(arena->alloc, manifest));
}

/* Only a lack of memory fails. */
static ort_status *manifest_add(orti_providers *providers, const char *path) {
    orti_provider *provider = NULL;
    orti_file *file = NULL;
    if (is_listed(providers, path)) return NULL;
    ORT_TRY(orti_provider_create(providers, path, &provider));
    /* Copied: a manifest that is written to while it is read must not be a signal. */
    if (!orti_provider_refuse(provider, "manifest",
                              orti_file_open(providers->alloc, path, true, ORTI_MANIFEST_MAX_BYTES, &file)))
        return NULL;
    manifest_judge(provider, file->data ? (const char *)file->data : "", (size_t)file->size_bytes);
    orti_file_release(file);
    return NULL;
}

ort_status *orti_find_add_static(orti_providers *providers, const char *manifest_json, ortp_entry_fn entry) {
    orti_provider *provider = NULL;
    ORT_TRY(orti_provider_create(providers, "<static>", &provider));
    provider->is_static = true;
    provider->entry = entry;
    manifest_judge(provider, manifest_json, strlen(manifest_json));
    return NULL;
}

typedef struct folder_visit {
    orti_providers *providers;
    const char *folder;
} folder_visit;

static ort_status *folder_entry(void *user, const char *name) {
    const folder_visit *visit = user;
    char *path = NULL;
    if (!has_suffix(name, ORTI_MANIFEST_SUFFIX)) return NULL;
    ORT_TRY(orti_path_join(visit->providers->alloc, visit->folder, name, &path));
    ort_status *status = manifest_add(visit->providers, path);
    orti_free(visit->providers->alloc, path);
    return status;
}

/* A place that can't be read becomes a record when somebody asked for it. */
static ort_status *place_refuse(orti_providers *providers, const char *path, ort_status *why) {
    orti_provider *provider = NULL;
    ort_status *status = orti_provider_create(providers, path, &provider);
    if (status) return orti_status_join(status, why);
    orti_provider_refuse(provider, "manifest", why);
    return NULL;
}

/* A folder or one manifest. `is_asked`: somebody named it, so that its absence is worth a record. */
static ort_status *place_search(orti_providers *providers, const char *path, bool is_asked) {
    char *resolved = NULL;
    ort_status *status = orti_path_resolve(providers->alloc, path, &resolved);
    if (status && ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY) return status;
    if (status && is_asked) return place_refuse(providers, path, status);
    if (status) {
        ort_status_destroy(status);
        return NULL;
    }
    if (orti_path_is_file(resolved)) {
        status = manifest_add(providers, resolved);
    } else {
        folder_visit visit = {providers, resolved};
        status = orti_folder_list(providers->alloc, resolved, folder_entry, &visit);
        if (status && ort_status_code(status) == ORT_CODE_IO) {
            status = is_asked ? place_refuse(providers, resolved, status) : (ort_status_destroy(status), NULL);
        }
    }
    orti_free(providers->alloc, resolved);
    return status;
}

static ort_status *list_search(orti_providers *providers, const char *list) {
    for (const char *at = list; at && *at;) {
        size_t length = strcspn(at, ":");
        orti_text path;
        orti_text_init(&path, providers->alloc);
        orti_text_add_bytes(&path, at, length);
        ort_status *status = orti_text_status(&path);
        /* Never the working directory: a relative place would be one of it. */
        if (!status && length && at[0] != '/')
            orti_log_write(providers->log, ORTI_LOG_WARNING, "providers",
                           "ORT_PLUGIN_PATH: '%s' is not absolute, ignored", path.data);
        else if (!status && length)
            status = place_search(providers, path.data, true);
        orti_text_finish(&path);
        ORT_TRY(status);
        at += length + (at[length] == ':');
    }
    return NULL;
}

static ort_status *relative_search(orti_providers *providers, const char *folder, const char *name) {
    char *path = NULL;
    if (!folder || folder[0] != '/') return NULL;
    ORT_TRY(orti_path_join(providers->alloc, folder, name, &path));
    ort_status *status = place_search(providers, path, false);
    orti_free(providers->alloc, path);
    return status;
}

/* Its address says where this library lies: any function of it does. */
static ort_status *own_folder(orti_providers *providers, char **out) {
    ort_status *(*self)(orti_providers *, const orti_providers_options *) = orti_find_all;
    const void *address;
    memcpy(&address, &self, sizeof address);
    return orti_folder_of_address(providers->alloc, address, out);
}

static ort_status *own_search(orti_providers *providers, bool skip_defaults) {
    char *folder = NULL;
    ort_status *status = own_folder(providers, &folder);
    if (status) { /* a static program in a chroot without /proc: not found is not wrong */
        ort_status_destroy(status);
        return NULL;
    }
    if (!skip_defaults) status = relative_search(providers, folder, "orthrus");
    if (!status && !skip_defaults) status = relative_search(providers, folder, "../lib/orthrus");
    if (!status && !providers->probe_program)
        status = orti_path_join(providers->alloc, folder, "../libexec/orthrus/ort-probe", &providers->probe_program);
    orti_free(providers->alloc, folder);
    return status;
}

ort_status *orti_find_all(orti_providers *providers, const orti_providers_options *options) {
    for (uint32_t i = 0; i < options->api_path_count; i++)
        ORT_TRY(place_search(providers, options->api_paths[i], true));
    ORT_TRY(list_search(providers, options->environment_path));
    if (!options->skip_defaults) {
        ORT_TRY(relative_search(providers, orti_env("HOME"), ".local/lib/orthrus"));
        for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++)
            ORT_TRY(place_search(providers, system_folders[i], false));
    }
    return own_search(providers, options->skip_defaults);
}

static ort_status *shadow(orti_provider *loser, const orti_provider *winner) {
    orti_text text;
    orti_text_init(&text, loser->owner->alloc);
    orti_text_add(&text, "version %s of '%s' at %s wins", winner->manifest.version, winner->manifest.id, winner->path);
    ort_status *status = orti_text_status(&text);
    if (!status) status = orti_arena_string(&loser->arena, text.data, text.length, &loser->reason);
    orti_text_finish(&text);
    if (status) return status;
    loser->state = ORTI_PROVIDER_SHADOWED;
    loser->stage = "find";
    return NULL;
}

/* The highest version wins, the first found among equal ones; what was refused does not compete. */
ort_status *orti_find_shadow(orti_providers *providers) {
    for (size_t i = 0; i < providers->count; i++) {
        for (size_t j = 0; j < i; j++) {
            orti_provider *later = providers->items[i], *earlier = providers->items[j];
            if (later->state != ORTI_PROVIDER_USABLE || earlier->state != ORTI_PROVIDER_USABLE) continue;
            if (strcmp(later->manifest.id, earlier->manifest.id) != 0) continue;
            bool wins = orti_manifest_compare_versions(later->manifest.version, earlier->manifest.version) > 0;
            ORT_TRY(wins ? shadow(earlier, later) : shadow(later, earlier));
        }
    }
    return NULL;
}
