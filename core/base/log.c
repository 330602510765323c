#include "base/log.h"
#include "base/text.h"

void orti_log_write(const orti_log *log, uint32_t level, const char *room, const char *fmt, ...) {
    if (!log || !log->write || level > log->level) return;
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    va_list args;
    va_start(args, fmt);
    orti_text_add_v(&text, fmt, args);
    va_end(args);
    log->write(log->user, level, room, text.has_failed ? fmt : text.data);
    orti_text_finish(&text);
}
