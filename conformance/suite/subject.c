/* The plugin under judgement: its manifest, found and read without the core. The order of places is the ABI's: named
 * paths, ORT_PLUGIN_PATH, the user's folder, the system's, the folder of libort. */
#include "suite/settings.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_SUFFIX ".ortp.json"

static bool ends_with(const char *text, const char *suffix) {
    size_t length = strlen(text), tail = strlen(suffix);
    return length > tail && strcmp(text + length - tail, suffix) == 0;
}

static const char *text_of(json_t *manifest, const char *key) {
    const char *text = json_string_value(json_object_get(manifest, key));
    return text ? text : "";
}

/* "1.10.0" is above "1.9.3". */
static int compare_versions(const char *a, const char *b) {
    while (*a || *b) {
        char *a_end, *b_end;
        unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);
        if (x != y) return x < y ? -1 : 1;
        if (a_end == a || b_end == b) return strcmp(a, b);
        a = a_end + (*a_end == '.');
        b = b_end + (*b_end == '.');
    }
    return 0;
}

typedef struct search {
    const char *name;
    char *path; /* of the best so far */
    char version[64];
} search;

static void consider(search *state, const char *path) {
    json_t *manifest = json_load_file(path, 0, NULL);
    if (strcmp(text_of(manifest, "name"), state->name) == 0 &&
        (!state->path || compare_versions(text_of(manifest, "version"), state->version) > 0)) {
        char *resolved = realpath(path, NULL);
        if (resolved) {
            free(state->path);
            state->path = resolved;
            snprintf(state->version, sizeof state->version, "%s", text_of(manifest, "version"));
        }
    }
    json_decref(manifest);
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void search_place(search *state, const char *place) {
    if (ends_with(place, MANIFEST_SUFFIX)) {
        consider(state, place);
        return;
    }
    struct dirent **entries = NULL;
    int count = scandir(place, &entries, NULL, compare_names);
    for (int i = 0; i < count; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", place, entries[i]->d_name);
        if (length > 0 && (size_t)length < sizeof path && ends_with(path, MANIFEST_SUFFIX)) consider(state, path);
        free(entries[i]);
    }
    free(entries);
}

static void search_list(search *state, const char *list) {
    char *copy = list ? strdup(list) : NULL, *rest = copy, *place;
    while (copy && (place = strsep(&rest, ":")))
        if (place[0] == '/') search_place(state, place);
    free(copy);
}

static void search_below(search *state, const char *folder, const char *rest) {
    char path[4096];
    int length = folder && folder[0] == '/' ? snprintf(path, sizeof path, "%s/%s", folder, rest) : -1;
    if (length > 0 && (size_t)length < sizeof path) search_place(state, path);
}

static char *own_folder(void) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (!slash) return NULL;
    *slash = 0;
    return strdup(path);
}

static char *search_all(const ortc_settings *settings, const char *name) {
    static const char *const system_folders[] = {"/usr/local/lib/orthrus", "/usr/lib/x86_64-linux-gnu/orthrus",
                                                 "/usr/lib/aarch64-linux-gnu/orthrus", "/usr/lib/orthrus"};
    search state = {.name = name};
    char *own = own_folder();
    for (size_t i = 0; i < settings->paths.count; i++) search_place(&state, settings->paths.items[i]);
    search_list(&state, getenv("ORT_PLUGIN_PATH"));
    search_below(&state, getenv("HOME"), ".local/lib/orthrus");
    for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++) search_place(&state, system_folders[i]);
    search_below(&state, own, "../" ORTC_LIBRARY_FOLDER "/orthrus");
    free(own);
    return state.path;
}

/* "cpu:1" is cpu and 1; a path may hold colons of its own. */
static char *split_device(const char *word, uint32_t *out_device) {
    const char *colon = strrchr(word, ':');
    char *end = NULL;
    *out_device = 0;
    if (!colon || !colon[1] || colon[1] < '0' || colon[1] > '9') return strdup(word);
    unsigned long device = strtoul(colon + 1, &end, 10);
    if (*end || device > UINT32_MAX) return strdup(word);
    *out_device = (uint32_t)device;
    return strndup(word, (size_t)(colon - word));
}

static char *library_path(const char *manifest_path, const char *library) {
    const char *slash = strrchr(manifest_path, '/');
    char path[8192];
    if (!*library) return strdup("");
    int folder_length = slash ? (int)(slash - manifest_path) : 1;
    snprintf(path, sizeof path, "%.*s/%s", folder_length, slash ? manifest_path : ".", library);
    return strdup(path);
}

/* What the subject's texts point into. There is one subject a process. */
static struct {
    json_t *manifest;
    char *path, *library;
} held;

/* False: the file is no JSON object, so that there is nothing to judge. */
static bool describe(ortc_subject *out, char *path) {
    const char *slash = strrchr(path, '/');
    json_error_t error = {.text = "it holds no object"};
    held.path = path;
    held.manifest = json_load_file(path, 0, &error);
    if (!json_is_object(held.manifest)) {
        tool_error(ortc_tool, "%s: is no manifest (NAME" MANIFEST_SUFFIX "): %s", path, error.text);
        return false;
    }
    held.library = library_path(path, text_of(held.manifest, "library"));
    out->manifest_path = path;
    out->name = text_of(held.manifest, "name");
    out->id = text_of(held.manifest, "id");
    out->version = text_of(held.manifest, "version");
    out->library_path = held.library ? held.library : "";
    if (!*out->name) out->name = slash ? slash + 1 : path;
    return true;
}

void ortc_subject_finish(void) {
    json_decref(held.manifest);
    free(held.path);
    free(held.library);
    held.manifest = NULL;
    held.path = held.library = NULL;
}

char *ortc_cases_folder_default(void) {
    char path[4200];
    char *own = own_folder();
    snprintf(path, sizeof path, "%s/../" ORTC_DATA_FOLDER "/orthrus/conformance/cases", own ? own : "");
    free(own);
    return realpath(path, NULL);
}

int ortc_subject_find(const ortc_settings *settings, ortc_subject *out) {
    *out = (ortc_subject){.options = settings->options.items,
                          .option_count = (uint32_t)settings->options.count,
                          .cases_folder = settings->cases_folder,
                          .seed = (uint64_t)settings->seed};
    char *word = split_device(settings->providers.items[0], &out->device);
    bool is_path = word && (strchr(word, '/') || ends_with(word, MANIFEST_SUFFIX));
    char *path = !word ? NULL : is_path ? realpath(word, NULL) : search_all(settings, word);
    if (!path)
        tool_error(ortc_tool,
                   is_path ? "%s: there is no such manifest"
                           : "no manifest names the provider '%s'; give its "
                             "folder with --path or ORT_PLUGIN_PATH, or its manifest",
                   word ? word : "");
    bool is_manifest = path && describe(out, path);
    free(word);
    return is_manifest ? 0 : TOOL_EXIT_USAGE;
}
