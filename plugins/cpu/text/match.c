/* RegexFullMatch (ONNX 20), and the patterns that Tokenizer uses too. */
#include "text/match.h"

#include "ops/table.h"
#include "ort/sdk/attr.h"
#include "text/strings.h"
#include "text/text.h"

#if ORTCPU_HAS_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define WORKSPACE_INTS 4096

struct ortcpu_pattern {
    pcre2_code *code;
};

bool ortcpu_match_available(void) {
    return true;
}

/* PCRE2's memory is the program's: nothing is given back before that ends. */
static void *compiler_alloc(size_t size_bytes, void *compiler) {
    return ortk_compiler_alloc(compiler, size_bytes);
}

static void keep(void *memory, void *user) {
    (void)memory, (void)user;
}

ort_status *ortcpu_pattern_make(ortk_compiler *compiler, const ortk_node *node, ort_string_view text,
                                ortcpu_pattern **out) {
    int error = 0;
    PCRE2_SIZE place = 0;
    unsigned char reason[128] = {0};
    *out = ortk_compiler_alloc(compiler, sizeof **out);
    pcre2_general_context *general = pcre2_general_context_create(compiler_alloc, keep, compiler);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    if (!*out || !context) return ortk_out_of_memory();
    (*out)->code = pcre2_compile((PCRE2_SPTR)text.data, (size_t)text.length, PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &error,
                                 &place, context);
    if ((*out)->code) return NULL;
    pcre2_get_error_message(error, reason, sizeof reason);
    return ortk_fail(ORT_CODE_INVALID_MODEL, "%s '%s': the regular expression '%.*s' is wrong at byte %llu: %s",
                     ortk_node_op(node), ortk_node_name(node), (int)(text.length < 200 ? text.length : 200), text.data,
                     (unsigned long long)place, (const char *)reason);
}

static void *scratch_alloc(size_t size_bytes, void *user) {
    ortcpu_matcher *matcher = user;
    char *memory = matcher->at;
    const size_t bytes = (size_bytes + 15) & ~(size_t)15;
    if (bytes > (size_t)(matcher->end - memory)) return NULL;
    matcher->at += bytes;
    return memory;
}

bool ortcpu_matcher_init(ortcpu_matcher *matcher, void *scratch) {
    matcher->workspace = scratch;
    matcher->at = (char *)scratch + WORKSPACE_INTS * sizeof(int);
    matcher->end = (char *)scratch + ORTCPU_MATCH_BYTES;
    pcre2_general_context *general = pcre2_general_context_create(scratch_alloc, keep, matcher);
    matcher->context = general ? pcre2_match_context_create(general) : NULL;
    matcher->data = matcher->context ? pcre2_match_data_create(1, general) : NULL;
    return matcher->data != NULL;
}

static ortcpu_match_result match(ortcpu_matcher *matcher, const ortcpu_pattern *pattern, ort_string_view text,
                                 uint64_t from, uint32_t options) {
    static const unsigned char nothing[1];
    char *before = matcher->at;
    const unsigned char *subject = text.length ? (const unsigned char *)text.data : nothing;
    int result = pcre2_dfa_match(pattern->code, subject, (size_t)text.length, (size_t)from, options, matcher->data,
                                 matcher->context, matcher->workspace, WORKSPACE_INTS);
    matcher->at = before; /* what the matcher took for this call alone */
    if (result == PCRE2_ERROR_NOMATCH) return ORTCPU_MATCH_NONE;
    return result >= 0 ? ORTCPU_MATCH_FOUND : ORTCPU_MATCH_FAILED;
}

ortcpu_match_result ortcpu_match_find(ortcpu_matcher *matcher, const ortcpu_pattern *pattern, ort_string_view text,
                                      uint64_t from, uint64_t *out_begin, uint64_t *out_end) {
    /* That it is UTF-8 was looked at when the search began. */
    ortcpu_match_result result = match(matcher, pattern, text, from, from ? PCRE2_NO_UTF_CHECK : 0);
    if (result != ORTCPU_MATCH_FOUND) return result;
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(matcher->data);
    *out_begin = places[0];
    *out_end = places[1];
    return result;
}

ortcpu_match_result ortcpu_match_full(ortcpu_matcher *matcher, const ortcpu_pattern *pattern, ort_string_view text) {
    return match(matcher, pattern, text, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED);
}

#else

bool ortcpu_match_available(void) {
    return false;
}

ort_status *ortcpu_pattern_make(ortk_compiler *compiler, const ortk_node *node, ort_string_view text,
                                ortcpu_pattern **out) {
    (void)compiler, (void)text, (void)out;
    return ortk_fail(ORT_CODE_UNSUPPORTED, "%s '%s': this build has no regular expressions", ortk_node_op(node),
                     ortk_node_name(node));
}

bool ortcpu_matcher_init(ortcpu_matcher *matcher, void *scratch) {
    (void)matcher, (void)scratch;
    return false;
}

ortcpu_match_result ortcpu_match_find(ortcpu_matcher *matcher, const ortcpu_pattern *pattern, ort_string_view text,
                                      uint64_t from, uint64_t *out_begin, uint64_t *out_end) {
    (void)matcher, (void)pattern, (void)text, (void)from, (void)out_begin, (void)out_end;
    return ORTCPU_MATCH_FAILED;
}

ortcpu_match_result ortcpu_match_full(ortcpu_matcher *matcher, const ortcpu_pattern *pattern, ort_string_view text) {
    (void)matcher, (void)pattern, (void)text;
    return ORTCPU_MATCH_FAILED;
}

#endif

/* ---- RegexFullMatch ---- */

typedef struct full_params {
    ortcpu_pattern *pattern;
} full_params;

static bool full_claim(ortk_node *node) {
    return ortcpu_match_available() ||
           ortk_decline(node, ORTP_DECLINE_OPERATOR, "RegexFullMatch: this build has no regular expressions");
}

static ort_status *full_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    return ortcpu_pattern_make(compiler, node, ortk_attr_text(node, "pattern", ""), &((full_params *)params)->pattern);
}

static void full_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const ortcpu_pattern *pattern = ((const full_params *)step->state)->pattern;
    ortcpu_matcher matcher;
    if (!ortcpu_matcher_init(&matcher, scratch)) {
        ortk_run_fail(step, ORT_CODE_OUT_OF_MEMORY, "no memory to match in");
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        const ort_string_view text = ortcpu_string_at(ortk_in(step, 0), step->task_count, i);
        const ortcpu_match_result result = ortcpu_match_full(&matcher, pattern, text);
        ((uint8_t *)ortk_out(step, 0))[i] = result == ORTCPU_MATCH_FOUND;
        if (result == ORTCPU_MATCH_FAILED)
            ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "element %lld is no UTF-8, or asks too much of the pattern",
                          (long long)i);
    }
}

static ort_status *full_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)planner, (void)in_count, (void)out, (void)out_count;
    step->run = full_run;
    step->state = params;
    step->task_count = in->element_count;
    step->grain = 64;
    step->scratch_bytes = ORTCPU_MATCH_BYTES;
    step->cost_ns = 1 + 500 * (double)in->element_count;
    return NULL;
}

static const ortk_kernel kernels[] = {{.op = "RegexFullMatch",
                                       .domain = "",
                                       .since_version = 20,
                                       .until_version = ORTCPU_NEWEST_OPSET,
                                       .types = ORTCPU_STRING,
                                       .mode = ORTK_MODE_ROWS,
                                       .params_bytes = sizeof(full_params),
                                       .claim = full_claim,
                                       .compile = full_compile,
                                       .plan = full_plan}};
const ortcpu_op_table ortcpu_text_match = ORTCPU_TABLE(kernels);
