/* A plugin's options as data: its schema is checked once, settings against it every time. */
#include "providers/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {"nothing", "a string", "an integer", "a number", "true or false"};

static ort_status *choices_copy(orti_arena *arena, ortp_option *option) {
    ort_string_view *choices = NULL;
    if (!option->choices || !option->choice_count) {
        option->choices = NULL;
        option->choice_count = 0;
        return NULL;
    }
    if (option->choice_count > PROVIDER_OPTION_COUNT_MAX) ORT_FAIL(PLUGIN, "has too many choices");
    ORT_TRY(orti_arena_alloc(arena, (size_t)option->choice_count, sizeof *choices, &choices));
    for (uint64_t i = 0; i < option->choice_count; i++)
        ORT_TRY(orti_check_view(arena, option->choices[i], "a choice", &choices[i]));
    option->choices = choices;
    return NULL;
}

static ort_status *option_copy(orti_arena *arena, const uint8_t *from, ortp_option *out) {
    uint32_t size = 0;
    memcpy(&size, from, sizeof size);
    if (size < ORTP_OPTION_SIZE_0_0)
        ORT_FAIL(PLUGIN, "has the size %u, at least %u are due", size, ORTP_OPTION_SIZE_0_0);
    memcpy(out, from, size < sizeof *out ? size : sizeof *out);
    ORT_TRY(orti_check_view(arena, out->name, "its name", &out->name));
    if (!out->name.length) ORT_FAIL(PLUGIN, "has no name");
    if (out->kind < ORTP_SETTING_STRING || out->kind > ORTP_SETTING_BOOL)
        ORT_FAIL(PLUGIN, "has the kind %u", out->kind);
    if (!isfinite(out->minimum) || !isfinite(out->maximum) || out->minimum > out->maximum)
        ORT_FAIL(PLUGIN, "has a range without numbers in it");
    ORT_TRY(orti_check_view(arena, out->summary, "its summary", &out->summary));
    ORT_TRY(orti_check_view(arena, out->default_text, "its default", &out->default_text));
    return choices_copy(arena, out);
}

ort_status *orti_options_read(orti_provider *provider, const ortp_option_schema *schema) {
    ortp_option *options = NULL;
    if (!schema || schema->option_count == 0) return NULL;
    if (schema->size < ORTP_OPTION_SCHEMA_SIZE_0_0 || schema->stride < ORTP_OPTION_SIZE_0_0 || !schema->options ||
        schema->option_count > PROVIDER_OPTION_COUNT_MAX)
        ORT_FAIL(PLUGIN, "the options' schema has a wrong size, stride or count");
    size_t count = (size_t)schema->option_count;
    ORT_TRY(orti_arena_alloc(&provider->arena, count, sizeof *options, &options));
    for (size_t i = 0; i < count; i++)
        ORT_TRY(
            ORT_NOTE(option_copy(&provider->arena, (const uint8_t *)schema->options + i * schema->stride, &options[i]),
                     "option %zu of the schema", i));
    provider->options = (ortp_option_schema){sizeof provider->options, sizeof *options, options, count};
    return NULL;
}

static const ortp_option *option_find(const ortp_option_schema *schema, ort_string_view name) {
    for (uint64_t i = 0; i < schema->option_count; i++) {
        const ortp_option *option = &schema->options[i];
        if (option->name.length == name.length && memcmp(option->name.data, name.data, (size_t)name.length) == 0)
            return option;
    }
    return NULL;
}

static ort_status *unknown_option(const orti_provider *provider, ort_string_view name) {
    const ortp_option_schema *schema = &provider->options;
    const orti_allocator *alloc = provider->owner->alloc;
    const char **names = NULL;
    char *word = NULL;
    ORT_TRY(orti_alloc(alloc, (size_t)name.length + 1, 1, &word));
    memcpy(word, name.data, (size_t)name.length);
    ort_status *status = orti_alloc(alloc, (size_t)schema->option_count, sizeof *names, &names);
    for (uint64_t i = 0; !status && i < schema->option_count; i++) names[i] = schema->options[i].name.data;
    const char *nearest = status ? NULL : orti_nearest_name(word, names, (size_t)schema->option_count);
    if (!status && nearest)
        status = ORT_STATUS(INVALID_ARGUMENT, "unknown option '%s'; did you mean '%s'?", word, nearest);
    else if (!status)
        status = ORT_STATUS(INVALID_ARGUMENT, "unknown option '%s'", word);
    orti_free(alloc, names);
    orti_free(alloc, word);
    return status;
}

static ort_status *check_choice(const ortp_option *option, ort_string_view text) {
    char list[256] = "";
    size_t length = 0;
    for (uint64_t i = 0; i < option->choice_count; i++) {
        const ort_string_view *choice = &option->choices[i];
        if (choice->length == text.length && memcmp(choice->data, text.data, (size_t)text.length) == 0) return NULL;
        int added = snprintf(list + length, sizeof list - length, "%s'%s'", i ? ", " : "", choice->data);
        length += added > 0 ? (size_t)added : 0;
        if (length >= sizeof list) length = sizeof list - 1;
    }
    if (!option->choice_count) return NULL;
    ORT_FAIL(INVALID_ARGUMENT, "option '%s': '%.*s' is none of %s", option->name.data,
             (int)(text.length < 200 ? text.length : 200), text.data, list);
}

static ort_status *check_setting(const orti_provider *provider, uint32_t scope, const ortp_setting *setting) {
    if (!setting->name.data || !setting->name.length) ORT_FAIL(INVALID_ARGUMENT, "an option without a name");
    const ortp_option *option = option_find(&provider->options, setting->name);
    if (!option) return unknown_option(provider, setting->name);
    if (option->scope != scope)
        ORT_FAIL(INVALID_ARGUMENT, "option '%s' is for the %s", option->name.data,
                 option->scope == ORTP_OPTION_SCOPE_INSTANCE ? "instance, not for one compile"
                                                             : "compile, not for the instance");
    bool fits =
        setting->kind == option->kind || (option->kind == ORTP_SETTING_FLOAT && setting->kind == ORTP_SETTING_INT);
    if (!fits)
        ORT_FAIL(INVALID_ARGUMENT, "option '%s' is %s, given %s", option->name.data, kind_names[option->kind],
                 setting->kind <= ORTP_SETTING_BOOL ? kind_names[setting->kind] : "an unknown kind");
    if (setting->kind == ORTP_SETTING_STRING) return check_choice(option, setting->text);
    if (setting->kind == ORTP_SETTING_BOOL) return NULL;
    double number = setting->kind == ORTP_SETTING_INT ? (double)setting->integer : setting->number;
    bool has_range = option->minimum != 0 || option->maximum != 0;
    if (!isfinite(number) || (has_range && (number < option->minimum || number > option->maximum)))
        ORT_FAIL(INVALID_ARGUMENT, "option '%s' is %g; allowed are %g to %g", option->name.data, number,
                 option->minimum, option->maximum);
    return NULL;
}

ort_status *orti_provider_check_settings(const orti_provider *provider, uint32_t scope, const ortp_setting *settings,
                                         uint32_t setting_count) {
    for (uint32_t i = 0; i < setting_count; i++)
        ORT_TRY(ORT_NOTE(check_setting(provider, scope, &settings[i]), "provider '%s'", provider->manifest.name));
    return NULL;
}
