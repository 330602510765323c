/* Opening a plugin step by step, and ending it. */
#include "bare/bare.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 32u

bool ortc_text_is(ort_string_view text, const char *want) {
    return text.length == strlen(want) && (text.length == 0 || memcmp(text.data, want, text.length) == 0);
}

uint32_t ortc_entry_call(ortp_entry_fn entry, uint32_t major, uint32_t min_minor, uint32_t max_minor,
                         const ortp_ext *next, uint32_t flags, ortp_entry_reply *reply) {
    static const char name[] = "ort-conformance";
    ortp_entry_request request = {.size = sizeof request,
                                  .flags = flags,
                                  .next = next,
                                  .major = major,
                                  .min_minor = min_minor,
                                  .max_minor = max_minor,
                                  .host_name = {name, sizeof name - 1},
                                  .host_version = {ORTC_SUITE_VERSION, sizeof ORTC_SUITE_VERSION - 1}};
    memset(reply, 0, sizeof *reply);
    reply->size = sizeof *reply;
    return entry(&request, reply);
}

/* A table of the plugin in one of ours: zero behind what it has. False when it is shorter than 0.0's. */
static bool table_copy(ortc_context *context, const void *from, void *to, uint32_t bytes, uint32_t minimum,
                       const char *what) {
    uint32_t size = 0;
    memset(to, 0, bytes);
    if (!from) {
        ortc_fail(context, "table.slots", "the plugin has no %s table", what);
        return false;
    }
    memcpy(&size, from, sizeof size);
    if (size < minimum) {
        ortc_fail(context, "table.sizes", "the %s table's size is %u, at least %u are needed", what, size, minimum);
        return false;
    }
    memcpy(to, from, size < bytes ? size : bytes);
    return true;
}

static bool tables_copy(ortc_bare *bare) {
    ortc_context *c = bare->context;
    return table_copy(c, bare->given, &bare->plugin, sizeof bare->plugin, ORTP_PLUGIN_TABLE_SIZE_0_0, "plugin") &&
           table_copy(c, bare->plugin.memory, &bare->memory, sizeof bare->memory, ORTP_MEMORY_TABLE_SIZE_0_0,
                      "memory") &&
           table_copy(c, bare->plugin.queue, &bare->queue, sizeof bare->queue, ORTP_QUEUE_TABLE_SIZE_0_0, "queue") &&
           table_copy(c, bare->plugin.claim, &bare->claim, sizeof bare->claim, ORTP_CLAIM_TABLE_SIZE_0_0, "claim") &&
           table_copy(c, bare->plugin.program, &bare->program, sizeof bare->program, ORTP_PROGRAM_TABLE_SIZE_0_0,
                      "program");
}

/* Slots that plugin.h names as required, by their place. */
static bool slots_check(ortc_bare *bare) {
#define SLOT(table, name)                                                                                              \
    { (void (*)(void)) bare->table.name, #table "." #name }
    const struct {
        void (*fn)(void);
        const char *name;
    } slots[] = {SLOT(plugin, create),
                 SLOT(plugin, shutdown),
                 SLOT(plugin, device_count),
                 SLOT(plugin, device_describe),
                 SLOT(plugin, open),
                 SLOT(plugin, close),
                 SLOT(memory, alloc),
                 SLOT(memory, release),
                 SLOT(queue, create),
                 SLOT(queue, destroy),
                 SLOT(queue, describe),
                 SLOT(queue, copy),
                 SLOT(queue, timeline_create),
                 SLOT(queue, timeline_destroy),
                 SLOT(queue, point_state),
                 SLOT(queue, point_wait),
                 SLOT(queue, on_settled),
                 SLOT(queue, host_signal),
                 SLOT(claim, propose),
                 SLOT(claim, settle),
                 SLOT(program, compile),
                 SLOT(program, program_destroy),
                 SLOT(program, prepare),
                 SLOT(program, plan_describe),
                 SLOT(program, plan_destroy),
                 SLOT(program, bind),
                 SLOT(program, rebind),
                 SLOT(program, binding_destroy),
                 SLOT(program, run)};
#undef SLOT
    for (uint32_t i = 0; i < ORTC_COUNT(slots); i++)
        if (!slots[i].fn) {
            ortc_fail(bare->context, "table.slots", "the required slot %s is NULL", slots[i].name);
            return false;
        }
    return true;
}

/* Every call of one entry gives one table: the first that this process saw. */
static bool is_same_table(ortc_context *context, ortp_entry_fn entry, const ortp_plugin_table *table) {
    static ortp_entry_fn first_entry;
    static const ortp_plugin_table *first;
    if (first_entry != entry) first = NULL;
    first_entry = entry;
    if (!first) first = table;
    if (first != table) ortc_fail(context, "entry.pure", "asked again, the entry gives another table");
    return first == table;
}

bool ortc_bare_enter(ortc_bare *bare, ortc_context *context) {
    memset(bare, 0, sizeof *bare);
    bare->context = context;
    ortc_fault_clear();
    void *library = dlopen(context->subject->library_path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        ortc_fail(context, "load.symbols", "dlopen: %s", dlerror());
        return false;
    }
    void *symbol = dlsym(library, ORTP_ENTRY_SYMBOL);
    if (!symbol) {
        ortc_fail(context, "load.symbols", "there is no symbol %s", ORTP_ENTRY_SYMBOL);
        return false;
    }
    memcpy(&bare->entry, &symbol, sizeof bare->entry);
    ortp_entry_reply reply;
    uint32_t code = ortc_entry_call(bare->entry, ORTP_ABI_MAJOR, 0, ORTP_ABI_MINOR, NULL, 0, &reply);
    if (code != ORT_CODE_OK || !reply.plugin) {
        ortc_fail(context, "entry.negotiates", "the entry refused ABI %u.0 with code %u and '%.255s'", ORTP_ABI_MAJOR,
                  code, reply.text);
        return false;
    }
    bare->given = reply.plugin;
    if (!is_same_table(context, bare->entry, reply.plugin)) return false;
    return tables_copy(bare) && slots_check(bare);
}

bool ortc_bare_create(ortc_bare *bare) {
    bare->host = ortc_host_create(4);
    if (!bare->host) {
        ortc_broken(bare->context, "no address space for the host's memory");
        return false;
    }
    return ortc_bare_ok(bare, bare->plugin.create(ortc_host_table(bare->host), &bare->made), "out.written", "create") &&
           ortc_bare_is_clean(bare);
}

static void spaces_copy(ortc_bare *bare) {
    const unsigned char *at = (const unsigned char *)bare->device.spaces;
    uint32_t count = bare->device.spaces ? bare->device.space_count : 0;
    for (uint32_t i = 0; i < count && i < ORTC_SPACES_MAX; i++, at += bare->device.space_stride) {
        uint32_t size = 0;
        memcpy(&size, at, sizeof size);
        memset(&bare->spaces[i], 0, sizeof bare->spaces[i]);
        memcpy(&bare->spaces[i], at, size < sizeof bare->spaces[i] ? size : sizeof bare->spaces[i]);
        if (bare->spaces[i].align_bytes == 0) bare->spaces[i].align_bytes = 1;
        bare->space_count = i + 1;
    }
}

bool ortc_bare_describe(ortc_bare *bare) {
    ort_string_view reason = {"", 0};
    uint32_t device = bare->context->subject->device;
    if (!ortc_bare_ok(bare, bare->plugin.device_count(bare->made, &bare->device_count, &reason), "device.facts",
                      "device_count"))
        return false;
    if (device >= bare->device_count) {
        ortc_decline(bare->context, "there is no device %u, only %u device%s%s%.*s", device, bare->device_count,
                     bare->device_count == 1 ? "" : "s", reason.length ? ": " : "", ORTC_TEXT(reason));
        return false;
    }
    bare->device = (ortp_device_info){.size = sizeof bare->device, .numa_node = ORTP_NONE};
    if (!ortc_bare_ok(bare, bare->plugin.device_describe(bare->made, device, &bare->device), "device.facts",
                      "device_describe"))
        return false;
    spaces_copy(bare);
    if (bare->space_count) return true;
    ortc_fail(bare->context, "device.facts", "device %u has no memory space", device);
    return false;
}

/* ---- options ---- */

static const ortp_option *option_find(const ortc_bare *bare, const char *name, size_t length) {
    const ortp_option_schema *schema = bare->plugin.options;
    for (uint64_t i = 0; schema && i < schema->option_count; i++) {
        const ortp_option *option =
            (const ortp_option *)(const void *)((const char *)schema->options + i * schema->stride);
        if (option->name.length == length && memcmp(option->name.data, name, length) == 0) return option;
    }
    return NULL;
}

static bool setting_parse(const ortc_bare *bare, const char *text, ortp_setting *out) {
    const char *equals = strchr(text, '=');
    const ortp_option *option = equals ? option_find(bare, text, (size_t)(equals - text)) : NULL;
    if (!option || option->scope != ORTP_OPTION_SCOPE_INSTANCE) return false;
    *out = (ortp_setting){.size = sizeof *out, .kind = option->kind, .name = option->name};
    out->text = (ort_string_view){equals + 1, strlen(equals + 1)};
    out->number = strtod(equals + 1, NULL);
    out->integer = option->kind == ORTP_SETTING_BOOL ? strcmp(equals + 1, "true") == 0 : strtoll(equals + 1, NULL, 10);
    return true;
}

static uint32_t settings_read(ortc_bare *bare, ortp_setting *settings) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < bare->context->subject->option_count && count < SETTINGS_MAX; i++)
        count += setting_parse(bare, bare->context->subject->options[i], &settings[count]);
    return count;
}

ort_status *ortc_bare_open_call(ortc_bare *bare, const uint32_t *devices, uint32_t device_count, uint32_t flags,
                                const ortp_ext *next, ortp_instance **out) {
    ortp_setting settings[SETTINGS_MAX];
    ortp_open_args args = {.size = sizeof args,
                           .flags = flags,
                           .next = next,
                           .device_count = device_count,
                           .setting_stride = sizeof(ortp_setting),
                           .setting_count = settings_read(bare, settings)};
    ortp_setting *lent = ortc_block_lend(bare->host, settings, args.setting_count * sizeof settings[0]);
    uint32_t *lent_devices = ortc_block_lend(bare->host, devices, device_count * sizeof *devices);
    args.settings = lent;
    args.devices = lent_devices;
    ortp_open_args *lent_args = ortc_block_lend(bare->host, &args, sizeof args);
    ort_status *status = bare->plugin.open(bare->made, lent_args, out);
    ortc_block_destroy(lent);
    ortc_block_destroy(lent_devices);
    ortc_block_destroy(lent_args);
    return status;
}

bool ortc_bare_open(ortc_bare *bare) {
    uint32_t device = bare->context->subject->device;
    if (bare->device.flags & ORTP_DEVICE_COMPILE_ONLY) {
        ortc_decline(bare->context, "device %u is a target for compilation only", device);
        return false;
    }
    /* What opened once in this process and does not again breaks another rule. */
    static bool has_opened;
    if (!ortc_bare_ok(bare, ortc_bare_open_call(bare, &device, 1, 0, NULL, &bare->instance),
                      has_opened ? "lifetime.reopen" : "out.written", "open"))
        return false;
    has_opened = true;
    return bare->instance &&
           ortc_bare_ok(bare, bare->queue.create(bare->instance, 0, 0, &bare->mover), "queue.describe",
                        "queue.create") &&
           (bare->mover_info = (ortp_queue_info){.size = sizeof bare->mover_info},
            bare->queue.describe(bare->mover, &bare->mover_info), true) &&
           ortc_bare_ok(bare, bare->queue.timeline_create(bare->instance, 0, &bare->moves), "point.state",
                        "timeline_create");
}

bool ortc_bare_start(ortc_bare *bare, ortc_context *context) {
    return ortc_bare_enter(bare, context) && ortc_bare_create(bare) && ortc_bare_describe(bare) && ortc_bare_open(bare);
}

void ortc_bare_close(ortc_bare *bare) {
    if (!bare->instance) return;
    bare->queue.destroy(bare->mover);
    bare->queue.timeline_destroy(bare->moves);
    if (bare->plugin.quiesce)
        ortc_bare_ok(bare,
                     bare->plugin.quiesce(bare->instance, ortc_host_table(bare->host)->core->clock_ns() + ORTC_WAIT_NS),
                     "point.settles", "quiesce");
    bare->plugin.close(bare->instance);
    bare->mover = NULL;
    bare->moves = NULL;
    bare->moved = 0;
    bare->instance = NULL;
}

bool ortc_bare_is_clean(ortc_bare *bare) {
    const ortc_fault *fault = ortc_fault_get(0);
    if (fault) ortc_fail(bare->context, fault->rule, "%s", fault->text);
    return !fault;
}

void ortc_bare_finish(ortc_bare *bare) {
    if (bare->host && !ortc_has_failed(bare->context)) {
        ortc_bare_close(bare);
        if (bare->made) bare->plugin.shutdown(bare->made);
        ortc_host_expect_empty(bare->host, "after shutdown");
        ortc_bare_is_clean(bare);
        ortc_host_destroy(bare->host);
    } else {
        ortc_bare_is_clean(bare);
        ortc_host_abandon(bare->host);
    }
}

/* ---- statuses ---- */

static bool status_check(ortc_bare *bare, const ort_status *status, const char *what) {
    if (ortc_status_is_of(status, bare->host)) return true;
    ortc_fail(bare->context, "status.owned", "%s failed with what is no status of its host", what);
    return false;
}

bool ortc_bare_ok(ortc_bare *bare, ort_status *status, const char *rule, const char *what) {
    if (!status) return true;
    if (!status_check(bare, status, what)) return false;
    ortc_fail(bare->context, rule, "%s failed with code %u: %.600s", what, ortc_status_code(status),
              ortc_status_text(status));
    ortc_status_destroy(status);
    return false;
}

bool ortc_bare_fails(ortc_bare *bare, ort_status *status, ort_code code, const char *rule, const char *what) {
    if (!ortc_bare_is_clean(bare)) return false; /* a host that was misused says more than a wrong code */
    if (!status) {
        ortc_fail(bare->context, rule, "%s succeeded", what);
        return false;
    }
    if (!status_check(bare, status, what)) return false;
    ort_code got = ortc_status_code(status);
    bool is_right = code == ORT_CODE_OK || got == code;
    if (!is_right)
        ortc_fail(bare->context, rule, "%s failed with code %u and not with %u: %.600s", what, got, code,
                  ortc_status_text(status));
    ortc_status_destroy(status);
    return is_right;
}

bool ortc_bare_wait(ortc_bare *bare, ortp_point point, const char *what) {
    ort_status *status = bare->queue.point_wait(point, ORTC_WAIT_NS);
    bool is_late = status && ortc_status_is_of(status, bare->host) && ortc_status_code(status) == ORT_CODE_DEADLINE;
    return ortc_bare_ok(bare, status, is_late ? "point.settles" : "point.state", what);
}
