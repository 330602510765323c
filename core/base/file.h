/* base/file.h: files that are read or mapped, folders, paths, the clock, the environment.
 * Start at: orti_file_map().  Used by: load, providers, session.  Threads: any.
 * Nothing outside base/ and topology/ knows the operating system. */
#ifndef ORT_CORE_BASE_FILE_H
#define ORT_CORE_BASE_FILE_H

#include "base/text.h"

/* A read-only file, mapped (`is_mapped`) or copied. Counted: constants keep it alive. Its identity tells two files
 * apart inside a process (architecture.md, decision 12). */
typedef struct orti_file {
    const orti_allocator *alloc;
    _Atomic uint32_t ref_count;
    int fd; /* -1 when the bytes came from memory */
    bool is_mapped;
    const uint8_t *data; /* NULL when empty */
    uint64_t size_bytes;
    bool owns_data; /* copied bytes, without a file */
    uint64_t device, inode, mtime_ns;
    char *path; /* as given; "<memory>" when from memory */
} orti_file;

/* Opens and maps (or, `wants_copy`, reads) a regular file. NOT_FOUND, IO, LIMIT_EXCEEDED over `limit_bytes`. */
ORT_MUST_USE ort_status *orti_file_open(const orti_allocator *alloc, const char *path, bool wants_copy,
                                        uint64_t limit_bytes, orti_file **out);
/* The same for a file that must lie inside `folder` (absolute or not, symbolic links and ".." resolved on both sides;
 * the resolved path must be a regular file below the resolved folder). INVALID_MODEL when it escapes. */
ORT_MUST_USE ort_status *orti_file_open_inside(const orti_allocator *alloc, const char *folder, const char *relative,
                                               bool wants_copy, uint64_t limit_bytes, orti_file **out);
/* Wraps bytes: copied when `wants_copy`, else the caller keeps them alive. */
ORT_MUST_USE ort_status *orti_file_from_bytes(const orti_allocator *alloc, const void *data, uint64_t size_bytes,
                                              bool wants_copy, orti_file **out);
orti_file *orti_file_retain(orti_file *file);
void orti_file_release(orti_file *file); /* takes NULL */
/* For many small mapped files: the bytes stay, the identity goes. Nothing happens to a copied file. */
void orti_file_close_descriptor(orti_file *file);
/* Tells the kernel that the pages of [offset, offset+length) need not stay. Only whole pages inside are dropped. */
void orti_file_drop_pages(const orti_file *file, uint64_t offset, uint64_t length);

/* A file that is written piece by piece under a temporary name beside its own, which it gets when it is committed: half
 * a file is never seen. */
typedef struct orti_file_writer orti_file_writer;
ORT_MUST_USE ort_status *orti_file_writer_create(const orti_allocator *alloc, const char *path, orti_file_writer **out);
/* A failure is remembered, and is what commit returns. */
void orti_file_writer_add(orti_file_writer *writer, const void *data, size_t size_bytes);
uint64_t orti_file_writer_size_bytes(const orti_file_writer *writer); /* so far */
ORT_MUST_USE ort_status *orti_file_writer_commit(orti_file_writer *writer);
void orti_file_writer_destroy(orti_file_writer *writer); /* what is not committed is gone; takes NULL */
/* All of it at once. */
ORT_MUST_USE ort_status *orti_file_write(const char *path, const void *data, size_t size_bytes);

/* Calls `visit` with each entry's name (without "." and ".."), sorted by bytes. A missing folder is no error: no call.
 */
ORT_MUST_USE ort_status *orti_folder_list(const orti_allocator *alloc, const char *folder,
                                          ort_status *(*visit)(void *user, const char *name), void *user);
/* NOT_FOUND when there is nothing, IO when it is no folder or can't be read. */
ORT_MUST_USE ort_status *orti_folder_check(const char *folder, bool *out_can_write);
/* Resolved absolute path of the folder that holds the shared object or program with `address` in it. */
ORT_MUST_USE ort_status *orti_folder_of_address(const orti_allocator *alloc, const void *address, char **out);
/* "folder/name"; free with orti_free. */
ORT_MUST_USE ort_status *orti_path_join(const orti_allocator *alloc, const char *folder, const char *name, char **out);
/* The folder part of a path, "." when it has none; free with orti_free. */
ORT_MUST_USE ort_status *orti_path_folder(const orti_allocator *alloc, const char *path, char **out);

/* The variable's value, or NULL when unset, empty, or the process runs with raised rights (AT_SECURE). Borrow: process.
 */
const char *orti_env(const char *name);

/* Monotonic. */
uint64_t orti_clock_ns(void);

#endif
