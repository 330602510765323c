#include "providers/manifest.h"

#include "providers/testing.h"

#include <stdlib.h>

#define GOOD_HEAD "\"id\": \"org.x.y\", \"name\": \"y\", \"version\": \"1\", "
#define GOOD_ABI  "\"abi\": {\"major\": 0, \"min_minor\": 0, \"built_minor\": 0}, "
#define GOOD_LIB  "\"library\": \"a.so\", \"architecture\": \"x\""

static const struct {
    const char *text;
    ort_code code;
    const char *says;
} wrong[] = {
    {"", ORT_CODE_PLUGIN, "line 1"},
    {"[]", ORT_CODE_PLUGIN, "not a JSON object"},
    {"{\n\n \"id\": }", ORT_CODE_PLUGIN, "line 3"},
    {"{\"id\": 1, \"id\": 2}", ORT_CODE_PLUGIN, "duplicate"},
    {"{" GOOD_ABI GOOD_LIB "}", ORT_CODE_PLUGIN, "'name' is missing"},
    {"{\n\"name\": 3}", ORT_CODE_PLUGIN, "line 2: 'name' is not a string"},
    {"{\"id\": \"org.x\", \"name\": \"a b\", \"version\": \"1\"}", ORT_CODE_PLUGIN, "no word"},
    {"{\"id\": \"x\", \"name\": \"y\", \"version\": \"1\"}", ORT_CODE_PLUGIN, "reverse domain"},
    {"{" GOOD_HEAD GOOD_LIB "}", ORT_CODE_PLUGIN, "'abi' is missing"},
    {"{" GOOD_HEAD "\n\"abi\": 3}", ORT_CODE_PLUGIN, "line 2: 'abi' is not an object"},
    {"{" GOOD_HEAD "\"abi\": {\"major\": -1, \"min_minor\": 0, \"built_minor\": 0}}", ORT_CODE_PLUGIN, "out of range"},
    {"{" GOOD_HEAD "\"abi\": {\"major\": 0, \"min_minor\": 4, \"built_minor\": 0}}", ORT_CODE_PLUGIN, "below"},
    {"{" GOOD_HEAD GOOD_ABI "\"library\": \"\"}", ORT_CODE_PLUGIN, "'library' is empty"},
    {"{" GOOD_HEAD GOOD_ABI GOOD_LIB ", \"needs\": []}", ORT_CODE_PLUGIN, "'needs' is not an object"},
    {"{" GOOD_HEAD GOOD_ABI GOOD_LIB ", \"needs\": {\"sonames\": [3]}}", ORT_CODE_PLUGIN, "no string"},
    {"{" GOOD_HEAD GOOD_ABI GOOD_LIB ", \"priority\": 99999}", ORT_CODE_PLUGIN, "out of range"},
    {"{" GOOD_HEAD GOOD_ABI GOOD_LIB ", \"sha256\": \"12\"}", ORT_CODE_PLUGIN, "64 hexadecimal"},
    {"{" GOOD_HEAD GOOD_ABI GOOD_LIB ", \"isolation\": \"maybe\"}", ORT_CODE_PLUGIN, "isolation"},
    {"{" GOOD_HEAD GOOD_ABI GOOD_LIB ", \"options\": {}}", ORT_CODE_PLUGIN, "'options' is not a list"},
};

ORT_TEST(manifest, wrong_ones_are_refused_with_their_line) {
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        orti_arena arena;
        orti_manifest manifest;
        orti_arena_init(&arena, orti_allocator_default());
        CHECK_FAILS(orti_manifest_parse(&arena, wrong[i].text, strlen(wrong[i].text), false, &manifest), wrong[i].code,
                    wrong[i].says);
        orti_arena_finish(&arena);
    }
}

static const char good[] = "{" GOOD_HEAD GOOD_ABI GOOD_LIB ", \"x-vendor\": 3, \"priority\": -2,"
                           "\"needs\": {\"cpu_features\": [\"sse2\"], \"sonames\": [\"libc.so.6\"]}}";

ORT_TEST(manifest, good_one_is_read) {
    orti_arena arena;
    orti_manifest manifest;
    orti_arena_init(&arena, orti_allocator_default());
    CHECK_OK(orti_manifest_parse(&arena, good, strlen(good), false, &manifest));
    CHECK_STR(manifest.id, "org.x.y");
    CHECK(manifest.priority == -2);
    CHECK(manifest.cpu_feature_count == 1 && manifest.soname_count == 1);
    CHECK_STR(manifest.sonames[0], "libc.so.6");
    orti_arena_finish(&arena);
}

ORT_TEST(manifest, too_long_is_refused_before_it_is_read) {
    orti_arena arena;
    orti_manifest manifest;
    orti_arena_init(&arena, orti_allocator_default());
    CHECK_FAILS(orti_manifest_parse(&arena, good, ORTI_MANIFEST_MAX_BYTES + 1, false, &manifest),
                ORT_CODE_LIMIT_EXCEEDED, "bytes");
    orti_arena_finish(&arena);
}

ORT_TEST(manifest, needs_are_checked_without_loading) {
    static const char *const features[] = {"avx-that-never-was"}, *const nodes[] = {"/dev/no-such-node"},
                             *const names[] = {"libno-such-thing.so.1"}, *const there[] = {"libc.so.6"};
    const orti_allocator *alloc = orti_allocator_default();
    const orti_manifest plain = {.architecture = "", .library = "", .sha256 = ""};
    orti_manifest manifest = plain;
    CHECK_OK(orti_manifest_check_needs(alloc, &manifest));
    manifest.abi_major = 3;
    CHECK_FAILS(orti_manifest_check_needs(alloc, &manifest), ORT_CODE_UNSUPPORTED, "ABI 3");
    manifest = plain, manifest.abi_min_minor = 7;
    CHECK_FAILS(orti_manifest_check_needs(alloc, &manifest), ORT_CODE_UNSUPPORTED, "0.7");
    manifest = plain, manifest.architecture = "z80";
    CHECK_FAILS(orti_manifest_check_needs(alloc, &manifest), ORT_CODE_UNSUPPORTED, "z80");
    manifest = plain, manifest.cpu_features = (const char **)features, manifest.cpu_feature_count = 1;
    CHECK_FAILS(orti_manifest_check_needs(alloc, &manifest), ORT_CODE_UNSUPPORTED, "avx-that-never-was");
    manifest = plain, manifest.device_nodes = (const char **)nodes, manifest.device_node_count = 1;
    CHECK_FAILS(orti_manifest_check_needs(alloc, &manifest), ORT_CODE_NOT_FOUND, "/dev/no-such-node");
    manifest = plain, manifest.sonames = (const char **)names, manifest.soname_count = 1;
    CHECK_FAILS(orti_manifest_check_needs(alloc, &manifest), ORT_CODE_NOT_FOUND, "libno-such-thing.so.1");
    manifest = plain, manifest.sonames = (const char **)there, manifest.soname_count = 1;
    CHECK_OK(orti_manifest_check_needs(alloc, &manifest));
    manifest = plain, manifest.needs_isolation = true;
    CHECK_FAILS(orti_manifest_check_needs(alloc, &manifest), ORT_CODE_UNSUPPORTED, "worker process");
}

ORT_TEST(manifest, library_stays_in_its_folder) {
    static const char *const paths[] = {"/etc/passwd", "../null/libortp_null.so", "x/../../y", ".."};
    orti_arena arena;
    orti_arena_init(&arena, orti_allocator_default());
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        orti_manifest manifest = {.library = paths[i]};
        CHECK_FAILS(orti_manifest_locate(&arena, TEST_PLUGINS "/null", &manifest), ORT_CODE_PLUGIN, "leaves");
    }
    orti_manifest manifest = {.library = "absent.so"};
    CHECK_FAILS(orti_manifest_locate(&arena, TEST_PLUGINS "/null", &manifest), ORT_CODE_NOT_FOUND, "absent.so");
    manifest.library = "libortp_null.so";
    CHECK_OK(orti_manifest_locate(&arena, TEST_PLUGINS "/null", &manifest));
    CHECK(manifest.library[0] == '/');
    manifest.sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    CHECK_FAILS(orti_manifest_check_digest(arena.alloc, &manifest), ORT_CODE_PLUGIN, "SHA-256");
    orti_arena_finish(&arena);
}

ORT_TEST(manifest, versions_compare_as_numbers) {
    CHECK(orti_manifest_compare_versions("1.10", "1.9") > 0);
    CHECK(orti_manifest_compare_versions("1.0", "1.0") == 0);
    CHECK(orti_manifest_compare_versions("1.0-beta", "1.0") < 0);
    CHECK(orti_manifest_compare_versions("1.0", "1.0.1") < 0);
    CHECK(orti_manifest_compare_versions("2", "10") < 0);
}
