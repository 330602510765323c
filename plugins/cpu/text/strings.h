/* cpu/text/strings.h: string tensors: int64 offsets[count + 1], then the bytes. Read in place; written in two passes,
 * for how many bytes there will be is told before they are. Threads: any. */
#ifndef ORTCPU_TEXT_STRINGS_H
#define ORTCPU_TEXT_STRINGS_H

#include "ort/sdk/kernel.h"

#include <string.h>

#define ORTCPU_STRING ORT_DTYPE_BIT(ORT_DTYPE_STRING)

static inline ort_string_view ortcpu_string_at(const void *strings, int64_t count, int64_t index) {
    const int64_t *offsets = strings;
    const char *bytes = (const char *)(offsets + count + 1);
    return (ort_string_view){bytes + offsets[index], (uint64_t)(offsets[index + 1] - offsets[index])};
}

static inline bool ortcpu_string_same(ort_string_view a, ort_string_view b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, (size_t)a.length) == 0);
}

typedef struct ortcpu_string_writer {
    int64_t *offsets;
    char *bytes;
    int64_t index;
} ortcpu_string_writer;

/* Output `output` of the step, of `count` strings with `text_bytes` in all; false: write nothing (ortk_provide). */
static inline bool ortcpu_strings_begin(const ortk_step *step, uint32_t output, const int64_t *dims, uint32_t rank,
                                        int64_t count, uint64_t text_bytes, ortcpu_string_writer *out) {
    out->offsets = ortk_provide(step, output, dims, rank, ((uint64_t)count + 1) * sizeof(int64_t) + text_bytes);
    out->index = 0;
    if (!out->offsets) return false;
    out->bytes = (char *)(out->offsets + count + 1);
    out->offsets[0] = 0;
    return true;
}

/* The next `length` bytes, which the caller fills. */
static inline char *ortcpu_strings_room(ortcpu_string_writer *writer, uint64_t length) {
    char *to = writer->bytes + writer->offsets[writer->index];
    writer->offsets[writer->index + 1] = writer->offsets[writer->index] + (int64_t)length;
    writer->index++;
    return to;
}

static inline void ortcpu_strings_add(ortcpu_string_writer *writer, ort_string_view text) {
    char *to = ortcpu_strings_room(writer, text.length);
    if (text.length) memcpy(to, text.data, (size_t)text.length);
}

/* Bytes of the character that begins with `first`: 1 where it begins none. */
static inline uint64_t ortcpu_utf8_bytes(unsigned char first) {
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static inline uint64_t ortcpu_utf8_count(ort_string_view text) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < text.length; i++) count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

#endif
