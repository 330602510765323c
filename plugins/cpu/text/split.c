/* StringSplit (ONNX 20): pieces between delimiters; without one, words between whitespace. Rows are filled up with "".
 */
#include "ops/table.h"
#include "ort/sdk/attr.h"
#include "text/strings.h"
#include "text/text.h"

#define NO_LIMIT INT64_MAX

typedef struct split_params {
    ort_string_view delimiter; /* empty: whitespace */
    int64_t splits_max;
} split_params;

typedef struct split_state {
    const split_params *params;
    int64_t count;
    uint32_t rank;
    int64_t dims[ORTK_RANK_MAX]; /* of the input */
} split_state;

static ort_status *split_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    split_params *p = params;
    ort_string_view text = ortk_attr_text(node, "delimiter", "");
    char *copy = ortk_compiler_alloc(compiler, (size_t)text.length + 1);
    if (!copy) return ortk_out_of_memory();
    if (text.length) memcpy(copy, text.data, (size_t)text.length);
    p->delimiter = (ort_string_view){copy, text.length};
    p->splits_max = ortk_attr_has(node, "maxsplit") ? ortk_attr_int(node, "maxsplit", 0) : NO_LIMIT;
    if (p->splits_max >= 0) return NULL;
    return ortk_fail(ORT_CODE_INVALID_MODEL, "StringSplit '%s': maxsplit is %lld", ortk_node_name(node),
                     (long long)p->splits_max);
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes a word off the front of `rest`, which begins with none of the whitespace. */
static ort_string_view word_take(ort_string_view *rest, bool is_last) {
    uint64_t length = 0, next;
    while (length < rest->length && (is_last || !is_space(rest->data[length]))) length++;
    for (next = length; next < rest->length && is_space(rest->data[next]);) next++;
    ort_string_view word = {rest->data, length};
    *rest = (ort_string_view){rest->data + next, rest->length - next};
    return word;
}

static ort_string_view piece_take(ort_string_view delimiter, ort_string_view *rest, bool is_last, bool *is_end) {
    ort_string_view piece = *rest;
    for (uint64_t at = 0; !is_last && at + delimiter.length <= rest->length; at++) {
        if (memcmp(rest->data + at, delimiter.data, (size_t)delimiter.length) != 0) continue;
        piece.length = at;
        *rest = (ort_string_view){rest->data + at + delimiter.length, rest->length - at - delimiter.length};
        return piece;
    }
    *is_end = true;
    return piece;
}

/* How many pieces `text` has; *bytes grows by theirs, and they are written where there is a writer. */
static int64_t pieces_visit(const split_params *p, ort_string_view text, uint64_t *bytes,
                            ortcpu_string_writer *writer) {
    int64_t count = 0;
    bool is_end = false;
    const bool by_space = p->delimiter.length == 0;
    while (by_space && text.length && is_space(text.data[0])) text = (ort_string_view){text.data + 1, text.length - 1};
    for (; !is_end && (!by_space || text.length); count++) {
        const bool is_last = count == p->splits_max;
        ort_string_view piece =
            by_space ? word_take(&text, is_last) : piece_take(p->delimiter, &text, is_last, &is_end);
        if (writer) ortcpu_strings_add(writer, piece);
        *bytes += piece.length;
    }
    return count;
}

static void split_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const split_state *s = step->state;
    int64_t *counts = step->output_count > 1 && ortk_out(step, 1) ? ortk_out(step, 1) : scratch;
    int64_t dims[ORTK_RANK_MAX + 1], most = 0;
    uint64_t bytes = 0;
    ortcpu_string_writer writer;
    for (int64_t i = 0; i < s->count; i++) {
        counts[i] = pieces_visit(s->params, ortcpu_string_at(ortk_in(step, 0), s->count, i), &bytes, NULL);
        most = counts[i] > most ? counts[i] : most;
    }
    memcpy(dims, s->dims, sizeof s->dims);
    dims[s->rank] = most;
    if (!ortcpu_strings_begin(step, 0, dims, s->rank + 1, s->count * most, bytes, &writer)) return;
    for (int64_t i = 0; i < s->count; i++) {
        pieces_visit(s->params, ortcpu_string_at(ortk_in(step, 0), s->count, i), &bytes, &writer);
        for (int64_t k = counts[i]; k < most; k++) ortcpu_strings_add(&writer, (ort_string_view){"", 0});
    }
}

static ort_status *split_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    split_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (split_state){params, in->element_count, in->rank, {0}};
    memcpy(s->dims, in->dims, sizeof s->dims);
    step->run = split_run;
    step->state = s;
    step->task_count = 1;
    step->scratch_bytes = ((uint64_t)s->count + 1) * sizeof(int64_t);
    step->cost_ns = 1 + 50 * (double)s->count;
    return NULL;
}

static const ortk_kernel kernels[] = {{.op = "StringSplit",
                                       .domain = "",
                                       .since_version = 20,
                                       .until_version = ORTCPU_NEWEST_OPSET,
                                       .types = ORTCPU_STRING,
                                       .mode = ORTK_MODE_ROWS,
                                       .flags = ORTK_KERNEL_TELLS,
                                       .params_bytes = sizeof(split_params),
                                       .compile = split_compile,
                                       .plan = split_plan}};
const ortcpu_op_table ortcpu_text_split = ORTCPU_TABLE(kernels);
