#include "providers/providers.h"

#include "providers/testing.h"

#include <stdlib.h>

/* Opened bare: refusals that need no process of their own. */
static const struct {
    const char *plugin;
    ort_code code;
    const char *stage, *says;
} refusals[] = {
    {"null_slot", ORT_CODE_PLUGIN, "table", "no 'alloc'"},
    {"short", ORT_CODE_PLUGIN, "table", "claim table has 8 bytes"},
    {"symbol", ORT_CODE_PLUGIN, "open", "ortp_entry_v0"},
    {"too_new", ORT_CODE_UNSUPPORTED, "entry", "needs ABI 0.9"},
    {"agreed", ORT_CODE_PLUGIN, "entry", "agreed to ABI 0.9"},
    {"no_table", ORT_CODE_PLUGIN, "entry", "without a plugin table"},
    {"id", ORT_CODE_PLUGIN, "table", "somebody.else"},
    {"devices", ORT_CODE_PLUGIN, "devices", "lists 4000000000 devices"},
    {"device_id", ORT_CODE_PLUGIN, "devices", "no stable id"},
};

ORT_TEST(providers, wrong_plugins_are_refused_with_stage_and_reason) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        orti_providers *providers = providers_of(refusals[i].plugin, false);
        orti_provider *provider = orti_providers_at(providers, 0);
        orti_provider_facts facts;
        CHECK_FAILS(orti_provider_open(provider), refusals[i].code, refusals[i].says);
        CHECK_FAILS(orti_provider_open(provider), refusals[i].code, refusals[i].says);
        orti_provider_describe(provider, &facts);
        CHECK(facts.state == ORTI_PROVIDER_REFUSED && facts.code == refusals[i].code);
        CHECK_STR(facts.stage, refusals[i].stage);
        CHECK(orti_provider_device_count(provider) == 0);
        orti_providers_destroy(providers);
    }
}

static const struct {
    const char *plugin, *says;
} probed[] = {{"crash", "crashes at 'open'"},
              {"hang", "hangs at 'open'"},
              {"exit", "ends the process at 'open'"},
              {"short", "claim table has 8 bytes"}};

ORT_TEST(providers, a_probe_survives_what_the_plugin_does) {
    for (size_t i = 0; i < sizeof probed / sizeof *probed; i++) {
        orti_providers *providers = providers_of(probed[i].plugin, true);
        CHECK_FAILS(orti_provider_open(orti_providers_at(providers, 0)), ORT_CODE_PLUGIN, probed[i].says);
        orti_providers_destroy(providers);
    }
    orti_providers *providers = providers_of("null", true);
    CHECK_OK(orti_provider_open(orti_providers_at(providers, 0)));
    CHECK(orti_provider_device_count(orti_providers_at(providers, 0)) == 1);
    orti_providers_destroy(providers);
}

ORT_TEST(providers, one_bad_plugin_spoils_nothing) {
    const char *paths[] = {TEST_PLUGINS "/short", TEST_PLUGINS "/null", TEST_PLUGINS "/absent", TEST_PLUGINS "/null"};
    const orti_providers_options options = {.api_paths = paths, .api_path_count = 4, .skip_defaults = true};
    orti_providers *providers = NULL;
    orti_provider *found = NULL;
    orti_text text;
    CHECK_OK(orti_providers_create(orti_allocator_default(), &options, &providers));
    CHECK(orti_providers_count(providers) == 3);
    CHECK_FAILS(orti_provider_open(orti_providers_at(providers, 0)), ORT_CODE_PLUGIN, "short");
    CHECK_FAILS(orti_providers_find(providers, "short", &found), ORT_CODE_PLUGIN, "claim table");
    CHECK_FAILS(orti_providers_find(providers, "nul", &found), ORT_CODE_NOT_FOUND, "did you mean 'null'");
    CHECK_OK(orti_providers_find(providers, "org.orthrus.test.null", &found));
    CHECK_OK(orti_provider_open(found));
    CHECK(orti_provider_device(found, 0)->kind == 77);
    orti_text_init(&text, orti_allocator_default());
    CHECK_OK(orti_providers_json(providers, &text));
    CHECK(strstr(text.data, "\"state\":\"refused\"") && strstr(text.data, "\"null:0\""));
    orti_text_finish(&text);
    orti_providers_destroy(providers);
}

#define MANIFEST(version)                                                                                              \
    "{\"id\": \"org.x.y\", \"name\": \"y\", \"version\": \"" version                                                   \
    "\", \"abi\": {\"major\": 0, \"min_minor\": 0, \"built_minor\": 0}}"

ORT_TEST(providers, the_highest_version_shadows_the_others) {
    const orti_providers_static statics[] = {
        {MANIFEST("1.9"), NULL}, {MANIFEST("1.10"), NULL}, {MANIFEST("1.2"), NULL}};
    const orti_providers_options options = {.skip_defaults = true, .statics = statics, .static_count = 3};
    orti_providers *providers = NULL;
    CHECK_OK(orti_providers_create(orti_allocator_default(), &options, &providers));
    orti_provider_facts facts;
    orti_provider_describe(orti_providers_at(providers, 0), &facts);
    CHECK(facts.state == ORTI_PROVIDER_SHADOWED && strstr(facts.reason, "1.10"));
    orti_provider_describe(orti_providers_at(providers, 1), &facts);
    CHECK(facts.state == ORTI_PROVIDER_USABLE);
    orti_provider_describe(orti_providers_at(providers, 2), &facts);
    CHECK(facts.state == ORTI_PROVIDER_SHADOWED);
    CHECK_FAILS(orti_providers_register(providers, "{", NULL), ORT_CODE_PLUGIN, "line 1");
    orti_providers_destroy(providers);
}

static ort_string_view view_of(const char *text) {
    return (ort_string_view){text, strlen(text)};
}

static ortp_setting setting(const char *name, uint32_t kind, const char *text, int64_t integer) {
    return (ortp_setting){
        .size = sizeof(ortp_setting), .kind = kind, .name = view_of(name), .text = view_of(text), .integer = integer};
}

ORT_TEST(providers, settings_are_checked_against_the_schema) {
    orti_providers *providers = providers_of("null", false);
    orti_instance *instance = NULL, *other = NULL;
    const uint32_t device = 0, absent = 3;
    const struct {
        ortp_setting setting;
        const char *says;
    } wrong_ones[] = {{setting("thread", ORTP_SETTING_INT, "", 2), "did you mean 'threads'"},
                      {setting("threads", ORTP_SETTING_INT, "", 65), "allowed are 1 to 64"},
                      {setting("threads", ORTP_SETTING_STRING, "2", 0), "is an integer, given a string"},
                      {setting("mode", ORTP_SETTING_STRING, "slow", 0), "'fast', 'exact'"}};
    orti_provider *provider = orti_providers_at(providers, 0);
    for (size_t i = 0; i < sizeof wrong_ones / sizeof *wrong_ones; i++)
        CHECK_FAILS(orti_instance_open(provider, &device, 1, &wrong_ones[i].setting, 1, &instance),
                    ORT_CODE_INVALID_ARGUMENT, wrong_ones[i].says);
    CHECK_FAILS(orti_instance_open(provider, &absent, 1, NULL, 0, &instance), ORT_CODE_NOT_FOUND, "no device 3");
    const ortp_setting two[] = {setting("threads", ORTP_SETTING_INT, "", 2),
                                setting("mode", ORTP_SETTING_STRING, "fast", 0)};
    const ortp_setting swapped[] = {two[1], two[0]};
    CHECK_OK(orti_instance_open(provider, &device, 1, two, 2, &instance));
    CHECK_OK(orti_instance_open(provider, &device, 1, swapped, 2, &other));
    CHECK(instance == other);
    orti_instance_release(other);
    CHECK_OK(orti_instance_open(provider, &device, 1, two, 1, &other));
    CHECK(instance != other);
    orti_instance_release(other);
    orti_instance_release(instance);
    orti_providers_destroy(providers);
}

ORT_TEST(providers, finding_survives_every_lack_of_memory) {
    const char *paths[] = {TEST_PLUGINS "/null"};
    const orti_providers_options options = {.api_paths = paths, .api_path_count = 1, .skip_defaults = true};
    bool has_ended = false;
    for (uint64_t at = 1; at < 400 && !has_ended; at++) {
        orti_allocator_failing failing;
        orti_providers *providers = NULL;
        orti_instance *instance = NULL;
        const uint32_t device = 0;
        orti_allocator_failing_init(&failing, at);
        ort_status *status = orti_providers_create(&failing.allocator, &options, &providers);
        if (!status) status = orti_instance_open(orti_providers_at(providers, 0), &device, 1, NULL, 0, &instance);
        has_ended = failing.call_count < at;
        CHECK(!has_ended || !status, "%s", ort_status_message(status));
        ort_status_destroy(status);
        orti_instance_release(instance);
        orti_providers_destroy(providers);
        CHECK(failing.live_count == 0, "%d live after failure %d", (int)failing.live_count, (int)at);
    }
    CHECK(has_ended);
}
