/* common/common.h: what all programs share: options from a table, errors in one form, exit codes.
 * Used by: ort-run, ort-info, ort-bench, ort-convert.  Threads: one. */
#ifndef ORT_TOOLS_COMMON_H
#define ORT_TOOLS_COMMON_H

#include "ort/ort.h"

#include <jansson.h>
#include <stdbool.h>

/* Exit codes (interfaces.md, "Programs"). */
#define TOOL_EXIT_GOOD     0
#define TOOL_EXIT_NO       1 /* the answer is "no": mismatch, no such device */
#define TOOL_EXIT_USAGE    2 /* usage or bad input: model, file, config */
#define TOOL_EXIT_PROVIDER 3 /* provider, device or machine failed */
#define TOOL_EXIT_BUG      4

/* Texts given on the command line, in order. */
typedef struct tool_list {
    const char *items[64];
    size_t count;
} tool_list;

typedef enum tool_option_kind { TOOL_FLAG, TOOL_TEXT, TOOL_LIST, TOOL_NUMBER } tool_option_kind;
typedef struct tool_option {
    const char *name; /* "--check", or "-o" */
    tool_option_kind kind;
    const char *value_name; /* "DIR"; NULL for flags */
    const char *help;
    void *target; /* bool *, const char **, tool_list *, double * */
} tool_option;

typedef struct tool {
    const char *name, *usage, *summary;
    const tool_option *options; /* --help and --version are added */
    size_t option_count;
    tool_list *positional;
} tool;

/* Parses; prints help or version. Returns -1 to go on, else the exit code to leave with. */
int tool_parse(const tool *self, int argc, char **argv);
/* "ort-NAME: ..." on stderr. */
void tool_error(const tool *self, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints and destroys the status; the exit code that its code stands for. NULL: 0. */
int tool_fail(const tool *self, ort_status *status);
int tool_exit_code(ort_code code);

/* What --provider, --config, -o and --threads say, as options for every call. */
typedef struct tool_settings {
    const char *config, *providers, *threads;
    tool_list assignments; /* "key=value" */
} tool_settings;
ort_status *tool_settings_options(const tool_settings *settings, ort_options **out);
/* Says so and returns true when --provider and -o providers= are both given: one of them would be ignored. */
bool tool_settings_clash(const tool *self, const tool_settings *settings);

/* Log messages of warning and worse on stderr: an ort_log_fn. `user`: the tool. */
void tool_log(void *user, uint32_t level, const char *room, const char *message);

/* Prints a JSON object, indented, and releases it. */
void tool_print_json(json_t *object);
/* "1.2 ms", "3.4 us" into `out` (32 bytes); returns it. */
const char *tool_duration(double ns, char *out);
/* "float32[1,?,3]" into `out`. */
void tool_value_text(const ort_value_info *value, char *out, size_t size_bytes);
uint64_t tool_clock_ns(void);

#endif
