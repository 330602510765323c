#include "base/text.h"
#include "testing/test.h"

#include <stdio.h>

ORT_TEST(map, finds_what_was_set) {
    orti_map map;
    orti_map_init(&map, orti_allocator_default());
    CHECK(orti_map_find(&map, "a", 1) == ORTI_MAP_NONE);
    for (uint32_t i = 0; i < 20000; i++) {
        char key[32];
        int length = snprintf(key, sizeof key, "node_%u", i);
        CHECK_OK(orti_map_set(&map, key, (size_t)length, i));
    }
    for (uint32_t i = 0; i < 20000; i++) {
        char key[32];
        int length = snprintf(key, sizeof key, "node_%u", i);
        CHECK(orti_map_find(&map, key, (size_t)length) == i);
        CHECK(orti_map_find(&map, key, (size_t)length - 1) != i);
    }
    CHECK(map.used_count == 20000);
    CHECK(orti_map_find(&map, "node_20000", 10) == ORTI_MAP_NONE);
    CHECK_OK(orti_map_set(&map, "node_5", 6, 77));
    CHECK(orti_map_find(&map, "node_5", 6) == 77 && map.used_count == 20000);
    orti_map_finish(&map);
    CHECK(orti_map_find(&map, "node_5", 6) == ORTI_MAP_NONE);
    orti_map_finish(&map);
}

ORT_TEST(map, keys_are_bytes) {
    orti_map map;
    orti_map_init(&map, orti_allocator_default());
    CHECK_OK(orti_map_set(&map, "", 0, 1));
    CHECK_OK(orti_map_set(&map, "a\0b", 3, 2));
    CHECK_OK(orti_map_set(&map, "a\0c", 3, 3));
    CHECK(orti_map_find(&map, "", 0) == 1 && orti_map_find(&map, "a\0b", 3) == 2 &&
          orti_map_find(&map, "a\0c", 3) == 3);
    CHECK(orti_map_find(&map, "a", 1) == ORTI_MAP_NONE);
    orti_map_finish(&map);
}

ORT_TEST(map, hash_depends_on_each_byte_and_the_seed) {
    uint8_t bytes[40] = {0};
    uint64_t before = orti_hash_bytes(bytes, sizeof bytes, 1);
    CHECK(before == orti_hash_bytes(bytes, sizeof bytes, 1) && before != orti_hash_bytes(bytes, sizeof bytes, 2));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 1;
        CHECK(orti_hash_bytes(bytes, sizeof bytes, 1) != before);
        bytes[i] = 0;
    }
    CHECK(orti_hash_bytes(bytes, 7, 1) != orti_hash_bytes(bytes, 8, 1));
}

ORT_TEST(map, every_allocation_may_fail) {
    uint64_t fail_at = 1;
    for (bool has_failed = true; has_failed; fail_at++) {
        orti_allocator_failing failing;
        orti_map map;
        ort_status *status = NULL;
        uint32_t set_count = 0;
        orti_allocator_failing_init(&failing, fail_at);
        orti_map_init(&map, &failing.allocator);
        for (uint32_t i = 0; i < 200 && !status; i++) {
            status = orti_map_set(&map, (const char *)&i, sizeof i, i);
            if (!status) set_count++;
        }
        for (uint32_t i = 0; i < set_count; i++) CHECK(orti_map_find(&map, (const char *)&i, sizeof i) == i);
        CHECK(map.used_count == set_count);
        has_failed = status != NULL;
        CHECK(!status || ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY);
        ort_status_destroy(status);
        orti_map_finish(&map);
        CHECK(failing.live_count == 0);
    }
    CHECK(fail_at > 5);
}
