#include "providers/cache.h"
#include "providers/store.h"
#include "providers/testing.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define PACKED_BYTES 100000u

static const orti_manifest maker = {.id = "org.example.cache", .version = "1", .sha256 = ""};
static const ort_string_view layout = {"panels16", 8}, device = {"cpu:0", 5};

/* A folder, the one constant, and a store over both. */
typedef struct bench {
    char folder[64];
    orti_tensor *tensor;
    orti_store store;
    uint32_t log_count, pack_count;
    orti_log log;
} bench;

static void log_counted(void *user, uint32_t level, const char *room, const char *message) {
    (void)level, (void)room, (void)message;
    ++*(uint32_t *)user;
}

static void store_begin(bench *b, orti_store *store) {
    CHECK_OK(orti_store_init(store, orti_allocator_default()));
    CHECK_OK(orti_cache_open(orti_allocator_default(), b->folder, &b->log, &store->cache));
    CHECK_OK(orti_store_put_constant(store, b->tensor));
}

static void store_end(bench *b, orti_store *store) {
    orti_store_take_back_constant(store, b->tensor);
    orti_store_finish(store);
}

static void bench_begin(bench *b) {
    const int64_t dims[] = {30, 2};
    *b = (bench){.folder = "/tmp/ort-cache-test-XXXXXX"};
    b->log = (orti_log){log_counted, &b->log_count, ORTI_LOG_DEBUG};
    CHECK(mkdtemp(b->folder) != NULL);
    CHECK_OK(orti_tensor_create(orti_allocator_default(), ORT_DTYPE_F32, dims, 2, 0, &b->tensor));
    memset(b->tensor->data, 5, b->tensor->size_bytes);
    store_begin(b, &b->store);
}

static ort_status *path_note(void *user, const char *name) {
    snprintf(user, 256, "%s", name);
    return NULL;
}

/* The path of the last file in the folder, "" without one. */
static void path_find(const bench *b, char path[512]) {
    char name[256] = "";
    CHECK_OK(orti_folder_list(orti_allocator_default(), b->folder, path_note, name));
    snprintf(path, 512, name[0] ? "%s/%s" : "", b->folder, name);
}

static void bench_end(bench *b) {
    char path[512];
    store_end(b, &b->store);
    orti_tensor_release(b->tensor);
    for (path_find(b, path); path[0]; path_find(b, path)) CHECK(remove(path) == 0);
    CHECK(rmdir(b->folder) == 0);
}

static ort_status *pack_counted(void *user, void *memory, uint64_t size_bytes) {
    ++*(uint32_t *)user;
    for (uint64_t i = 0; i < size_bytes; i++) ((uint8_t *)memory)[i] = (uint8_t)(i % 251);
    return NULL;
}

static ortp_constant constant_of(const orti_tensor *tensor, const int64_t *dims) {
    return (ortp_constant){.size = sizeof(ortp_constant),
                           .dtype = ORT_DTYPE_F32,
                           .rank = 2,
                           .dims = dims,
                           .data = tensor->data,
                           .size_bytes = tensor->size_bytes};
}

/* Asks for the weight and gives it back; true when it was packed now. */
static bool is_packed(bench *b, orti_store *store, const orti_manifest *owner, const int64_t *dims,
                      uint64_t size_bytes) {
    const ortp_constant constant = constant_of(b->tensor, dims);
    const uint32_t before = b->pack_count;
    ortp_packed *packed = NULL;
    const void *data = NULL;
    CHECK_OK(orti_store_weight(store, owner, &constant, layout, device, size_bytes, pack_counted, &b->pack_count,
                               &packed, &data));
    CHECK((uintptr_t)data % 64 == 0);
    for (uint64_t i = 0; i < size_bytes; i++) CHECK(((const uint8_t *)data)[i] == i % 251);
    orti_store_weight_release(store, packed);
    return b->pack_count != before;
}

static const int64_t tall[] = {30, 2}, wide[] = {2, 30};

ORT_TEST(cache, what_one_store_packs_another_finds) {
    bench b;
    orti_store other;
    const orti_manifest newer = {.id = maker.id, .version = "2", .sha256 = ""};
    bench_begin(&b);
    store_begin(&b, &other);
    CHECK(is_packed(&b, &b.store, &maker, tall, PACKED_BYTES));
    CHECK(!is_packed(&b, &b.store, &maker, tall, PACKED_BYTES));
    CHECK(!is_packed(&b, &other, &maker, tall, PACKED_BYTES));
    CHECK(is_packed(&b, &other, &maker, wide, PACKED_BYTES)); /* the same bytes mean something else */
    CHECK(is_packed(&b, &other, &maker, tall, PACKED_BYTES + 1));
    CHECK(is_packed(&b, &other, &newer, tall, PACKED_BYTES));
    CHECK(!is_packed(&b, &b.store, &newer, tall, PACKED_BYTES));
    ((uint8_t *)b.tensor->data)[239] = 6;
    CHECK(is_packed(&b, &b.store, &maker, tall, PACKED_BYTES));
    CHECK(b.log_count == 0);
    store_end(&b, &other);
    bench_end(&b);
}

ORT_TEST(cache, small_weights_are_not_written) {
    bench b;
    char path[512];
    bench_begin(&b);
    CHECK(is_packed(&b, &b.store, &maker, tall, CACHE_MIN_BYTES - 1));
    path_find(&b, path);
    CHECK_STR(path, "");
    CHECK(is_packed(&b, &b.store, &maker, tall, CACHE_MIN_BYTES));
    path_find(&b, path);
    CHECK(path[0]);
    bench_end(&b);
}

/* Flips one byte; 0 has the magic, 4096 is the first of the payload. */
static void byte_flip(const char *path, long offset) {
    FILE *file = fopen(path, "r+b");
    CHECK(file && fseek(file, offset, SEEK_SET) == 0);
    const int byte = fgetc(file);
    CHECK(fseek(file, offset, SEEK_SET) == 0 && fputc(byte ^ 1, file) != EOF);
    CHECK(fclose(file) == 0);
}

/* Ignored with a message, packed, written anew and found. */
static void repair_check(bench *b, const char *what) {
    const uint32_t before = b->log_count;
    CHECK(is_packed(b, &b->store, &maker, tall, PACKED_BYTES), "%s", what);
    CHECK(b->log_count == before + 1, "%s", what);
    CHECK(!is_packed(b, &b->store, &maker, tall, PACKED_BYTES), "%s", what);
    CHECK(b->log_count == before + 1, "%s", what);
}

ORT_TEST(cache, damaged_files_are_ignored_and_written_anew) {
    static const long offsets[] = {0, 8, 16, 32, 40, 48, 4096, 4096 + PACKED_BYTES / 2, 4096 + PACKED_BYTES - 1};
    static const long lengths[] = {0, 1, 4095, 4096, 4096 + PACKED_BYTES - 1, 4096 + PACKED_BYTES + 1};
    bench b;
    char path[512];
    bench_begin(&b);
    CHECK(is_packed(&b, &b.store, &maker, tall, PACKED_BYTES));
    path_find(&b, path);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        byte_flip(path, offsets[i]);
        repair_check(&b, "a flipped byte");
    }
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        CHECK(truncate(path, lengths[i]) == 0);
        repair_check(&b, "another length");
    }
    bench_end(&b);
}

ORT_TEST(cache, a_constant_that_no_view_shows_is_not_read) {
    bench b;
    char path[512];
    bench_begin(&b);
    ortp_constant constant = constant_of(b.tensor, tall);
    constant.data = path;
    ortp_packed *packed = NULL;
    const void *data = NULL;
    CHECK_OK(orti_store_weight(&b.store, &maker, &constant, layout, device, PACKED_BYTES, pack_counted, &b.pack_count,
                               &packed, &data));
    orti_store_weight_release(&b.store, packed);
    path_find(&b, path);
    CHECK_STR(path, "");
    bench_end(&b);
}

ORT_TEST(cache, the_folder_must_be_there) {
    orti_cache *cache = NULL;
    orti_providers *providers = NULL;
    CHECK_FAILS(orti_cache_open(orti_allocator_default(), "/nowhere/at/all", NULL, &cache), ORT_CODE_NOT_FOUND,
                "'/nowhere/at/all' does not exist");
    CHECK_FAILS(orti_cache_open(orti_allocator_default(), "", NULL, &cache), ORT_CODE_NOT_FOUND, "does not exist");
    CHECK_FAILS(orti_cache_open(orti_allocator_default(), "/dev/null", NULL, &cache), ORT_CODE_IO, "not a folder");
    const orti_providers_options options = {.skip_defaults = true, .cache_folder = "/nowhere/at/all"};
    CHECK_FAILS(orti_providers_create(orti_allocator_default(), &options, &providers), ORT_CODE_NOT_FOUND,
                "'cache.folder'");
}
