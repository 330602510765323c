/* session/options.h: the configuration document: one table of keys, checked JSON behind it.
 * Start at: orti_option_keys(), orti_options_merged().  Used by: session.  Threads: an options object by one at a time;
 * a finished one is read by any.
 *
 * Every key of interfaces.md has one row in options_table.c: its kind, its bounds, where it counts, and, for what is
 * not built, the words with which it is refused. Nothing that was set is ignored. */
#ifndef ORT_CORE_SESSION_OPTIONS_H
#define ORT_CORE_SESSION_OPTIONS_H

#include "base/text.h"
#include "ort/ort.h"

#include <jansson.h>

typedef enum option_scope { SCOPE_ENVIRONMENT, SCOPE_MODEL, SCOPE_SESSION } option_scope;

typedef struct option_key option_key;
struct option_key {
    const char *path; /* "threads.per_lane" */
    option_scope scope;
    /* INVALID_ARGUMENT when the value is not of the kind; the message names the key. */
    ort_status *(*check)(const option_key *key, json_t *value);
    /* A string given on a command line becomes a list of the words between its commas. */
    bool is_list;
    int64_t minimum, maximum;
    const char *choices;          /* "allow|warn|error" */
    const char *unsupported;      /* any value but an empty one is refused with this */
    const char *unsupported_word; /* or, where it is set, this value alone */
};

const option_key *orti_option_keys(size_t *out_count);

struct ort_options {
    json_t *root; /* an object; NULL never */
};

/* `base` overlaid with `over`, either of which may be NULL. Keys of the environment's scope in `over` that say
 * something else than `base` are refused when `is_past_environment`. */
ORT_MUST_USE ort_status *orti_options_merged(const ort_options *base, const ort_options *over, bool is_past_environment,
                                             ort_options **out);

/* The value at a path, or NULL. Borrow: options. */
json_t *orti_options_get(const ort_options *options, const char *path);
const char *orti_options_text(const ort_options *options, const char *path, const char *fallback);
int64_t orti_options_int(const ort_options *options, const char *path, int64_t fallback); /* also for words: fallback */
bool orti_options_bool(const ort_options *options, const char *path);
/* "4GiB", a number or "none" (UINT64_MAX). */
uint64_t orti_options_bytes(const ort_options *options, const char *path, uint64_t fallback);
/* Parses "512", "4GiB", "16MiB", "none". */
bool orti_bytes_parse(const char *text, uint64_t *out);

#endif
