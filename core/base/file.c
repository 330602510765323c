#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static ort_status *status_from_errno(int error, const char *what, const char *path) {
    if (error == ENOENT || error == ENOTDIR) return ORT_STATUS(NOT_FOUND, "file '%s' does not exist", path);
    return ORT_STATUS(IO, "can't %s '%s': %s", what, path, strerror(error));
}

static ort_status *file_create(const orti_allocator *alloc, const char *path, orti_file **out) {
    orti_file *file = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *file, &file));
    file->alloc = alloc;
    file->fd = -1;
    atomic_init(&file->ref_count, 1);
    ort_status *status = orti_alloc(alloc, strlen(path) + 1, 1, &file->path);
    if (status) {
        orti_free(alloc, file);
        return status;
    }
    memcpy(file->path, path, strlen(path));
    *out = file;
    return NULL;
}

static ort_status *file_identify(orti_file *file, uint64_t limit_bytes) {
    struct stat info;
    if (fstat(file->fd, &info) != 0) return status_from_errno(errno, "examine", file->path);
    if (!S_ISREG(info.st_mode)) ORT_FAIL(IO, "'%s' is not a regular file", file->path);
    file->size_bytes = (uint64_t)info.st_size;
    file->device = (uint64_t)info.st_dev;
    file->inode = (uint64_t)info.st_ino;
    file->mtime_ns = (uint64_t)info.st_mtim.tv_sec * UINT64_C(1000000000) + (uint64_t)info.st_mtim.tv_nsec;
    if (file->size_bytes > limit_bytes)
        ORT_FAIL(LIMIT_EXCEEDED, "file '%s' has %llu bytes, the limit is %llu", file->path,
                 (unsigned long long)file->size_bytes, (unsigned long long)limit_bytes);
    if (file->size_bytes > SIZE_MAX) ORT_FAIL(LIMIT_EXCEEDED, "file '%s' does not fit the address space", file->path);
    return NULL;
}

static ort_status *file_read(orti_file *file) {
    uint8_t *data = NULL;
    ORT_TRY(orti_alloc_aligned(file->alloc, (size_t)file->size_bytes, &data));
    file->data = data;
    for (uint64_t done = 0; done < file->size_bytes;) {
        ssize_t got = pread(file->fd, data + done, (size_t)(file->size_bytes - done), (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return status_from_errno(errno, "read", file->path);
        if (got == 0) ORT_FAIL(IO, "file '%s' became shorter while it was read", file->path);
        done += (uint64_t)got;
    }
    return NULL;
}

static ort_status *file_map(orti_file *file) {
    void *data = mmap(NULL, (size_t)file->size_bytes, PROT_READ, MAP_PRIVATE, file->fd, 0);
    if (data == MAP_FAILED) return status_from_errno(errno, "map", file->path);
    file->data = data;
    file->is_mapped = true;
    return NULL;
}

static ort_status *file_open(const orti_allocator *alloc, const char *path, const char *shown_path, int flags,
                             bool wants_copy, uint64_t limit_bytes, orti_file **out) {
    ort_status *status = NULL;
    orti_file *file = NULL;
    *out = NULL;
    ORT_TRY(file_create(alloc, shown_path, &file));
    do { /* O_NONBLOCK: a pipe with that name must not hang us; it means nothing for regular files */
        file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
    } while (file->fd < 0 && errno == EINTR);
    if (file->fd < 0) ORT_TRY_TO(done, status, status_from_errno(errno, "open", shown_path));
    ORT_TRY_TO(done, status, file_identify(file, limit_bytes));
    if (file->size_bytes) ORT_TRY_TO(done, status, wants_copy ? file_read(file) : file_map(file));
    *out = orti_file_retain(file);
done:
    orti_file_release(file);
    return status;
}

ort_status *orti_file_open(const orti_allocator *alloc, const char *path, bool wants_copy, uint64_t limit_bytes,
                           orti_file **out) {
    return file_open(alloc, path, path, 0, wants_copy, limit_bytes, out);
}

static ort_status *path_resolve(const orti_allocator *alloc, const char *path, char **out) {
    char *resolved = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, PATH_MAX, 1, &resolved));
    if (!realpath(path, resolved)) {
        int error = errno;
        orti_free(alloc, resolved);
        return status_from_errno(error, "resolve", path);
    }
    *out = resolved;
    return NULL;
}

static bool path_is_inside(const char *folder, const char *path) {
    size_t length = strlen(folder);
    if (length && folder[length - 1] == '/') length--; /* the root */
    return strncmp(path, folder, length) == 0 && path[length] == '/' && path[length + 1];
}

ort_status *orti_file_open_inside(const orti_allocator *alloc, const char *folder, const char *relative,
                                  bool wants_copy, uint64_t limit_bytes, orti_file **out) {
    ort_status *status = NULL;
    char *root = NULL, *joined = NULL, *path = NULL;
    *out = NULL;
    if (!relative[0] || relative[0] == '/')
        ORT_FAIL(INVALID_MODEL, "path '%s' must be relative to the folder '%s'", relative, folder);
    ORT_TRY_TO(done, status, path_resolve(alloc, folder[0] ? folder : ".", &root));
    ORT_TRY_TO(done, status, orti_path_join(alloc, folder, relative, &joined));
    ORT_TRY_TO(done, status, path_resolve(alloc, joined, &path));
    if (!path_is_inside(root, path))
        ORT_TRY_TO(done, status, ORT_STATUS(INVALID_MODEL, "path '%s' leads out of the folder '%s'", relative, folder));
    /* Resolved already: a link that appears here now was put there in between. */
    ORT_TRY_TO(done, status, file_open(alloc, path, joined, O_NOFOLLOW, wants_copy, limit_bytes, out));
done:
    orti_free(alloc, path);
    orti_free(alloc, joined);
    orti_free(alloc, root);
    return status;
}

ort_status *orti_file_from_bytes(const orti_allocator *alloc, const void *data, uint64_t size_bytes, bool wants_copy,
                                 orti_file **out) {
    static _Atomic uint64_t next_inode = 1;
    orti_file *file = NULL;
    *out = NULL;
    ORT_TRY(file_create(alloc, "<memory>", &file));
    file->size_bytes = size_bytes;
    file->device = UINT64_MAX; /* no file system's number, so that no file has this identity */
    file->inode = atomic_fetch_add(&next_inode, 1);
    file->owns_data = wants_copy;
    file->data = size_bytes ? data : NULL;
    if (wants_copy && size_bytes) {
        uint8_t *copy = NULL;
        ort_status *status = orti_alloc_aligned(alloc, (size_t)size_bytes, &copy);
        if (status) {
            file->data = NULL;
            orti_file_release(file);
            return status;
        }
        memcpy(copy, data, (size_t)size_bytes);
        file->data = copy;
    }
    *out = file;
    return NULL;
}

orti_file *orti_file_retain(orti_file *file) {
    atomic_fetch_add_explicit(&file->ref_count, 1, memory_order_relaxed);
    return file;
}

/* Memory that munmap and orti_free take as not const: we made it. */
static void *bytes_of(const orti_file *file) {
    return (void *)(uintptr_t)file->data;
}

void orti_file_release(orti_file *file) {
    if (!file || atomic_fetch_sub_explicit(&file->ref_count, 1, memory_order_acq_rel) != 1) return;
    if (file->is_mapped)
        munmap(bytes_of(file), (size_t)file->size_bytes);
    else if (file->fd >= 0 || file->owns_data)
        orti_free(file->alloc, bytes_of(file));
    if (file->fd >= 0) close(file->fd);
    orti_free(file->alloc, file->path);
    orti_free(file->alloc, file);
}

void orti_file_close_descriptor(orti_file *file) {
    if (!file->is_mapped || file->fd < 0) return;
    close(file->fd);
    file->fd = -1;
}

void orti_file_drop_pages(const orti_file *file, uint64_t offset, uint64_t length) {
    if (!file->is_mapped || offset > file->size_bytes) return;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t end = length > file->size_bytes - offset ? file->size_bytes : offset + length;
    uint64_t first = (offset + page - 1) / page * page, last = end / page * page;
    if (first >= last) return;
    (void)madvise((uint8_t *)bytes_of(file) + first, (size_t)(last - first),
                  MADV_DONTNEED); /* advice: may be refused */
}

const char *orti_env(const char *name) {
    if (getauxval(AT_SECURE)) return NULL;
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

uint64_t orti_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}
