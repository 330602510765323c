/* base/log.h: messages for a callback. The library itself never prints. Threads: any; the callback must allow it. */
#ifndef ORT_CORE_BASE_LOG_H
#define ORT_CORE_BASE_LOG_H

#include "base/status.h"

#define ORTI_LOG_ERROR   1u
#define ORTI_LOG_WARNING 2u
#define ORTI_LOG_INFO    3u
#define ORTI_LOG_DEBUG   4u

typedef struct orti_log {
    void (*write)(void *user, uint32_t level, const char *room, const char *message); /* NULL: nothing is logged */
    void *user;
    uint32_t level; /* messages above it are not made */
} orti_log;

void orti_log_write(const orti_log *log, uint32_t level, const char *room, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
