#include "report/report.h"
#include "testing/test.h"

#include <stdlib.h>

static json_t *sample(void) {
    json_error_t error;
    json_t *report = json_loads(
        "{\"schema\":1,\"suite\":{\"version\":\"0.1.0\",\"cases_sha256\":\"ab\",\"seed\":1},"
        "\"subject\":{\"name\":\"acme\",\"id\":\"com.acme\",\"version\":\"2.0\",\"sha256\":\"cd\",\"device\":\"acme:"
        "0\"},"
        "\"machine\":{\"cpu\":\"a <b> & "
        "c\",\"os\":\"Linux\",\"threads\":2},\"seconds\":1.5,\"command\":\"ort-conformance acme\","
        "\"counts\":{\"passed\":1,\"failed\":1,\"declined\":2,\"waived\":0,\"broken "
        "case\":0,\"crash\":1,\"timeout\":0},"
        "\"levels\":[{\"level\":3,\"counts\":{\"passed\":1,\"failed\":1,\"declined\":2,\"crash\":1}}],"
        "\"cases\":[{\"id\":\"L3/add\",\"level\":3,\"verdict\":\"passed\",\"seconds\":0.01},"
        "{\"id\":\"L3/mul\",\"level\":3,\"verdict\":\"failed\",\"rule\":\"run.correct\",\"text\":\"1 < 2 & \\\"x\\\"\","
        "\"repro\":\"ort-conformance acme --repro L3/mul\"},"
        "{\"id\":\"L3/div\",\"level\":3,\"verdict\":\"crash\",\"rule\":\"survive.crash\",\"text\":\"SIGSEGV\"},"
        "{\"id\":\"L3/exp\",\"level\":3,\"verdict\":\"declined\",\"text\":\"no kernel\"},"
        "{\"id\":\"L3/log\",\"level\":3,\"verdict\":\"declined\",\"text\":\"no kernel\"}],"
        "\"signatures\":{\"offered\":9,\"claimed\":7,\"passed\":5},"
        "\"coverage\":[{\"op\":\"Add\",\"type\":\"float32\",\"cases\":1,\"passed\":1},{\"op\":\"Mul\",\"type\":"
        "\"int32\",\"cases\":1,\"failed\":1}],"
        "\"rules\":[{\"id\":\"run.correct\",\"level\":3,\"text\":\"the answer is right\"}]}",
        0, &error);
    CHECK(report != NULL, "%s", error.text);
    return report;
}

static char *rendered(bool (*render)(const json_t *, FILE *)) {
    char *text = NULL;
    size_t size = 0;
    json_t *report = sample();
    FILE *file = open_memstream(&text, &size);
    CHECK(file && render(report, file), "rendering failed");
    fclose(file);
    json_decref(report);
    return text;
}

static void expect(const char *text, const char *part) {
    CHECK(strstr(text, part) != NULL, "'%s' is not in:\n%s", part, text);
}

ORT_TEST(report, text_ends_with_the_counts) {
    char *text = rendered(ortc_report_text);
    expect(text, "failed L3/mul: 1 < 2");
    expect(text, "rule run.correct: the answer is right");
    expect(text, "again: ort-conformance acme --repro L3/mul");
    expect(text, "    2  no kernel");
    expect(text, "operators x types: 9 offered, 7 claimed, 5 passed\n");
    expect(text, "\n1 passed, 2 failed, 2 skipped\n");
    free(text);
}

ORT_TEST(report, junit_has_one_testcase_a_case) {
    char *text = rendered(ortc_report_junit);
    expect(text, "tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"2\"");
    expect(text, "<testcase name=\"add\" classname=\"acme.L3\" time=\"0.010\"/>");
    expect(text, "<failure type=\"run.correct\" message=\"1 &lt; 2 &amp; &quot;x&quot;\"/>");
    expect(text, "<error type=\"survive.crash\" message=\"SIGSEGV\"/>");
    expect(text, "<skipped message=\"no kernel\"/>");
    free(text);
}

ORT_TEST(report, html_escapes_what_it_is_told) {
    char *text = rendered(ortc_report_html);
    expect(text, "a &lt;b&gt; &amp; c");
    expect(text, "Of 9 operators x types that the cases offer, the provider claims 7; 5 pass.");
    expect(text, "cell good\" title=\"Add float32");
    expect(text, "cell bad\" title=\"Mul int32");
    CHECK(strstr(text, "<b> & c") == NULL, "raw text");
    free(text);
}

ORT_TEST(report, the_record_is_small_and_names_the_digests) {
    json_t *report = sample(), *record = ortc_report_record(report);
    CHECK_STR(ortc_report_field(record, "plugin_sha256"), "cd");
    CHECK_STR(ortc_report_field(json_object_get(record, "suite"), "cases_sha256"), "ab");
    CHECK(ortc_report_number(json_object_get(json_object_get(record, "levels"), "L3"), "crash") == 1);
    CHECK_STR(ortc_report_field(record, "command"), "ort-conformance acme");
    CHECK(json_object_get(record, "cases") == NULL, "cases stay in the report");
    json_decref(record);
    json_decref(report);
}

ORT_TEST(report, an_empty_document_renders) {
    json_t *empty = json_object();
    FILE *file = tmpfile();
    CHECK(file && ortc_report_text(empty, file) && ortc_report_junit(empty, file) && ortc_report_html(empty, file));
    fclose(file);
    json_decref(empty);
}
