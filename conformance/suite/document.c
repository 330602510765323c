/* The document: cases, counts, digests, the machine. */
#include "suite/document.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static json_t *string_of(const char *text) {
    json_t *string = json_string(text ? text : "");
    return string ? string : json_string("(not UTF-8)");
}

/* ---- the command that repeats a case ---- */

static void put_word(FILE *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
    if (*word && strspn(word, plain) == strlen(word)) {
        fprintf(out, " %s", word);
        return;
    }
    fputs(" '", out);
    for (; *word; word++) fputs(*word == '\'' ? "'\\''" : (const char[]){*word, 0}, out);
    fputc('\'', out);
}

static void put_list(FILE *out, const char *option, const tool_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        put_word(out, option);
        put_word(out, list->items[i]);
    }
}

char *ortc_repro_command(const ortc_settings *settings, const char *id) {
    char *data = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&data, &size);
    if (!out) return NULL;
    bool is_folder = id[1] == '3' || id[1] == '4';
    fputs("ort-conformance", out);
    put_word(out, settings->providers.items[0]);
    fprintf(out, " --level %.2s", id);
    if (settings->cases_folder && is_folder) {
        put_word(out, "--cases");
        put_word(out, settings->cases_folder);
    }
    if (is_folder) put_list(out, "--suite", &settings->suites);
    put_list(out, "--path", &settings->paths);
    put_list(out, "-o", &settings->options);
    if (settings->seed != 1) fprintf(out, " --seed %.0f", settings->seed);
    put_word(out, "--repro");
    put_word(out, id);
    fclose(out);
    return data;
}

static json_t *command_json(const ortc_settings *settings) {
    char *data = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&data, &size);
    if (!out) return string_of("");
    fputs("ort-conformance", out);
    for (int i = 1; i < settings->argc; i++) put_word(out, settings->argv[i]);
    fclose(out);
    json_t *text = string_of(data);
    free(data);
    return text;
}

/* ---- counts ---- */

static uint32_t stale_at(const ortc_waivers *waivers, int level) {
    uint32_t stale = 0;
    for (uint32_t i = 0; i < waivers->count; i++)
        stale += waivers->items[i].stale && (level < 0 || waivers->items[i].level == (uint32_t)level);
    return stale;
}

/* level < 0: of all. */
static json_t *counts_json(const ortc_cases *cases, const ortc_waivers *waivers, int level, bool *out_any) {
    json_t *counts = json_object();
    uint32_t sums[ORTC_VERDICT_COUNT] = {[ORTC_FAILED] = stale_at(waivers, level)};
    for (uint32_t i = 0; i < cases->count; i++) {
        const ortc_case *item = &cases->items[i];
        if (item->is_selected && (level < 0 || item->level == (uint32_t)level)) sums[item->result.verdict]++;
    }
    *out_any = false;
    for (uint32_t v = 0; v < ORTC_VERDICT_COUNT; v++) {
        *out_any = *out_any || sums[v];
        json_object_set_new(counts, ortc_verdict_name((ortc_verdict)v), json_integer(sums[v]));
    }
    return counts;
}

static json_t *levels_json(const ortc_cases *cases, const ortc_waivers *waivers) {
    json_t *list = json_array();
    for (int level = 0; level < (int)ORTC_LEVEL_COUNT; level++) {
        bool any;
        json_t *counts = counts_json(cases, waivers, level, &any);
        if (any)
            json_array_append_new(list, json_pack("{s:i, s:o}", "level", level, "counts", counts));
        else
            json_decref(counts);
    }
    return list;
}

/* ---- cases and waivers ---- */

static json_t *case_json(const ortc_settings *settings, const ortc_case *item) {
    const ortc_result *result = &item->result;
    char *command = ortc_repro_command(settings, item->id);
    json_t *object =
        json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:f, s:o}", "id", item->id, "level", (int)item->level, "verdict",
                  ortc_verdict_name(result->verdict), "rule", result->rule ? result->rule : "", "text",
                  string_of(result->text), "metrics", string_of(result->metrics), "ran", string_of(result->coverage),
                  "seconds", result->milliseconds / 1e3, "repro", string_of(command));
    free(command);
    return object;
}

static json_t *stale_json(const ortc_waiver *waiver) {
    char text[512], id[512];
    snprintf(id, sizeof id, "%s (waiver)", waiver->id);
    snprintf(text, sizeof text, "a stale waiver: %s", waiver->stale);
    return json_pack("{s:o, s:i, s:s, s:s, s:o, s:f, s:s}", "id", string_of(id), "level", (int)waiver->level, "verdict",
                     "failed", "rule", "", "text", string_of(text), "seconds", 0.0, "repro", "");
}

static json_t *cases_json(const ortc_settings *settings, const ortc_cases *cases, const ortc_waivers *waivers) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < cases->count; i++)
        if (cases->items[i].is_selected) json_array_append_new(list, case_json(settings, &cases->items[i]));
    for (uint32_t i = 0; i < waivers->count; i++)
        if (waivers->items[i].stale) json_array_append_new(list, stale_json(&waivers->items[i]));
    return list;
}

static json_t *waivers_json(const ortc_waivers *waivers) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < waivers->count; i++) {
        const ortc_waiver *waiver = &waivers->items[i];
        json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:b, s:s}", "case", string_of(waiver->id), "rule",
                                              string_of(waiver->rule), "reason", string_of(waiver->reason), "used",
                                              waiver->is_used, "stale", waiver->stale ? waiver->stale : ""));
    }
    return list;
}

static json_t *rules_json(void) {
    uint32_t count;
    const ortc_rule *rules = ortc_rules(&count);
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:i, s:s}", "id", rules[i].id, "level", (int)rules[i].level, "text", rules[i].text));
    return list;
}

/* ---- digests ---- */

static bool add_file(EVP_MD_CTX *hash, const char *path) {
    unsigned char buffer[65536];
    FILE *file = fopen(path, "rb");
    for (size_t count; file && (count = fread(buffer, 1, sizeof buffer, file)) > 0;)
        EVP_DigestUpdate(hash, buffer, count);
    if (file) fclose(file);
    return file != NULL;
}

static json_t *finish_hash(EVP_MD_CTX *hash) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned length = 0;
    EVP_DigestFinal_ex(hash, digest, &length);
    for (unsigned i = 0; i < length; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(hash);
    return json_string(text);
}

static EVP_MD_CTX *start_hash(void) {
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (hash) EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    return hash;
}

static json_t *file_sha256(const char *path) {
    EVP_MD_CTX *hash = start_hash();
    if (!hash) return string_of("");
    bool is_read = add_file(hash, path);
    json_t *text = finish_hash(hash);
    if (is_read) return text;
    json_decref(text);
    return string_of("");
}

/* Over ids, models and sidecars of the cases that ran, in order of id. */
static json_t *cases_sha256(const ortc_cases *cases) {
    EVP_MD_CTX *hash = start_hash();
    char path[4200];
    for (uint32_t i = 0; hash && i < cases->count; i++) {
        const ortc_case *item = &cases->items[i];
        if (!item->is_selected) continue;
        EVP_DigestUpdate(hash, item->id, strlen(item->id) + 1);
        if (!item->folder) continue;
        snprintf(path, sizeof path, "%s/model.onnx", item->folder);
        add_file(hash, path);
        snprintf(path, sizeof path, "%s/case.json", item->folder);
        add_file(hash, path);
    }
    return hash ? finish_hash(hash) : string_of("");
}

/* ---- who and where ---- */

static json_t *processor_json(void) {
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256], name[256] = "unknown";
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon || !colon[1]) continue;
        snprintf(name, sizeof name, "%s", colon + 2);
        name[strcspn(name, "\n")] = 0;
        break;
    }
    if (file) fclose(file);
    return string_of(name);
}

static json_t *machine_json(void) {
    struct utsname names = {0};
    char system[256];
    uname(&names);
    snprintf(system, sizeof system, "%.60s %.100s %.60s", names.sysname, names.release, names.machine);
    return json_pack("{s:o, s:o, s:i}", "cpu", processor_json(), "os", string_of(system), "threads",
                     (int)sysconf(_SC_NPROCESSORS_ONLN));
}

static json_t *subject_json(const ortc_subject *subject) {
    char device[300];
    snprintf(device, sizeof device, "%.250s:%u", subject->name, subject->device);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name", string_of(subject->name), "id", string_of(subject->id),
                     "version", string_of(subject->version), "library", string_of(subject->library_path), "sha256",
                     file_sha256(subject->library_path), "device", string_of(device));
}

json_t *ortc_document_make(const ortc_settings *settings, const ortc_subject *subject, const ortc_cases *cases,
                           const ortc_waivers *waivers, double seconds) {
    bool any;
    return json_pack("{s:i, s:{s:s, s:o, s:I}, s:o, s:o, s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", 1,
                     "suite", "version", ORTC_SUITE_VERSION, "cases_sha256", cases_sha256(cases), "seed",
                     (json_int_t)subject->seed, "subject", subject_json(subject), "machine", machine_json(), "command",
                     command_json(settings), "seconds", seconds, "counts", counts_json(cases, waivers, -1, &any),
                     "levels", levels_json(cases, waivers), "cases", cases_json(settings, cases, waivers), "coverage",
                     ortc_coverage_make(cases), "signatures", ortc_signatures_make(cases), "waivers",
                     waivers_json(waivers), "rules", rules_json());
}
