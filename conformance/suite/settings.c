/* The command line. */
#include "suite/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ortc_settings parsed;

static const tool_option options[] = {
    {"--level", TOOL_TEXT, "LEVELS", "L0-L3, 0,1,2: which levels; default: all, with --suite only the tree's",
     &parsed.levels_text},
    {"--suite", TOOL_LIST, "DIR", "a tree of cases in ONNX backend layout; may be repeated", &parsed.suites},
    {"--cases", TOOL_TEXT, "DIR", "the generated cases of levels 3 and 4", &parsed.cases_folder},
    {"--filter", TOOL_TEXT, "GLOB", "only cases whose id, or id without level, matches", &parsed.filter},
    {"--fraction", TOOL_TEXT, "N/M", "the Nth of M parts, by a hash of the case's id", &parsed.fraction},
    {"--jobs", TOOL_NUMBER, "N", "worker processes at once; default 2", &parsed.jobs},
    {"--timeout", TOOL_NUMBER, "SECONDS", "for one case, ten times that for a slow one; default 60",
     &parsed.timeout_seconds},
    {"--waivers", TOOL_TEXT, "FILE", "cases that may fail, each with its reason; stale ones fail the run",
     &parsed.waivers},
    {"--json", TOOL_TEXT, "FILE", "every result, schema 1; - is standard output", &parsed.json},
    {"--junit", TOOL_TEXT, "FILE", "for CI: one testcase a case", &parsed.junit},
    {"--html", TOOL_TEXT, "FILE", "one page for people", &parsed.html},
    {"--record", TOOL_TEXT, "FILE", "the outcome in short, for the manifest's key \"conformance\"", &parsed.record},
    {"--repro", TOOL_TEXT, "CASE", "runs one case alone, in this process, and prints the command for it",
     &parsed.repro},
    {"--list", TOOL_FLAG, NULL, "prints the cases' ids and runs nothing", &parsed.is_list},
    {"--rules", TOOL_FLAG, NULL, "prints what can be broken, and the tolerances with their reasons", &parsed.is_rules},
    {"--path", TOOL_LIST, "DIR", "one more folder of manifests, or a manifest", &parsed.paths},
    {"--seed", TOOL_NUMBER, "N", "for checks that draw numbers; default 1", &parsed.seed},
    {"-o", TOOL_LIST, "KEY=VALUE", "an option of the plugin", &parsed.options},
    {"--worker", TOOL_FLAG, NULL, "how this program starts itself to run cases", &parsed.is_worker},
    {"--verbose", TOOL_FLAG, NULL, "one line for every case", &parsed.is_verbose},
};

static const tool self = {
    .name = "ort-conformance",
    .usage = "ort-conformance PROVIDER[:DEVICE]|MANIFEST [--level L0-L6] [--suite DIR] [options]",
    .summary = "Is this provider right? Ends with 'N passed, N failed, N skipped'. See docs/conformance.md.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional = &parsed.providers,
};
const tool *const ortc_tool = &self;

bool ortc_levels_parse(const char *text, uint32_t *out) {
    uint32_t levels = 0;
    for (const char *at = text; *at;) {
        uint32_t bounds[2];
        for (int i = 0; i < 2; i++) {
            at += *at == 'L' || *at == 'l';
            if (*at < '0' || *at >= (char)('0' + ORTC_LEVEL_COUNT)) return false;
            bounds[i] = (uint32_t)(*at++ - '0');
            if (i == 0 && *at != '-')
                bounds[1] = bounds[i++];
            else if (i == 0)
                at++;
        }
        if (bounds[0] > bounds[1] || (*at && *at != ',') || (*at == ',' && !at[1])) return false;
        for (uint32_t level = bounds[0]; level <= bounds[1]; level++) levels |= 1u << level;
        at += *at == ',';
    }
    *out = levels;
    return levels != 0;
}

bool ortc_fraction_parse(const char *text, uint32_t *out_part, uint32_t *out_count) {
    char *end;
    unsigned long part = strtoul(text, &end, 10);
    if (end == text || *end != '/') return false;
    const char *second = end + 1;
    unsigned long count = strtoul(second, &end, 10);
    if (end == second || *end || part < 1 || part > count || count > 100000) return false;
    *out_part = (uint32_t)part - 1;
    *out_count = (uint32_t)count;
    return true;
}

static int check_values(void) {
    if (parsed.levels_text && !ortc_levels_parse(parsed.levels_text, &parsed.levels)) {
        tool_error(&self, "--level wants L0 to L6, such as L0-L3 or 0,1,2, not '%s'", parsed.levels_text);
        return TOOL_EXIT_USAGE;
    }
    if (parsed.fraction && !ortc_fraction_parse(parsed.fraction, &parsed.part, &parsed.part_count)) {
        tool_error(&self, "--fraction wants N/M with N from 1 to M, not '%s'", parsed.fraction);
        return TOOL_EXIT_USAGE;
    }
    if (!(parsed.jobs >= 1 && parsed.jobs <= 256)) {
        tool_error(&self, "--jobs wants 1 to 256");
        return TOOL_EXIT_USAGE;
    }
    if (!(parsed.timeout_seconds > 0 && parsed.timeout_seconds <= 86400)) {
        tool_error(&self, "--timeout wants seconds, more than 0 and at most 86400");
        return TOOL_EXIT_USAGE;
    }
    if (!(parsed.seed >= 0 && parsed.seed < 0x1p53)) {
        tool_error(&self, "--seed wants a whole number from 0 on");
        return TOOL_EXIT_USAGE;
    }
    return -1;
}

int ortc_settings_parse(int argc, char **argv, ortc_settings *out) {
    parsed = (ortc_settings){.jobs = 2, .timeout_seconds = 60, .seed = 1, .part_count = 1, .argc = argc, .argv = argv};
    int code = tool_parse(&self, argc, argv);
    if (code < 0) code = check_values();
    if (code < 0 && !parsed.is_rules && parsed.providers.count != 1) {
        tool_error(&self, "one PROVIDER or MANIFEST is needed; see --help");
        code = TOOL_EXIT_USAGE;
    }
    *out = parsed;
    return code;
}
