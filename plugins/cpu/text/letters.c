#include "text/letters.h"

#include <locale.h>
#include <stdatomic.h>
#include <string.h>
#include <wctype.h>

ort_status *ortcpu_letters_open(ortcpu_letters *letters, void **out_locale) {
    void *none = NULL;
    *out_locale = atomic_load(&letters->locale);
    if (*out_locale) return NULL;
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (locale == (locale_t)0)
        return ortk_fail(ORT_CODE_UNSUPPORTED,
                         "upper and lower case need the system's locale C.UTF-8, which is not there");
    *out_locale = (void *)locale;
    if (atomic_compare_exchange_strong(&letters->locale, &none, *out_locale)) return NULL;
    freelocale(locale); /* another thread was first */
    *out_locale = none;
    return NULL;
}

void ortcpu_letters_close(ortcpu_letters *letters) {
    void *locale = atomic_exchange(&letters->locale, NULL);
    if (locale) freelocale((locale_t)locale);
}

/* The character at the front of `text` and its bytes; false when it is no UTF-8 (RFC 3629: nothing overlong, no
 * surrogates, at most 0x10ffff). */
static bool decode(ort_string_view text, uint32_t *out, uint64_t *out_bytes) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text.data;
    *out_bytes = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    *out = *out_bytes == 1 ? at[0] : at[0] & (0x7fu >> *out_bytes);
    if (*out_bytes == 1) return true;
    if (at[0] < 0xc2 || at[0] > 0xf4 || *out_bytes > text.length) return false;
    for (uint64_t i = 1; i < *out_bytes; i++) {
        if ((at[i] & 0xc0) != 0x80) return false;
        *out = *out << 6 | (at[i] & 0x3fu);
    }
    return *out >= least[*out_bytes] && *out <= 0x10ffff && (*out < 0xd800 || *out > 0xdfff);
}

static uint64_t encode(uint32_t c, char *out) {
    const uint64_t bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (bytes == 1) {
        out[0] = (char)c;
        return 1;
    }
    for (uint64_t i = bytes; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00u >> bytes & 0xffu) | c);
    return bytes;
}

/* Takes a character off the front of `text`; its bytes in that case. */
static uint64_t take(void *locale, ortcpu_case wanted, ort_string_view *text, char out[4]) {
    uint32_t c;
    uint64_t bytes, made = 1;
    out[0] = text->data[0];
    if (decode(*text, &c, &bytes)) {
        wint_t letter = (wint_t)c;
        if (wanted == ORTCPU_CASE_LOWER) letter = towlower_l(letter, (locale_t)locale);
        if (wanted == ORTCPU_CASE_UPPER) letter = towupper_l(letter, (locale_t)locale);
        made = encode((uint32_t)letter, out);
    } else {
        bytes = 1;
    }
    *text = (ort_string_view){text->data + bytes, text->length - bytes};
    return made;
}

uint64_t ortcpu_letters_convert(void *locale, ortcpu_case wanted, ort_string_view text, char *out) {
    uint64_t total = 0;
    while (text.length) {
        char made_of[4];
        const uint64_t made = take(locale, wanted, &text, made_of);
        if (out) memcpy(out + total, made_of, (size_t)made);
        total += made;
    }
    return total;
}

bool ortcpu_letters_same(void *locale, ortcpu_case wanted, ort_string_view text, ort_string_view other) {
    while (text.length && other.length) {
        char a[4], b[4];
        const uint64_t made = take(locale, wanted, &text, a);
        if (made != take(locale, wanted, &other, b) || memcmp(a, b, (size_t)made) != 0) return false;
    }
    return !text.length && !other.length;
}
