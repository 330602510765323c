/* weld.h: what the provider's files share.
 *
 *     claim.c    which nodes, in which convex pieces             -> weld_claim, found again by its token
 *     compile.c  a piece of the graph -> weld_code, straight-line code over registers
 *     image.c    weld_code -> bytes -> weld_code: save and load
 *     program.c  prepare, bind, run: sizes, addresses, threads
 *     machine.c  runs weld_code over a range of elements
 *
 * A register holds WELD_BLOCK numbers: one element of the tensor each. All tensors of a piece have one shape, so that
 * shapes matter only as a count of elements. */
#ifndef WELD_H
#define WELD_H

#include <ort/sdk/provider.h>

#include <string.h>
#include <threads.h>

#define WELD_BLOCK 256

/* The machine's instructions. After the first three: those of weld_operators, in its order. */
#define WELD_LOAD   0u /* out = block of input `left` */
#define WELD_NUMBER 1u /* out = numbers[left], WELD_BLOCK times */
#define WELD_STORE  2u /* block of output `out` = left */
#define WELD_FIRST  3u

typedef struct weld_instruction {
    uint16_t code, out, left, right;
} weld_instruction;

typedef struct weld_code {
    uint64_t source; /* tells pieces of graph apart: weld_source */
    uint32_t instruction_count, number_count, register_count, input_count, output_count;
    weld_instruction *instructions;
    float *numbers;
} weld_code;

typedef struct weld_operator {
    const char *name;
    int32_t since_version;
    uint32_t input_count;
    double element_ns;
} weld_operator;
extern const weld_operator weld_operators[];
extern const uint32_t weld_operator_count;

/* An accepted or open proposal: what compile needs beyond the view. */
typedef struct weld_claim {
    struct weld_claim *next;
    uint64_t token, epoch;
    uint32_t node_count;
    uint32_t *nodes;     /* producers first */
    uint32_t *operators; /* of each node, in weld_operators */
} weld_claim;

/* One for each opened device. */
typedef struct weld_instance {
    mtx_t lock; /* over claims and next_token */
    weld_claim *claims;
    uint64_t next_token;
} weld_instance;

/* The token's claim, which the caller then owns; NULL: no such token. */
weld_claim *weld_claim_take(ortp_instance *instance, uint64_t token);
void weld_claim_destroy(const ortp_host *host, weld_claim *claim);

/* compile. out: filled; ended by weld_code_finish. */
ort_status *weld_code_make(ortp_instance *instance, const ortp_compile_args *args, const weld_claim *claim,
                           weld_code *out);
void weld_code_finish(const ortp_host *host, weld_code *code);
/* A number that differs for pieces of graph with different operators, edges or places at the border. */
ort_status *weld_source(ortp_instance *instance, const ortp_compile_args *args, const weld_claim *claim,
                        uint64_t *out_source);

/* Images. The answer is one of ORTP_IMAGE_*; the code is filled only for ORTP_IMAGE_OPTIMAL. */
ort_status *weld_image_write(const weld_code *code, ortp_write_fn write, void *user);
ort_status *weld_image_read(const ortp_host *host, const void *data, uint64_t size_bytes, weld_code *out,
                            uint32_t *out_answer, const char **out_reason);

/* Runs blocks [begin, end) of `count` elements. `registers`: register_count * WELD_BLOCK floats. */
void weld_machine_run(const weld_code *code, const float *const *inputs, float *const *outputs, int64_t count,
                      int64_t begin, int64_t end, float *registers);

/* Memory of the host, zeroed; NULL when there is none. */
void *weld_alloc(const ortp_host *host, uint64_t count, uint64_t item_bytes);
void weld_release(const ortp_host *host, void *memory); /* NULL: nothing */

#define WELD_TRY(expr)                                                                                                 \
    do {                                                                                                               \
        ort_status *try_status = (expr);                                                                               \
        if (try_status) return try_status;                                                                             \
    } while (0)

extern const ortp_claim_table weld_claim_table;
extern const ortp_program_table weld_program_table;

#endif
