/* cpu/text/letters.h: upper and lower case of Unicode letters, the same in every locale of the process.
 *
 * The C library knows the letters; asked through a locale object of its own ("C.UTF-8"), it answers by Unicode's simple
 * mappings whatever the application has set. One is opened when the first node needs it and closed with the instance.
 */
#ifndef ORTCPU_TEXT_LETTERS_H
#define ORTCPU_TEXT_LETTERS_H

#include "ort/sdk/kernel.h"

typedef enum ortcpu_case { ORTCPU_CASE_SAME, ORTCPU_CASE_LOWER, ORTCPU_CASE_UPPER } ortcpu_case;

typedef struct ortcpu_letters {
    _Atomic(void *) locale; /* NULL: not opened yet */
} ortcpu_letters;

/* UNSUPPORTED when the system has no such locale. */
ort_status *ortcpu_letters_open(ortcpu_letters *letters, void **out_locale);
void ortcpu_letters_close(ortcpu_letters *letters);
/* Writes `text` in that case to `out` (NULL: counts only); its bytes, which may be more or fewer than before. What is
 * no UTF-8 stays as it is. */
uint64_t ortcpu_letters_convert(void *locale, ortcpu_case wanted, ort_string_view text, char *out);
/* Both are the same in that case. */
bool ortcpu_letters_same(void *locale, ortcpu_case wanted, ort_string_view text, ort_string_view other);

#endif
