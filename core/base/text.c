#include "base/text.h"

#include <stdio.h>
#include <string.h>

static char empty_text[1]; /* what an empty text points to; never written */

void orti_text_init(orti_text *text, const orti_allocator *alloc) {
    *text = (orti_text){.alloc = alloc, .data = empty_text};
}

void orti_text_finish(orti_text *text) {
    if (text->capacity) orti_free(text->alloc, text->data);
    orti_text_init(text, text->alloc);
}

/* Makes room for `extra` bytes and the terminator. */
static bool text_reserve(orti_text *text, size_t extra) {
    if (extra < text->capacity - text->length && text->capacity) return true;
    size_t wanted = text->length + extra + 1;
    size_t grown = text->capacity < 32 ? 64 : text->capacity * 2;
    if (grown < wanted) grown = wanted;
    char *larger = wanted > extra ? text->alloc->alloc(text->alloc->user, grown, 1) : NULL;
    if (!larger) {
        text->has_failed = true;
        return false;
    }
    if (text->length) memcpy(larger, text->data, text->length);
    larger[text->length] = 0;
    if (text->capacity) orti_free(text->alloc, text->data);
    text->data = larger;
    text->capacity = grown;
    return true;
}

void orti_text_add_bytes(orti_text *text, const char *data, size_t length) {
    if (length == 0 || !text_reserve(text, length)) return;
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = 0;
}

void orti_text_add_v(orti_text *text, const char *fmt, va_list args) {
    va_list copy;
    va_copy(copy, args);
    int length = vsnprintf(NULL, 0, fmt, copy);
    va_end(copy);
    if (length < 0) {
        text->has_failed = true;
        return;
    }
    if (length == 0 || !text_reserve(text, (size_t)length)) return;
    vsnprintf(text->data + text->length, (size_t)length + 1, fmt, args);
    text->length += (size_t)length;
}

void orti_text_add(orti_text *text, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    orti_text_add_v(text, fmt, args);
    va_end(args);
}

/* The letter that follows the backslash in JSON's short escapes, or 0. */
static char short_escape(unsigned char c) {
    static const char *const from = "\"\\\b\f\n\r\t", *const to = "\"\\bfnrt";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : 0;
}

void orti_text_add_escaped(orti_text *text, const char *data, size_t length) {
    for (size_t i = 0, plain = 0; i < length; i++) {
        unsigned char c = (unsigned char)data[i];
        char letter = short_escape(c);
        bool is_plain = c >= 0x20 && c != 0x7f && !letter;
        if (is_plain && i + 1 < length) continue;
        orti_text_add_bytes(text, data + plain, i - plain + is_plain);
        if (letter)
            orti_text_add_bytes(text, (char[2]){'\\', letter}, 2);
        else if (!is_plain)
            orti_text_add(text, "\\u%04x", c);
        plain = i + 1;
    }
}

ort_status *orti_text_status(const orti_text *text) {
    if (text->has_failed) ORT_FAIL(OUT_OF_MEMORY, "out of memory for a text of more than %zu bytes", text->length);
    return NULL;
}

ort_status *orti_text_take(orti_text *text, char **out) {
    *out = NULL;
    if (!text->capacity && !text->has_failed) (void)text_reserve(text, 0);
    ORT_TRY(orti_text_status(text));
    *out = text->data;
    orti_text_init(text, text->alloc);
    return NULL;
}
