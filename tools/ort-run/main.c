/* ort-run: runs a model once, on random, given or stored inputs. */
#include "ort-run/ort_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static run_arguments arguments = {.rtol = -1, .atol = -1, .seed = 1};

static const tool_option options[] = {
    {"--input", TOOL_LIST, "NAME=FILE|@SHAPE", "a .npy or .pb file, or random values of a shape like @1x3x224x224",
     &arguments.inputs},
    {"--output", TOOL_TEXT, "DIR", "write each output as DIR/NAME.npy; what numpy has not as DIR/NAME.pb",
     &arguments.output_folder},
    {"--check", TOOL_LIST, "DIR", "compare with golden data: a data set, or a folder of test_data_set_*; may repeat",
     &arguments.checks},
    {"--rtol", TOOL_NUMBER, "X", "for --check and --compare: relative tolerance (default: inputs.json's, else 1e-3)",
     &arguments.rtol},
    {"--atol", TOOL_NUMBER, "X", "absolute tolerance (default: inputs.json's, else 1e-5)", &arguments.atol},
    {"--provider", TOOL_TEXT, "LIST", "providers in order of preference: vulkan:0,cpu", &arguments.settings.providers},
    {"--config", TOOL_TEXT, "FILE", "a JSON file of options", &arguments.settings.config},
    {"-o", TOOL_LIST, "KEY=VALUE", "one option; may repeat", &arguments.settings.assignments},
    {"--threads", TOOL_TEXT, "N", "threads of a lane", &arguments.settings.threads},
    {"--seed", TOOL_NUMBER, "N", "for random inputs (default 1)", &arguments.seed},
    {"--explain", TOOL_FLAG, NULL, "where every node went, and why", &arguments.explain},
    {"--profile", TOOL_TEXT, "FILE", "write a Chrome trace of the run", &arguments.profile_path},
    {"--dump", TOOL_TEXT, "GLOB", "print inner values whose names match (not built yet: refused)",
     &arguments.dump_glob},
    {"--compare", TOOL_TEXT, "A,B", "run on provider A and on provider B and compare", &arguments.compare},
    {"--json", TOOL_FLAG, NULL, "one JSON document (schema 1) instead of text", &arguments.json},
};
const tool run_tool = {
    .name = "ort-run",
    .usage = "ort-run MODEL [options]",
    .summary = "Runs an ONNX model once: on random inputs, on files, or on stored data sets whose answers it checks.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional = &arguments.positional,
};

static ort_status *write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    bool is_good = file && fputs(text, file) >= 0;
    if (file) is_good = fclose(file) == 0 && is_good;
    if (!is_good) {
        tool_error(&run_tool, "%s: can't be written", path);
        exit(TOOL_EXIT_USAGE);
    }
    return NULL;
}

/* Output names may hold any character; a file's name may not. */
static void file_name(const char *folder, const char *name, const char *ending, char *out, size_t size_bytes) {
    int used = snprintf(out, size_bytes, "%s/", folder);
    for (size_t i = 0; name[i] && (size_t)used + 6 < size_bytes; i++) {
        bool is_plain = strchr("/:\\ ", name[i]) == NULL;
        out[used++] = is_plain ? name[i] : '_';
    }
    snprintf(out + used, size_bytes - (size_t)used, "%s", ending);
}

static ort_status *show_outputs(ort_session *session, const tool_values *outputs, json_t *report) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        ort_value_info value = ORT_INIT(ort_value_info);
        ort_status *status = ort_session_output(session, i, &value);
        if (status) return status;
        json_array_append_new(report, run_value_json(value.name, outputs->items[i]));
        if (!arguments.json) run_print_value(value.name, outputs->items[i]);
        if (!arguments.output_folder) continue;
        char path[4096];
        const ort_tensor *tensor = ort_value_tensor(outputs->items[i]);
        bool is_numpy = tensor && ort_tensor_dtype(tensor) != ORT_DTYPE_STRING;
        file_name(arguments.output_folder, value.name, is_numpy ? ".npy" : ".pb", path, sizeof path);
        status = ort_value_save(outputs->items[i], value.name, path);
        if (status) return status;
    }
    return NULL;
}

ort_status *run_inputs_create(const run_arguments *given, ort_session *session, tool_values *out) {
    tool_inputs wanted = {&run_tool, "--input", &given->inputs, "@", (uint64_t)given->seed};
    return tool_inputs_create(&wanted, session, out);
}

static ort_status *run_once(ort_session *session, json_t *report) {
    tool_values inputs = {.count = 0}, outputs = {.count = ort_session_output_count(session)};
    for (uint32_t i = 0; i < outputs.count; i++) outputs.items[i] = NULL;
    ort_status *status = run_inputs_create(&arguments, session, &inputs);
    uint64_t begin_ns = tool_clock_ns();
    if (!status)
        status = ort_session_run_values(session, inputs.items, inputs.count, outputs.items, outputs.count, NULL);
    double run_ns = (double)(tool_clock_ns() - begin_ns);
    char text[32];
    if (!status && !arguments.json) printf("first run: %s (seed %.0f)\n", tool_duration(run_ns, text), arguments.seed);
    json_t *list = json_array();
    if (!status) status = show_outputs(session, &outputs, list);
    json_object_set_new(report, "first_run_ms", json_real(run_ns / 1e6));
    json_object_set_new(report, "seed", json_integer((json_int_t)arguments.seed));
    json_object_set_new(report, "outputs", list);
    tool_values_finish(&inputs);
    tool_values_finish(&outputs);
    return status;
}

static ort_status *explain(ort_session *session, json_t *report) {
    char *text = NULL;
    ort_status *status =
        arguments.json ? ort_session_placement_json(session, &text) : ort_session_placement_text(session, &text);
    if (status) return status;
    if (arguments.json)
        json_object_set_new(report, "placement", json_loads(text, 0, NULL));
    else
        fputs(text, stdout);
    ort_string_destroy(text);
    return NULL;
}

static ort_status *profiled(ort_session *session, json_t *report, uint32_t *out_failed) {
    ort_status *status = arguments.profile_path ? ort_session_profile_start(session) : NULL;
    json_t *checks = json_array();
    for (size_t i = 0; !status && i < arguments.checks.count; i++)
        status = run_check_folder(&arguments, session, arguments.checks.items[i], checks, out_failed);
    if (!status && arguments.checks.count == 0) status = run_once(session, report);
    json_object_set_new(report, "checks", checks);
    if (status || !arguments.profile_path) return status;
    char *trace = NULL;
    status = ort_session_profile_stop(session, &trace);
    if (!status) status = write_text(arguments.profile_path, trace);
    ort_string_destroy(trace);
    return status;
}

/* A model that partly ran elsewhere compares the wrong two: with --compare falling back is an error, unless asked for.
 */
static ort_status *compare_options(const char *provider, ort_options **out) {
    tool_settings settings = arguments.settings;
    settings.providers = provider;
    ort_status *status = tool_settings_options(&settings, out);
    bool is_said = settings.config != NULL;
    for (size_t i = 0; i < settings.assignments.count; i++)
        is_said = is_said || strncmp(settings.assignments.items[i], "fallback=", 9) == 0;
    return status || is_said ? status : ort_options_set(*out, "fallback", "error");
}

/* Runs the model on a named provider and keeps the outputs. */
static ort_status *run_on(ort_environment *environment, ort_model *model, const char *provider, tool_values *outputs) {
    ort_options *chosen = NULL;
    ort_session *session = NULL;
    tool_values inputs = {.count = 0};
    ort_status *status = compare_options(provider, &chosen);
    if (!status) status = ort_session_create(environment, model, chosen, &session);
    if (!status) status = run_inputs_create(&arguments, session, &inputs);
    if (!status) {
        outputs->count = ort_session_output_count(session);
        for (uint32_t i = 0; i < outputs->count; i++) outputs->items[i] = NULL;
        status = ort_session_run_values(session, inputs.items, inputs.count, outputs->items, outputs->count, NULL);
    }
    tool_values_finish(&inputs);
    ort_session_destroy(session);
    ort_options_destroy(chosen);
    return status;
}

static ort_status *compare_providers(ort_environment *environment, ort_model *model, json_t *report,
                                     uint32_t *out_failed) {
    char names[2][128] = {"", ""};
    if (sscanf(arguments.compare, "%127[^,],%127[^,]", names[0], names[1]) != 2) {
        tool_error(&run_tool, "--compare wants two providers, A,B, not '%s'", arguments.compare);
        exit(TOOL_EXIT_USAGE);
    }
    tool_values results[2] = {{.count = 0}, {.count = 0}};
    ort_status *status = run_on(environment, model, names[0], &results[0]);
    if (!status) status = run_on(environment, model, names[1], &results[1]);
    run_tolerance tolerance = {arguments.rtol >= 0 ? arguments.rtol : 1e-3,
                               arguments.atol >= 0 ? arguments.atol : 1e-5};
    json_t *list = json_array();
    for (uint32_t i = 0; !status && i < results[0].count; i++) {
        run_difference difference;
        ort_value_info value = ORT_INIT(ort_value_info);
        status = ort_model_output(model, i, &value);
        if (status) break;
        run_compare(results[1].items[i], results[0].items[i], tolerance, &difference);
        *out_failed += !difference.is_equal;
        json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "name", value.name, "equal", difference.is_equal,
                                              "text", difference.text));
        if (!arguments.json)
            printf("%s: %s\n", value.name, difference.is_equal ? "equal within the tolerance" : difference.text);
    }
    json_object_set_new(report, "compare", list);
    tool_values_finish(&results[0]);
    tool_values_finish(&results[1]);
    return status;
}

static ort_status *run_model(ort_environment *environment, ort_model *model, const ort_options *chosen, json_t *report,
                             uint32_t *out_failed) {
    if (arguments.compare) return compare_providers(environment, model, report, out_failed);
    ort_session *session = NULL;
    uint64_t begin_ns = tool_clock_ns();
    ort_status *status = ort_session_create(environment, model, chosen, &session);
    json_object_set_new(report, "create_ms", json_real((double)(tool_clock_ns() - begin_ns) / 1e6));
    if (!status) status = profiled(session, report, out_failed);
    if (!status && arguments.explain) status = explain(session, report);
    ort_session_destroy(session);
    return status;
}

int main(int argc, char **argv) {
    int code = tool_parse(&run_tool, argc, argv);
    if (code >= 0) return code;
    if (arguments.positional.count != 1) {
        tool_error(&run_tool, "one MODEL is needed; see --help");
        return TOOL_EXIT_USAGE;
    }
    if (arguments.dump_glob) {
        tool_error(&run_tool, "--dump: inner values can't be read yet; make the value an output of the model");
        return TOOL_EXIT_USAGE;
    }
    if (tool_settings_clash(&run_tool, &arguments.settings)) return TOOL_EXIT_USAGE;
    ort_options *chosen = NULL;
    ort_environment *environment = NULL;
    ort_model *model = NULL;
    uint32_t failed = 0;
    json_t *report = json_pack("{s:i, s:s}", "schema", 1, "model", arguments.positional.items[0]);
    ort_status *status = tool_settings_options(&arguments.settings, &chosen);
    if (!status) status = ort_environment_create(chosen, tool_log, (void *)(uintptr_t)&run_tool, &environment);
    if (!status) status = ort_model_load(environment, arguments.positional.items[0], chosen, &model);
    if (!status) status = run_model(environment, model, chosen, report, &failed);
    if (!status && arguments.json) tool_print_json(json_incref(report));
    json_decref(report);
    ort_model_destroy(model);
    ort_environment_destroy(environment);
    ort_options_destroy(chosen);
    if (status) return tool_fail(&run_tool, status);
    return failed ? TOOL_EXIT_NO : TOOL_EXIT_GOOD;
}
