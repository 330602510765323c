#include "suite/waivers.h"
#include "testing/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int load(const char *text, ortc_waivers *out) {
    char path[] = "/tmp/waivers-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "a file in /tmp");
    close(fd);
    int code = ortc_waivers_load(path, out);
    unlink(path);
    return code;
}

#define ONE(fields) "{\"schema\": 1, \"waivers\": [{" fields "}]}"

ORT_TEST(waivers, each_names_one_case_and_one_reason) {
    static const char *const bad[] = {"",
                                      "[]",
                                      "{\"waivers\": []}",
                                      "{\"schema\": 2, \"waivers\": []}",
                                      "{\"schema\": 1, \"waivers\": [3]}",
                                      ONE("\"case\": \"L3/a\""),
                                      ONE("\"reason\": \"r\""),
                                      ONE("\"case\": \"L3/a\", \"reason\": \"\""),
                                      ONE("\"case\": \"L3/a\", \"reason\": \"r\", \"rule\": \"no.such\""),
                                      ONE("\"case\": \"L3/a\", \"reason\": \"r\", \"until\": \"soon\""),
                                      ONE("\"case\": \"L3/a\", \"reason\": \"r\", \"owner\": \"me\""),
                                      ONE("\"case\": 3, \"reason\": \"r\"")};
    ortc_waivers waivers;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(load(bad[i], &waivers) == TOOL_EXIT_USAGE && !waivers.items, "taken: %s", bad[i]);
    CHECK(load(ONE("\"case\": \"L3/a\", \"reason\": \"r\""), &waivers) == 0 && waivers.count == 1);
    ortc_waivers_finish(&waivers);
    CHECK(ortc_waivers_load(NULL, &waivers) == 0 && waivers.count == 0, "no file: no waivers");
}

static ortc_case made(const char *id, ortc_verdict verdict, const char *rule, bool is_selected) {
    return (ortc_case){.id = (char *)(uintptr_t)id,
                       .level = 3,
                       .is_selected = is_selected,
                       .result = {.verdict = verdict, .rule = rule, .has_run = true}};
}

ORT_TEST(waivers, what_they_do) {
    ortc_case items[] = {
        made("L3/a", ORTC_FAILED, "run.correct", true), made("L3/b", ORTC_PASSED, NULL, true),
        made("L3/c", ORTC_DECLINED, NULL, true),        made("L3/d", ORTC_FAILED, "run.bounds", true),
        made("L3/e", ORTC_PASSED, NULL, false),         made("L3/f", ORTC_CRASH, "survive.crash", true)};
    ortc_cases cases = {.items = items, .count = 6};
    static const struct {
        const char *id, *rule, *until;
        bool is_stale, is_used;
    } each[] = {{"L3/a", "run.correct", "", false, true},
                {"L3/b", "", "", true, false},             /* passes */
                {"L3/c", "", "", false, false},            /* declined: unused */
                {"L3/d", "run.correct", "", false, false}, /* fails by another rule */
                {"L3/e", "", "", false, false},            /* not selected */
                {"L3/f", "", "2026-01-01", true, false},   /* expired */
                {"L3/gone", "", "", true, false}};
    enum { COUNT = sizeof each / sizeof *each };
    ortc_waiver list[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        list[i] = (ortc_waiver){.id = (char *)(uintptr_t)each[i].id,
                                .rule = (char *)(uintptr_t)each[i].rule,
                                .reason = (char[]){"r"},
                                .until = (char *)(uintptr_t)each[i].until};
    ortc_waivers waivers = {.items = list, .count = COUNT};
    ortc_waivers_apply(&waivers, &cases, "2026-06-30");
    for (size_t i = 0; i < COUNT; i++) {
        CHECK((list[i].stale != NULL) == each[i].is_stale, "%s: %s", each[i].id,
              list[i].stale ? list[i].stale : "good");
        CHECK(list[i].is_used == each[i].is_used, "%s", each[i].id);
    }
    CHECK(items[0].result.verdict == ORTC_WAIVED && items[0].result.before_waiver == ORTC_FAILED);
    CHECK(items[3].result.verdict == ORTC_FAILED && items[5].result.verdict == ORTC_CRASH);
    CHECK(waivers.stale_count == 3 && waivers.used_count == 1);
}
