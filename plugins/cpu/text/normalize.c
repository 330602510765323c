/* StringNormalizer (ONNX 10): stop words go, then the case of what is left changes. Without stop words every element
 * stays; with them at least one "" is left. */
#include "adapters/heavy.h"
#include "ml/rows.h"
#include "ops/table.h"
#include "text/letters.h"
#include "text/strings.h"
#include "text/text.h"

typedef struct normalize_params {
    void *locale;
    ortcpu_case wanted;  /* of the result */
    ortcpu_case compare; /* in which stop words are looked for */
    const ort_string_view *stops;
    int64_t stop_count;
} normalize_params;

typedef struct normalize_state {
    const normalize_params *params;
    int64_t count;
    uint32_t rank;
    int64_t dims[ORTK_RANK_MAX];
} normalize_state;

static bool has_stops(ortk_node *node) {
    return ortk_attr_strings(node, "stopwords", NULL, 0) != 0;
}

static bool is_plain_locale(ortk_node *node) {
    ort_string_view locale = ortk_attr_text(node, "locale", "");
    const bool is_plain = locale.length == 0 || (locale.length >= 1 && locale.data[0] == 'C') ||
                          (locale.length >= 2 && memcmp(locale.data, "en", 2) == 0);
    return is_plain || ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "StringNormalizer in locale %.*s",
                                    (int)(locale.length < 32 ? locale.length : 32), locale.data);
}

static bool whole_claim(ortk_node *node) {
    return !has_stops(node) ? is_plain_locale(node)
                            : ortk_decline(node, ORTP_DECLINE_ATTRIBUTE, "StringNormalizer with stop words");
}

static bool stopping_claim(ortk_node *node) {
    return is_plain_locale(node);
}

static ort_status *case_read(const ortk_node *node, ortcpu_case *out) {
    static const char *const names[] = {"NONE", "LOWER", "UPPER"};
    for (uint32_t i = 0; i < 3; i++) {
        *out = (ortcpu_case)i;
        if (ortk_attr_is(node, "case_change_action", "NONE", names[i])) return NULL;
    }
    return ortk_fail(ORT_CODE_INVALID_MODEL, "StringNormalizer '%s': case_change_action is none of LOWER, UPPER, NONE",
                     ortk_node_name(node));
}

static ort_status *normalize_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    normalize_params *p = params;
    ortcpu_instance *instance = ortk_compiler_context(compiler);
    ort_status *status = case_read(node, &p->wanted);
    if (status) return status;
    p->compare = ORTCPU_CASE_SAME;
    if (!ortk_attr_int(node, "is_case_sensitive", 0))
        p->compare = p->wanted == ORTCPU_CASE_SAME ? ORTCPU_CASE_LOWER : p->wanted;
    if (p->wanted != ORTCPU_CASE_SAME || p->compare != ORTCPU_CASE_SAME)
        status = ortcpu_letters_open(&instance->letters, &p->locale);
    return status ? status : ortcpu_attr_strings(compiler, node, "stopwords", &p->stops, &p->stop_count);
}

/* ---- run ---- */

static bool is_stop(const normalize_params *p, ort_string_view text) {
    for (int64_t i = 0; i < p->stop_count; i++) {
        const bool is_it = p->compare == ORTCPU_CASE_SAME
                               ? ortcpu_string_same(text, p->stops[i])
                               : ortcpu_letters_same(p->locale, p->compare, text, p->stops[i]);
        if (is_it) return true;
    }
    return false;
}

static uint64_t cased_bytes(const normalize_params *p, ort_string_view text) {
    return p->wanted == ORTCPU_CASE_SAME ? text.length : ortcpu_letters_convert(p->locale, p->wanted, text, NULL);
}

static void cased_add(const normalize_params *p, ort_string_view text, ortcpu_string_writer *writer) {
    if (p->wanted == ORTCPU_CASE_SAME) {
        ortcpu_strings_add(writer, text);
        return;
    }
    char *to = writer->bytes + writer->offsets[writer->index];
    ortcpu_strings_room(writer, ortcpu_letters_convert(p->locale, p->wanted, text, to));
}

static void normalize_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)begin, (void)end;
    const normalize_state *s = step->state;
    const normalize_params *p = s->params;
    bool *are_stops = scratch;
    ortcpu_string_writer writer;
    int64_t dims[ORTK_RANK_MAX], kept = 0;
    uint64_t bytes = 0;
    for (int64_t i = 0; i < s->count; i++) {
        const ort_string_view text = ortcpu_string_at(ortk_in(step, 0), s->count, i);
        are_stops[i] = is_stop(p, text);
        if (are_stops[i]) continue;
        bytes += cased_bytes(p, text);
        kept++;
    }
    memcpy(dims, s->dims, sizeof dims);
    const int64_t out_count = kept || !p->stop_count ? kept : 1;
    if (p->stop_count) dims[s->rank - 1] = out_count;
    if (!ortcpu_strings_begin(step, 0, dims, s->rank, out_count, bytes, &writer)) return;
    for (int64_t i = 0; i < s->count; i++)
        if (!are_stops[i]) cased_add(p, ortcpu_string_at(ortk_in(step, 0), s->count, i), &writer);
    if (out_count > kept) ortcpu_strings_add(&writer, (ort_string_view){"", 0});
}

static ort_status *normalize_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                                  const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out, (void)out_count;
    normalize_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (normalize_state){params, in->element_count, in->rank, {0}};
    memcpy(s->dims, in->dims, sizeof s->dims);
    if (s->params->stop_count && in->rank == 2 && in->dims[0] != 1)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "stop words in %lld rows: [C] and [1, C] alone are allowed",
                         (long long)in->dims[0]);
    step->run = normalize_run;
    step->state = s;
    step->task_count = 1;
    step->scratch_bytes = (uint64_t)s->count + 1;
    step->cost_ns = 1 + 50 * (double)s->count;
    return NULL;
}

#define NORMALIZER(FLAGS, CLAIM)                                                                                       \
    {                                                                                                                  \
        .op = "StringNormalizer", .domain = "", .since_version = 10, .until_version = ORTCPU_NEWEST_OPSET,             \
        .types = ORTCPU_STRING, .mode = ORTK_MODE_ROWS, .flags = FLAGS, .params_bytes = sizeof(normalize_params),      \
        .claim = CLAIM, .compile = normalize_compile, .plan = normalize_plan                                           \
    }
static const ortk_kernel kernels[] = {NORMALIZER(0, whole_claim), NORMALIZER(ORTK_KERNEL_TELLS, stopping_claim)};
const ortcpu_op_table ortcpu_text_normalize = ORTCPU_TABLE(kernels);
