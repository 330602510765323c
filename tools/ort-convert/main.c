/* ort-convert: what the passes make of a model, saved as ONNX or shown as text. */
#include "common/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    tool_settings settings;
    tool_list positional;
    const char *output, *passes, *disable;
    double opset;
    bool as_is, external, text, list_passes, json;
} arguments;

static const tool_option options[] = {
    {"-o", TOOL_TEXT, "OUT.onnx", "save the result here; written whole or not at all", &arguments.output},
    {"--text", TOOL_FLAG, NULL, "print the result in the text form of graphs", &arguments.text},
    {"--passes", TOOL_TEXT, "LIST", "these optional passes alone, separated by commas", &arguments.passes},
    {"--disable", TOOL_TEXT, "LIST", "all passes but these", &arguments.disable},
    {"--as-is", TOOL_FLAG, NULL, "no pass at all: the model as it was loaded", &arguments.as_is},
    {"--opset", TOOL_NUMBER, "N", "the operator set to save with (default: the model's, or what its nodes need)",
     &arguments.opset},
    {"--external", TOOL_FLAG, NULL, "weights in a file of their own, OUT.onnx.data", &arguments.external},
    {"--list-passes", TOOL_FLAG, NULL, "the passes by name, with what they do", &arguments.list_passes},
    {"--provider", TOOL_TEXT, "LIST", "who computes constants: providers in order of preference",
     &arguments.settings.providers},
    {"--config", TOOL_TEXT, "FILE", "a JSON file of options", &arguments.settings.config},
    {"--option", TOOL_LIST, "KEY=VALUE", "one option; may repeat", &arguments.settings.assignments},
    {"--json", TOOL_FLAG, NULL, "one JSON document (schema 1) instead of text", &arguments.json},
};
static const tool self = {
    .name = "ort-convert",
    .usage = "ort-convert MODEL -o OUT.onnx [options]",
    .summary =
        "Simplifies a model, as a session does before it places and compiles it, and saves the result as ONNX that\n"
        "any reader takes, or prints it.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional = &arguments.positional,
};

/* "a,b" as ["a","b"]: a configuration key that holds a list. */
static ort_status *set_list(ort_options *chosen, const char *key, const char *names) {
    json_t *list = json_array();
    for (const char *at = names; *at;) {
        size_t length = strcspn(at, ",");
        if (length) json_array_append_new(list, json_stringn(at, length));
        at += length + (at[length] == ',');
    }
    char *text = json_dumps(list, JSON_COMPACT);
    ort_status *status = ort_options_set(chosen, key, text);
    free(text);
    json_decref(list);
    return status;
}

static ort_status *read_options(ort_options **out) {
    char number[32];
    ort_status *status = tool_settings_options(&arguments.settings, out);
    if (!status && arguments.passes) status = set_list(*out, "passes.only", arguments.passes);
    if (!status && arguments.disable) status = set_list(*out, "passes.disable", arguments.disable);
    (void)snprintf(number, sizeof number, "%.0f", arguments.opset);
    if (!status && arguments.opset > 0) status = ort_options_set(*out, "passes.opset", number);
    return status;
}

static ort_status *describe(const ort_model *model, json_t **out) {
    char *text = NULL;
    ort_status *status = ort_model_describe_json(model, &text);
    if (!status) *out = json_loads(text, 0, NULL);
    ort_string_destroy(text);
    return status;
}

static void print_model(const char *path, const json_t *facts) {
    size_t index;
    json_t *opset;
    printf("%s: %d nodes, IR %d", path, (int)json_integer_value(json_object_get(facts, "nodes")),
           (int)json_integer_value(json_object_get(facts, "ir_version")));
    json_array_foreach(json_object_get(facts, "opsets"), index, opset) {
        const char *domain = json_string_value(json_object_get(opset, "domain"));
        printf(", %s %d", domain && *domain ? domain : "ai.onnx",
               (int)json_integer_value(json_object_get(opset, "version")));
    }
    putchar('\n');
}

static void print_passes(const json_t *passes) {
    size_t index;
    json_t *pass;
    char time[32];
    json_array_foreach(passes, index, pass) {
        int changes = (int)json_integer_value(json_object_get(pass, "changes"));
        printf("  %-28s %9s  ", json_string_value(json_object_get(pass, "name")),
               tool_duration((double)json_integer_value(json_object_get(pass, "time_ns")), time));
        if (changes)
            printf("%+d nodes\n", -(int)json_integer_value(json_object_get(pass, "removed")));
        else
            printf("nothing to do\n");
    }
}

/* What was written is read again, so that a file that nobody could load is told here and not later. */
static ort_status *save(ort_environment *environment, const ort_model *model, json_t *report) {
    ort_save_options wanted = ORT_INIT(ort_save_options);
    ort_model *saved = NULL;
    json_t *facts = NULL;
    wanted.flags = arguments.external ? ORT_SAVE_EXTERNAL : 0;
    wanted.opset = (int32_t)arguments.opset;
    ort_status *status = ort_model_save(model, &wanted, arguments.output);
    if (!status) status = ort_model_load(environment, arguments.output, NULL, &saved);
    if (!status) status = describe(saved, &facts);
    if (!status && !arguments.json && !arguments.text) print_model(arguments.output, facts);
    if (!status) json_object_set_new(report, "saved", facts);
    ort_model_destroy(saved);
    return status;
}

static ort_status *show_text(const ort_model *model, json_t *report) {
    char *text = NULL;
    ort_status *status = ort_model_print(model, &text);
    if (status) return status;
    if (arguments.json)
        json_object_set_new(report, "text", json_string(text));
    else
        fputs(text, stdout);
    ort_string_destroy(text);
    return NULL;
}

static ort_status *show_facts(const ort_model *loaded, const ort_model *made, json_t *report) {
    json_t *before = NULL, *after = NULL;
    ort_status *status = describe(loaded, &before);
    if (!status) status = describe(made, &after);
    if (!status && !arguments.json && !arguments.text) {
        print_model(arguments.positional.items[0], before);
        print_passes(json_object_get(after, "passes"));
    }
    json_object_set_new(report, "loaded", before ? before : json_null());
    json_object_set_new(report, "result", after ? after : json_null());
    return status;
}

static ort_status *convert(ort_environment *environment, const ort_options *chosen, json_t *report) {
    ort_model *loaded = NULL, *simplified = NULL;
    ort_status *status = ort_model_load(environment, arguments.positional.items[0], chosen, &loaded);
    if (!status && !arguments.as_is) status = ort_model_simplify(environment, loaded, chosen, &simplified);
    const ort_model *made = arguments.as_is ? loaded : simplified;
    if (!status) status = show_facts(loaded, made, report);
    if (!status && arguments.text) status = show_text(made, report);
    if (!status && arguments.output) status = save(environment, made, report);
    ort_model_destroy(simplified);
    ort_model_destroy(loaded);
    return status;
}

static ort_status *list_passes(json_t *report) {
    char *text = NULL;
    size_t index;
    json_t *pass;
    ort_status *status = ort_passes_json(&text);
    if (status) return status;
    json_t *list = json_loads(text, 0, NULL);
    ort_string_destroy(text);
    if (!arguments.json) {
        json_array_foreach(list, index, pass)
            printf("%-28s %s%s\n", json_string_value(json_object_get(pass, "name")),
                   json_string_value(json_object_get(pass, "summary")),
                   json_is_true(json_object_get(pass, "required")) ? " (always)" : "");
    }
    json_object_set_new(report, "passes", list);
    return NULL;
}

static const char *usage_fault(void) {
    if (arguments.list_passes) return NULL;
    if (arguments.positional.count != 1) return "one MODEL is needed";
    if (!arguments.output && !arguments.text) return "nothing to do: -o OUT.onnx saves, --text prints";
    if (arguments.as_is && (arguments.passes || arguments.disable))
        return "--as-is and a choice of passes exclude each other";
    if (arguments.opset < 0 || arguments.opset > 1000) return "--opset wants the number of an operator set";
    return NULL;
}

int main(int argc, char **argv) {
    int code = tool_parse(&self, argc, argv);
    if (code >= 0) return code;
    if (usage_fault()) {
        tool_error(&self, "%s; see --help", usage_fault());
        return TOOL_EXIT_USAGE;
    }
    if (tool_settings_clash(&self, &arguments.settings)) return TOOL_EXIT_USAGE;
    ort_options *chosen = NULL;
    ort_environment *environment = NULL;
    json_t *report = json_pack("{s:i}", "schema", 1);
    ort_status *status = read_options(&chosen);
    if (!status && arguments.list_passes)
        status = list_passes(report);
    else if (!status)
        status = ort_environment_create(chosen, tool_log, (void *)(uintptr_t)&self, &environment);
    if (!status && environment) status = convert(environment, chosen, report);
    if (!status && arguments.json) tool_print_json(json_incref(report));
    json_decref(report);
    ort_environment_destroy(environment);
    ort_options_destroy(chosen);
    return status ? tool_fail(&self, status) : TOOL_EXIT_GOOD;
}
