/* Runs every registered case in this process, in order of registration. A failing case ends by longjmp, so what it
 * held leaks; the run has failed by then. Arguments: substrings of suite/name to run. */
#include "testing/test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

static ort_test_case *cases_head, **cases_tail = &cases_head;
static jmp_buf leave;

void ort_test_register(ort_test_case *test) {
    *cases_tail = test;
    cases_tail = &test->next;
}

void ort_test_fail(const char *file, int line, const char *expr, const char *fmt, ...) {
    fprintf(stderr, "%s:%d: %s:", file, line, expr);
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    longjmp(leave, 1);
}

void ort_test_skip(const char *why) {
    fprintf(stderr, "skipped: %s\n", why);
    longjmp(leave, 2);
}

static int is_wanted(const ort_test_case *test, int argc, char **argv) {
    char full[256];
    snprintf(full, sizeof full, "%s/%s", test->suite, test->name);
    for (int i = 1; i < argc; i++)
        if (strstr(full, argv[i])) return 1;
    return argc < 2;
}

int main(int argc, char **argv) {
    unsigned outcomes[3] = {0, 0, 0};
    for (ort_test_case *test = cases_head; test; test = test->next) {
        if (!is_wanted(test, argc, argv)) continue;
        int outcome = setjmp(leave);
        if (outcome == 0) test->run();
        if (outcome == 1) fprintf(stderr, "FAILED %s/%s\n", test->suite, test->name);
        outcomes[outcome]++;
    }
    printf("%u passed, %u failed, %u skipped\n", outcomes[0], outcomes[1], outcomes[2]);
    return outcomes[1] != 0 || outcomes[0] + outcomes[2] == 0;
}
