/* ort-bench: how long a model takes, told honestly: each phase once, steady runs with percentiles, resident memory. */
#include "ort-bench/ort_bench.h"

static bench_arguments arguments = {.seconds = 2, .concurrency = 1, .seed = 1};

static const tool_option options[] = {
    {"--data", TOOL_TEXT, "DIR", "stored inputs: a data set, or a model's folder (its first set)",
     &arguments.data_folder},
    {"--shape", TOOL_LIST, "NAME=1x3x8", "random values of this shape for one input; may repeat", &arguments.shapes},
    {"--seconds", TOOL_NUMBER, "S", "time of steady runs (default 2); a fifth more is warm-up", &arguments.seconds},
    {"--concurrency", TOOL_NUMBER, "N", "runs at once, each on a binding of its own (default 1)",
     &arguments.concurrency},
    {"--provider", TOOL_TEXT, "LIST", "providers in order of preference: vulkan:0,cpu", &arguments.settings.providers},
    {"--config", TOOL_TEXT, "FILE", "a JSON file of options", &arguments.settings.config},
    {"-o", TOOL_LIST, "KEY=VALUE", "one option; may repeat", &arguments.settings.assignments},
    {"--threads", TOOL_TEXT, "N", "threads of a lane", &arguments.settings.threads},
    {"--seed", TOOL_NUMBER, "N", "for random inputs (default 1)", &arguments.seed},
    {"--against", TOOL_TEXT, "FILE.json", "print ratios to an earlier --json report", &arguments.against_path},
    {"--json", TOOL_FLAG, NULL, "one JSON document (schema 1) instead of text", &arguments.json},
};
const tool bench_tool = {
    .name = "ort-bench",
    .usage = "ort-bench MODEL [options]",
    .summary =
        "Times an ONNX model: load, session creation, first run, steady runs, memory. Absolute times drift with the\n"
        "machine and its neighbours: compare ratios taken in one sitting.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional = &arguments.positional,
};

static bool are_arguments_good(void) {
    if (arguments.positional.count != 1)
        tool_error(&bench_tool, "one MODEL is needed; see --help");
    else if (!(arguments.seconds > 0 && arguments.seconds <= 3600))
        tool_error(&bench_tool, "--seconds wants 0 to 3600, not %g", arguments.seconds);
    else if (!(arguments.concurrency >= 1 && arguments.concurrency <= 256))
        tool_error(&bench_tool, "--concurrency wants 1 to 256, not %g", arguments.concurrency);
    else if (arguments.data_folder && arguments.shapes.count)
        tool_error(&bench_tool, "--data and --shape exclude each other");
    else
        return true;
    return false;
}

int main(int argc, char **argv) {
    int code = tool_parse(&bench_tool, argc, argv);
    if (code >= 0) return code;
    if (!are_arguments_good()) return TOOL_EXIT_USAGE;
    ort_options *chosen = NULL;
    bench_result result = {.load_ns = 0};
    ort_status *status = tool_settings_options(&arguments.settings, &chosen);
    if (!status) status = bench_measure(&arguments, chosen, &result);
    ort_options_destroy(chosen);
    if (status) return bench_result_finish(&result), tool_fail(&bench_tool, status);
    json_t *report = bench_report(&arguments, &result);
    bench_result_finish(&result);
    if (!arguments.json) bench_print(report);
    bool is_good = !arguments.against_path || bench_compare(&arguments, report);
    if (is_good && arguments.json) tool_print_json(json_incref(report));
    json_decref(report);
    return is_good ? TOOL_EXIT_GOOD : TOOL_EXIT_USAGE;
}
