/* graph/scan.h: the words of the text form. Used by parse*.c alone. */
#ifndef ORT_CORE_GRAPH_SCAN_H
#define ORT_CORE_GRAPH_SCAN_H

#include "graph/inner.h"

typedef struct scanner {
    const char *start, *at, *end;
    orti_arena arena; /* words and strings, until the parse is over */
    uint32_t depth;   /* bodies inside bodies */
} scanner;

#define SCAN_DEPTH_MAX 64u

/* INVALID_MODEL: "line 3: ')' expected, found '}'". */
ort_status *orti_scan_failure(const scanner *scan, const char *wanted);
uint32_t orti_scan_line(const scanner *scan);

/* The next character that is no space, newline or comment ('#' to the end of its line), or 0. */
char orti_scan_peek(scanner *scan);
bool orti_scan_accept(scanner *scan, const char *symbol);
ort_status *orti_scan_expect(scanner *scan, const char *symbol);
/* True when the next word is `word`, which is then consumed. */
bool orti_scan_accept_word(scanner *scan, const char *word);
/* A word of letters, digits, '_' and `others`, or a quoted string without zero bytes. */
ort_status *orti_scan_word(scanner *scan, const char *others, const char **out);
ort_status *orti_scan_string(scanner *scan, const char **out, size_t *out_length);
ort_status *orti_scan_int(scanner *scan, int64_t *out);
/* Any number; *out_is_int tells whether it is written as an integer (then *out_int holds it, all 64 bits of an unsigned
 * one too). */
ort_status *orti_scan_number(scanner *scan, double *out, int64_t *out_int, bool *out_is_int);

#endif
