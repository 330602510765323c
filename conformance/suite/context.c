/* What a running case writes: verdicts by rank, rules by name. */
#include "suite/suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *ortc_verdict_name(ortc_verdict verdict) {
    static const char *const names[ORTC_VERDICT_COUNT] = {"passed",      "failed", "declined", "waived",
                                                          "broken case", "crash",  "timeout"};
    return (uint32_t)verdict < ORTC_VERDICT_COUNT ? names[verdict] : "unknown";
}

static const ortc_rule rules[] = {
#define RULE(id, level, text) {id, level, text},
#include "suite/rules.def"
#undef RULE
};
#define RULE_COUNT (sizeof rules / sizeof *rules)

const ortc_rule *ortc_rules(uint32_t *out_count) {
    *out_count = (uint32_t)RULE_COUNT;
    return rules;
}

const ortc_rule *ortc_rule_find(const char *id) {
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (id && strcmp(rules[i].id, id) == 0) return &rules[i];
    return NULL;
}

/* The later in this order wins; of one rank the first. */
static uint32_t rank_of(ortc_verdict verdict) {
    static const uint32_t ranks[ORTC_VERDICT_COUNT] = {
        [ORTC_PASSED] = 0, [ORTC_DECLINED] = 1, [ORTC_WAIVED] = 2, [ORTC_BROKEN] = 2,
        [ORTC_FAILED] = 3, [ORTC_CRASH] = 3,    [ORTC_TIMEOUT] = 3};
    return ranks[verdict];
}

static void say(ortc_context *context, ortc_verdict verdict, const char *rule, const char *fmt, va_list args) {
    if (rank_of(verdict) <= rank_of(context->verdict)) return;
    context->verdict = verdict;
    context->rule = rule;
    vsnprintf(context->text, sizeof context->text, fmt, args);
}

void ortc_fail(ortc_context *context, const char *rule, const char *fmt, ...) {
    const ortc_rule *known = ortc_rule_find(rule);
    va_list args;
    va_start(args, fmt);
    if (known) {
        say(context, ORTC_FAILED, known->id, fmt, args);
    } else { /* a check that names no rule is the suite's own fault, and must not look like the plugin's */
        ortc_broken(context, "the check names the rule '%s', which rules.def does not have", rule ? rule : "(null)");
    }
    va_end(args);
}

void ortc_decline(ortc_context *context, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    say(context, ORTC_DECLINED, NULL, fmt, args);
    va_end(args);
}

void ortc_broken(ortc_context *context, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    say(context, ORTC_BROKEN, NULL, fmt, args);
    va_end(args);
}

void ortc_metric(ortc_context *context, const char *fmt, ...) {
    size_t used = strlen(context->metrics);
    va_list args;
    if (used + 2 >= sizeof context->metrics) return;
    if (used) context->metrics[used++] = ' ';
    va_start(args, fmt);
    vsnprintf(context->metrics + used, sizeof context->metrics - used, fmt, args);
    va_end(args);
}

bool ortc_has_failed(const ortc_context *context) {
    return rank_of(context->verdict) >= rank_of(ORTC_FAILED);
}
