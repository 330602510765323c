/* Which cases there are: the rooms' tables, and trees of folders with a model.onnx. */
#include "suite/cases.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TREE_DEPTH_MAX 16

bool ortc_verdict_fails(ortc_verdict verdict) {
    return verdict == ORTC_FAILED || verdict == ORTC_BROKEN || verdict == ORTC_CRASH || verdict == ORTC_TIMEOUT;
}

void ortc_result_set(ortc_result *result, ortc_verdict verdict, const char *rule, const char *text) {
    const ortc_rule *known = ortc_rule_find(rule);
    char *copy = strdup(text ? text : "");
    free(result->text);
    result->verdict = verdict;
    result->rule = known ? known->id : NULL;
    result->text = copy;
    result->has_run = true;
}

/* FNV-1a, 64 bits. */
uint32_t ortc_part_of(const char *id, uint32_t count) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *id; id++) hash = (hash ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
    return (uint32_t)(hash % count);
}

static bool add_case(ortc_cases *cases, const ortc_check *check, uint32_t level, const char *name, const char *folder) {
    if (cases->count == cases->capacity) {
        uint32_t capacity = cases->capacity ? cases->capacity * 2 : 256;
        ortc_case *items = realloc(cases->items, capacity * sizeof *items);
        if (!items) return false;
        cases->items = items;
        cases->capacity = capacity;
    }
    size_t size = strlen(name) + 8;
    ortc_case added = {.id = malloc(size), .check = check, .folder = folder ? strdup(folder) : NULL, .level = level};
    if (!added.id || (folder && !added.folder)) {
        free(added.id);
        free(added.folder);
        return false;
    }
    snprintf(added.id, size, "L%u/%s", level, name);
    cases->items[cases->count++] = added;
    return true;
}

static bool is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

uint32_t ortc_folder_level(const char *folder) {
    char path[4200];
    snprintf(path, sizeof path, "%s/case.json", folder);
    json_t *sidecar = json_load_file(path, 0, NULL), *level = json_object_get(sidecar, "level");
    bool is_graph = json_is_integer(level) && json_integer_value(level) == 4;
    json_decref(sidecar);
    snprintf(path, sizeof path, "%s/inputs.json", folder);
    return is_graph || is_file(path) ? 4 : 3; /* inputs.json: a whole model with golden outputs */
}

const ortc_check *ortc_folder_check(const ortc_levels *levels, uint32_t level) {
    static ortc_check checks[2] = {{.name = "operator", .level = 3, .what = "one operator, from a folder of data"},
                                   {.name = "graph", .level = 4, .what = "a graph or model, from a folder of data"}};
    checks[0].run = levels->run_folder;
    checks[1].run = levels->run_graph ? levels->run_graph : levels->run_folder;
    return &checks[level == 4];
}

typedef struct tree {
    const ortc_levels *levels;
    ortc_cases *cases;
    uint32_t wanted_levels;
    size_t root_length;
    bool has_memory;
} tree;

static void add_folder(tree *self, const char *path) {
    uint32_t level = ortc_folder_level(path);
    const char *name = path + self->root_length;
    while (*name == '/') name++;
    if (!*name) name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (!(self->wanted_levels & 1u << level)) return;
    if (!add_case(self->cases, ortc_folder_check(self->levels, level), level, name, path)) self->has_memory = false;
}

static void walk(tree *self, const char *path, int depth) {
    char child[4096];
    snprintf(child, sizeof child, "%s/model.onnx", path);
    if (is_file(child)) {
        add_folder(self, path);
        return;
    }
    DIR *folder = depth < TREE_DEPTH_MAX ? opendir(path) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        int length = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && length > 0 && (size_t)length < sizeof child && is_folder(child))
            walk(self, child, depth + 1);
    }
    if (folder) closedir(folder);
}

static int add_tree(const ortc_levels *levels, uint32_t wanted, const char *root, ortc_cases *cases) {
    char *resolved = realpath(root, NULL);
    uint32_t before = cases->count;
    if (!resolved || !is_folder(resolved)) {
        tool_error(ortc_tool, "%s: there is no such folder of cases", root);
        free(resolved);
        return TOOL_EXIT_USAGE;
    }
    tree self = {levels, cases, wanted, strlen(resolved), true};
    walk(&self, resolved, 0);
    free(resolved);
    if (!self.has_memory) return tool_error(ortc_tool, "no memory for the list of cases"), TOOL_EXIT_PROVIDER;
    if (cases->count == before) {
        tool_error(ortc_tool, "%s: holds no folder with a model.onnx of the levels asked for", root);
        return TOOL_EXIT_USAGE;
    }
    return 0;
}

/* Any other folder may be a whole disk: it is refused before it is walked. */
static int check_generated(const char *root) {
    char path[4200];
    snprintf(path, sizeof path, "%s/cases.json", root);
    if (is_file(path)) return 0;
    tool_error(ortc_tool, "%s: is no folder of generated cases, it has no cases.json; a tree of others is --suite DIR",
               root);
    return TOOL_EXIT_USAGE;
}

/* What was asked for and can't be had is an error: a level that is silently absent would look like one that passed. A
 * level that nobody named is said after the others have run. */
static int check_levels(const ortc_settings *settings, ortc_cases *cases, uint32_t wanted) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < cases->count; i++) found |= 1u << cases->items[i].level;
    cases->missing_levels = wanted & ~found;
    return settings->levels || settings->repro ? ortc_cases_say_missing(cases) : 0;
}

int ortc_cases_say_missing(const ortc_cases *cases) {
    for (uint32_t level = 0; level < ORTC_LEVEL_COUNT; level++)
        if (cases->missing_levels & 1u << level)
            tool_error(ortc_tool,
                       "level %u has no cases here: make them in Orthrus's build folder with 'cmake --build build "
                       "--target conformance-cases' before it is installed, give --cases DIR or --suite DIR, or name "
                       "other levels with --level",
                       level);
    return cases->missing_levels ? TOOL_EXIT_USAGE : 0;
}

static int compare_cases(const void *a, const void *b) {
    return strcmp(((const ortc_case *)a)->id, ((const ortc_case *)b)->id);
}

static int check_unique(const ortc_cases *cases) {
    for (uint32_t i = 1; i < cases->count; i++) {
        const ortc_case *one = &cases->items[i - 1], *other = &cases->items[i];
        if (strcmp(one->id, other->id) != 0) continue;
        tool_error(ortc_tool, "two cases are called %s: %s and %s", one->id, one->folder ? one->folder : "a check",
                   other->folder ? other->folder : "a check");
        return TOOL_EXIT_USAGE;
    }
    return 0;
}

static bool is_selected(const ortc_settings *settings, const ortc_case *item) {
    const char *name = strchr(item->id, '/') + 1;
    if (settings->repro) return strcmp(item->id, settings->repro) == 0;
    if (settings->filter && fnmatch(settings->filter, item->id, 0) != 0 && fnmatch(settings->filter, name, 0) != 0)
        return false;
    return ortc_part_of(item->id, settings->part_count) == settings->part;
}

static int select_cases(const ortc_settings *settings, ortc_cases *cases) {
    for (uint32_t i = 0; i < cases->count; i++) {
        cases->items[i].is_selected = is_selected(settings, &cases->items[i]);
        cases->selected_count += cases->items[i].is_selected;
    }
    if (cases->selected_count) return 0;
    /* A part may be empty when there are fewer cases than parts; a filter or name that matches nothing is a mistake. */
    if (settings->part_count > 1) return 0;
    if (settings->repro || settings->filter)
        tool_error(ortc_tool, "no case is called '%s'; --list shows them",
                   settings->repro ? settings->repro : settings->filter);
    else
        tool_error(ortc_tool, "there is no case in the levels and trees asked for");
    return TOOL_EXIT_USAGE;
}

static uint32_t levels_wanted(const ortc_settings *settings) {
    const uint32_t of_trees = 1u << 3 | 1u << 4, all = (1u << ORTC_LEVEL_COUNT) - 1;
    const char *one = settings->repro;
    if (settings->levels) return settings->levels;
    if (one && one[0] == 'L' && one[1] >= '0' && one[1] < (char)('0' + ORTC_LEVEL_COUNT)) return 1u << (one[1] - '0');
    return settings->suites.count ? of_trees : all;
}

int ortc_cases_collect(const ortc_levels *levels, const ortc_settings *settings, ortc_cases *out) {
    uint32_t wanted = levels_wanted(settings);
    *out = (ortc_cases){0};
    int code = 0;
    bool is_tree_only = settings->suites.count && !settings->levels;
    for (uint32_t t = 0; !code && !is_tree_only && t < levels->table_count; t++) {
        for (uint32_t i = 0; i < levels->tables[t].count; i++) {
            const ortc_check *check = &levels->tables[t].items[i];
            if ((wanted & 1u << check->level) && !add_case(out, check, check->level, check->name, NULL))
                code = TOOL_EXIT_PROVIDER;
        }
    }
    bool has_folders = wanted & (1u << 3 | 1u << 4);
    if (!code && has_folders && settings->cases_folder) code = check_generated(settings->cases_folder);
    if (!code && has_folders && settings->cases_folder) code = add_tree(levels, wanted, settings->cases_folder, out);
    for (size_t i = 0; !code && has_folders && i < settings->suites.count; i++)
        code = add_tree(levels, wanted, settings->suites.items[i], out);
    if (!code && out->count) qsort(out->items, out->count, sizeof *out->items, compare_cases);
    if (!code && !is_tree_only) code = check_levels(settings, out, wanted);
    if (!code) code = check_unique(out);
    return code ? code : select_cases(settings, out);
}

ortc_case *ortc_cases_find(const ortc_cases *cases, const char *id) {
    ortc_case key = {.id = (char *)(uintptr_t)id};
    return cases->count ? bsearch(&key, cases->items, cases->count, sizeof key, compare_cases) : NULL;
}

void ortc_cases_finish(ortc_cases *cases) {
    for (uint32_t i = 0; i < cases->count; i++) {
        ortc_result *result = &cases->items[i].result;
        free(cases->items[i].id);
        free(cases->items[i].folder);
        free(result->text);
        free(result->metrics);
        free(result->coverage);
    }
    free(cases->items);
    *cases = (ortc_cases){0};
}
