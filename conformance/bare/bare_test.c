/* What a process must not change: each change is seen, and named by its rule. And the answers of the probes. */
#include "bare/bare.h"
#include "bare/probe.h"

#include "testing/test.h"

#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_difference(const ortc_process *before, const char *rule) {
    char text[400] = "";
    const char *found = ortc_process_difference(before, text, sizeof text);
    CHECK(found != NULL, "nothing is seen");
    CHECK_STR(found, rule);
    CHECK(text[0] != 0);
}

static void expect_same(ortc_process *before) {
    char text[400] = "";
    const char *found = ortc_process_difference(before, text, sizeof text);
    CHECK(found == NULL, "%s: %s", found, text);
    ortc_process_destroy(before);
}

ORT_TEST(bare_process, rounding) {
    ortc_process *before = ortc_process_look();
    int mode = fegetround();
    fesetround(FE_UPWARD);
    expect_difference(before, "process.fpu");
    fesetround(mode);
    expect_same(before);
}

ORT_TEST(bare_process, locale) {
    ortc_process *before = ortc_process_look();
    char *old = strdup(setlocale(LC_ALL, NULL));
    if (!setlocale(LC_ALL, strcmp(old, "C") == 0 ? "C.UTF-8" : "C")) SKIP("there is one locale here");
    expect_difference(before, "process.locale");
    setlocale(LC_ALL, old);
    free(old);
    expect_same(before);
}

ORT_TEST(bare_process, environment_umask_and_folder) {
    ortc_process *before = ortc_process_look();
    setenv("ORTC_BARE_TEST", "1", 1);
    expect_difference(before, "process.environment");
    unsetenv("ORTC_BARE_TEST");
    mode_t mask = umask(0);
    umask(mask ^ 7);
    expect_difference(before, "process.environment");
    umask(mask);
    int here = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(here >= 0 && chdir("/") == 0);
    expect_difference(before, "process.environment");
    CHECK(fchdir(here) == 0);
    close(here);
    expect_same(before);
}

static void handler(int number) {
    (void)number;
}

ORT_TEST(bare_process, handlers_and_mask) {
    ortc_process *before = ortc_process_look();
    struct sigaction old, mine = {.sa_handler = handler};
    sigset_t set, old_set;
    sigaction(SIGUSR1, &mine, &old);
    expect_difference(before, "process.signals");
    sigaction(SIGUSR1, &old, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, &old_set);
    expect_difference(before, "process.signals");
    sigprocmask(SIG_SETMASK, &old_set, NULL);
    expect_same(before);
}

ORT_TEST(bare_process, files) {
    ortc_process *before = ortc_process_look();
    int file = open("/dev/null", O_RDONLY);
    CHECK(file >= 0);
    expect_difference(before, "process.files");
    close(file);
    expect_same(before);
}

static void *wait_on(void *user) {
    pthread_mutex_lock(user);
    pthread_mutex_unlock(user);
    return NULL;
}

ORT_TEST(bare_process, threads) {
    ortc_process *before = ortc_process_look();
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;
    pthread_mutex_lock(&gate);
    CHECK(pthread_create(&thread, NULL, wait_on, &gate) == 0);
    expect_difference(before, "threads.left");
    pthread_mutex_unlock(&gate);
    pthread_join(thread, NULL);
    expect_same(before);
}

ORT_TEST(bare_probe, one_wrong_element_is_found_at_every_size) {
    static const int64_t sizes[] = {1, 7, 33};
    for (uint32_t i = 0; i < ortc_probe_count; i++)
        for (uint32_t k = 0; k < ORTC_COUNT(sizes); k++) {
            ortc_example e;
            double got, want;
            CHECK(ortc_example_init(&e, &ortc_probes[i], sizes[k], k % 2 == 1, 3));
            unsigned char *out = calloc(e.output_count, 8);
            for (uint64_t n = 0; n < e.output_count; n++) {
                float f = (float)e.answer[n];
                int32_t s = (int32_t)e.answer[n];
                int64_t l = (int64_t)e.answer[n];
                if (e.probe->out_dtype == ORT_DTYPE_F32) memcpy(out + 4 * n, &f, 4);
                if (e.probe->out_dtype == ORT_DTYPE_I32) memcpy(out + 4 * n, &s, 4);
                if (e.probe->out_dtype == ORT_DTYPE_I64) memcpy(out + 8 * n, &l, 8);
            }
            CHECK(ortc_example_compare(&e, out, &got, &want) == -1, "%s", e.probe->name);
            out[e.output_bytes - 1] ^= 0x40;
            CHECK(ortc_example_compare(&e, out, &got, &want) == (int64_t)e.output_count - 1, "%s", e.probe->name);
            free(out);
            ortc_example_finish(&e);
        }
}

static void expect_answer(const char *name, uint64_t at, double (*want)(const float *x, const float *y)) {
    for (uint32_t i = 0; i < ortc_probe_count; i++) {
        ortc_example e;
        if (strcmp(ortc_probes[i].name, name) != 0) continue;
        CHECK(ortc_example_init(&e, &ortc_probes[i], 9, false, 3));
        CHECK(e.answer[at] == want((const float *)e.data[0], (const float *)e.data[1]), "%s", name);
        ortc_example_finish(&e);
        return;
    }
    CHECK(false, "there is no probe %s", name);
}

static double relu_add(const float *x, const float *y) {
    return (double)(x[4] > 0 ? x[4] : 0) + (double)y[4];
}
static double turned(const float *x, const float *y) {
    (void)y;
    return (double)x[2 * 3 + 1]; /* row 2, column 1 of [9, 3] is column 2 of row 1 of [3, 9] */
}

ORT_TEST(bare_probe, answers_are_the_operators) {
    expect_answer("Relu then Add", 4, relu_add);
    expect_answer("Transpose float32", 9 + 2, turned);
}
