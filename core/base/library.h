/* base/library.h: shared objects that are loaded at run time, and what this machine is.
 * Start at: orti_library_open().  Used by: providers.  Threads: any.
 * A library stays in memory for ever: threads, callbacks and statics of foreign code don't survive an unload. */
#ifndef ORT_CORE_BASE_LIBRARY_H
#define ORT_CORE_BASE_LIBRARY_H

#include "base/file.h"

/* A function of any type; converted to its own before it is called. */
typedef void (*orti_library_fn)(void);

/* Loads `path` (absolute): all symbols bound now, none given to others, never unloaded. errors: PLUGIN with the
 * loader's words. */
ORT_MUST_USE ort_status *orti_library_open(const char *path, void **out);
/* The function called `symbol`, or NULL. */
orti_library_fn orti_library_find(void *library, const char *symbol);
/* True when the loader finds a library of this name ("libcuda.so.1") in its own search order. It is looked for in the
 * process, then in the folders that the loader is told of; nothing is loaded, no code runs. */
bool orti_library_exists(const orti_allocator *alloc, const char *soname);

/* True when the machine has a feature by its /proc/cpuinfo-like name: "avx2", "fma", "avx512f" ...; false for a name
 * that is not known (out_is_known then says so). */
bool orti_machine_has(const char *feature, bool *out_is_known);
/* "x86_64", "aarch64" ...; what this library was compiled for. Static. */
const char *orti_machine_architecture(void);
/* True when the path can be seen (a device node, a file). */
bool orti_path_exists(const char *path);
/* True for a regular file. */
bool orti_path_is_file(const char *path);
/* Resolved absolute path; NOT_FOUND. Free with orti_free. */
ORT_MUST_USE ort_status *orti_path_resolve(const orti_allocator *alloc, const char *path, char **out);

#endif
