/* The record: what a vendor ships in the manifest, and what a reader can check again. */
#include "report/report.h"

#include <string.h>

json_t *ortc_report_record(const json_t *report) {
    json_t *record = json_object();
    size_t i;
    json_t *level;
    const json_t *suite = json_object_get(report, "suite"), *subject = json_object_get(report, "subject");
    json_object_set_new(record, "schema", json_integer(1));
    json_object_set_new(record, "suite", json_deep_copy(suite));
    json_object_set_new(record, "plugin_version", json_string(ortc_report_field(subject, "version")));
    json_object_set_new(record, "plugin_sha256", json_string(ortc_report_field(subject, "sha256")));
    json_object_set_new(record, "device", json_string(ortc_report_field(subject, "device")));
    json_object_set_new(record, "machine", json_deep_copy(json_object_get(report, "machine")));
    /* What was asked: a filter or a single level is no whole judgement. */
    json_object_set_new(record, "command", json_string(ortc_report_field(report, "command")));
    json_t *levels = json_object();
    json_array_foreach(json_object_get(report, "levels"), i, level) {
        char name[8];
        snprintf(name, sizeof name, "L%lld", ortc_report_number(level, "level"));
        json_object_set_new(levels, name, json_deep_copy(json_object_get(level, "counts")));
    }
    json_object_set_new(record, "levels", levels);
    return record;
}
