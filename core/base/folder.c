/* dladdr1 and struct link_map are glibc's own. */
#define _GNU_SOURCE
#include "base/file.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct name_list {
    orti_arena arena;
    const char **names;
    size_t count, capacity;
} name_list;

static ort_status *names_read(const orti_allocator *alloc, DIR *stream, const char *folder, name_list *list) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry && errno) ORT_FAIL(IO, "can't list the folder '%s': %s", folder, strerror(errno));
        if (!entry) return NULL;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        ORT_TRY(orti_grow(alloc, &list->names, &list->capacity, list->count + 1, sizeof *list->names));
        ORT_TRY(orti_arena_string(&list->arena, entry->d_name, strlen(entry->d_name), &list->names[list->count]));
        list->count++;
    }
}

static int names_compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

ort_status *orti_folder_list(const orti_allocator *alloc, const char *folder,
                             ort_status *(*visit)(void *user, const char *name), void *user) {
    DIR *stream = opendir(folder);
    if (!stream && errno == ENOENT) return NULL;
    if (!stream) ORT_FAIL(IO, "can't list the folder '%s': %s", folder, strerror(errno));
    name_list list = {0};
    orti_arena_init(&list.arena, alloc);
    ort_status *status = names_read(alloc, stream, folder, &list);
    closedir(stream);
    if (!status && list.count) qsort(list.names, list.count, sizeof *list.names, names_compare);
    for (size_t i = 0; !status && i < list.count; i++) status = visit(user, list.names[i]);
    orti_free(alloc, list.names);
    orti_arena_finish(&list.arena);
    return status;
}

ort_status *orti_folder_check(const char *folder, bool *out_can_write) {
    struct stat info;
    *out_can_write = false;
    const bool failed = stat(folder, &info) != 0;
    if (failed && (errno == ENOENT || errno == ENOTDIR)) ORT_FAIL(NOT_FOUND, "folder '%s' does not exist", folder);
    if (failed) ORT_FAIL(IO, "can't examine the folder '%s': %s", folder, strerror(errno));
    if (!S_ISDIR(info.st_mode)) ORT_FAIL(IO, "'%s' is not a folder", folder);
    if (access(folder, R_OK | X_OK) != 0) ORT_FAIL(IO, "can't read the folder '%s': %s", folder, strerror(errno));
    *out_can_write = access(folder, W_OK) == 0;
    return NULL;
}

ort_status *orti_folder_of_address(const orti_allocator *alloc, const void *address, char **out) {
    Dl_info info;
    struct link_map *object = NULL;
    char resolved[PATH_MAX];
    *out = NULL;
    if (!dladdr1(address, &info, (void **)&object, RTLD_DL_LINKMAP) || !object)
        ORT_FAIL(NOT_FOUND, "no program or shared object holds the address %p", address);
    /* The program itself has no name there, and argv[0] is not to be trusted. */
    const char *name = object->l_name[0] ? object->l_name : "/proc/self/exe";
    if (!realpath(name, resolved)) ORT_FAIL(IO, "can't resolve '%s': %s", name, strerror(errno));
    return orti_path_folder(alloc, resolved, out);
}

ort_status *orti_path_join(const orti_allocator *alloc, const char *folder, const char *name, char **out) {
    size_t folder_length = strlen(folder), name_length = strlen(name);
    bool needs_slash = folder_length && folder[folder_length - 1] != '/';
    char *path = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, folder_length + needs_slash + name_length + 1, 1, &path));
    memcpy(path, folder, folder_length);
    if (needs_slash) path[folder_length] = '/';
    memcpy(path + folder_length + needs_slash, name, name_length);
    *out = path;
    return NULL;
}

ort_status *orti_path_folder(const orti_allocator *alloc, const char *path, char **out) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    const char *folder = slash ? path : ".";
    char *copy = NULL;
    *out = NULL;
    if (length == 0) length = 1; /* "/" of "/name", or "." */
    ORT_TRY(orti_alloc(alloc, length + 1, 1, &copy));
    memcpy(copy, folder, length);
    *out = copy;
    return NULL;
}
