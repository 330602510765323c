/* L0: what stands in the plugin's table; and the level's list. */
#include "bare/bare.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tables_run(ortc_context *context) {
    ortc_bare bare;
    if (!ortc_bare_enter(&bare, context)) return; /* sizes and slots were looked at */
    ORTC_REQUIRE(context, (bare.plugin.flags & 0xffff0000u) == 0, "values.known",
                 "the plugin's flags are 0x%x, of which the high ones have no meaning here", bare.plugin.flags);
    ORTC_REQUIRE(context, bare.plugin.id.data && bare.plugin.id.length, "manifest.agrees", "the table has no id");
    ORTC_REQUIRE(context, bare.plugin.version.data && bare.plugin.version.length, "manifest.agrees",
                 "the table has no version");
}

static void agrees_run(ortc_context *context) {
    ortc_bare bare;
    const ortc_subject *subject = context->subject;
    if (!ortc_bare_enter(&bare, context)) return;
    ORTC_REQUIRE(context, ortc_text_is(bare.plugin.id, subject->id), "manifest.agrees",
                 "the manifest says '%s', the table '%.*s'", subject->id, ORTC_TEXT(bare.plugin.id));
    ORTC_REQUIRE(context, ortc_text_is(bare.plugin.version, subject->version), "manifest.agrees",
                 "the manifest says version '%s', the table '%.*s'", subject->version, ORTC_TEXT(bare.plugin.version));
}

/* ---- options ---- */

static bool number_fits(const ortp_option *option, double value) {
    if (option->minimum == 0 && option->maximum == 0) return true;
    return value >= option->minimum && value <= option->maximum;
}

static bool is_choice(const ortp_option *option) {
    if (!option->choices) return true;
    for (uint64_t i = 0; i < option->choice_count; i++)
        if (option->choices[i].length == option->default_text.length &&
            memcmp(option->choices[i].data, option->default_text.data, option->choices[i].length) == 0)
            return true;
    return false;
}

static bool default_fits(const ortp_option *option) {
    char text[128], *end = text;
    if (option->default_text.length == 0) return true;
    if (option->default_text.length >= sizeof text) return option->kind == ORTP_SETTING_STRING;
    snprintf(text, sizeof text, "%.*s", ORTC_TEXT(option->default_text));
    double number = strtod(text, &end);
    switch (option->kind) {
    case ORTP_SETTING_STRING:
        return is_choice(option);
    case ORTP_SETTING_BOOL:
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    case ORTP_SETTING_INT:
        return !*end && end != text && number == floor(number) && number_fits(option, number);
    default:
        return !*end && end != text && number_fits(option, number);
    }
}

static bool option_check(ortc_context *context, const ortp_option *option, uint64_t index) {
    const char *wrong = option->size < ORTP_OPTION_SIZE_0_0          ? "has a short size"
                        : !option->name.data || !option->name.length ? "has no name"
                        : option->kind < ORTP_SETTING_STRING || option->kind > ORTP_SETTING_BOOL
                            ? "is of a kind that options.h does not name"
                        : option->scope > ORTP_OPTION_SCOPE_COMPILE ? "has an unknown scope"
                        : option->minimum > option->maximum         ? "has an empty range"
                        : option->choice_count && !option->choices  ? "counts choices and has none"
                        : !default_fits(option)                     ? "has a default that is not its own"
                                                                    : NULL;
    if (!wrong) return true;
    ortc_fail(context, "options.schema", "option %llu ('%.*s') %s", (unsigned long long)index, ORTC_TEXT(option->name),
              wrong);
    return false;
}

static void options_run(ortc_context *context) {
    ortc_bare bare;
    if (!ortc_bare_enter(&bare, context)) return;
    const ortp_option_schema *schema = bare.plugin.options;
    if (!schema) {
        ortc_decline(context, "the plugin has no options");
        return;
    }
    ORTC_REQUIRE(context, schema->size >= ORTP_OPTION_SCHEMA_SIZE_0_0, "table.sizes", "the schema's size is %u",
                 schema->size);
    ORTC_REQUIRE(context, !schema->option_count || (schema->options && schema->stride >= ORTP_OPTION_SIZE_0_0),
                 "options.schema", "%llu options at a stride of %u bytes", (unsigned long long)schema->option_count,
                 schema->stride);
    for (uint64_t i = 0; i < schema->option_count; i++)
        if (!option_check(context,
                          (const ortp_option *)(const void *)((const char *)schema->options + i * schema->stride), i))
            return;
}

const ortc_check ortc_table_checks[] = {
    {"table-slots", 0, 0, "every table has its size and what it must have", tables_run},
    {"table-agrees", 0, 0, "id and version are the manifest's", agrees_run},
    {"table-options", 0, 0, "the options' schema makes sense", options_run},
};
const uint32_t ortc_table_check_count = ORTC_COUNT(ortc_table_checks);

/* ---- the levels' lists: the files' tables one after the other ---- */

ortc_checks ortc_checks_join(ortc_check *all, const ortc_part *parts, uint32_t part_count) {
    ortc_checks joined = {all, 0};
    for (uint32_t i = 0; i < part_count; i++) {
        memcpy(all + joined.count, parts[i].items, parts[i].count * sizeof *all);
        joined.count += parts[i].count;
    }
    return joined;
}

ortc_checks ortc_bare_load_checks(void) {
    static ortc_check all[ORTC_LEVEL_CHECKS_MAX];
    const ortc_part parts[] = {{ortc_manifest_checks, ortc_manifest_check_count},
                               {ortc_entry_checks, ortc_entry_check_count},
                               {ortc_table_checks, ortc_table_check_count}};
    return ortc_checks_join(all, parts, ORTC_COUNT(parts));
}
