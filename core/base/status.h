/* base/status.h: ort_status, the one way in which a function fails.
 * Start at: ORT_FAIL, ORT_TRY.  Used by: every room.  Threads: a status belongs to one thread at a time.
 *
 * NULL is success. A failure has a code (whose turn it is, ort/plugin/words.h), a message that names the thing, the
 * place of birth and the notes that callers added on the way up. Running out of memory needs no memory: a static
 * status stands in. */
#ifndef ORT_CORE_BASE_STATUS_H
#define ORT_CORE_BASE_STATUS_H

#include "ort/plugin/words.h"

#include <stdarg.h>

/* Creates a failure. `code` is not ORT_CODE_OK. Never returns NULL. */
ORT_MUST_USE ort_status *orti_status_create(ort_code code, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
ORT_MUST_USE ort_status *orti_status_create_v(ort_code code, const char *file, int line, const char *fmt, va_list args);

/* Puts "fmt: " in front of the message and returns the same status; NULL stays NULL. */
ORT_MUST_USE ort_status *orti_status_note(ort_status *status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Keeps the first failure and destroys the second: for clean-up that may fail too. */
ORT_MUST_USE ort_status *orti_status_join(ort_status *first, ort_status *second);

/* These four are also the application's (ort/ort.h). Each takes NULL: code OK, message "", file "" and line 0. The
 * strings are borrowed from the status. */
ORT_EXPORT ort_code ort_status_code(const ort_status *status);
ORT_EXPORT const char *ort_status_message(const ort_status *status);
ORT_EXPORT const char *ort_status_where(const ort_status *status);
ORT_EXPORT void ort_status_destroy(ort_status *status);

/* "invalid-argument", "not-found" ...; "unknown" for a code from a newer plugin. Static. */
ORT_EXPORT const char *ort_code_name(ort_code code);

#define ORT_FAIL(code, ...)   return orti_status_create(ORT_CODE_##code, __FILE__, __LINE__, __VA_ARGS__)
#define ORT_STATUS(code, ...) orti_status_create(ORT_CODE_##code, __FILE__, __LINE__, __VA_ARGS__)
#define ORT_NOTE(status, ...) orti_status_note((status), __VA_ARGS__)
#define ORT_TRY(expr)                                                                                                  \
    do {                                                                                                               \
        ort_status *try_status_ = (expr);                                                                              \
        if (try_status_) return try_status_;                                                                           \
    } while (0)
#define ORT_TRY_TO(done, status, expr)                                                                                 \
    do {                                                                                                               \
        (status) = (expr);                                                                                             \
        if (status) goto done;                                                                                         \
    } while (0)

/* Our bugs stop in debug builds and are undefined in release: never for what a model, plugin or caller can cause. */
#ifdef NDEBUG
#define ORT_ASSERT(cond) ((void)0)
#else
#include <assert.h>
#define ORT_ASSERT(cond) assert(cond)
#endif

#endif
