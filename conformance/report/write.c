#include "report/report.h"

#include <string.h>

const char *ortc_report_field(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

long long ortc_report_number(const json_t *object, const char *key) {
    return (long long)json_integer_value(json_object_get(object, key));
}

static const char *entity_of(char c) {
    static const struct {
        char c;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (entities[i].c == c) return entities[i].entity;
    return NULL;
}

void ortc_report_escape(FILE *file, const char *text) {
    for (; *text; text++) {
        const char *entity = entity_of(*text);
        if (entity)
            fputs(entity, file);
        else
            fputc((unsigned char)*text < 0x20 && !strchr("\t\n\r", *text) ? '?' : *text, file);
    }
}

bool ortc_report_finish(FILE *file) {
    return fflush(file) == 0 && !ferror(file);
}

ortc_totals ortc_report_totals(const json_t *counts) {
    return (ortc_totals){.passed = ortc_report_number(counts, "passed"),
                         .failed = ortc_report_number(counts, "failed") + ortc_report_number(counts, "broken case") +
                                   ortc_report_number(counts, "crash") + ortc_report_number(counts, "timeout"),
                         .skipped = ortc_report_number(counts, "declined") + ortc_report_number(counts, "waived")};
}
