/* Operators that only move elements, on strings. The kernel that moves numbers moves the places of the strings, as
 * int64; then the strings are fetched from where it says. So a string moves by the same code as a number. */
#include "ops/table.h"
#include "text/strings.h"
#include "text/text.h"

#define INPUTS_MAX 64

typedef struct moved_params {
    const ortk_kernel *inner;
    void *params; /* of the inner kernel */
} moved_params;

typedef struct moved_state {
    ortk_step_plan inner;
    bool is_view; /* the same strings in the same order */
    uint32_t input_count, output_count;
    int64_t place_count, out_count; /* elements of all string inputs, of all outputs */
    const bool *are_strings;        /* by input */
    const int64_t *counts;          /* by input */
    ortk_desc outputs[];
} moved_state;

static const ortk_kernel *inner_find(const ortk_node *node) {
    for (uint32_t t = 0; t < ortcpu_ops_count; t++)
        for (uint32_t k = 0; k < ortcpu_ops[t]->count; k++) {
            const ortk_kernel *kernel = &ortcpu_ops[t]->kernels[k];
            if (strcmp(kernel->op, ortk_node_op(node)) == 0 && kernel->domain[0] == 0) return kernel;
        }
    return NULL;
}

static bool moved_claim(ortk_node *node) {
    const ortk_kernel *inner = inner_find(node);
    if (!inner) return ortk_decline(node, ORTP_DECLINE_OPERATOR, "%s: no kernel that moves", ortk_node_op(node));
    if (ortk_node_input_count(node) > INPUTS_MAX)
        return ortk_decline(node, ORTP_DECLINE_RESOURCE, "more than %d inputs of strings", INPUTS_MAX);
    return !inner->claim || inner->claim(node);
}

static ort_status *moved_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    moved_params *p = params;
    p->inner = inner_find(node);
    p->params = ortk_compiler_alloc(compiler, p->inner->params_bytes + 1);
    if (!p->params) return ortk_out_of_memory();
    return p->inner->compile ? p->inner->compile(compiler, node, p->params) : NULL;
}

/* ---- run ---- */

/* The string at a place counted over all string inputs. */
static ort_string_view place_get(const moved_state *s, const ortk_step *step, int64_t place) {
    uint32_t input = 0;
    while (!s->are_strings[input] || place >= s->counts[input]) {
        if (s->are_strings[input]) place -= s->counts[input];
        input++;
    }
    return ortcpu_string_at(ortk_in(step, input), s->counts[input], place);
}

static void output_fetch(const moved_state *s, const ortk_step *step, uint32_t output, const int64_t *places) {
    const ortk_desc *desc = &s->outputs[output];
    ortcpu_string_writer writer;
    uint64_t bytes = 0;
    for (int64_t i = 0; i < desc->element_count; i++) bytes += place_get(s, step, places[i]).length;
    if (!ortcpu_strings_begin(step, output, desc->dims, desc->rank, desc->element_count, bytes, &writer)) return;
    for (int64_t i = 0; i < desc->element_count; i++) ortcpu_strings_add(&writer, place_get(s, step, places[i]));
}

/* Scratch: the inner step's record, places of all inputs, places of all outputs, the inner step's own scratch. */
static void moved_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const moved_state *s = step->state;
    ortk_step *inner = scratch;
    int64_t *places = (int64_t *)(void *)(inner->args + s->input_count + s->output_count), *from = places;
    int64_t *to = places + s->place_count;
    *inner = *step;
    inner->state = s->inner.state;
    for (int64_t i = 0; i < s->place_count; i++) places[i] = i;
    for (uint32_t i = 0; i < s->input_count; i++) {
        inner->args[i] = s->are_strings[i] ? from : step->args[i];
        if (s->are_strings[i]) from += s->counts[i];
    }
    for (uint32_t i = 0; i < s->output_count; i++) {
        inner->args[s->input_count + i] = to;
        to += s->outputs[i].element_count;
    }
    void *space = (void *)(((uintptr_t)to + 63) & ~(uintptr_t)63);
    if (s->is_view)
        memcpy(inner->args[s->input_count], places, (size_t)s->place_count * sizeof *places);
    else if (s->inner.run)
        s->inner.run(inner, 0, s->inner.task_count, space);
    to = places + s->place_count;
    for (uint32_t i = 0; i < s->output_count; i++) {
        output_fetch(s, step, i, to);
        to += s->outputs[i].element_count;
    }
}

/* ---- plan ---- */

static ort_status *state_make(ortk_planner *planner, const ortk_desc *in, uint32_t in_count, const ortk_desc *out,
                              uint32_t out_count, moved_state **result) {
    moved_state *s = ortk_planner_alloc(planner, sizeof *s + out_count * sizeof s->outputs[0]);
    bool *are_strings = ortk_planner_alloc(planner, in_count + 1u);
    int64_t *counts = ortk_planner_alloc(planner, (in_count + 1u) * sizeof *counts);
    if (!s || !are_strings || !counts) return ortk_out_of_memory();
    memset(s, 0, sizeof *s);
    s->input_count = in_count;
    s->output_count = out_count;
    for (uint32_t i = 0; i < in_count; i++) {
        are_strings[i] = in[i].is_present && in[i].dtype == ORT_DTYPE_STRING;
        counts[i] = in[i].is_present ? in[i].element_count : 0;
        if (are_strings[i]) s->place_count += counts[i];
    }
    for (uint32_t i = 0; i < out_count; i++) {
        s->outputs[i] = out[i];
        s->out_count += out[i].element_count;
    }
    s->are_strings = are_strings;
    s->counts = counts;
    *result = s;
    return NULL;
}

/* The inner kernel plans for int64 where the strings are. */
static ort_status *inner_plan(ortk_planner *planner, const moved_params *p, const ortk_desc *in, uint32_t in_count,
                              uint32_t out_count, moved_state *s) {
    ortk_desc *descs = ortk_planner_alloc(planner, (in_count + out_count + 1u) * sizeof *descs);
    if (!descs) return ortk_out_of_memory();
    for (uint32_t i = 0; i < in_count + out_count; i++) {
        descs[i] = i < in_count ? in[i] : s->outputs[i - in_count];
        if (descs[i].dtype != ORT_DTYPE_STRING) continue;
        descs[i].dtype = ORT_DTYPE_I64;
        descs[i].known = NULL;
    }
    return p->inner->plan(planner, p->params, descs, in_count, descs + in_count, out_count, &s->inner);
}

static ort_status *moved_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const moved_params *p = params;
    moved_state *s = NULL;
    ort_status *status = state_make(planner, in, in_count, out, out_count, &s);
    if (status) return status;
    s->is_view = p->inner->flags & ORTK_KERNEL_RESHAPES;
    if (!s->is_view) status = inner_plan(planner, p, in, in_count, out_count, s);
    if (status) return status;
    step->run = moved_run;
    step->state = s;
    step->task_count = 1;
    step->scratch_bytes = sizeof(ortk_step) + (in_count + out_count) * sizeof(void *) +
                          (uint64_t)(s->place_count + s->out_count) * sizeof(int64_t) + 64 + s->inner.scratch_bytes;
    step->cost_ns = 10 * (double)s->out_count;
    return NULL;
}

#define MOVED(NAME, SINCE, FLAGS)                                                                                      \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_STRING, .mode = ORTK_MODE_ROWS, .flags = FLAGS, .params_bytes = sizeof(moved_params),          \
        .claim = moved_claim, .compile = moved_compile, .plan = moved_plan                                             \
    }
/* Flags as the inner kernels have them. */
static const ortk_kernel kernels[] = {
    MOVED("Concat", 4, 0),
    MOVED("DepthToSpace", 1, 0),
    MOVED("Expand", 8, 0),
    MOVED("Flatten", 1, 0),
    MOVED("Gather", 1, 0),
    MOVED("GatherElements", 11, 0),
    MOVED("Identity", 1, 0),
    MOVED("Reshape", 5, 0),
    MOVED("Slice", 10, ORTK_KERNEL_KNOWN(1) | ORTK_KERNEL_KNOWN(2) | ORTK_KERNEL_KNOWN(3) | ORTK_KERNEL_KNOWN(4)),
    MOVED("SpaceToDepth", 1, 0),
    MOVED("Split", 13, 0),
    MOVED("Squeeze", 13, 0),
    MOVED("Tile", 6, 0),
    MOVED("Transpose", 1, 0),
    MOVED("Unsqueeze", 13, 0),
};
const ortcpu_op_table ortcpu_text_moved = ORTCPU_TABLE(kernels);
