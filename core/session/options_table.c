#include "load/load.h"
#include "session/options.h"

#include <inttypes.h>
#include <string.h>

#define KEY_FAIL(key, ...)                                                                                             \
    return ORT_NOTE(ORT_STATUS(INVALID_ARGUMENT, __VA_ARGS__), "configuration key '%s'", (key)->path)

static const char *kind_name(const json_t *value) {
    static const char *const names[] = {"an object", "a list", "a string", "an integer",
                                        "a number",  "a bool", "a bool",   "null"};
    return names[json_typeof(value)];
}

static bool is_choice(const char *choices, const char *word) {
    size_t length = strlen(word);
    if (strchr(word, '|')) return false;
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, word, length) == 0 && (at[length] == '|' || !at[length]) && length) return true;
    return false;
}

static ort_status *check_choice(const option_key *key, json_t *value) {
    if (!json_is_string(value)) KEY_FAIL(key, "wants one of %s, got %s", key->choices, kind_name(value));
    const char *word = json_string_value(value);
    if (!is_choice(key->choices, word)) KEY_FAIL(key, "wants one of %s, got '%s'", key->choices, word);
    return NULL;
}

static ort_status *check_bool(const option_key *key, json_t *value) {
    if (!json_is_boolean(value)) KEY_FAIL(key, "wants true or false, got %s", kind_name(value));
    return NULL;
}

static ort_status *check_text(const option_key *key, json_t *value) {
    if (!json_is_string(value)) KEY_FAIL(key, "wants a string, got %s", kind_name(value));
    return NULL;
}

static ort_status *check_int(const option_key *key, json_t *value) {
    if (json_is_string(value) && key->choices) return check_choice(key, value);
    if (!json_is_integer(value))
        KEY_FAIL(key, "wants an integer%s%s, got %s", key->choices ? " or " : "", key->choices ? key->choices : "",
                 kind_name(value));
    int64_t number = (int64_t)json_integer_value(value);
    if (number < key->minimum || number > key->maximum)
        KEY_FAIL(key, "wants %" PRId64 " to %" PRId64 ", got %" PRId64, key->minimum, key->maximum, number);
    return NULL;
}

static ort_status *check_bytes(const option_key *key, json_t *value) {
    uint64_t bytes = 0;
    if (json_is_integer(value) && json_integer_value(value) >= 0) return NULL;
    if (json_is_string(value) && orti_bytes_parse(json_string_value(value), &bytes)) return NULL;
    KEY_FAIL(key, "wants a size such as 4096, \"4GiB\" or \"none\"");
}

static ort_status *check_texts(const option_key *key, json_t *value) {
    size_t index;
    json_t *item;
    if (!json_is_array(value)) KEY_FAIL(key, "wants a list of strings, got %s", kind_name(value));
    json_array_foreach(value, index, item) {
        if (!json_is_string(item)) KEY_FAIL(key, "element %zu is %s, not a string", index, kind_name(item));
    }
    return NULL;
}

static ort_status *check_provider_object(const option_key *key, size_t index, json_t *item) {
    const char *name;
    json_t *member;
    if (!json_is_string(json_object_get(item, "name"))) KEY_FAIL(key, "element %zu has no \"name\"", index);
    json_object_foreach(item, name, member) {
        if (strcmp(name, "name") != 0 && strcmp(name, "options") != 0)
            KEY_FAIL(key, "element %zu has the unknown key '%s'; it knows name and options", index, name);
    }
    member = json_object_get(item, "options");
    if (member && !json_is_object(member)) KEY_FAIL(key, "element %zu: options is %s", index, kind_name(member));
    return NULL;
}

static ort_status *check_providers(const option_key *key, json_t *value) {
    size_t index;
    json_t *item;
    if (!json_is_array(value)) KEY_FAIL(key, "wants a list, got %s", kind_name(value));
    json_array_foreach(value, index, item) {
        if (json_is_object(item))
            ORT_TRY(check_provider_object(key, index, item));
        else if (!json_is_string(item) || !*json_string_value(item))
            KEY_FAIL(key, "element %zu wants a provider's name or {\"name\", \"options\"}", index);
    }
    return NULL;
}

static ort_status *check_range(const option_key *key, const char *symbol, json_t *range) {
    const char *name;
    json_t *bound;
    if (!json_is_object(range)) KEY_FAIL(key, "'%s' wants {min, opt, max}, got %s", symbol, kind_name(range));
    json_object_foreach(range, name, bound) {
        if (!is_choice("min|opt|max", name))
            KEY_FAIL(key, "'%s' has the unknown key '%s'; it knows min, opt, max", symbol, name);
        if (!json_is_integer(bound) || json_integer_value(bound) < 0)
            KEY_FAIL(key, "'%s.%s' wants an integer from 0 on", symbol, name);
    }
    return NULL;
}

static ort_status *check_shapes(const option_key *key, json_t *value) {
    const char *symbol;
    json_t *range;
    if (!json_is_object(value)) KEY_FAIL(key, "wants {\"symbol\": {min, opt, max}}, got %s", kind_name(value));
    json_object_foreach(value, symbol, range) ORT_TRY(check_range(key, symbol, range));
    return NULL;
}

static ort_status *check_list(const option_key *key, json_t *value) {
    if (!json_is_array(value)) KEY_FAIL(key, "wants a list, got %s", kind_name(value));
    return NULL;
}

static ort_status *check_wishes(const option_key *key, json_t *value) {
    const char *nodes;
    json_t *provider;
    if (!json_is_object(value)) KEY_FAIL(key, "wants {\"node\": \"provider\"}, got %s", kind_name(value));
    json_object_foreach(value, nodes, provider) {
        if (!json_is_string(provider) || !*json_string_value(provider))
            KEY_FAIL(key, "'%s' wants the name of a provider, got %s", nodes, kind_name(provider));
    }
    return NULL;
}

#define THREADS_MAX 4096
#define PARTS_MAX   1000000

static const option_key keys[] = {
    {.path = "providers", .scope = SCOPE_SESSION, .check = check_providers, .is_list = true},
    {.path = "fallback", .scope = SCOPE_SESSION, .check = check_choice, .choices = "allow|warn|error"},
    {.path = "precision", .scope = SCOPE_SESSION, .check = check_choice, .choices = "model|bf16|f16|tf32"},
    {.path = "deterministic", .scope = SCOPE_SESSION, .check = check_bool},
    {.path = "denormals",
     .scope = SCOPE_SESSION,
     .check = check_choice,
     .choices = "keep|flush",
     .unsupported = "flushing denormals is not built yet",
     .unsupported_word = "flush"},
    {.path = "threads.lanes",
     .scope = SCOPE_ENVIRONMENT,
     .check = check_int,
     .minimum = 1,
     .maximum = THREADS_MAX,
     .choices = "auto"},
    {.path = "threads.per_lane",
     .scope = SCOPE_ENVIRONMENT,
     .check = check_int,
     .minimum = 1,
     .maximum = THREADS_MAX,
     .choices = "auto"},
    {.path = "threads.bind", .scope = SCOPE_ENVIRONMENT, .check = check_choice, .choices = "auto|none|cores"},
    {.path = "cache.folder", .scope = SCOPE_ENVIRONMENT, .check = check_text},
    {.path = "limits.model_bytes", .scope = SCOPE_MODEL, .check = check_bytes},
    {.path = "limits.host_bytes", .scope = SCOPE_SESSION, .check = check_bytes},
    {.path = "shapes", .scope = SCOPE_SESSION, .check = check_shapes},
    {.path = "state",
     .scope = SCOPE_SESSION,
     .check = check_list,
     .unsupported = "values kept between runs are not built yet"},
    {.path = "weights", .scope = SCOPE_MODEL, .check = check_choice, .choices = "map|copy"},
    {.path = "inputs", .scope = SCOPE_MODEL, .check = check_texts, .is_list = true},
    {.path = "passes.disable", .scope = SCOPE_SESSION, .check = check_texts, .is_list = true},
    {.path = "passes.only", .scope = SCOPE_SESSION, .check = check_texts, .is_list = true},
    {.path = "passes.opset", .scope = SCOPE_SESSION, .check = check_int, .minimum = 1, .maximum = ORTI_OPSET_MAX},
    {.path = "placement.parts", .scope = SCOPE_SESSION, .check = check_int, .minimum = 1, .maximum = PARTS_MAX},
    {.path = "placement.seed", .scope = SCOPE_SESSION, .check = check_int, .minimum = 0, .maximum = INT64_MAX},
    {.path = "placement.nodes", .scope = SCOPE_SESSION, .check = check_wishes},
    {.path = "plugins.path", .scope = SCOPE_ENVIRONMENT, .check = check_texts, .is_list = true},
    {.path = "plugins.probe", .scope = SCOPE_ENVIRONMENT, .check = check_bool},
    {.path = "plugins.isolate",
     .scope = SCOPE_ENVIRONMENT,
     .check = check_texts,
     .is_list = true,
     .unsupported = "providers in a process of their own are not built yet"},
};

const option_key *orti_option_keys(size_t *out_count) {
    *out_count = sizeof keys / sizeof *keys;
    return keys;
}
