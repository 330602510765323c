#include "graph/scan.h"

#include <errno.h>
#include <stdlib.h>

uint32_t orti_scan_line(const scanner *scan) {
    uint32_t line = 1;
    for (const char *c = scan->start; c < scan->at; c++) line += *c == '\n';
    return line;
}

ort_status *orti_scan_failure(const scanner *scan, const char *wanted) {
    size_t left = (size_t)(scan->end - scan->at), length = 0;
    while (length < left && length < 24 && scan->at[length] != '\n' && scan->at[length] != 0) length++;
    if (left == 0) ORT_FAIL(INVALID_MODEL, "line %u: %s expected, the text ends", orti_scan_line(scan), wanted);
    ORT_FAIL(INVALID_MODEL, "line %u: %s expected, found '%.*s'", orti_scan_line(scan), wanted, (int)length, scan->at);
}

char orti_scan_peek(scanner *scan) {
    bool is_comment = false;
    for (; scan->at < scan->end; scan->at++) {
        char c = *scan->at;
        if (c == '\n')
            is_comment = false;
        else if (c == '#')
            is_comment = true;
        else if (!is_comment && c != ' ' && c != '\t' && c != '\r')
            return c;
    }
    return 0;
}

bool orti_scan_accept(scanner *scan, const char *symbol) {
    size_t length = strlen(symbol);
    (void)orti_scan_peek(scan);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, symbol, length) != 0) return false;
    scan->at += length;
    return true;
}

ort_status *orti_scan_expect(scanner *scan, const char *symbol) {
    if (orti_scan_accept(scan, symbol)) return NULL;
    char wanted[16] = {'\'', 0};
    strncat(wanted, symbol, sizeof wanted - 3);
    strcat(wanted, "'");
    return orti_scan_failure(scan, wanted);
}

static bool is_word_part(char c, const char *others) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c != 0 && strchr(others, c) != NULL);
}

static size_t word_length(const scanner *scan, const char *others) {
    size_t length = 0, left = (size_t)(scan->end - scan->at);
    while (length < left && is_word_part(scan->at[length], others)) length++;
    return length;
}

bool orti_scan_accept_word(scanner *scan, const char *word) {
    (void)orti_scan_peek(scan);
    size_t length = word_length(scan, "");
    if (length != strlen(word) || memcmp(scan->at, word, length) != 0) return false;
    scan->at += length;
    return true;
}

ort_status *orti_scan_word(scanner *scan, const char *others, const char **out) {
    size_t length = 0;
    if (orti_scan_peek(scan) == '"') {
        ORT_TRY(orti_scan_string(scan, out, &length));
        if (strlen(*out) != length) return orti_scan_failure(scan, "a name without zero bytes");
        return NULL;
    }
    length = word_length(scan, others);
    if (length == 0) return orti_scan_failure(scan, "a name");
    ORT_TRY(orti_arena_string(&scan->arena, scan->at, length, out));
    scan->at += length;
    return NULL;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* What follows a backslash: JSON's escapes, \u up to 00ff (the printer writes single bytes). -1: none of them. */
static int scan_escape(scanner *scan) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (scan->at == scan->end) return -1;
    char letter = *scan->at++;
    const char *simple = letter ? strchr(from, letter) : NULL;
    if (simple) return (unsigned char)to[simple - from];
    if (letter != 'u' || scan->end - scan->at < 4) return -1;
    int code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*scan->at++);
        if (digit < 0) return -1;
        code = code * 16 + digit;
    }
    return code <= 0xff ? code : -1;
}

ort_status *orti_scan_string(scanner *scan, const char **out, size_t *out_length) {
    char *bytes = NULL;
    size_t length = 0;
    ORT_TRY(orti_scan_expect(scan, "\""));
    const char *close = scan->at;
    while (close < scan->end && *close != '"') close += *close == '\\' && close + 1 < scan->end ? 2 : 1;
    if (close >= scan->end) return orti_scan_failure(scan, "a closing quote");
    ORT_TRY(orti_arena_alloc(&scan->arena, (size_t)(close - scan->at) + 1, 1, &bytes));
    while (scan->at < close) {
        int c = (unsigned char)*scan->at++;
        if (c == '\\') c = scan_escape(scan);
        if (c < 0) return orti_scan_failure(scan, "an escape as in JSON");
        bytes[length++] = (char)c;
    }
    scan->at = close + 1;
    *out = bytes;
    *out_length = length;
    return NULL;
}

ort_status *orti_scan_number(scanner *scan, double *out, int64_t *out_int, bool *out_is_int) {
    char number[64] = {0}, *end = NULL;
    (void)orti_scan_peek(scan);
    const char *start = scan->at;
    size_t length = 0, left = (size_t)(scan->end - scan->at);
    bool is_int = true;
    while (length < left && (is_word_part(start[length], "+-") ||
                             (start[length] == '.' && !(length + 1 < left && start[length + 1] == '.')))) {
        is_int &= (start[length] >= '0' && start[length] <= '9') || (length == 0 && start[length] == '-');
        length++;
    }
    if (length == 0 || length >= sizeof number) return orti_scan_failure(scan, "a number");
    memcpy(number, start, length);
    errno = 0;
    *out = strtod(number, &end);
    if (*end) return orti_scan_failure(scan, "a number");
    if (is_int) {
        errno = 0;
        *out_int = number[0] == '-' ? (int64_t)strtoll(number, &end, 10) : (int64_t)strtoull(number, &end, 10);
        if (errno || *end) return orti_scan_failure(scan, "a number of 64 bits");
    }
    *out_is_int = is_int;
    scan->at += length;
    return NULL;
}

ort_status *orti_scan_int(scanner *scan, int64_t *out) {
    double ignored = 0;
    bool is_int = false;
    const char *start = scan->at;
    ORT_TRY(orti_scan_number(scan, &ignored, out, &is_int));
    if (is_int) return NULL;
    scan->at = start;
    return orti_scan_failure(scan, "an integer");
}
