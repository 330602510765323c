/* cpu/text/match.h: regular expressions, by PCRE2's matcher without backtracking: time is bounded by text and pattern
 * alone, and of the matches at one place the longest is found, as RE2 finds it when asked so. Patterns are RE2's (ONNX
 * RegexFullMatch-20); what PCRE2 knows beyond that is not refused. Text is UTF-8. */
#ifndef ORTCPU_TEXT_MATCH_H
#define ORTCPU_TEXT_MATCH_H

#include "ort/sdk/kernel.h"

typedef struct ortcpu_pattern ortcpu_pattern; /* lives as long as the program */

/* True when this build has regular expressions. */
bool ortcpu_match_available(void);
/* INVALID_MODEL with the place when it is no regular expression. `node` is for the message. */
ort_status *ortcpu_pattern_make(ortk_compiler *compiler, const ortk_node *node, ort_string_view text,
                                ortcpu_pattern **out);

/* What one thread matches in: ORTCPU_MATCH_BYTES of its scratch. */
#define ORTCPU_MATCH_BYTES 65536u
typedef struct ortcpu_matcher {
    void *data, *context;
    int *workspace;
    char *at, *end;
} ortcpu_matcher;
bool ortcpu_matcher_init(ortcpu_matcher *matcher, void *scratch);

typedef enum ortcpu_match_result { ORTCPU_MATCH_NONE, ORTCPU_MATCH_FOUND, ORTCPU_MATCH_FAILED } ortcpu_match_result;
/* The first and longest match at or behind byte `from`: 0 at first, then where a character begins; FAILED: the text is
 * no UTF-8, or the pattern asks too much. */
ortcpu_match_result ortcpu_match_find(ortcpu_matcher *matcher, const ortcpu_pattern *pattern, ort_string_view text,
                                      uint64_t from, uint64_t *out_begin, uint64_t *out_end);
/* The whole text. */
ortcpu_match_result ortcpu_match_full(ortcpu_matcher *matcher, const ortcpu_pattern *pattern, ort_string_view text);

#endif
