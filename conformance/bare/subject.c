/* Whether the command line fits the plugin: asked once before any check, so that a wrong device is no broken rule. */
#include "bare/bare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_SECONDS 20 /* a plugin that hangs is the checks' business */

static const char *number_ending(uint32_t count) {
    return count == 1 ? "" : "s";
}

/* In a process of its own, which ends here: what the plugin prints, breaks or leaves is judged later. */
static void ask(const ortc_subject *subject, int out) {
    ortc_context context = {.subject = subject};
    ortc_bare bare;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    alarm(ASK_SECONDS);
    if (!ortc_bare_enter(&bare, &context) || !ortc_bare_create(&bare)) return;
    (void)ortc_bare_describe(&bare); /* false too when the device is not there */
    if (ortc_has_failed(&context) || bare.device_count == 0 || subject->device < bare.device_count) return;
    dprintf(out, "%s has no device %u, only %u device%s", subject->name, subject->device, bare.device_count,
            number_ending(bare.device_count));
}

bool ortc_subject_fits(const ortc_subject *subject, char *text, uint64_t text_bytes) {
    int ends[2];
    ssize_t count = -1;
    uint64_t length = 0;
    text[0] = 0;
    if (pipe(ends) != 0) return true;
    pid_t child = fork();
    if (child == 0) {
        ask(subject, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    while (child > 0 && length + 1 < text_bytes &&
           ((count = read(ends[0], text + length, text_bytes - 1 - length)) > 0 || (count < 0 && errno == EINTR)))
        length += count > 0 ? (uint64_t)count : 0;
    close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    text[length] = 0;
    return length == 0;
}
