#include "session/options.h"

#include "base/file.h"

#include <string.h>

#define PATH_MAX_BYTES    128u
#define OPTIONS_MAX_BYTES (16u << 20)

/* The row for `path`, or NULL. */
static const option_key *key_find(const char *path) {
    size_t count;
    const option_key *keys = orti_option_keys(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].path, path) == 0) return &keys[i];
    return NULL;
}

/* "threads" is a group: rows begin with "threads.". */
static bool is_group(const char *path) {
    size_t count, length = strlen(path);
    const option_key *keys = orti_option_keys(&count);
    if (!length) return true;
    for (size_t i = 0; i < count; i++)
        if (strncmp(keys[i].path, path, length) == 0 && keys[i].path[length] == '.') return true;
    return false;
}

/* Names the nearest of all paths and groups. */
static ort_status *unknown_key(const char *path) {
    enum { NAMES_MAX = 64 };
    size_t key_count, count = 0;
    const option_key *keys = orti_option_keys(&key_count);
    const char *names[NAMES_MAX];
    static const char *const groups[] = {"threads", "cache", "limits", "passes", "placement", "plugins"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) names[count++] = groups[i];
    for (size_t i = 0; i < key_count && count < NAMES_MAX; i++) names[count++] = keys[i].path;
    const char *nearest = orti_nearest_name(path, names, count);
    if (nearest) ORT_FAIL(INVALID_ARGUMENT, "unknown configuration key '%s': did you mean '%s'?", path, nearest);
    ORT_FAIL(INVALID_ARGUMENT, "unknown configuration key '%s'", path);
}

static bool is_empty(const json_t *value) {
    if (json_is_array(value)) return json_array_size(value) == 0;
    return json_is_string(value) && !*json_string_value(value);
}

static ort_status *leaf_check(const option_key *key, json_t *value) {
    ORT_TRY(key->check(key, value));
    const char *word = json_string_value(value);
    bool is_refused = key->unsupported_word ? word && strcmp(word, key->unsupported_word) == 0 : !is_empty(value);
    if (key->unsupported && is_refused)
        ORT_FAIL(UNSUPPORTED, "configuration key '%s': %s", key->path, key->unsupported);
    return NULL;
}

static ort_status *tree_check(const char *path, json_t *value) {
    const option_key *key = key_find(path);
    if (key) return leaf_check(key, value);
    if (!is_group(path)) return unknown_key(path);
    if (!json_is_object(value)) ORT_FAIL(INVALID_ARGUMENT, "configuration key '%s' wants an object", path);
    const char *name;
    json_t *member;
    json_object_foreach(value, name, member) {
        orti_text full;
        orti_text_init(&full, orti_allocator_default());
        orti_text_add(&full, "%s%s%s", path, *path ? "." : "", name);
        ort_status *status = orti_text_status(&full);
        if (!status) status = tree_check(full.data, member);
        orti_text_finish(&full);
        ORT_TRY(status);
    }
    return NULL;
}

/* Checks `root` (take) and overlays it on what is there. */
static ort_status *options_overlay(ort_options *options, json_t *root) {
    ort_status *status = NULL;
    if (!json_is_object(root)) status = ORT_STATUS(INVALID_ARGUMENT, "a configuration is one JSON object");
    if (!status) status = tree_check("", root);
    if (!status && json_object_update_recursive(options->root, root))
        status = ORT_STATUS(OUT_OF_MEMORY, "out of memory: configuration");
    json_decref(root);
    return status;
}

ort_status *ort_options_create(ort_options **out) {
    if (!out) ORT_FAIL(INVALID_ARGUMENT, "ort_options_create: out is NULL");
    *out = NULL;
    ort_options *options = NULL;
    ORT_TRY(orti_alloc(orti_allocator_default(), 1, sizeof *options, &options));
    options->root = json_object();
    if (!options->root) {
        orti_free(orti_allocator_default(), options);
        ORT_FAIL(OUT_OF_MEMORY, "out of memory: configuration");
    }
    *out = options;
    return NULL;
}

void ort_options_destroy(ort_options *options) {
    if (!options) return;
    json_decref(options->root);
    orti_free(orti_allocator_default(), options);
}

static ort_status *parse_bytes(ort_options *options, const char *json, size_t length) {
    json_error_t error;
    json_t *root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        ORT_FAIL(INVALID_ARGUMENT, "configuration: line %d, column %d: %s", error.line, error.column, error.text);
    return options_overlay(options, root);
}

ort_status *ort_options_parse(ort_options *options, const char *json) {
    if (!options || !json) ORT_FAIL(INVALID_ARGUMENT, "ort_options_parse: an argument is NULL");
    return parse_bytes(options, json, strlen(json));
}

ort_status *ort_options_load(ort_options *options, const char *path) {
    orti_file *file = NULL;
    if (!options || !path) ORT_FAIL(INVALID_ARGUMENT, "ort_options_load: an argument is NULL");
    ORT_TRY(orti_file_open(orti_allocator_default(), path, true, OPTIONS_MAX_BYTES, &file));
    ort_status *status = parse_bytes(options, (const char *)file->data, (size_t)file->size_bytes);
    orti_file_release(file);
    return ORT_NOTE(status, "%s", path);
}

/* "a,b" as ["a", "b"]. */
static json_t *list_of_words(const char *text) {
    json_t *list = json_array();
    while (list && *text) {
        size_t length = strcspn(text, ",");
        if (length && json_array_append_new(list, json_stringn(text, length))) {
            json_decref(list);
            return NULL;
        }
        text += length + (text[length] == ',');
    }
    return list;
}

/* `value` as JSON where it is that and the key wants no string, else as a word. */
static json_t *value_read(const char *path, const char *text) {
    const option_key *key = key_find(path);
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    bool is_word = !value || (key && key->choices && !key->maximum && !json_is_string(value));
    if (is_word) {
        json_decref(value);
        value = json_string(text);
    }
    if (key && key->is_list && json_is_string(value)) {
        json_t *list = list_of_words(json_string_value(value));
        json_decref(value);
        value = list;
    }
    return value;
}

/* {"a": {"b": value}} for "a.b"; value: take. NULL: no memory, or a path that is too long. */
static json_t *nest(const char *path, json_t *value) {
    char name[PATH_MAX_BYTES];
    size_t end = strlen(path);
    while (value && end) {
        size_t begin = end;
        while (begin && path[begin - 1] != '.') begin--;
        if (end - begin >= sizeof name) break;
        memcpy(name, path + begin, end - begin);
        name[end - begin] = 0;
        json_t *outer = json_object();
        if (!outer || json_object_set(outer, name, value)) {
            json_decref(outer);
            outer = NULL;
        }
        json_decref(value);
        value = outer;
        end = begin ? begin - 1 : 0;
        if (!end) return value;
    }
    json_decref(value);
    return NULL;
}

ort_status *ort_options_set(ort_options *options, const char *key, const char *value) {
    if (!options || !key || !value) ORT_FAIL(INVALID_ARGUMENT, "ort_options_set: an argument is NULL");
    if (!*key || strlen(key) >= PATH_MAX_BYTES) return unknown_key(key);
    json_t *root = nest(key, value_read(key, value));
    if (!root) ORT_FAIL(INVALID_ARGUMENT, "configuration key '%s': '%s' is no UTF-8 text", key, value);
    return options_overlay(options, root);
}

static ort_status *environment_keys_check(const ort_options *base, const ort_options *over) {
    size_t count;
    const option_key *keys = orti_option_keys(&count);
    for (size_t i = 0; i < count; i++) {
        json_t *wanted = orti_options_get(over, keys[i].path);
        if (keys[i].scope != SCOPE_ENVIRONMENT || !wanted) continue;
        json_t *given = orti_options_get(base, keys[i].path);
        if (!given || !json_equal(given, wanted))
            ORT_FAIL(INVALID_ARGUMENT,
                     "configuration key '%s' belongs to the environment and is fixed when that is created",
                     keys[i].path);
    }
    return NULL;
}

ort_status *orti_options_merged(const ort_options *base, const ort_options *over, bool is_past_environment,
                                ort_options **out) {
    ort_options *merged = NULL;
    json_t *copy = NULL;
    ort_status *status = NULL;
    *out = NULL;
    if (over && is_past_environment) ORT_TRY(environment_keys_check(base, over));
    ORT_TRY(ort_options_create(&merged));
    const ort_options *layers[] = {base, over};
    for (int i = 0; i < 2 && !status; i++) {
        if (!layers[i]) continue;
        copy = json_deep_copy(layers[i]->root);
        if (!copy || json_object_update_recursive(merged->root, copy))
            status = ORT_STATUS(OUT_OF_MEMORY, "out of memory: configuration");
        json_decref(copy);
    }
    if (status)
        ort_options_destroy(merged);
    else
        *out = merged;
    return status;
}

json_t *orti_options_get(const ort_options *options, const char *path) {
    json_t *value = options ? options->root : NULL;
    char name[PATH_MAX_BYTES];
    while (value && *path) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof name) return NULL;
        memcpy(name, path, length);
        name[length] = 0;
        value = json_object_get(value, name);
        path += length + (path[length] == '.');
    }
    return value;
}

const char *orti_options_text(const ort_options *options, const char *path, const char *fallback) {
    const char *text = json_string_value(orti_options_get(options, path));
    return text ? text : fallback;
}

int64_t orti_options_int(const ort_options *options, const char *path, int64_t fallback) {
    const json_t *value = orti_options_get(options, path);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

bool orti_options_bool(const ort_options *options, const char *path) {
    return json_is_true(orti_options_get(options, path));
}

bool orti_bytes_parse(const char *text, uint64_t *out) {
    static const struct {
        const char *suffix;
        uint64_t unit;
    } units[] = {{"", 1},
                 {"B", 1},
                 {"KiB", UINT64_C(1) << 10},
                 {"MiB", UINT64_C(1) << 20},
                 {"GiB", UINT64_C(1) << 30},
                 {"TiB", UINT64_C(1) << 40}};
    if (strcmp(text, "none") == 0) return *out = UINT64_MAX, true;
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (number > (UINT64_MAX - 9) / 10) return false;
        number = number * 10 + (uint64_t)(*at - '0');
    }
    for (size_t i = 0; at != text && i < sizeof units / sizeof *units; i++) {
        if (strcmp(at, units[i].suffix) != 0) continue;
        if (number > UINT64_MAX / units[i].unit) return false;
        *out = number * units[i].unit;
        return true;
    }
    return false;
}

uint64_t orti_options_bytes(const ort_options *options, const char *path, uint64_t fallback) {
    const json_t *value = orti_options_get(options, path);
    uint64_t bytes = fallback;
    if (json_is_integer(value)) return (uint64_t)json_integer_value(value);
    if (json_is_string(value)) (void)orti_bytes_parse(json_string_value(value), &bytes);
    return bytes;
}
