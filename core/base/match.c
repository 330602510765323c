#include "base/text.h"

#include <string.h>

#define WORD_MAX_BYTES 127u /* longer words are no misspelt keys */

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t low = a < b ? a : b;
    return low < c ? low : c;
}

/* Levenshtein's distance; both lengths are at most WORD_MAX_BYTES. */
static uint32_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    uint32_t row[WORD_MAX_BYTES + 1];
    for (size_t j = 0; j <= b_length; j++) row[j] = (uint32_t)j;
    for (size_t i = 1; i <= a_length; i++) {
        uint32_t diagonal = row[0];
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= b_length; j++) {
            uint32_t above = row[j];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

const char *orti_nearest_name(const char *word, const char *const *names, size_t count) {
    size_t length = strlen(word);
    if (length == 0 || length > WORD_MAX_BYTES) return NULL;
    uint32_t best = (uint32_t)(length / 3 > 1 ? length / 3 : 1) + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t name_length = strlen(names[i]);
        if (name_length > WORD_MAX_BYTES) continue;
        uint32_t distance = edit_distance(word, length, names[i], name_length);
        if (distance >= best) continue;
        best = distance;
        nearest = names[i];
    }
    return nearest;
}

/* Only the last star needs a second try: what an earlier one matched can't be of use again. So the time is bounded by
 * the product of the lengths. */
bool orti_glob_match(const char *pattern, const char *text) {
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return *pattern == 0;
}
