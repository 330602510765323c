/* What a plugin must not change in its process. Read from the system itself: registers, /proc, libc. */
#include "bare/bare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SIGNALS  65
#define FDS      1024
#define GRACE_NS UINT64_C(700000000) /* a joined thread may still be listed for a moment */

extern char **environ;

struct ortc_process {
    uint32_t fpu_control, fpu_word;
    char locale[256], folder[1024];
    uint64_t environment_hash;
    mode_t umask;
    struct sigaction actions[SIGNALS];
    bool has_action[SIGNALS];
    sigset_t mask;
    char fds[FDS][96]; /* what each points at; "" when closed */
    uint32_t thread_count;
};

static void fpu_read(uint32_t *control, uint32_t *word) {
    *control = *word = 0;
#if defined(__x86_64__)
    uint16_t x87 = 0;
    __asm__ volatile("stmxcsr %0" : "=m"(*control));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    *control &= 0xffc0u; /* masks, rounding, flush to zero, denormals are zero: not the sticky flags */
    *word = x87;
#elif defined(__aarch64__)
    uint64_t fpcr = 0;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    *control = (uint32_t)fpcr;
#endif
}

static uint64_t environment_hash(void) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (char **at = environ; at && *at; at++)
        for (const char *c = *at;; c++) {
            hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
            if (!*c) break;
        }
    return hash;
}

static mode_t umask_read(void) {
    mode_t now = umask(0);
    umask(now);
    return now;
}

static uint32_t threads_count(void) {
    uint32_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir(tasks)) != NULL;) count += entry->d_name[0] != '.';
    if (tasks) closedir(tasks);
    return count;
}

static void fds_read(char (*fds)[96]) {
    char path[64];
    for (int fd = 0; fd < FDS; fd++) {
        fds[fd][0] = 0;
        if (fcntl(fd, F_GETFD) < 0) continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, fds[fd], sizeof fds[fd] - 1);
        fds[fd][length > 0 ? length : 0] = 0;
        if (length <= 0) snprintf(fds[fd], sizeof fds[fd], "open");
    }
}

#if defined(__SANITIZE_THREAD__)
#include <pthread.h>

static void *nothing(void *user) {
    return user;
}

/* The sanitizer starts a thread of its own beside the first one that a program starts: before it is counted, not after.
 */
static void sanitizer_begin(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) == 0) pthread_join(thread, NULL);
}
#else
static void sanitizer_begin(void) {}
#endif

ortc_process *ortc_process_look(void) {
    ortc_process *process = calloc(1, sizeof *process);
    if (!process) return NULL;
    sanitizer_begin();
    fpu_read(&process->fpu_control, &process->fpu_word);
    const char *locale = setlocale(LC_ALL, NULL);
    snprintf(process->locale, sizeof process->locale, "%s", locale ? locale : "");
    if (!getcwd(process->folder, sizeof process->folder)) process->folder[0] = 0;
    process->environment_hash = environment_hash();
    process->umask = umask_read();
    for (int i = 1; i < SIGNALS; i++) process->has_action[i] = sigaction(i, NULL, &process->actions[i]) == 0;
    sigprocmask(SIG_BLOCK, NULL, &process->mask);
    fds_read(process->fds);
    process->thread_count = threads_count();
    return process;
}

void ortc_process_destroy(ortc_process *process) {
    free(process);
}

/* ---- comparing: each returns whether all is as before, and says what is not ---- */

typedef bool (*compare_fn)(const ortc_process *before, char *text, uint64_t text_bytes);

static bool fpu_same(const ortc_process *before, char *text, uint64_t text_bytes) {
    uint32_t control, word;
    fpu_read(&control, &word);
    snprintf(text, text_bytes, "floating-point control was 0x%x/0x%x and is 0x%x/0x%x", before->fpu_control,
             before->fpu_word, control, word);
    return control == before->fpu_control && word == before->fpu_word;
}

static bool locale_same(const ortc_process *before, char *text, uint64_t text_bytes) {
    const char *now = setlocale(LC_ALL, NULL);
    snprintf(text, text_bytes, "the locale was '%s' and is '%s'", before->locale, now ? now : "");
    return now && strcmp(now, before->locale) == 0;
}

static bool environment_same(const ortc_process *before, char *text, uint64_t text_bytes) {
    char folder[sizeof before->folder];
    if (!getcwd(folder, sizeof folder)) folder[0] = 0;
    const char *what = environment_hash() != before->environment_hash ? "an environment variable"
                       : umask_read() != before->umask                ? "the umask"
                       : strcmp(folder, before->folder) != 0          ? "the working folder"
                                                                      : NULL;
    snprintf(text, text_bytes, "%s changed", what ? what : "nothing");
    return !what;
}

static bool signals_same(const ortc_process *before, char *text, uint64_t text_bytes) {
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int i = 1; i < SIGNALS; i++) {
        struct sigaction now;
        if (sigismember(&mask, i) != sigismember(&before->mask, i)) {
            snprintf(text, text_bytes, "signal %d is %s", i, sigismember(&mask, i) ? "blocked now" : "not blocked now");
            return false;
        }
        if (!before->has_action[i] || sigaction(i, NULL, &now) != 0) continue;
        if (now.sa_handler == before->actions[i].sa_handler &&
            (now.sa_flags & SA_SIGINFO) == (before->actions[i].sa_flags & SA_SIGINFO))
            continue;
        snprintf(text, text_bytes, "signal %d has another handler", i);
        return false;
    }
    return true;
}

/* What the suite itself opened before is in `before`; what a plugin closed is a change too. */
static bool files_same(const ortc_process *before, char *text, uint64_t text_bytes) {
    char(*now)[96] = calloc(FDS, sizeof *now);
    bool is_same = true;
    if (!now) return true;
    fds_read(now);
    for (int fd = 0; fd < FDS && is_same; fd++) {
        is_same = strcmp(now[fd], before->fds[fd]) == 0;
        if (!is_same)
            snprintf(text, text_bytes, "file descriptor %d was '%s' and is '%s'", fd, before->fds[fd], now[fd]);
    }
    free(now);
    return is_same;
}

static uint64_t clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool threads_same(const ortc_process *before, char *text, uint64_t text_bytes) {
    uint32_t now = threads_count();
    for (uint64_t until = clock_ns() + GRACE_NS; now > before->thread_count && clock_ns() < until;) {
        ortc_bare_pause();
        now = threads_count();
    }
    snprintf(text, text_bytes, "there were %u threads and there are %u", before->thread_count, now);
    return now <= before->thread_count;
}

static const struct {
    const char *rule;
    compare_fn is_same;
    bool is_right_when_open; /* an open plugin may hold files and threads */
} comparisons[] = {{"process.fpu", fpu_same, false},
                   {"process.locale", locale_same, false},
                   {"process.environment", environment_same, false},
                   {"process.signals", signals_same, false},
                   {"process.files", files_same, true},
                   {"threads.left", threads_same, true}};

const char *ortc_process_difference(const ortc_process *before, char *text, uint64_t text_bytes) {
    for (uint32_t i = 0; i < ORTC_COUNT(comparisons); i++)
        if (!comparisons[i].is_same(before, text, text_bytes)) return comparisons[i].rule;
    return NULL;
}

void ortc_process_compare(ortc_context *context, ortc_process *before, bool is_open) {
    char text[512];
    for (uint32_t i = 0; before && i < ORTC_COUNT(comparisons); i++) {
        if (is_open && comparisons[i].is_right_when_open) continue;
        if (!comparisons[i].is_same(before, text, sizeof text)) ortc_fail(context, comparisons[i].rule, "%s", text);
    }
    ortc_process_destroy(before);
}
