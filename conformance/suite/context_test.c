#include "suite/suite.h"
#include "testing/test.h"

ORT_TEST(context, the_first_of_the_gravest_kind_stays) {
    ortc_context context = {.verdict = ORTC_PASSED};
    ortc_decline(&context, "no kernel for %s", "Add");
    CHECK(context.verdict == ORTC_DECLINED);
    CHECK_STR(context.text, "no kernel for Add");
    ortc_fail(&context, "run.correct", "first");
    ortc_fail(&context, "run.bounds", "second");
    ortc_decline(&context, "third");
    ortc_broken(&context, "fourth");
    CHECK(ortc_has_failed(&context) && context.verdict == ORTC_FAILED);
    CHECK_STR(context.rule, "run.correct");
    CHECK_STR(context.text, "first");
}

ORT_TEST(context, a_rule_that_there_is_not_is_no_plugin_s_fault) {
    ortc_context context = {.verdict = ORTC_PASSED};
    ortc_fail(&context, "no.such.rule", "text");
    CHECK(context.verdict == ORTC_BROKEN && context.rule == NULL && strstr(context.text, "no.such.rule"));
}

ORT_TEST(context, metrics_add_up_and_stop_at_the_end) {
    ortc_context context = {.verdict = ORTC_PASSED};
    ortc_metric(&context, "a=%d", 1);
    ortc_metric(&context, "b=%d", 2);
    CHECK_STR(context.metrics, "a=1 b=2");
    for (int i = 0; i < 1000; i++) ortc_metric(&context, "more=%d", i);
    CHECK(strlen(context.metrics) < sizeof context.metrics);
}

ORT_TEST(context, rules_are_unique_and_have_words) {
    uint32_t count;
    const ortc_rule *rules = ortc_rules(&count);
    CHECK(count > 70);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(ortc_rule_find(rules[i].id) == &rules[i], "%s is there twice", rules[i].id);
        CHECK(strlen(rules[i].text) > 10 && rules[i].level <= 6, "%s", rules[i].id);
    }
    CHECK(ortc_rule_find("nothing") == NULL && ortc_rule_find(NULL) == NULL);
}
