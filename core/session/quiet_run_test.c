/* A run on a binding makes no allocation and, on one thread, no system call. Allocations are counted by taking the C
 * library's place; system calls by asking the kernel to kill a child that makes any but write and exit (Linux, seccomp
 * mode 1). Sanitizers do both themselves, so there is nothing to count under them. */
#include "session/test_house.h"
#include "session/text_house.h"
#include "testing/test.h"

#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) ||                 \
    HAS_FEATURE(thread_sanitizer) || !defined(__GLIBC__)
#define CAN_COUNT 0
#else
#define CAN_COUNT 1
#endif

#if CAN_COUNT
static _Atomic long allocation_count;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t align, size_t size);

void *malloc(size_t size) {
    atomic_fetch_add(&allocation_count, 1);
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    atomic_fetch_add(&allocation_count, 1);
    return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
    atomic_fetch_add(&allocation_count, 1);
    return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t align, size_t size) {
    atomic_fetch_add(&allocation_count, 1);
    return __libc_memalign(align, size);
}

enum { ROUNDS = 1000 };

static ort_binding *binding_open(test_house *house, ort_tensor *input) {
    ort_binding *binding = NULL;
    CHECK_OK(house_open(house, "near", "Neg Abs", NULL));
    CHECK_OK(ort_binding_create(house->session, &binding));
    CHECK_OK(ort_binding_set_input(binding, 0, input));
    CHECK_OK(ort_binding_run(binding, NULL));
    return binding;
}

ORT_TEST(quiet_run, allocates_nothing) {
    test_house house;
    ort_tensor *input = house_tensor(4, 1);
    ort_binding *binding = binding_open(&house, input);
    long before = atomic_load(&allocation_count);
    CHECK(before > 0);
    for (int i = 0; i < ROUNDS; i++) CHECK_OK(ort_binding_run(binding, NULL));
    CHECK(atomic_load(&allocation_count) == before, "%ld allocations", atomic_load(&allocation_count) - before);
    ort_binding_destroy(binding);
    ort_tensor_release(input);
    house_close(&house);
}

/* Twice in a Loop, an If: once the frames are there, values change hands. */
#define CONTROL                                                                                                        \
    "graph \"control\" {\n"                                                                                            \
    "  input %x : float32[4]\n"                                                                                        \
    "  input %b : bool[]\n"                                                                                            \
    "  const %two : int64[] = {2}\n"                                                                                   \
    "  %z = Loop (%two, _, %x) {body = graph \"body\" {\n"                                                             \
    "    input %i : int64[]\n    input %go : bool[]\n    input %s : float32[4]\n"                                      \
    "    capture %b1 : bool[] = %b\n"                                                                                  \
    "    %t = If (%b1) {then_branch = graph \"then\" {\n"                                                              \
    "      capture %s1 : float32[4] = %s\n      %p = Neg (%s1)\n      output %p\n"                                     \
    "    }, else_branch = graph \"else\" {\n"                                                                          \
    "      capture %s2 : float32[4] = %s\n      %q = Abs (%s2)\n      output %q\n"                                     \
    "    }}\n"                                                                                                         \
    "    output %go\n    output %t\n"                                                                                  \
    "  }}\n"                                                                                                           \
    "  output %z\n"                                                                                                    \
    "}\n"

ORT_TEST(quiet_run, allocates_nothing_in_control_flow) {
    text_house house;
    ort_binding *binding = NULL;
    ort_tensor *x = house_tensor(4, 1), *b = NULL;
    CHECK_OK(text_house_open(&house, TEST_PLUGINS, "cpu", CONTROL));
    CHECK_OK(ort_tensor_create(ORT_DTYPE_BOOL, NULL, 0, &b));
    *(bool *)ort_tensor_data(b) = true;
    CHECK_OK(ort_binding_create(house.session, &binding));
    CHECK_OK(ort_binding_set_input(binding, 0, x));
    CHECK_OK(ort_binding_set_input(binding, 1, b));
    for (int i = 0; i < 3; i++) CHECK_OK(ort_binding_run(binding, NULL));
    long before = atomic_load(&allocation_count);
    for (int i = 0; i < ROUNDS; i++) CHECK_OK(ort_binding_run(binding, NULL));
    CHECK(atomic_load(&allocation_count) == before, "%ld allocations", atomic_load(&allocation_count) - before);
    CHECK(((const float *)ort_tensor_data(ort_binding_output(binding, 0)))[2] == 3.0f);
    ort_binding_destroy(binding);
    ort_tensor_release(x);
    ort_tensor_release(b);
    text_house_close(&house);
}

/* In a child: only read, write and exit are let through from here on. Returns the child's wait status. */
static int locked_child(ort_binding *binding, int breaks) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, 1, 0, 0, 0)) _exit(3);
        long failures = 0;
        for (int i = 0; i < ROUNDS; i++) failures += ort_binding_run(binding, NULL) != NULL;
        if (breaks) (void)getppid();
        syscall(SYS_exit, failures ? 2 : 0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

ORT_TEST(quiet_run, makes_no_system_call) {
    test_house house;
    ort_tensor *input = house_tensor(4, 1);
    ort_binding *binding = binding_open(&house, input);
    int status = locked_child(binding, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "wait status 0x%x", (unsigned)status);
    status = locked_child(binding, 1);
    CHECK(WIFSIGNALED(status), "the kernel let a call through: 0x%x", (unsigned)status);
    ort_binding_destroy(binding);
    ort_tensor_release(input);
    house_close(&house);
}
#else
ORT_TEST(quiet_run, is_not_counted_under_sanitizers) {
    SKIP("the sanitizers allocate and call the system themselves");
}
#endif
