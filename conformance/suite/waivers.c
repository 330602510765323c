#include "suite/waivers.h"

#include <stdlib.h>
#include <string.h>

static int refuse(const char *path, size_t index, const char *what) {
    tool_error(ortc_tool, "%s: waiver %zu: %s", path, index, what);
    return TOOL_EXIT_USAGE;
}

static bool is_date(const char *text) {
    static const char form[] = "dddd-dd-dd";
    if (strlen(text) != sizeof form - 1) return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return false;
    return true;
}

static char *copy_of(json_t *item, const char *key) {
    const char *text = json_string_value(json_object_get(item, key));
    return strdup(text ? text : "");
}

static int check_item(const char *path, size_t index, json_t *item) {
    static const char *const keys[] = {"case", "rule", "reason", "until"};
    const char *key;
    json_t *value;
    if (!json_is_object(item)) return refuse(path, index, "is no object");
    json_object_foreach(item, key, value) {
        size_t known = 0;
        while (known < 4 && strcmp(keys[known], key) != 0) known++;
        if (known == 4) return refuse(path, index, "has a key that is none of case, rule, reason, until");
        if (!json_is_string(value)) return refuse(path, index, "has a value that is no string");
    }
    const char *reason = json_string_value(json_object_get(item, "reason"));
    const char *rule = json_string_value(json_object_get(item, "rule"));
    const char *until = json_string_value(json_object_get(item, "until"));
    if (!json_object_get(item, "case")) return refuse(path, index, "names no case");
    if (!reason || !*reason) return refuse(path, index, "gives no reason");
    if (rule && !ortc_rule_find(rule)) return refuse(path, index, "names a rule that there is not; --rules lists them");
    if (until && !is_date(until)) return refuse(path, index, "wants \"until\" as YYYY-MM-DD");
    return 0;
}

static uint32_t level_of(const char *id) {
    return id[0] == 'L' && id[1] >= '0' && id[1] < (char)('0' + ORTC_LEVEL_COUNT) ? (uint32_t)(id[1] - '0') : 0;
}

static int load_items(const char *path, json_t *list, ortc_waivers *out) {
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item) {
        int code = check_item(path, index, item);
        if (code) return code;
        out->items[out->count++] = (ortc_waiver){.id = copy_of(item, "case"),
                                                 .rule = copy_of(item, "rule"),
                                                 .reason = copy_of(item, "reason"),
                                                 .until = copy_of(item, "until"),
                                                 .level = level_of(json_string_value(json_object_get(item, "case")))};
    }
    return 0;
}

int ortc_waivers_load(const char *path, ortc_waivers *out) {
    json_error_t error;
    *out = (ortc_waivers){0};
    if (!path) return 0;
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    json_t *list = json_object_get(document, "waivers");
    int code = TOOL_EXIT_USAGE;
    if (!document)
        tool_error(ortc_tool, "%s:%d: %s", path, error.line, error.text);
    else if (json_integer_value(json_object_get(document, "schema")) != 1 || !json_is_array(list))
        tool_error(ortc_tool, "%s: wants {\"schema\": 1, \"waivers\": [...]}", path);
    else if (!(out->items = calloc(json_array_size(list) + 1, sizeof *out->items)))
        tool_error(ortc_tool, "%s: no memory for its waivers", path);
    else
        code = load_items(path, list, out);
    json_decref(document);
    if (code) ortc_waivers_finish(out);
    return code;
}

static void apply_one(ortc_waiver *waiver, ortc_cases *cases, const char *today) {
    ortc_case *item = ortc_cases_find(cases, waiver->id);
    if (!item) {
        waiver->stale = "no case of this run has that id";
    } else if (*waiver->until && strcmp(today, waiver->until) > 0) {
        waiver->stale = "it has expired";
    } else if (item->is_selected && item->result.verdict == ORTC_PASSED) {
        waiver->stale = "the case passes";
    } else if (item->is_selected && ortc_verdict_fails(item->result.verdict) &&
               (!*waiver->rule || (item->result.rule && strcmp(waiver->rule, item->result.rule) == 0))) {
        item->result.before_waiver = item->result.verdict;
        item->result.verdict = ORTC_WAIVED;
        waiver->is_used = true;
    }
}

void ortc_waivers_apply(ortc_waivers *waivers, ortc_cases *cases, const char *today) {
    for (uint32_t i = 0; i < waivers->count; i++) {
        apply_one(&waivers->items[i], cases, today);
        waivers->used_count += waivers->items[i].is_used;
        waivers->stale_count += waivers->items[i].stale != NULL;
    }
}

void ortc_waivers_finish(ortc_waivers *waivers) {
    for (uint32_t i = 0; i < waivers->count; i++) {
        free(waivers->items[i].id);
        free(waivers->items[i].rule);
        free(waivers->items[i].reason);
        free(waivers->items[i].until);
    }
    free(waivers->items);
    *waivers = (ortc_waivers){0};
}
