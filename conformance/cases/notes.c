/* case.json. */
#include "cases/case.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool read_json(ortc_context *context, json_t **out) {
    char path[4200];
    struct stat info;
    json_error_t error;
    snprintf(path, sizeof path, "%s/case.json", context->folder);
    *out = NULL;
    if (stat(path, &info) != 0) return true;
    *out = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!*out)
        ortc_broken(context, "case.json:%d: %s", error.line, error.text);
    else if (json_integer_value(json_object_get(*out, "schema")) != 1)
        ortc_broken(context, "case.json: its schema is not 1");
    return context->verdict == ORTC_PASSED;
}

bool ortc_notes_read(ortc_context *context, ortc_notes *out) {
    char why[256];
    *out = (ortc_notes){.op = "", .error_code = ""};
    if (!read_json(context, &out->json)) return false;
    out->op = text_of(out->json, "op");
    const char *expect = text_of(out->json, "expect");
    if (strcmp(expect, "error") == 0) out->error_code = text_of(out->json, "code");
    if (strcmp(expect, "error") == 0 ? !*out->error_code : *expect) {
        ortc_broken(context, "case.json: \"expect\" is \"error\" with a \"code\", or absent");
        return false;
    }
    if (ortc_tolerance_read(out->json, &out->tolerance, why, sizeof why)) return true;
    ortc_broken(context, "%s", why);
    return false;
}

void ortc_notes_finish(ortc_notes *notes) {
    json_decref(notes->json);
    *notes = (ortc_notes){0};
}
