#include "common/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void tool_error(const tool *self, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "%s: ", self->name);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
}

int tool_exit_code(ort_code code) {
    static const int exits[] = {
        [ORT_CODE_OK] = TOOL_EXIT_GOOD,
        [ORT_CODE_INVALID_ARGUMENT] = TOOL_EXIT_USAGE,
        [ORT_CODE_NOT_FOUND] = TOOL_EXIT_USAGE,
        [ORT_CODE_INVALID_MODEL] = TOOL_EXIT_USAGE,
        [ORT_CODE_UNSUPPORTED] = TOOL_EXIT_USAGE,
        [ORT_CODE_LIMIT_EXCEEDED] = TOOL_EXIT_USAGE,
        [ORT_CODE_OUT_OF_MEMORY] = TOOL_EXIT_PROVIDER,
        [ORT_CODE_IO] = TOOL_EXIT_USAGE,
        [ORT_CODE_DEVICE_LOST] = TOOL_EXIT_PROVIDER,
        [ORT_CODE_PLUGIN] = TOOL_EXIT_PROVIDER,
        [ORT_CODE_CANCELLED] = TOOL_EXIT_PROVIDER,
        [ORT_CODE_DEADLINE] = TOOL_EXIT_PROVIDER,
        [ORT_CODE_BUSY] = TOOL_EXIT_PROVIDER,
        [ORT_CODE_BUG] = TOOL_EXIT_BUG,
    };
    return code < sizeof exits / sizeof *exits ? exits[code] : TOOL_EXIT_BUG;
}

int tool_fail(const tool *self, ort_status *status) {
    if (!status) return TOOL_EXIT_GOOD;
    tool_error(self, "%s", ort_status_message(status));
    int code = tool_exit_code(ort_status_code(status));
    if (code == TOOL_EXIT_BUG) tool_error(self, "this is our bug, born at %s", ort_status_where(status));
    ort_status_destroy(status);
    return code;
}

static void print_help(const tool *self) {
    printf("usage: %s\n\n%s\n\n", self->usage, self->summary);
    for (size_t i = 0; i < self->option_count; i++) {
        const tool_option *option = &self->options[i];
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", option->name, option->value_name ? " " : "",
                 option->value_name ? option->value_name : "");
        printf("  %-26s %s\n", left, option->help);
    }
    printf("  %-26s %s\n  %-26s %s\n", "--help", "this text", "--version", "the version");
    printf("\nExit: 0 good, 1 the answer is no, 2 usage or bad input, 3 provider or device failed, 4 our bug.\n");
}

static const tool_option *find_option(const tool *self, const char *word, size_t length) {
    for (size_t i = 0; i < self->option_count; i++)
        if (strlen(self->options[i].name) == length && strncmp(self->options[i].name, word, length) == 0)
            return &self->options[i];
    return NULL;
}

static int add_to_list(const tool *self, tool_list *list, const char *value) {
    if (!list || list->count == sizeof list->items / sizeof *list->items) {
        tool_error(self, "too many arguments at '%s'; see --help", value);
        return TOOL_EXIT_USAGE;
    }
    list->items[list->count++] = value;
    return -1;
}

static int set_number(const tool *self, const tool_option *option, const char *value) {
    char *end;
    double number = strtod(value, &end);
    if (*end || end == value) {
        tool_error(self, "%s wants a number, not '%s'", option->name, value);
        return TOOL_EXIT_USAGE;
    }
    *(double *)option->target = number;
    return -1;
}

static int set_option(const tool *self, const tool_option *option, const char *value) {
    switch (option->kind) {
    case TOOL_FLAG:
        *(bool *)option->target = true;
        return -1;
    case TOOL_TEXT:
        *(const char **)option->target = value;
        return -1;
    case TOOL_LIST:
        return add_to_list(self, option->target, value);
    case TOOL_NUMBER:
        return set_number(self, option, value);
    }
    return TOOL_EXIT_BUG;
}

/* One word that begins with '-'; *index moves over a value that is a word of its own. */
static int parse_option(const tool *self, int argc, char **argv, int *index) {
    const char *word = argv[*index], *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const tool_option *option = find_option(self, word, length);
    if (!option) {
        tool_error(self, "unknown option '%.*s'; see --help", (int)length, word);
        return TOOL_EXIT_USAGE;
    }
    if ((option->kind == TOOL_FLAG) != (option->value_name == NULL)) return TOOL_EXIT_BUG;
    if (option->kind == TOOL_FLAG) {
        if (equals) tool_error(self, "%s takes no value", option->name);
        return equals ? TOOL_EXIT_USAGE : set_option(self, option, NULL);
    }
    if (!equals && *index + 1 >= argc) {
        tool_error(self, "%s needs a value: %s", option->name, option->value_name);
        return TOOL_EXIT_USAGE;
    }
    return set_option(self, option, equals ? equals + 1 : argv[++*index]);
}

int tool_parse(const tool *self, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return print_help(self), TOOL_EXIT_GOOD;
        if (strcmp(argv[i], "--version") == 0) return printf("%s %s\n", self->name, ort_version()), TOOL_EXIT_GOOD;
        int code = argv[i][0] == '-' && argv[i][1] ? parse_option(self, argc, argv, &i)
                                                   : add_to_list(self, self->positional, argv[i]);
        if (code >= 0) return code;
    }
    return -1;
}

/* "cpu,vulkan:0" as the JSON list that the key `providers` wants. */
static ort_status *set_providers(ort_options *options, const char *list) {
    json_t *array = json_array();
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        if (length) json_array_append_new(array, json_stringn(at, length));
        at += length + (at[length] == ',');
    }
    char *text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    ort_status *status = text ? ort_options_set(options, "providers", text) : NULL;
    free(text);
    return status;
}

static ort_status *set_assignment(ort_options *options, const char *assignment) {
    const char *equals = strchr(assignment, '=');
    char key[256];
    size_t length = equals ? (size_t)(equals - assignment) : strlen(assignment);
    if (length >= sizeof key) length = sizeof key - 1;
    memcpy(key, assignment, length);
    key[length] = 0;
    return ort_options_set(options, key, equals ? equals + 1 : "true");
}

bool tool_settings_clash(const tool *self, const tool_settings *settings) {
    for (size_t i = 0; settings->providers && i < settings->assignments.count; i++) {
        if (strncmp(settings->assignments.items[i], "providers=", strlen("providers=")) != 0) continue;
        tool_error(self, "--provider and -o providers= exclude each other: give one of them");
        return true;
    }
    return false;
}

ort_status *tool_settings_options(const tool_settings *settings, ort_options **out) {
    ort_options *options = NULL;
    *out = NULL;
    ort_status *status = ort_options_create(&options);
    if (!status && settings->config) status = ort_options_load(options, settings->config);
    if (!status && settings->providers) status = set_providers(options, settings->providers);
    if (!status && settings->threads) status = ort_options_set(options, "threads.per_lane", settings->threads);
    for (size_t i = 0; !status && i < settings->assignments.count; i++)
        status = set_assignment(options, settings->assignments.items[i]);
    if (status) return ort_options_destroy(options), status;
    *out = options;
    return NULL;
}

void tool_log(void *user, uint32_t level, const char *room, const char *message) {
    if (level <= ORT_LOG_WARNING) tool_error(user, "%s: %s", room, message);
}

void tool_print_json(json_t *object) {
    char *text = json_dumps(object, JSON_INDENT(2));
    if (text) puts(text);
    free(text);
    json_decref(object);
}

const char *tool_duration(double ns, char *out) {
    static const struct {
        double limit, unit;
        const char *name;
    } scales[] = {{1e3, 1, "ns"}, {1e6, 1e3, "us"}, {1e9, 1e6, "ms"}, {1e300, 1e9, "s"}};
    size_t i = 0;
    while (ns >= scales[i].limit && i < 3) i++;
    snprintf(out, 32, "%.3g %s", ns / scales[i].unit, scales[i].name);
    return out;
}

void tool_value_text(const ort_value_info *value, char *out, size_t size_bytes) {
    int used = snprintf(out, size_bytes, "%s", value->type);
    if (!value->has_shape) return;
    for (uint32_t i = 0; i <= value->rank && used >= 0 && (size_t)used < size_bytes; i++) {
        const char *before = i == 0 ? "[" : i == value->rank ? "]" : ",";
        if (i == value->rank) {
            used += snprintf(out + used, size_bytes - (size_t)used, "%s", value->rank ? "]" : "[]");
        } else if (value->dims[i] >= 0) {
            used += snprintf(out + used, size_bytes - (size_t)used, "%s%lld", before, (long long)value->dims[i]);
        } else {
            const char *name = value->dim_names[i];
            used += snprintf(out + used, size_bytes - (size_t)used, "%s%s", before, *name ? name : "?");
        }
    }
}

uint64_t tool_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
