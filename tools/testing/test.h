/* testing/test.h: one way to write a test, two ways to run it.
 *
 * By default the tests run under Criterion, each in its own process. With ORT_TEST_PLAIN they run one after the other
 * from a plain main: Criterion forks, aborts under TSan and passes a child that leaks when it exits, so the sanitizers
 * need the plain form.
 *
 *     ORT_TEST(room, what_it_shows) { CHECK(1 + 1 == 2, "sum is %d", 1 + 1); }
 *
 * CHECK's message may be left out. CHECK_OK takes an ort_status * and fails with its text; CHECK_CODE expects a code.
 */
#ifndef ORT_TESTING_TEST_H
#define ORT_TESTING_TEST_H

#include <string.h>

#ifdef ORT_TEST_PLAIN

typedef struct ort_test_case {
    const char *suite, *name;
    void (*run)(void);
    struct ort_test_case *next;
} ort_test_case;

void ort_test_register(ort_test_case *test);
_Noreturn void ort_test_fail(const char *file, int line, const char *expr, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Says why this case can't be judged here (data beside the project is absent, ...) and ends it. */
_Noreturn void ort_test_skip(const char *why);

#define ORT_TEST(s, n)                                                                                                 \
    static void s##_##n##_body(void);                                                                                  \
    __attribute__((constructor)) static void s##_##n##_register(void) {                                                \
        static ort_test_case self = {#s, #n, s##_##n##_body, 0};                                                       \
        ort_test_register(&self);                                                                                      \
    }                                                                                                                  \
    static void s##_##n##_body(void)
#define CHECK_1(cond, ...)                                                                                             \
    do {                                                                                                               \
        if (!(cond)) ort_test_fail(__FILE__, __LINE__, #cond, " " __VA_ARGS__);                                        \
    } while (0)
#define CHECK(...) CHECK_1(__VA_ARGS__)
#define SKIP(why)  ort_test_skip(why)

#else

#include <criterion/criterion.h>
#define ORT_TEST(s, n) Test(s, n)
#define CHECK(...)     cr_assert(__VA_ARGS__)
#define SKIP(why)      cr_skip_test(why)

#endif

#define CHECK_STR(got, want) CHECK(strcmp((got), (want)) == 0, "got '%s', want '%s'", (got), (want))
#define CHECK_OK(expr)                                                                                                 \
    do {                                                                                                               \
        ort_status *check_status = (expr);                                                                             \
        CHECK(check_status == NULL, "%s", ort_status_message(check_status));                                           \
    } while (0)
/* Expects `expr` to fail with `want` and a message that contains `text`. */
#define CHECK_FAILS(expr, want, text)                                                                                  \
    do {                                                                                                               \
        ort_status *check_status = (expr);                                                                             \
        CHECK(check_status != NULL, "succeeded");                                                                      \
        CHECK(ort_status_code(check_status) == (want), "code %u: %s", (unsigned)ort_status_code(check_status),         \
              ort_status_message(check_status));                                                                       \
        CHECK(strstr(ort_status_message(check_status), (text)) != NULL, "message '%s' lacks '%s'",                     \
              ort_status_message(check_status), (text));                                                               \
        ort_status_destroy(check_status);                                                                              \
    } while (0)

#endif
