#include "base/log.h"
#include "testing/test.h"

#include <stdio.h>

static char last_line[256];

static void keep_line(void *user, uint32_t level, const char *room, const char *message) {
    ++*(int *)user;
    snprintf(last_line, sizeof last_line, "%u %s %s", (unsigned)level, room, message);
}

ORT_TEST(log, writes_up_to_its_level) {
    int count = 0;
    orti_log log = {keep_line, &count, ORTI_LOG_WARNING};
    orti_log_write(&log, ORTI_LOG_WARNING, "load", "file '%s' has %d bytes", "m", 3);
    CHECK_STR(last_line, "2 load file 'm' has 3 bytes");
    orti_log_write(&log, ORTI_LOG_INFO, "load", "not made");
    CHECK(count == 1);
    log.write = NULL;
    orti_log_write(&log, ORTI_LOG_ERROR, "load", "nobody listens");
    orti_log_write(NULL, ORTI_LOG_ERROR, "load", "no log");
    CHECK(count == 1);
}
