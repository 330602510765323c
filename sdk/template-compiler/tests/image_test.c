/* Images: what is written is read back and computes the same; what was cut short, damaged or made by another version is
 * never run. */
#include "weld.h"

#include <stdio.h>
#include <stdlib.h>

void *weld_alloc(const ortp_host *host, uint64_t count, uint64_t item_bytes) {
    (void)host;
    return calloc(count ? count : 1, item_bytes);
}

void weld_release(const ortp_host *host, void *memory) {
    (void)host;
    free(memory);
}

typedef struct image {
    unsigned char bytes[1024];
    size_t size_bytes;
} image;

static ort_status *append(void *user, const void *data, uint64_t size_bytes) {
    image *to = user;
    if (size_bytes > sizeof to->bytes - to->size_bytes) abort();
    memcpy(to->bytes + to->size_bytes, data, size_bytes);
    to->size_bytes += size_bytes;
    return NULL;
}

static int failures;

static void check(bool is_good, const char *what) {
    if (is_good) return;
    printf("FAILED: %s\n", what);
    failures++;
}

static uint32_t answer_of(const void *data, size_t size_bytes) {
    const char *reason = NULL;
    uint32_t answer = 99;
    weld_code code;
    ort_status *status = weld_image_read(NULL, data, size_bytes, &code, &answer, &reason);
    check(!status && reason && (answer == ORTP_IMAGE_OPTIMAL) == (code.instructions != NULL), "answer, reason, code");
    weld_code_finish(NULL, &code);
    return answer;
}

/* y = (x + 0.5) * x over 300 elements: more than a block, no multiple of it. */
static weld_instruction instructions[] = {{WELD_LOAD, 0, 0, 0},
                                          {WELD_NUMBER, 1, 0, 0},
                                          {WELD_FIRST, 1, 0, 1},
                                          {WELD_FIRST + 2, 1, 1, 0},
                                          {WELD_STORE, 0, 1, 0}};
static float numbers[] = {0.5f};
static const weld_code original = {42, 5, 1, 2, 1, 1, instructions, numbers};

static void computes(const weld_code *code) {
    static float in[300], out[300], registers[2 * WELD_BLOCK];
    const float *inputs[] = {in};
    float *outputs[] = {out};
    for (int i = 0; i < 300; i++) in[i] = (float)i;
    weld_machine_run(code, inputs, outputs, 300, 0, 2, registers);
    for (int i = 0; i < 300; i++) check(out[i] == ((float)i + 0.5f) * (float)i, "the answer of the code read back");
}

int main(void) {
    image good = {.size_bytes = 0};
    const char *reason = NULL;
    uint32_t answer = 99, safe = 0;
    weld_code code;
    check(weld_image_write(&original, append, &good) == NULL, "writing");
    check(weld_image_read(NULL, good.bytes, good.size_bytes, &code, &answer, &reason) == NULL, "reading");
    check(answer == ORTP_IMAGE_OPTIMAL && code.source == 42, "an image of this version is taken");
    computes(&code);
    weld_code_finish(NULL, &code);
    for (size_t size = 0; size < good.size_bytes; size++)
        check(answer_of(good.bytes, size) == ORTP_IMAGE_REJECT, "an image cut short is refused");
    for (size_t at = 0; at < good.size_bytes; at++) {
        image bad = good;
        bad.bytes[at] ^= 0xff;
        safe += answer_of(bad.bytes, bad.size_bytes) != ORTP_IMAGE_OPTIMAL;
    }
    /* What is not seen are numbers, the source's word, register numbers that stay inside: 4 + 8 bytes and a few more.
     */
    check(safe > good.size_bytes / 2, "most damage is seen");
    image other = good;
    other.bytes[13]++; /* inside the fingerprint */
    check(answer_of(other.bytes, other.size_bytes) == ORTP_IMAGE_RECOMPILE, "another version's image is compiled anew");
    printf("%s\n", failures ? "failed" : "good");
    return failures != 0;
}
