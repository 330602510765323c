#include "base/file.h"
#include "testing/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path_buffer[256];

static const orti_allocator *heap(void) {
    return orti_allocator_default();
}

static const char *in_folder(const char *name) {
    snprintf(path_buffer, sizeof path_buffer, "%s/%s", folder, name);
    return path_buffer;
}

static void folder_begin(void) {
    strcpy(folder, "/tmp/ort-file-test-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static ort_status *remove_entry(void *user, const char *name) {
    (void)user;
    CHECK(remove(in_folder(name)) == 0);
    return NULL;
}

static void folder_end(void) {
    CHECK_OK(orti_folder_list(heap(), folder, remove_entry, NULL));
    CHECK(rmdir(folder) == 0);
}

ORT_TEST(file, is_written_mapped_and_read) {
    folder_begin();
    CHECK_OK(orti_file_write(in_folder("m"), "hello", 5));
    CHECK_OK(orti_file_write(in_folder("m"), "replaced", 8));
    for (int wants_copy = 0; wants_copy < 2; wants_copy++) {
        orti_file *file = NULL;
        CHECK_OK(orti_file_open(heap(), in_folder("m"), wants_copy, 100, &file));
        CHECK(file->size_bytes == 8 && memcmp(file->data, "replaced", 8) == 0 && file->is_mapped == !wants_copy);
        CHECK(file->inode != 0 && file->mtime_ns != 0 && file->fd >= 0);
        CHECK_STR(file->path, in_folder("m"));
        orti_file_drop_pages(file, 0, 8);
        orti_file_drop_pages(file, 9, UINT64_MAX);
        CHECK(memcmp(file->data, "replaced", 8) == 0);
        orti_file_retain(file);
        orti_file_release(file);
        orti_file_release(file);
    }
    orti_file_release(NULL);
    folder_end();
}

static ort_status *count_entry(void *user, const char *name) {
    (void)name;
    ++*(uint32_t *)user;
    return NULL;
}

ORT_TEST(file, what_is_not_committed_is_gone) {
    static char bytes[100000];
    orti_file_writer *writer = NULL;
    uint32_t count = 0;
    folder_begin();
    CHECK_OK(orti_file_write(in_folder("m"), "old", 3));
    CHECK_OK(orti_file_writer_create(heap(), in_folder("m"), &writer));
    orti_file_writer_add(writer, "new", 3);
    orti_file_writer_add(writer, bytes, sizeof bytes);
    CHECK(orti_file_writer_size_bytes(writer) == 3 + sizeof bytes);
    orti_file_writer_destroy(writer);
    CHECK_OK(orti_folder_list(heap(), folder, count_entry, &count));
    CHECK(count == 1);
    orti_file *file = NULL;
    CHECK_OK(orti_file_open(heap(), in_folder("m"), true, 100, &file));
    CHECK(file->size_bytes == 3 && memcmp(file->data, "old", 3) == 0);
    orti_file_release(file);
    CHECK_FAILS(orti_file_writer_create(heap(), "/nowhere/at/all", &writer), ORT_CODE_NOT_FOUND, "nowhere");
    CHECK_FAILS(orti_file_write("/dev/full/x", "x", 1), ORT_CODE_NOT_FOUND, "full");
    orti_file_writer_destroy(NULL);
    folder_end();
}

ORT_TEST(file, pages_that_are_dropped_come_back) {
    static char bytes[3 * 65536];
    orti_file *file = NULL;
    folder_begin();
    memset(bytes, 'x', sizeof bytes);
    CHECK_OK(orti_file_write(in_folder("big"), bytes, sizeof bytes));
    CHECK_OK(orti_file_open(heap(), in_folder("big"), false, UINT64_MAX, &file));
    orti_file_drop_pages(file, 100, 2 * 65536);
    CHECK(memcmp(file->data, bytes, sizeof bytes) == 0);
    orti_file_release(file);
    folder_end();
}

ORT_TEST(file, open_refuses) {
    orti_file *file = NULL;
    folder_begin();
    CHECK_OK(orti_file_write(in_folder("m"), "12345", 5));
    CHECK_FAILS(orti_file_open(heap(), in_folder("none"), false, 100, &file), ORT_CODE_NOT_FOUND, "none");
    CHECK_FAILS(orti_file_open(heap(), in_folder("m/below"), false, 100, &file), ORT_CODE_NOT_FOUND, "below");
    CHECK_FAILS(orti_file_open(heap(), in_folder("m"), false, 4, &file), ORT_CODE_LIMIT_EXCEEDED, "5 bytes");
    CHECK_FAILS(orti_file_open(heap(), folder, false, 100, &file), ORT_CODE_IO, "not a regular file");
    CHECK(mkfifo(in_folder("pipe"), 0600) == 0);
    CHECK_FAILS(orti_file_open(heap(), in_folder("pipe"), false, 100, &file), ORT_CODE_IO, "not a regular file");
    CHECK_FAILS(orti_file_write(in_folder("none/m"), "1", 1), ORT_CODE_NOT_FOUND, "none/m");
    CHECK_FAILS(orti_file_write(folder, "1", 1), ORT_CODE_IO, "rename");
    CHECK(file == NULL);
    remove(in_folder("pipe"));
    folder_end();
}

ORT_TEST(file, empty_files_have_no_data) {
    orti_file *file = NULL;
    folder_begin();
    CHECK_OK(orti_file_write(in_folder("empty"), "", 0));
    CHECK_OK(orti_file_open(heap(), in_folder("empty"), false, 0, &file));
    CHECK(file->data == NULL && file->size_bytes == 0);
    orti_file_release(file);
    folder_end();
}

ORT_TEST(file, inside_a_folder) {
    char sub[128];
    orti_file *file = NULL;
    folder_begin();
    snprintf(sub, sizeof sub, "%s/sub", folder);
    CHECK(mkdir(sub, 0700) == 0);
    CHECK_OK(orti_file_write(in_folder("outside"), "o", 1));
    CHECK_OK(orti_file_write(in_folder("sub/in"), "i", 1));
    CHECK(symlink("../outside", in_folder("sub/link_out")) == 0);
    CHECK(symlink("in", in_folder("sub/link_in")) == 0);
    static const char *const good[] = {"in", "./in", "link_in", "../sub/in"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_OK(orti_file_open_inside(heap(), sub, good[i], false, 100, &file));
        CHECK(file->data[0] == 'i');
        orti_file_release(file);
    }
    CHECK_FAILS(orti_file_open_inside(heap(), sub, "../outside", false, 100, &file), ORT_CODE_INVALID_MODEL,
                "leads out");
    CHECK_FAILS(orti_file_open_inside(heap(), sub, "link_out", false, 100, &file), ORT_CODE_INVALID_MODEL, "leads out");
    CHECK_FAILS(orti_file_open_inside(heap(), sub, ".", false, 100, &file), ORT_CODE_INVALID_MODEL, "leads out");
    CHECK_FAILS(orti_file_open_inside(heap(), sub, "/etc/passwd", false, 100, &file), ORT_CODE_INVALID_MODEL,
                "relative");
    CHECK_FAILS(orti_file_open_inside(heap(), sub, "", false, 100, &file), ORT_CODE_INVALID_MODEL, "relative");
    CHECK_FAILS(orti_file_open_inside(heap(), sub, "none", false, 100, &file), ORT_CODE_NOT_FOUND, "none");
    CHECK_FAILS(orti_file_open_inside(heap(), sub, "in", false, 0, &file), ORT_CODE_LIMIT_EXCEEDED, "1 bytes");
    CHECK(file == NULL);
    remove(in_folder("sub/in"));
    remove(in_folder("sub/link_in"));
    remove(in_folder("sub/link_out"));
    folder_end();
}

ORT_TEST(file, from_bytes) {
    char bytes[] = "abc";
    orti_file *copy = NULL, *view = NULL;
    CHECK_OK(orti_file_from_bytes(heap(), bytes, 3, true, &copy));
    CHECK_OK(orti_file_from_bytes(heap(), bytes, 3, false, &view));
    bytes[0] = 'X';
    CHECK(copy->data[0] == 'a' && view->data == (const uint8_t *)bytes && view->fd == -1);
    CHECK(copy->inode != view->inode && copy->device == view->device);
    CHECK_STR(view->path, "<memory>");
    orti_file_drop_pages(view, 0, 3);
    orti_file_release(copy);
    orti_file_release(view);
    CHECK_OK(orti_file_from_bytes(heap(), NULL, 0, true, &copy));
    CHECK(copy->data == NULL);
    orti_file_release(copy);
}

ORT_TEST(file, every_allocation_may_fail) {
    folder_begin();
    CHECK_OK(orti_file_write(in_folder("m"), "12345", 5));
    uint64_t fail_at = 1;
    for (bool has_failed = true; has_failed; fail_at++) {
        orti_allocator_failing failing;
        orti_file *file = NULL, *copy = NULL;
        orti_allocator_failing_init(&failing, fail_at);
        ort_status *status = orti_file_open_inside(&failing.allocator, folder, "m", true, 100, &file);
        if (!status) status = orti_file_from_bytes(&failing.allocator, "xyz", 3, true, &copy);
        has_failed = status != NULL;
        CHECK(!status || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY, "%s", ort_status_message(status));
        ort_status_destroy(status);
        orti_file_release(file);
        orti_file_release(copy);
        CHECK(failing.live_count == 0);
    }
    CHECK(fail_at > 8);
    folder_end();
}

static ort_status *collect_name(void *user, const char *name) {
    orti_text_add(user, "%s;", name);
    if (strcmp(name, "stop") == 0) ORT_FAIL(CANCELLED, "stopped at '%s'", name);
    return NULL;
}

ORT_TEST(folder, lists_names_in_order) {
    orti_text names;
    orti_text_init(&names, heap());
    folder_begin();
    CHECK_OK(orti_file_write(in_folder("b"), "", 0));
    CHECK_OK(orti_file_write(in_folder("a"), "", 0));
    CHECK_OK(orti_file_write(in_folder("C"), "", 0));
    CHECK_OK(orti_folder_list(heap(), folder, collect_name, &names));
    CHECK_STR(names.data, "C;a;b;"); /* and no temporary file is left */
    CHECK_OK(orti_file_write(in_folder("stop"), "", 0));
    CHECK_FAILS(orti_folder_list(heap(), folder, collect_name, &names), ORT_CODE_CANCELLED, "stop");
    CHECK_FAILS(orti_folder_list(heap(), in_folder("a"), collect_name, &names), ORT_CODE_IO, "can't list");
    folder_end();
    CHECK_OK(orti_folder_list(heap(), folder, collect_name, &names));
    orti_text_finish(&names);
}

ORT_TEST(folder, of_an_address) {
    char *own = NULL, *libc = NULL, exe[512] = "";
    CHECK(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
    *strrchr(exe, '/') = 0;
    CHECK_OK(orti_folder_of_address(heap(), (const void *)(uintptr_t)&collect_name, &own));
    CHECK_STR(own, exe);
    orti_free(heap(), own);
    CHECK_OK(orti_folder_of_address(heap(), (const void *)(uintptr_t)&getenv, &libc));
    CHECK(libc[0] == '/');
    CHECK_FAILS(orti_folder_of_address(heap(), (const void *)8, &own), ORT_CODE_NOT_FOUND, "address");
    CHECK(own == NULL);
    orti_free(heap(), libc);
}

static void check_path(ort_status *status, char *got, const char *want) {
    CHECK_OK(status);
    CHECK_STR(got, want);
    orti_free(heap(), got);
}

ORT_TEST(path, joins_and_splits) {
    char *got = NULL;
    ort_status *status = orti_path_join(heap(), "a/b", "c", &got);
    check_path(status, got, "a/b/c");
    status = orti_path_join(heap(), "/", "c", &got);
    check_path(status, got, "/c");
    status = orti_path_join(heap(), "", "c", &got);
    check_path(status, got, "c");
    status = orti_path_folder(heap(), "a/b/c", &got);
    check_path(status, got, "a/b");
    status = orti_path_folder(heap(), "/c", &got);
    check_path(status, got, "/");
    status = orti_path_folder(heap(), "c", &got);
    check_path(status, got, ".");
}

ORT_TEST(env, empty_is_unset) {
    CHECK(setenv("ORT_FILE_TEST", "x", 1) == 0);
    CHECK_STR(orti_env("ORT_FILE_TEST"), "x");
    CHECK(setenv("ORT_FILE_TEST", "", 1) == 0);
    CHECK(orti_env("ORT_FILE_TEST") == NULL && orti_env("ORT_FILE_TEST_NONE") == NULL);
}

ORT_TEST(clock, does_not_go_back) {
    uint64_t first = orti_clock_ns(), second = orti_clock_ns();
    CHECK(first != 0 && second >= first);
}
