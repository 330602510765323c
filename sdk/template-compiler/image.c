/* Code as bytes. Whoever hands an image back may have changed it: nothing in it is believed. */
#include "weld.h"

#define IMAGE_MAGIC 0x444c4557u /* "WELD" */

/* What made the image and what could run it. A change of the instructions, or of what one of them computes, changes it.
 */
#define IMAGE_FINGERPRINT "weld " WELD_VERSION " code 1"

typedef struct image_head {
    uint32_t magic, head_bytes;
    char fingerprint[40];
    uint64_t source;
    uint32_t instruction_count, number_count, register_count, input_count, output_count, reserved;
} image_head;

ort_status *weld_image_write(const weld_code *code, ortp_write_fn write, void *user) {
    image_head head = {
        .magic = IMAGE_MAGIC,
        .head_bytes = sizeof head,
        .fingerprint = IMAGE_FINGERPRINT,
        .source = code->source,
        .instruction_count = code->instruction_count,
        .number_count = code->number_count,
        .register_count = code->register_count,
        .input_count = code->input_count,
        .output_count = code->output_count,
    };
    WELD_TRY(write(user, &head, sizeof head));
    if (code->instruction_count)
        WELD_TRY(write(user, code->instructions, code->instruction_count * sizeof *code->instructions));
    return code->number_count ? write(user, code->numbers, code->number_count * sizeof *code->numbers) : NULL;
}

static bool instruction_is_good(const weld_code *code, const weld_instruction *at) {
    uint32_t registers = code->register_count;
    switch (at->code) {
    case WELD_LOAD:
        return at->out < registers && at->left < code->input_count;
    case WELD_NUMBER:
        return at->out < registers && at->left < code->number_count;
    case WELD_STORE:
        return at->out < code->output_count && at->left < registers;
    default:
        return at->code - WELD_FIRST < weld_operator_count && at->out < registers && at->left < registers &&
               at->right < registers;
    }
}

static const char *image_check(const image_head *head, uint64_t size_bytes) {
    if (head->magic != IMAGE_MAGIC || head->head_bytes != sizeof *head) return "these bytes are no image of weld";
    uint64_t body =
        (uint64_t)head->instruction_count * sizeof(weld_instruction) + (uint64_t)head->number_count * sizeof(float);
    if (size_bytes != sizeof *head + body) return "the image is cut short";
    if (head->register_count > UINT16_MAX || head->input_count > UINT16_MAX || head->output_count > UINT16_MAX)
        return "the image is damaged";
    return NULL;
}

static ort_status *code_copy(const ortp_host *host, const image_head *head, const unsigned char *body, weld_code *out) {
    size_t instruction_bytes = head->instruction_count * sizeof *out->instructions;
    *out = (weld_code){.source = head->source,
                       .instruction_count = head->instruction_count,
                       .number_count = head->number_count,
                       .register_count = head->register_count,
                       .input_count = head->input_count,
                       .output_count = head->output_count};
    out->instructions = weld_alloc(host, head->instruction_count, sizeof *out->instructions);
    out->numbers = weld_alloc(host, head->number_count, sizeof *out->numbers);
    if (!out->instructions || !out->numbers) {
        weld_code_finish(host, out);
        return ortk_out_of_memory();
    }
    memcpy(out->instructions, body, instruction_bytes);
    memcpy(out->numbers, body + instruction_bytes, head->number_count * sizeof *out->numbers);
    return NULL;
}

ort_status *weld_image_read(const ortp_host *host, const void *data, uint64_t size_bytes, weld_code *out,
                            uint32_t *out_answer, const char **out_reason) {
    image_head head;
    *out = (weld_code){0};
    *out_answer = ORTP_IMAGE_REJECT;
    *out_reason = "these bytes are no image of weld";
    if (!data || size_bytes < sizeof head) return NULL;
    memcpy(&head, data, sizeof head);
    *out_reason = image_check(&head, size_bytes);
    if (*out_reason) return NULL;
    if (memcmp(head.fingerprint, IMAGE_FINGERPRINT, sizeof IMAGE_FINGERPRINT) != 0) {
        *out_answer = ORTP_IMAGE_RECOMPILE;
        *out_reason = "another version of weld made the image";
        return NULL;
    }
    WELD_TRY(code_copy(host, &head, (const unsigned char *)data + sizeof head, out));
    *out_answer = ORTP_IMAGE_OPTIMAL;
    *out_reason = "";
    for (uint32_t i = 0; i < out->instruction_count; i++) {
        if (instruction_is_good(out, &out->instructions[i])) continue;
        weld_code_finish(host, out);
        *out_answer = ORTP_IMAGE_REJECT;
        *out_reason = "the image is damaged";
        return NULL;
    }
    return NULL;
}
