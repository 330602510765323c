#include "base/status.h"
#include "testing/test.h"

static ort_status *fail_deep(int value) {
    ORT_FAIL(INVALID_MODEL, "node 'x' has %d inputs", value);
}

static ort_status *fail_through(int value) {
    ORT_TRY(fail_deep(value));
    return NULL;
}

ORT_TEST(status, says_what_and_where) {
    ort_status *status = fail_through(3);
    CHECK(ort_status_code(status) == ORT_CODE_INVALID_MODEL);
    CHECK_STR(ort_status_message(status), "node 'x' has 3 inputs");
    CHECK(strncmp(ort_status_where(status), "base/status_test.c:", 19) == 0, "%s", ort_status_where(status));
    ort_status_destroy(status);
}

ORT_TEST(status, null_is_success) {
    CHECK(ort_status_code(NULL) == ORT_CODE_OK);
    CHECK_STR(ort_status_message(NULL), "");
    CHECK_STR(ort_status_where(NULL), "");
    ort_status_destroy(NULL);
    CHECK(ORT_NOTE(NULL, "while %s", "loading") == NULL);
}

ORT_TEST(status, notes_go_in_front) {
    ort_status *status = ORT_NOTE(ORT_NOTE(fail_deep(1), "graph '%s'", "main"), "model '%s'", "m.onnx");
    CHECK_STR(ort_status_message(status), "model 'm.onnx': graph 'main': node 'x' has 1 inputs");
    CHECK(ort_status_code(status) == ORT_CODE_INVALID_MODEL && strstr(ort_status_where(status), "status_test.c"));
    ort_status_destroy(status);
}

ORT_TEST(status, join_keeps_the_first) {
    ort_status *first = fail_deep(1);
    CHECK(orti_status_join(first, fail_deep(2)) == first);
    CHECK(orti_status_join(first, NULL) == first);
    CHECK(orti_status_join(NULL, first) == first);
    CHECK(orti_status_join(NULL, NULL) == NULL);
    ort_status_destroy(first);
}

ORT_TEST(status, codes_have_names) {
    CHECK_STR(ort_code_name(ORT_CODE_OK), "ok");
    CHECK_STR(ort_code_name(ORT_CODE_INVALID_ARGUMENT), "invalid-argument");
    CHECK_STR(ort_code_name(ORT_CODE_OUT_OF_MEMORY), "out-of-memory");
    CHECK_STR(ort_code_name(ORT_CODE_BUG), "bug");
    CHECK_STR(ort_code_name(ORT_CODE_BUG + 1), "unknown");
}

ORT_TEST(status, long_messages_are_whole) {
    char long_name[5000];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    ort_status *status = ORT_NOTE(ORT_STATUS(NOT_FOUND, "%s", long_name), "%s", long_name);
    CHECK(strlen(ort_status_message(status)) == 2 * (sizeof long_name - 1) + 2);
    ort_status_destroy(status);
}
