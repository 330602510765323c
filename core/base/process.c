#include "base/process.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define PIPE_FD      3
#define POLL_STEP_MS 20
#define NS_PER_MS    1000000u

static int child_start(const char *const *arguments, int write_fd, pid_t *out_pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    sigset_t none;
    sigemptyset(&none);
    for (int fd = 0; !error && fd < 3; fd++)
        error = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, write_fd, PIPE_FD);
    if (!error) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    if (!error) error = posix_spawnattr_setpgroup(&attributes, 0);
    if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
    /* posix_spawn's argument list is not const for history's sake alone; the strings are not written. */
    char *const *list = (char *const *)(uintptr_t)arguments;
    if (!error) error = posix_spawn(out_pid, arguments[0], &actions, &attributes, list, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Reads what is there. False at the end of the pipe. */
static bool pipe_drain(int fd, size_t limit_bytes, orti_text *text) {
    char bytes[4096];
    ssize_t count = read(fd, bytes, sizeof bytes);
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    size_t room = text->length < limit_bytes ? limit_bytes - text->length : 0;
    size_t taken = (size_t)count < room ? (size_t)count : room;
    if (taken) orti_text_add_bytes(text, bytes, taken);
    return count > 0;
}

/* True when it ended by itself before the deadline. The pipe's end is not its end: the child may close it and go on, or
 * leave it open in a grandchild. */
static bool child_follow(pid_t pid, int fd, uint64_t deadline_ns, size_t limit_bytes, orti_text *text) {
    bool is_open = true;
    while (orti_clock_ns() < deadline_ns) {
        struct pollfd poll_fd = {.fd = is_open ? fd : -1, .events = POLLIN};
        int ready = poll(&poll_fd, 1, POLL_STEP_MS);
        if (ready > 0) is_open = pipe_drain(fd, limit_bytes, text);
        if (is_open && ready > 0) continue;
        /* Only a look: until it is reaped its number, and so its group's, is nobody else's. */
        siginfo_t info = {0};
        int error = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
        if (error == 0 && info.si_pid == pid) return true;
        if (error < 0 && errno != EINTR) return false;
    }
    return false;
}

ort_status *orti_process_run(const char *const *arguments, uint64_t timeout_ns, size_t limit_bytes, orti_text *text,
                             orti_process_end *out_end, int *out_value) {
    int fds[2] = {-1, -1}, wait_word = 0;
    pid_t pid = 0;
    *out_end = ORTI_PROCESS_TIMED_OUT;
    *out_value = 0;
    /* Close-on-exec on both ends: other threads may start children of their own meanwhile. */
    if (pipe(fds) != 0) ORT_FAIL(IO, "can't start '%s': %s", arguments[0], strerror(errno));
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    /* dup2 onto itself keeps close-on-exec, and the child's first three are opened anew. */
    int write_fd = fds[1] <= PIPE_FD ? fcntl(fds[1], F_DUPFD_CLOEXEC, PIPE_FD + 1) : fds[1];
    int error = write_fd < 0 ? errno : child_start(arguments, write_fd, &pid);
    if (write_fd >= 0 && write_fd != fds[1]) close(write_fd);
    close(fds[1]);
    if (error) {
        close(fds[0]);
        ORT_FAIL(IO, "can't start '%s': %s", arguments[0], strerror(error));
    }
    uint64_t now = orti_clock_ns(), deadline = timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
    bool has_ended = child_follow(pid, fds[0], deadline, limit_bytes, text);
    kill(-pid, SIGKILL);
    while (waitpid(pid, &wait_word, 0) < 0 && errno == EINTR) {
    }
    close(fds[0]);
    if (!has_ended) return NULL;
    *out_end = WIFSIGNALED(wait_word) ? ORTI_PROCESS_KILLED : ORTI_PROCESS_EXITED;
    *out_value = WIFSIGNALED(wait_word) ? WTERMSIG(wait_word) : WEXITSTATUS(wait_word);
    return NULL;
}
