/* The controller's side of a worker: a process group of its own, two pipes and a file for what it prints. */
#include "suite/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Above the numbers that the worker's pipes get, so that no dup2 closes another one's source. */
static int raise_fd(int fd) {
    int raised = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (fd >= 0) close(fd);
    return raised;
}

static bool open_pipe(int *out_read, int *out_write) {
    int ends[2];
    if (pipe(ends) != 0) return false;
    *out_read = raise_fd(ends[0]);
    *out_write = raise_fd(ends[1]);
    return *out_read >= 0 && *out_write >= 0;
}

static int open_output(void) {
    const char *folder = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/ort-conformance-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd >= 0) unlink(path);
    fd = raise_fd(fd);
    if (fd >= 0) fcntl(fd, F_SETFL, O_APPEND);
    return fd;
}

static char **worker_argv(const ortc_settings *settings) {
    char **argv = calloc((size_t)settings->argc + 2, sizeof *argv);
    if (!argv) return NULL;
    memcpy(argv, settings->argv, (size_t)settings->argc * sizeof *argv);
    argv[settings->argc] = (char *)(uintptr_t) "--worker";
    return argv;
}

static int spawn(const ortc_settings *settings, int in, int out, int output_file, pid_t *out_pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    char **argv = worker_argv(settings);
    if (!argv) return ENOMEM;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output_file, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output_file, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, in, ORTC_WORKER_IN);
    posix_spawn_file_actions_adddup2(&actions, out, ORTC_WORKER_OUT);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    int error = posix_spawn(out_pid, "/proc/self/exe", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(argv);
    return error;
}

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

bool ortc_worker_start(const ortc_settings *settings, ortc_worker *out) {
    *out = (ortc_worker){.in = -1, .out = -1, .output_file = -1};
    int in = -1, records = -1;
    pid_t pid = 0;
    out->output_file = open_output();
    int error = out->output_file < 0 || !open_pipe(&in, &out->in) || !open_pipe(&out->out, &records) ? errno : 0;
    if (!error) error = spawn(settings, in, records, out->output_file, &pid);
    close_fd(&in);
    close_fd(&records);
    if (!error) {
        fcntl(out->out, F_SETFL, O_NONBLOCK);
        out->pid = (int)pid;
        return true;
    }
    close_fd(&out->in);
    close_fd(&out->out);
    close_fd(&out->output_file);
    errno = error;
    return false;
}

bool ortc_worker_send(ortc_worker *worker, const ortc_case *item) {
    char line[8192];
    int length = item->folder ? snprintf(line, sizeof line, "%s\t%s\n", item->id, item->folder)
                              : snprintf(line, sizeof line, "%s\n", item->id);
    /* One short line at a time to an empty pipe: it is written whole or, when the worker is gone, not at all. */
    return length > 0 && (size_t)length < sizeof line && write(worker->in, line, (size_t)length) == length;
}

void ortc_worker_release(ortc_worker *worker) {
    close_fd(&worker->in);
}

bool ortc_worker_receive(ortc_worker *worker) {
    for (;;) {
        if (worker->capacity - worker->used < 4096) {
            char *buffer = worker->capacity > 1u << 20 ? NULL : realloc(worker->buffer, worker->capacity + 16384);
            if (!buffer) return false; /* a record of a megabyte is no record */
            worker->buffer = buffer;
            worker->capacity += 16384;
        }
        ssize_t count = read(worker->out, worker->buffer + worker->used, worker->capacity - worker->used);
        if (count > 0)
            worker->used += (size_t)count;
        else if (count == 0)
            return false;
        else if (errno != EINTR)
            return errno == EAGAIN;
    }
}

json_t *ortc_worker_next(ortc_worker *worker) {
    char *end = worker->used ? memchr(worker->buffer, '\n', worker->used) : NULL;
    if (!end) return NULL;
    size_t length = (size_t)(end - worker->buffer);
    json_t *record = json_loadb(worker->buffer, length, 0, NULL);
    worker->used -= length + 1;
    memmove(worker->buffer, end + 1, worker->used);
    return record ? record : json_object();
}

void ortc_worker_kill(const ortc_worker *worker) {
    if (worker->pid > 0) kill(-worker->pid, SIGKILL);
}

/* A build with sanitizers ends by an exit after a report like "ERROR: AddressSanitizer: ...". */
static bool has_sanitizer(int file) {
    char text[65536];
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    return strstr(text, "Sanitizer: ") != NULL;
}

static void read_printed(int file, ortc_printed *out) {
    const int64_t room = (int64_t)sizeof out->tail - 1;
    out->size_bytes = lseek(file, 0, SEEK_END);
    ssize_t length = pread(file, out->tail, (size_t)room, out->size_bytes > room ? out->size_bytes - room : 0);
    out->tail[length > 0 ? length : 0] = 0;
    out->is_of_sanitizer = has_sanitizer(file);
    for (char *at = out->tail; *at; at++)
        if ((unsigned char)*at < 32 || (unsigned char)*at > 126) *at = *at == '\n' ? '|' : '?';
}

#define END_WAIT_MS 10000

/* Its records ended, so it is at its end; one that closed them and goes on is killed. */
static void reap(ortc_worker *worker, int *status) {
    for (int waited = 0; worker->pid > 0; waited++) {
        pid_t done = waitpid((pid_t)worker->pid, status, WNOHANG);
        if (done == (pid_t)worker->pid || (done < 0 && errno != EINTR)) return;
        if (waited == END_WAIT_MS) ortc_worker_kill(worker);
        poll(NULL, 0, 1);
    }
}

int ortc_worker_stop(ortc_worker *worker, bool kill_it, ortc_printed *out_printed) {
    int status = 0;
    if (kill_it) ortc_worker_kill(worker);
    close_fd(&worker->in);
    reap(worker, &status);
    /* What it started and left behind dies with it. */
    ortc_worker_kill(worker);
    read_printed(worker->output_file, out_printed);
    close_fd(&worker->out);
    close_fd(&worker->output_file);
    free(worker->buffer);
    *worker = (ortc_worker){.in = -1, .out = -1, .output_file = -1};
    return status;
}
