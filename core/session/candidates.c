/* Which instances a session may use, from the configuration's "providers". */
#include "session/inner.h"

#include <stdlib.h>
#include <string.h>

#define DEVICE_ALL UINT32_MAX

/* One wish: "vulkan:0", or an object with options. */
typedef struct candidate_wish {
    orti_provider *provider;
    uint32_t device;
    const json_t *options; /* or NULL */
    bool is_asked_for;
    uint32_t rank;
} candidate_wish;

typedef struct candidate_list {
    ort_environment *environment;
    session_composition *composition;
    size_t capacity, settings_capacity;
} candidate_list;

static ort_status *setting_read(orti_arena *arena, const char *key, const json_t *value, ortp_setting *out) {
    *out = (ortp_setting){.size = sizeof *out};
    ORT_TRY(orti_arena_string(arena, key, strlen(key), &out->name.data));
    out->name.length = strlen(key);
    if (json_is_string(value)) {
        out->kind = ORTP_SETTING_STRING;
        out->text.length = json_string_length(value);
        return orti_arena_string(arena, json_string_value(value), json_string_length(value), &out->text.data);
    }
    if (json_is_integer(value)) {
        out->kind = ORTP_SETTING_INT;
        out->integer = (int64_t)json_integer_value(value);
        out->number = (double)out->integer;
    } else if (json_is_real(value)) {
        out->kind = ORTP_SETTING_FLOAT;
        out->number = json_real_value(value);
    } else if (json_is_boolean(value)) {
        out->kind = ORTP_SETTING_BOOL;
        out->integer = json_is_true(value);
    } else {
        ORT_FAIL(INVALID_ARGUMENT, "configuration key 'providers': option '%s' is neither text, number nor bool", key);
    }
    return NULL;
}

static uint32_t setting_scope(const orti_provider *provider, const char *key) {
    const ortp_option_schema *schema = orti_provider_options(provider);
    for (uint64_t i = 0; schema && i < schema->option_count; i++) {
        const ortp_option *option = (const void *)((const char *)schema->options + i * schema->stride);
        if (option->name.length == strlen(key) && memcmp(option->name.data, key, (size_t)option->name.length) == 0)
            return option->scope;
    }
    return ORTP_OPTION_SCOPE_INSTANCE;
}

/* Options of one scope as settings, checked against the provider's schema. */
static ort_status *settings_read(orti_arena *arena, const candidate_wish *wish, uint32_t scope, ortp_setting **out,
                                 uint32_t *out_count) {
    json_t *options = (json_t *)(uintptr_t)wish->options, *value;
    const char *key;
    *out_count = 0;
    ORT_TRY(orti_arena_alloc(arena, json_object_size(options), sizeof **out, out));
    json_object_foreach(options, key, value) {
        if (setting_scope(wish->provider, key) != scope) continue;
        ORT_TRY(setting_read(arena, key, value, &(*out)[(*out_count)++]));
    }
    return orti_provider_check_settings(wish->provider, scope, *out, *out_count);
}

static ort_status *device_open(candidate_list *list, const candidate_wish *wish, uint32_t device) {
    session_composition *composition = list->composition;
    ortp_setting *settings = NULL;
    orti_compile_settings compile = {0};
    ortp_setting *compile_settings = NULL;
    orti_candidate candidate = {.rank = wish->rank, .is_asked_for = wish->is_asked_for};
    uint32_t count = 0, wanted = composition->candidate_count + 1;
    ORT_TRY(settings_read(&composition->arena, wish, ORTP_OPTION_SCOPE_INSTANCE, &settings, &count));
    ORT_TRY(settings_read(&composition->arena, wish, ORTP_OPTION_SCOPE_COMPILE, &compile_settings, &compile.count));
    compile.settings = compile_settings;
    ORT_TRY(orti_grow(composition->alloc, &composition->candidates, &list->capacity, wanted, sizeof candidate));
    ORT_TRY(orti_grow(composition->alloc, &composition->settings, &list->settings_capacity, wanted, sizeof compile));
    ORT_TRY(orti_instance_open(wish->provider, &device, 1, settings, count, &candidate.instance));
    for (uint32_t i = 0; i < composition->candidate_count; i++) {
        if (composition->candidates[i].instance != candidate.instance) continue;
        orti_instance_release(candidate.instance);
        return NULL; /* named twice: the first place counts */
    }
    composition->settings[composition->candidate_count] = compile;
    composition->candidates[composition->candidate_count++] = candidate;
    return NULL;
}

/* As the provider tells; who can't tell has not lost it. */
static bool is_lost(orti_provider *provider, uint32_t device) {
    ortp_device_live live;
    ort_status *status = orti_provider_device_live(provider, device, &live);
    bool is_told = !status && live.is_lost;
    ort_status_destroy(status);
    return is_told;
}

static ort_status *wish_open(candidate_list *list, const candidate_wish *wish) {
    ORT_TRY(orti_provider_open(wish->provider));
    uint32_t count = orti_provider_device_count(wish->provider), first = wish->device, last = wish->device;
    const char *name = orti_provider_name(wish->provider);
    if (!count)
        ORT_FAIL(NOT_FOUND, "provider '%s' has no device: %s", name, orti_provider_device_reason(wish->provider));
    if (wish->device == DEVICE_ALL) first = 0, last = count - 1;
    if (last >= count) ORT_FAIL(NOT_FOUND, "provider '%s' has no device %u, only %u", name, wish->device, count);
    uint32_t opened_count = 0;
    for (uint32_t i = first; i <= last; i++) {
        bool is_target = orti_provider_device(wish->provider, i)->flags & ORTP_DEVICE_COMPILE_ONLY;
        if (is_target && wish->device == DEVICE_ALL) continue;
        if (is_target) ORT_FAIL(UNSUPPORTED, "device %u of provider '%s' is a target for compiling only", i, name);
        if (is_lost(wish->provider, i)) continue;
        ORT_TRY(device_open(list, wish, i));
        opened_count++;
    }
    if (!opened_count && is_lost(wish->provider, last))
        ORT_FAIL(DEVICE_LOST, "device %u of provider '%s' is lost", last, name);
    return NULL;
}

/* "vulkan:1" is device 1, "vulkan" device 0. */
static ort_status *wish_parse(const candidate_list *list, const char *text, candidate_wish *wish) {
    const char *colon = strrchr(text, ':');
    char *name = NULL, *end = NULL;
    wish->device = 0;
    if (colon) {
        unsigned long device = strtoul(colon + 1, &end, 10);
        if (colon[1] < '0' || colon[1] > '9' || *end || device > 4096)
            ORT_FAIL(INVALID_ARGUMENT, "configuration key 'providers': '%s' wants NAME or NAME:DEVICE", text);
        wish->device = (uint32_t)device;
    }
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    ORT_TRY(orti_arena_string(&list->composition->arena, text, length, (const char **)&name));
    return orti_providers_find(list->environment->providers, name, &wish->provider);
}

/* A named provider that can't be had fails the session, unless falling back is allowed. */
static ort_status *named_open(candidate_list *list, const json_t *item, uint32_t rank) {
    candidate_wish wish = {.rank = rank, .is_asked_for = true};
    const char *text = json_string_value(json_is_object(item) ? json_object_get(item, "name") : item);
    wish.options = json_is_object(item) ? json_object_get(item, "options") : NULL;
    ort_status *status = wish_parse(list, text, &wish);
    if (!status) status = wish_open(list, &wish);
    ort_code code = ort_status_code(status);
    bool is_absent = code == ORT_CODE_NOT_FOUND || code == ORT_CODE_PLUGIN || code == ORT_CODE_DEVICE_LOST ||
                     code == ORT_CODE_UNSUPPORTED;
    if (!status || !is_absent || list->composition->fallback != ORTI_FALLBACK_ALLOW) return status;
    orti_log_write(&list->environment->log, ORTI_LOG_WARNING, "session", "provider '%s' is left out: %s", text,
                   ort_status_message(status));
    ort_status_destroy(status);
    return NULL;
}

static bool is_cpu(const orti_provider *provider) {
    return strcmp(orti_provider_name(provider), "cpu") == 0;
}

/* Everybody whose manifest does not say that it wants to be named (a negative priority), the CPU last; who can't be
 * opened is listed by the environment and costs nobody anything. */
static ort_status *all_open(candidate_list *list, bool only_cpu, uint32_t rank, bool is_asked_for) {
    orti_providers *providers = list->environment->providers;
    for (int turn = only_cpu ? 1 : 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < orti_providers_count(providers); i++) {
            candidate_wish wish = {orti_providers_at(providers, i), DEVICE_ALL, NULL, is_asked_for, rank};
            orti_provider_facts facts;
            orti_provider_describe(wish.provider, &facts);
            if (facts.priority < 0) continue;
            if (facts.state != ORTI_PROVIDER_USABLE || is_cpu(wish.provider) != (turn == 1)) continue;
            ort_status *status = wish_open(list, &wish);
            if (ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY) return status;
            if (status)
                orti_log_write(&list->environment->log, ORTI_LOG_INFO, "session", "provider '%s' is left out: %s",
                               facts.name, ort_status_message(status));
            ort_status_destroy(status);
        }
    }
    return NULL;
}

/* Why there is nobody: every provider that was found, and what is wrong with it. */
static ort_status *nobody(const ort_environment *environment) {
    orti_text text;
    orti_text_init(&text, environment->alloc);
    for (uint32_t i = 0; i < orti_providers_count(environment->providers); i++) {
        orti_provider_facts facts;
        orti_provider_describe(orti_providers_at(environment->providers, i), &facts);
        orti_text_add(&text, "%s%s: %s", i ? "; " : ": ", facts.name, *facts.reason ? facts.reason : "no device");
    }
    ort_status *status = ORT_STATUS(NOT_FOUND, "no provider is usable (%u found%s)",
                                    orti_providers_count(environment->providers), text.data);
    orti_text_finish(&text);
    return status;
}

ort_status *orti_candidates_open(ort_environment *environment, const ort_options *options,
                                 session_composition *composition) {
    candidate_list list = {environment, composition, 0, 0};
    json_t *named = orti_options_get(options, "providers"), *item;
    size_t index;
    if (!json_array_size(named)) {
        ORT_TRY(all_open(&list, false, 0, true));
    } else {
        json_array_foreach(named, index, item) ORT_TRY(named_open(&list, item, (uint32_t)index));
        ORT_TRY(all_open(&list, true, (uint32_t)json_array_size(named), false));
    }
    return composition->candidate_count ? NULL : nobody(environment);
}
