/* RTLD_NODELETE and RTLD_NOLOAD are extensions of POSIX. */
#define _GNU_SOURCE
#include "base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

ort_status *orti_library_open(const char *path, void **out) {
    *out = NULL;
    if (path[0] != '/') ORT_FAIL(PLUGIN, "'%s' is not an absolute path", path);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        const char *why = dlerror();
        ORT_FAIL(PLUGIN, "can't load '%s': %s", path, why ? why : "the loader gives no reason");
    }
    *out = library;
    return NULL;
}

orti_library_fn orti_library_find(void *library, const char *symbol) {
    orti_library_fn function = NULL;
    void *address = dlsym(library, symbol);
    /* POSIX makes function and data pointers one size; C gives no conversion between them. */
    memcpy(&function, &address, sizeof function);
    return function;
}

/* Folders of the loader besides its cache; a machine with others names them in LD_LIBRARY_PATH. */
static const char *const library_folders[] = {"/lib/x86_64-linux-gnu",
                                              "/usr/lib/x86_64-linux-gnu",
                                              "/lib/aarch64-linux-gnu",
                                              "/usr/lib/aarch64-linux-gnu",
                                              "/usr/local/lib",
                                              "/lib64",
                                              "/usr/lib64",
                                              "/lib",
                                              "/usr/lib"};

static bool exists_in(const orti_allocator *alloc, const char *folder, const char *name) {
    char *path = NULL;
    ort_status *status = orti_path_join(alloc, folder, name, &path);
    bool exists = !status && orti_path_is_file(path);
    ort_status_destroy(status);
    orti_free(alloc, path);
    return exists;
}

static bool exists_in_list(const orti_allocator *alloc, const char *list, const char *name) {
    for (const char *at = list; at && *at;) {
        size_t length = strcspn(at, ":");
        char folder[PATH_MAX];
        if (length && length < sizeof folder) {
            memcpy(folder, at, length);
            folder[length] = 0;
            if (exists_in(alloc, folder, name)) return true;
        }
        at += length + (at[length] == ':');
    }
    return false;
}

/* The loader's cache holds the names of all libraries that ldconfig has seen, as terminated strings. */
static bool exists_in_cache(const orti_allocator *alloc, const char *name) {
    orti_file *cache = NULL;
    ort_status *status = orti_file_open(alloc, "/etc/ld.so.cache", true, 64u << 20, &cache);
    size_t length = strlen(name);
    bool exists = false;
    for (uint64_t i = 0; !status && !exists && i + length + 1 < cache->size_bytes; i++) {
        const uint8_t *at = memchr(cache->data + i, name[0], cache->size_bytes - i - length - 1);
        if (!at) break;
        i = (uint64_t)(at - cache->data);
        exists = i > 0 && (at[-1] == 0 || at[-1] == '/') && memcmp(at, name, length + 1) == 0;
    }
    ort_status_destroy(status);
    orti_file_release(cache);
    return exists;
}

bool orti_library_exists(const orti_allocator *alloc, const char *soname) {
    if (strchr(soname, '/')) return soname[0] == '/' && orti_path_is_file(soname);
    /* RTLD_NOLOAD only looks at what is in the process already; the handle's count is given back at once. */
    void *loaded = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD);
    if (loaded) {
        dlclose(loaded);
        return true;
    }
    if (exists_in_list(alloc, orti_env("LD_LIBRARY_PATH"), soname)) return true;
    for (size_t i = 0; i < sizeof library_folders / sizeof *library_folders; i++)
        if (exists_in(alloc, library_folders[i], soname)) return true;
    return exists_in_cache(alloc, soname);
}

#if defined(__x86_64__)
/* __builtin_cpu_supports takes literals only; it also asks whether the system saves the registers. */
#define FEATURE(name)                                                                                                  \
    { name, __builtin_cpu_supports(name) != 0 }
bool orti_machine_has(const char *feature, bool *out_is_known) {
    __builtin_cpu_init();
    const struct {
        const char *name;
        bool has;
    } features[] = {FEATURE("sse3"),      FEATURE("ssse3"),    FEATURE("sse4.1"),   FEATURE("sse4.2"),
                    FEATURE("popcnt"),    FEATURE("avx"),      FEATURE("avx2"),     FEATURE("fma"),
                    FEATURE("bmi"),       FEATURE("bmi2"),     FEATURE("avx512f"),  FEATURE("avx512bw"),
                    FEATURE("avx512cd"),  FEATURE("avx512dq"), FEATURE("avx512vl"), FEATURE("avx512vnni"),
                    FEATURE("avx512bf16")};
    *out_is_known = true;
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (strcmp(features[i].name, feature) == 0) return features[i].has;
    /* The names that Linux prints. */
    if (strcmp(feature, "sse2") == 0) return true;
    if (strcmp(feature, "sse4_1") == 0) return orti_machine_has("sse4.1", out_is_known);
    if (strcmp(feature, "sse4_2") == 0) return orti_machine_has("sse4.2", out_is_known);
    *out_is_known = false;
    return false;
}
#else
bool orti_machine_has(const char *feature, bool *out_is_known) {
    (void)feature;
    *out_is_known = false;
    return false;
}
#endif

const char *orti_machine_architecture(void) {
#if defined(__x86_64__)
    return "x86_64";
#elif defined(__aarch64__)
    return "aarch64";
#elif defined(__riscv) && __riscv_xlen == 64
    return "riscv64";
#else
    return "unknown";
#endif
}

bool orti_path_exists(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0;
}

bool orti_path_is_file(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISREG(facts.st_mode);
}

ort_status *orti_path_resolve(const orti_allocator *alloc, const char *path, char **out) {
    char resolved[PATH_MAX];
    char *copy = NULL;
    *out = NULL;
    if (!realpath(path, resolved)) ORT_FAIL(NOT_FOUND, "can't resolve '%s': %s", path, strerror(errno));
    size_t length = strlen(resolved);
    ORT_TRY(orti_alloc(alloc, length + 1, 1, &copy));
    memcpy(copy, resolved, length);
    *out = copy;
    return NULL;
}
