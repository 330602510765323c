#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES 65536u

struct orti_file_writer {
    const orti_allocator *alloc;
    int fd; /* -1 once it is closed */
    bool owns_temporary;
    ort_status *failure; /* the first */
    orti_text path, temporary;
    uint64_t size_bytes;
    size_t buffered_bytes;
    uint8_t buffer[BUFFER_BYTES];
};

static ort_status *failure_from_errno(const char *what, const char *path) {
    int error = errno;
    if (error == ENOENT || error == ENOTDIR) return ORT_STATUS(NOT_FOUND, "file '%s' does not exist", path);
    return ORT_STATUS(IO, "can't %s '%s': %s", what, path, strerror(error));
}

static void put(orti_file_writer *writer, const uint8_t *data, size_t size_bytes) {
    for (size_t done = 0; done < size_bytes && !writer->failure;) {
        ssize_t count = write(writer->fd, data + done, size_bytes - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0)
            writer->failure = failure_from_errno("write", writer->path.data);
        else
            done += (size_t)count;
    }
}

static void flush(orti_file_writer *writer) {
    put(writer, writer->buffer, writer->buffered_bytes);
    writer->buffered_bytes = 0;
}

static ort_status *open_temporary(orti_file_writer *writer, const char *path) {
    static _Atomic uint64_t next_number;
    orti_text_add(&writer->path, "%s", path);
    orti_text_add(&writer->temporary, "%s.%ld-%llu.tmp", path, (long)getpid(),
                  (unsigned long long)atomic_fetch_add(&next_number, 1));
    ORT_TRY(orti_text_status(&writer->path));
    ORT_TRY(orti_text_status(&writer->temporary));
    writer->fd = open(writer->temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    writer->owns_temporary = writer->fd >= 0;
    return writer->fd < 0 ? failure_from_errno("create", writer->temporary.data) : NULL;
}

ort_status *orti_file_writer_create(const orti_allocator *alloc, const char *path, orti_file_writer **out) {
    orti_file_writer *writer = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *writer, &writer));
    writer->alloc = alloc;
    writer->fd = -1;
    orti_text_init(&writer->path, alloc);
    orti_text_init(&writer->temporary, alloc);
    ort_status *status = open_temporary(writer, path);
    if (status)
        orti_file_writer_destroy(writer);
    else
        *out = writer;
    return status;
}

void orti_file_writer_add(orti_file_writer *writer, const void *data, size_t size_bytes) {
    writer->size_bytes += size_bytes;
    if (size_bytes > BUFFER_BYTES - writer->buffered_bytes) flush(writer);
    if (size_bytes > BUFFER_BYTES) {
        put(writer, data, size_bytes);
        return;
    }
    if (size_bytes) memcpy(writer->buffer + writer->buffered_bytes, data, size_bytes);
    writer->buffered_bytes += size_bytes;
}

uint64_t orti_file_writer_size_bytes(const orti_file_writer *writer) {
    return writer->size_bytes;
}

ort_status *orti_file_writer_commit(orti_file_writer *writer) {
    flush(writer);
    /* Before the rename: after a power cut the name must not stand for an empty file. */
    if (!writer->failure && fsync(writer->fd) != 0 && errno != EINVAL && errno != EROFS)
        writer->failure = failure_from_errno("write", writer->path.data);
    if (close(writer->fd) != 0 && !writer->failure) writer->failure = failure_from_errno("write", writer->path.data);
    writer->fd = -1;
    if (!writer->failure && rename(writer->temporary.data, writer->path.data) != 0)
        writer->failure = failure_from_errno("rename into", writer->path.data);
    if (!writer->failure) writer->owns_temporary = false;
    ort_status *status = writer->failure;
    writer->failure = NULL;
    return status;
}

void orti_file_writer_destroy(orti_file_writer *writer) {
    if (!writer) return;
    if (writer->fd >= 0) close(writer->fd);
    if (writer->owns_temporary) unlink(writer->temporary.data);
    ort_status_destroy(writer->failure);
    orti_text_finish(&writer->path);
    orti_text_finish(&writer->temporary);
    orti_free(writer->alloc, writer);
}

ort_status *orti_file_write(const char *path, const void *data, size_t size_bytes) {
    orti_file_writer *writer = NULL;
    ORT_TRY(orti_file_writer_create(orti_allocator_default(), path, &writer));
    orti_file_writer_add(writer, data, size_bytes);
    ort_status *status = orti_file_writer_commit(writer);
    orti_file_writer_destroy(writer);
    return status;
}
