/* com.microsoft Tokenizer: strings into rows of tokens, by one of three ways: what a pattern finds, what is left
 * between separators (each a pattern, one after the other), or single characters. Rows are filled up with `pad_value`;
 * tokens of fewer than `mincharnum` characters go; `mark` puts 0x02 before each row's tokens and 0x03 behind. */
#include "ml/rows.h"
#include "ops/table.h"
#include "text/match.h"
#include "text/strings.h"
#include "text/text.h"

#define SEPARATORS_MAX 64

typedef struct token_params {
    ortcpu_pattern *tokens;      /* NULL: not by what is found */
    ortcpu_pattern **separators; /* none, and no `tokens`: characters */
    uint32_t separator_count;
    int64_t least_chars;
    bool is_marked;
    ort_string_view pad;
} token_params;

typedef struct token_state {
    const token_params *params;
    int64_t count;
    uint32_t rank;
    int64_t dims[ORTK_RANK_MAX];
} token_state;

/* One walk over all strings: it counts where `writer` is NULL, else it writes. */
typedef struct token_walk {
    const token_params *params;
    ortcpu_matcher matcher;
    ortcpu_string_writer *writer;
    int64_t count; /* of the string at hand */
    uint64_t bytes;
    bool has_failed;
} token_walk;

static void token_add(token_walk *walk, ort_string_view token) {
    walk->count++;
    walk->bytes += token.length;
    if (walk->writer) ortcpu_strings_add(walk->writer, token);
}

static void token_offer(token_walk *walk, ort_string_view token) {
    if (token.length && ortcpu_utf8_count(token) >= (uint64_t)walk->params->least_chars) token_add(walk, token);
}

/* Matches of a pattern, one after the other; empty ones are passed over. */
static bool match_next(token_walk *walk, const ortcpu_pattern *pattern, ort_string_view text, uint64_t *from,
                       ort_string_view *out) {
    while (*from < text.length) {
        uint64_t begin, end;
        ortcpu_match_result result = ortcpu_match_find(&walk->matcher, pattern, text, *from, &begin, &end);
        walk->has_failed |= result == ORTCPU_MATCH_FAILED;
        if (result != ORTCPU_MATCH_FOUND) return false;
        *out = (ort_string_view){text.data + begin, end - begin};
        *from =
            end > begin ? end : begin + ortcpu_utf8_bytes((unsigned char)text.data[begin < text.length ? begin : 0]);
        if (end > begin) return true;
    }
    return false;
}

static void by_pattern(token_walk *walk, ort_string_view text) {
    uint64_t from = 0;
    for (ort_string_view token; match_next(walk, walk->params->tokens, text, &from, &token);) token_offer(walk, token);
}

/* What is left between matches of separator `index` is cut by the next one. */
static void by_separators(token_walk *walk, ort_string_view text, uint32_t index) {
    if (index == walk->params->separator_count) {
        token_offer(walk, text);
        return;
    }
    uint64_t from = 0, begin = 0;
    for (ort_string_view cut; match_next(walk, walk->params->separators[index], text, &from, &cut);) {
        const uint64_t at = (uint64_t)(cut.data - text.data);
        by_separators(walk, (ort_string_view){text.data + begin, at - begin}, index + 1);
        begin = at + cut.length;
    }
    by_separators(walk, (ort_string_view){text.data + begin, text.length - begin}, index + 1);
}

static void by_characters(token_walk *walk, ort_string_view text) {
    while (text.length) {
        uint64_t bytes = ortcpu_utf8_bytes((unsigned char)text.data[0]);
        if (bytes > text.length) bytes = text.length;
        token_add(walk, (ort_string_view){text.data, bytes});
        text = (ort_string_view){text.data + bytes, text.length - bytes};
    }
}

static void string_cut(token_walk *walk, ort_string_view text) {
    static const char marks[] = {0x02, 0x03};
    walk->count = 0;
    if (walk->params->is_marked) token_add(walk, (ort_string_view){&marks[0], 1});
    if (walk->params->tokens)
        by_pattern(walk, text);
    else if (walk->params->separator_count)
        by_separators(walk, text, 0);
    else
        by_characters(walk, text);
    if (walk->params->is_marked) token_add(walk, (ort_string_view){&marks[1], 1});
}

static void token_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const token_state *s = step->state;
    token_walk walk = {.params = s->params};
    const bool has_patterns = s->params->tokens || s->params->separator_count;
    int64_t dims[ORTK_RANK_MAX + 1], most = 0, *counts = scratch;
    ortcpu_string_writer writer;
    if (has_patterns &&
        !ortcpu_matcher_init(&walk.matcher, (char *)scratch + ((uint64_t)s->count * 8 + 63) / 64 * 64)) {
        ortk_run_fail(step, ORT_CODE_OUT_OF_MEMORY, "no memory to match in");
        return;
    }
    for (int64_t i = 0; i < s->count && !walk.has_failed; i++) {
        string_cut(&walk, ortcpu_string_at(ortk_in(step, 0), s->count, i));
        counts[i] = walk.count;
        most = walk.count > most ? walk.count : most;
        if (walk.has_failed)
            ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "element %lld is no UTF-8, or asks too much of the pattern",
                          (long long)i);
    }
    for (int64_t i = 0; i < s->count; i++) walk.bytes += (uint64_t)(most - counts[i]) * s->params->pad.length;
    memcpy(dims, s->dims, sizeof s->dims);
    dims[s->rank] = most;
    if (walk.has_failed || !ortcpu_strings_begin(step, 0, dims, s->rank + 1, s->count * most, walk.bytes, &writer))
        return;
    walk.writer = &writer;
    for (int64_t i = 0; i < s->count; i++) {
        string_cut(&walk, ortcpu_string_at(ortk_in(step, 0), s->count, i));
        for (int64_t k = counts[i]; k < most; k++) ortcpu_strings_add(&writer, s->params->pad);
    }
}

static ort_status *token_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                              const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    token_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (token_state){params, in->element_count, in->rank, {0}};
    memcpy(s->dims, in->dims, sizeof s->dims);
    step->run = token_run;
    step->state = s;
    step->task_count = 1;
    step->scratch_bytes = (uint64_t)s->count * sizeof(int64_t) + 64 + ORTCPU_MATCH_BYTES;
    step->cost_ns = 1 + 500 * (double)s->count;
    return NULL;
}

/* ---- compile ---- */

static bool token_claim(ortk_node *node) {
    ort_string_view separators[2];
    const uint32_t count = ortk_attr_strings(node, "separators", separators, 2);
    const bool has_pattern = ortk_attr_text(node, "tokenexp", "").length != 0;
    const bool is_by_characters = count == 1 && separators[0].length == 0;
    if (has_pattern == (count != 0))
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "Tokenizer needs one of tokenexp and separators");
    if (count > SEPARATORS_MAX) return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "over %d separators", SEPARATORS_MAX);
    if (is_by_characters && ortk_attr_int(node, "mincharnum", 1) > 1)
        return ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "characters that are more than one character");
    return is_by_characters || ortcpu_match_available() ||
           ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "Tokenizer: this build has no regular expressions");
}

static ort_status *token_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    token_params *p = params;
    const ort_string_view *separators = NULL;
    int64_t count = 0;
    const ort_string_view tokens = ortk_attr_text(node, "tokenexp", "");
    ort_string_view *pad = ortk_compiler_alloc(compiler, sizeof *pad);
    if (!pad) return ortk_out_of_memory();
    *pad = ortk_attr_text(node, "pad_value", "");
    p->is_marked = ortk_attr_int(node, "mark", 0) != 0;
    p->least_chars = ortk_attr_int(node, "mincharnum", 1);
    ort_status *status = ortcpu_strings_keep(compiler, pad, 1);
    p->pad = *pad;
    if (!status && tokens.length) status = ortcpu_pattern_make(compiler, node, tokens, &p->tokens);
    if (!status) status = ortcpu_attr_strings(compiler, node, "separators", &separators, &count);
    if (status || count == 0 || (count == 1 && separators[0].length == 0)) return status;
    p->separators = ortk_compiler_alloc(compiler, (size_t)count * sizeof *p->separators);
    if (!p->separators) return ortk_out_of_memory();
    for (; !status && p->separator_count < count; p->separator_count++)
        status =
            ortcpu_pattern_make(compiler, node, separators[p->separator_count], &p->separators[p->separator_count]);
    return status;
}

static const ortk_kernel kernels[] = {{.op = "Tokenizer",
                                       .domain = "com.microsoft",
                                       .since_version = 1,
                                       .until_version = 1,
                                       .types = ORTCPU_STRING,
                                       .mode = ORTK_MODE_ROWS,
                                       .flags = ORTK_KERNEL_TELLS,
                                       .params_bytes = sizeof(token_params),
                                       .claim = token_claim,
                                       .compile = token_compile,
                                       .plan = token_plan}};
const ortcpu_op_table ortcpu_text_tokenize = ORTCPU_TABLE(kernels);
