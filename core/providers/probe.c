/* A provider is opened in a process of its own first: what crashes or hangs there costs a line of the listing. */
#include "providers/probe.h"

#include "base/process.h"
#include "providers/internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct probe_record {
    char stage[32];
    bool is_done, is_refused;
    uint32_t code;
    const char *text; /* inside the probe's text */
} probe_record;

static void line_read(char *line, probe_record *record) {
    char *rest = strchr(line, ' ');
    if (!rest) return;
    *rest++ = 0;
    if (strcmp(line, "stage") == 0 && strlen(rest) < sizeof record->stage) strcpy(record->stage, rest);
    if (strcmp(line, "done") == 0) record->is_done = true;
    if (strcmp(line, "refused") == 0) {
        char *end = rest;
        record->code = (uint32_t)strtoul(rest, &end, 10);
        record->is_refused = end != rest;
        record->text = *end == ' ' ? end + 1 : "";
    }
}

static void record_read(char *text, probe_record *record) {
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (!next) return; /* cut off */
        *next++ = 0;
        line_read(line, record);
    }
}

/* The recorded stages are the words of open.c; a stage that is none of them is the probe's own. */
static const char *stage_known(const char *stage) {
    static const char *const stages[] = {"manifest", "needs", "digest", "open", "entry", "table", "create", "devices"};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (strcmp(stage, stages[i]) == 0) return stages[i];
    return "probe";
}

static ort_status *verdict(orti_provider *provider, const probe_record *record, orti_process_end end, int value) {
    const char *stage = *record->stage ? record->stage : "start";
    provider->stage = stage_known(stage);
    if (record->is_refused)
        return orti_status_create(record->code ? record->code : ORT_CODE_PLUGIN, __FILE__, __LINE__, "%s",
                                  record->text);
    if (end == ORTI_PROCESS_TIMED_OUT)
        ORT_FAIL(PLUGIN, "hangs at '%s': no answer in %.3g s", stage, (double)provider->owner->probe_timeout_ns * 1e-9);
    if (end == ORTI_PROCESS_KILLED) ORT_FAIL(PLUGIN, "crashes at '%s': signal %d (%s)", stage, value, strsignal(value));
    if (!record->is_done || value != 0) ORT_FAIL(PLUGIN, "ends the process at '%s': exit(%d)", stage, value);
    return NULL;
}

ort_status *orti_probe(orti_provider *provider) {
    const orti_providers *providers = provider->owner;
    const char *const arguments[] = {providers->probe_program, provider->path, NULL};
    probe_record record = {.text = ""};
    orti_process_end end = ORTI_PROCESS_EXITED;
    int value = 0;
    orti_text text;
    if (!providers->probe_program) ORT_FAIL(NOT_FOUND, "the probe program is not found");
    orti_text_init(&text, providers->alloc);
    ort_status *status =
        orti_process_run(arguments, providers->probe_timeout_ns, PROBE_TEXT_BYTES, &text, &end, &value);
    if (!status) status = orti_text_status(&text);
    if (!status) {
        if (text.length) record_read(text.data, &record);
        status = verdict(provider, &record, end, value);
    }
    orti_text_finish(&text);
    return status;
}
