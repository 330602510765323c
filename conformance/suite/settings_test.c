#include "suite/cases.h"
#include "suite/document.h"
#include "testing/test.h"

#include <stdlib.h>

ORT_TEST(settings, levels_are_lists_of_ranges) {
    static const struct {
        const char *text;
        uint32_t levels;
    } good[] = {{"0", 1}, {"L3", 8}, {"L0-L3", 15}, {"0,1,2", 7}, {"0-1,L6", 67}, {"6", 64}};
    static const char *const bad[] = {"", "7", "L", "3-1", "0,", "0-", "a", "0;1", "01", "-1", "0,,1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint32_t levels = 0;
        CHECK(ortc_levels_parse(good[i].text, &levels) && levels == good[i].levels, "%s: %u", good[i].text, levels);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t levels = 0;
        CHECK(!ortc_levels_parse(bad[i], &levels), "'%s' was taken", bad[i]);
    }
}

ORT_TEST(settings, fractions_count_from_one) {
    uint32_t part = 9, count = 9;
    CHECK(ortc_fraction_parse("2/4", &part, &count) && part == 1 && count == 4);
    static const char *const bad[] = {"", "0/4", "5/4", "2", "2/", "/4", "a/4", "2/4x", "1/0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!ortc_fraction_parse(bad[i], &part, &count), "'%s' was taken", bad[i]);
}

ORT_TEST(settings, a_case_stays_in_its_part) {
    CHECK(ortc_part_of("L3/test_add", 7) == ortc_part_of("L3/test_add", 7));
    uint32_t sizes[4] = {0};
    for (int i = 0; i < 4000; i++) {
        char id[32];
        snprintf(id, sizeof id, "L3/case_%d", i);
        sizes[ortc_part_of(id, 4)]++;
    }
    for (int i = 0; i < 4; i++) CHECK(sizes[i] > 900 && sizes[i] < 1100, "part %d has %u of 4000", i, sizes[i]);
}

ORT_TEST(settings, the_command_that_repeats_a_case_is_quoted_for_a_shell) {
    const ortc_settings settings = {
        .providers = {{"acme:1"}, 1}, .cases_folder = "it's here", .options = {{"mode=fast $x"}, 1}, .seed = 7};
    char *command = ortc_repro_command(&settings, "L3/a b");
    CHECK_STR(command, "ort-conformance acme:1 --level L3 --cases 'it'\\''s here' -o 'mode=fast $x' --seed 7 --repro "
                       "'L3/a b'");
    free(command);
    command = ortc_repro_command(&settings, "L0/x");
    CHECK_STR(command, "ort-conformance acme:1 --level L0 -o 'mode=fast $x' --seed 7 --repro L0/x");
    free(command);
}

ORT_TEST(settings, coverage_counts_signatures_once) {
    ortc_case items[] = {
        {.is_selected = true, .result = {.verdict = ORTC_PASSED, .coverage = (char[]){"Cast:T1=int8 Cast:T2=int8"}}},
        {.is_selected = true, .result = {.verdict = ORTC_FAILED, .coverage = (char[]){"Cast:T1=int8"}}},
        {.is_selected = true, .result = {.verdict = ORTC_DECLINED, .coverage = (char[]){"Add:T=int4"}}},
        {.is_selected = false, .result = {.verdict = ORTC_PASSED, .coverage = (char[]){"Mul:T=int8"}}},
    };
    const ortc_cases cases = {.items = items, .count = 4};
    json_t *sums = ortc_signatures_make(&cases), *rows = ortc_coverage_make(&cases);
    CHECK(json_integer_value(json_object_get(sums, "offered")) == 3);
    CHECK(json_integer_value(json_object_get(sums, "claimed")) == 2);
    CHECK(json_integer_value(json_object_get(sums, "passed")) == 1);
    CHECK(json_array_size(rows) == 2, "the matrix has one row for a type: %zu", json_array_size(rows));
    json_decref(sums);
    json_decref(rows);
}
