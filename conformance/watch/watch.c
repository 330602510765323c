/* Opening the subject and standing in its place: entry, plugin, memory and queue tables. */
#include "watch/inner.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

ortc_watch *ortc_middle;
_Thread_local bool ortc_watch_in_run;

/* What the core is shown. Filled by create; a plugin's tables are valid for ever. */
static ortp_plugin_table shown;
static ortp_memory_table shown_memory;
static ortp_queue_table shown_queue;
static ortp_claim_table shown_claim;
static ortp_program_table shown_program;
static ortp_host_core shown_core;
static ortp_host_output shown_output;
static ortp_host_exec shown_exec;

/* ---- findings ---- */

void ortc_watch_note(const char *rule, const char *fmt, ...) {
    ortc_watch *watch = ortc_middle;
    uint32_t same = 0;
    pthread_mutex_lock(&watch->lock);
    for (uint32_t i = 0; i < watch->finding_count; i++) same += strcmp(watch->findings[i].rule, rule) == 0;
    if (same < 2 && watch->finding_count < ORTC_WATCH_FINDINGS) {
        ortc_watch_finding *finding = &watch->findings[watch->finding_count++];
        va_list args;
        finding->rule = rule;
        va_start(args, fmt);
        vsnprintf(finding->text, sizeof finding->text, fmt, args);
        va_end(args);
    }
    pthread_mutex_unlock(&watch->lock);
}

uint32_t ortc_watch_finding_count(const ortc_watch *watch) {
    ortc_watch *self = (ortc_watch *)(uintptr_t)watch;
    pthread_mutex_lock(&self->lock);
    uint32_t count = watch->finding_count;
    pthread_mutex_unlock(&self->lock);
    return count;
}

const ortc_watch_finding *ortc_watch_finding_get(const ortc_watch *watch, uint32_t index) {
    return &watch->findings[index];
}

/* ---- the host's memory ---- */

static void *host_alloc(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes) {
    ortc_watch *watch = ortc_middle;
    uint64_t number = atomic_fetch_add(&watch->allocations, 1) + 1;
    if (ortc_watch_in_run)
        ortc_watch_note("run.allocates", "run asked the host for %llu bytes", (unsigned long long)size_bytes);
    if (number == atomic_load(&watch->fail_at)) return NULL;
    void *memory = watch->core->alloc(context, size_bytes, align_bytes);
    if (memory) atomic_fetch_add(&watch->live_blocks, 1);
    return memory;
}

static void host_release(ortp_host_context *context, void *memory) {
    if (memory) atomic_fetch_sub(&ortc_middle->live_blocks, 1);
    ortc_middle->core->release(context, memory);
}

void ortc_watch_fail_alloc(ortc_watch *watch, uint64_t nth) {
    atomic_store(&watch->fail_at, nth ? atomic_load(&watch->allocations) + nth : 0);
}

void ortc_watch_expect_empty(ortc_watch *watch) {
    uint64_t live = atomic_load(&watch->live_blocks);
    if (live)
        ortc_watch_note("lifetime.leak", "%llu blocks of the host's memory are not released by shutdown",
                        (unsigned long long)live);
    if (watch->plugins) ortc_watch_note("lifetime.leak", "a plugin was not shut down");
}

/* ---- giving up ---- */

static char cancelled_at_once; /* stands for a caller that has given up: the host's type is not ours to make */

static uint32_t is_cancelled(const ortp_cancel *cancel) {
    return (const void *)cancel == &cancelled_at_once ? 1 : ortc_middle->exec->is_cancelled(cancel);
}

void ortc_watch_give_up_apply(ortp_run_args *args) {
    uint32_t how = atomic_load(&ortc_middle->give_up);
    if (how == ORTC_GIVE_UP_CANCEL) args->cancel = (const ortp_cancel *)(const void *)&cancelled_at_once;
    if (how == ORTC_GIVE_UP_DEADLINE) args->deadline_ns = 1;
}

void ortc_watch_give_up(ortc_watch *watch, ortc_give_up how) {
    atomic_store(&watch->give_up, (uint32_t)how);
}

/* ---- plugin ---- */

/* The host as the subject sees it. Its tables are static in the core, so one copy serves every environment. */
static void host_cover(ortc_watch *watch, const ortp_host *host, ortp_host *out) {
    pthread_mutex_lock(&watch->lock);
    if (!watch->core) {
        watch->core = host->core;
        watch->graph = host->graph;
        watch->output = host->output;
        watch->exec = host->exec;
        shown_core = *host->core;
        shown_exec = *host->exec;
        shown_exec.is_cancelled = is_cancelled;
        shown_core.alloc = host_alloc;
        shown_core.release = host_release;
        if (host->output) shown_output = *host->output;
        shown_output.provide = ortc_watch_provide;
    }
    pthread_mutex_unlock(&watch->lock);
    *out = *host;
    out->core = &shown_core;
    out->exec = &shown_exec;
    if (host->output) out->output = &shown_output;
}

static ort_status *plugin_create(const ortp_host *host, ortp_plugin **out) {
    ortc_watch *watch = ortc_middle;
    watch_plugin *plugin = calloc(1, sizeof *plugin);
    *out = NULL;
    if (!plugin) return host->core->status_create(host->context, ORT_CODE_OUT_OF_MEMORY, (ort_string_view){"watch", 5});
    host_cover(watch, host, &plugin->host);
    ort_status *status = watch->subject.create(&plugin->host, &plugin->plugin);
    if (status || !plugin->plugin) {
        free(plugin);
        return status;
    }
    *out = plugin->plugin;
    pthread_mutex_lock(&watch->lock);
    plugin->next = watch->plugins;
    watch->plugins = plugin;
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static void plugin_shutdown(ortp_plugin *plugin) {
    ortc_watch *watch = ortc_middle;
    watch_plugin *found = NULL;
    watch->subject.shutdown(plugin);
    pthread_mutex_lock(&watch->lock);
    for (watch_plugin **at = &watch->plugins; *at; at = &(*at)->next) {
        if ((*at)->plugin != plugin) continue;
        found = *at;
        *at = found->next;
        break;
    }
    pthread_mutex_unlock(&watch->lock);
    free(found);
}

ort_status *ortc_watch_out_of_memory(void) {
    static const char text[] = "the watch has no memory left";
    ortp_host_context *context = ortc_middle->plugins ? ortc_middle->plugins->host.context : NULL;
    return ortc_middle->core->status_create(context, ORT_CODE_OUT_OF_MEMORY, (ort_string_view){text, sizeof text - 1});
}

/* ---- instances ---- */

static ort_status *instance_open(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    ortc_watch *watch = ortc_middle;
    ort_status *status = watch->subject.open(plugin, args, out);
    watch_instance *instance = status || !*out ? NULL : calloc(1, sizeof *instance);
    if (!instance) return status;
    instance->instance = *out;
    for (uint32_t i = 0; i < args->device_count && i < WATCH_DEVICES; i++) {
        ortp_device_info info = {.size = sizeof info};
        ort_status *asked = watch->subject.device_describe(plugin, args->devices[i], &info);
        if (asked) watch->core->status_destroy(asked);
        instance->device_flags[i] = info.flags;
    }
    pthread_mutex_lock(&watch->lock);
    instance->next = watch->instances;
    watch->instances = instance;
    pthread_mutex_unlock(&watch->lock);
    return status;
}

static void instance_close(ortp_instance *instance) {
    ortc_watch *watch = ortc_middle;
    watch_instance *found = NULL;
    ortc_watch_claims_drop(instance);
    pthread_mutex_lock(&watch->lock);
    for (watch_instance **at = &watch->instances; *at; at = &(*at)->next) {
        if ((*at)->instance != instance) continue;
        found = *at;
        *at = found->next;
        break;
    }
    pthread_mutex_unlock(&watch->lock);
    free(found);
    watch->subject.close(instance);
}

const watch_instance *ortc_watch_instance_find(const ortp_instance *instance) {
    pthread_mutex_lock(&ortc_middle->lock);
    const watch_instance *at = ortc_middle->instances;
    while (at && at->instance != instance) at = at->next;
    pthread_mutex_unlock(&ortc_middle->lock);
    return at;
}

/* ---- memory ---- */

static ort_status *buffer_alloc(ortp_instance *instance, uint32_t device, uint32_t space, uint64_t size_bytes,
                                uint64_t align_bytes, ortp_point after, ortp_buffer **out) {
    ortc_watch *watch = ortc_middle;
    ort_status *status = watch->memory.alloc(instance, device, space, size_bytes, align_bytes, after, out);
    watch_buffer *buffer = status || !*out ? NULL : calloc(1, sizeof *buffer);
    if (!buffer) return status;
    *buffer = (watch_buffer){NULL, *out, device, space, align_bytes};
    atomic_fetch_add(&watch->live_buffers, 1);
    pthread_mutex_lock(&watch->lock);
    buffer->next = watch->buffers;
    watch->buffers = buffer;
    pthread_mutex_unlock(&watch->lock);
    return status;
}

static void buffer_release(ortp_instance *instance, ortp_buffer *buffer, ortp_point after) {
    ortc_watch *watch = ortc_middle;
    watch_buffer *found = NULL;
    pthread_mutex_lock(&watch->lock);
    for (watch_buffer **at = &watch->buffers; *at; at = &(*at)->next) {
        if ((*at)->buffer != buffer) continue;
        found = *at;
        *at = found->next;
        break;
    }
    pthread_mutex_unlock(&watch->lock);
    if (found) atomic_fetch_sub(&watch->live_buffers, 1);
    free(found);
    watch->memory.release(instance, buffer, after);
}

bool ortc_watch_buffer_find(const ortp_buffer *buffer, watch_buffer *out) {
    pthread_mutex_lock(&ortc_middle->lock);
    const watch_buffer *at = ortc_middle->buffers;
    while (at && at->buffer != buffer) at = at->next;
    if (at) *out = *at;
    pthread_mutex_unlock(&ortc_middle->lock);
    return at != NULL;
}

/* ---- queue ---- */

static ort_status *queue_copy(ortp_queue *queue, const ortp_copy *copies, uint32_t stride, uint64_t copy_count,
                              const ortp_order *order) {
    ortc_watch *watch = ortc_middle;
    atomic_fetch_add(&watch->copies, copy_count);
    for (uint64_t i = 0; i < copy_count; i++) {
        const ortp_copy *copy = (const void *)((const char *)copies + i * stride);
        atomic_fetch_add(&watch->copied_bytes, copy->size_bytes);
    }
    ort_status *status = watch->queue.copy(queue, copies, stride, copy_count, order);
    if (status || !(atomic_load(&watch->flags) & ORTC_WATCH_GUARD)) return status;
    /* A guarded run signals its point from here, which settles all before it: none may still be pending. */
    if (order && order->signal.timeline) {
        ort_status *failure = watch->queue.point_wait(order->signal, UINT64_MAX);
        if (failure) watch->core->status_destroy(failure); /* the core finds the point failed */
    }
    return NULL;
}

/* ---- tables ---- */

/* A table of any size into ours; what it lacks is NULL, and the size says so. */
static void table_copy(const void *from, void *to, uint32_t to_size) {
    uint32_t size = 0;
    memset(to, 0, to_size);
    if (!from) return;
    memcpy(&size, from, sizeof size);
    if (size > to_size) size = to_size;
    memcpy(to, from, size);
    memcpy(to, &size, sizeof size);
}
/* Only slots that the subject offers are covered: the core is to see what is missing. */
#define COVER(table, slot, cover) ((table).slot = (table).slot ? (cover) : NULL)

static void tables_show(const ortc_watch *watch) {
    static const char id[] = ORTC_WATCH_ID;
    shown = watch->subject;
    shown_memory = watch->memory;
    shown_queue = watch->queue;
    shown_claim = watch->claim;
    shown_program = watch->program;
    shown.id = (ort_string_view){id, sizeof id - 1};
    COVER(shown, create, plugin_create);
    COVER(shown, shutdown, plugin_shutdown);
    COVER(shown, open, instance_open);
    COVER(shown, close, instance_close);
    COVER(shown, memory, &shown_memory);
    COVER(shown, queue, &shown_queue);
    COVER(shown, claim, &shown_claim);
    COVER(shown, program, &shown_program);
    COVER(shown_memory, alloc, buffer_alloc);
    COVER(shown_memory, release, buffer_release);
    COVER(shown_queue, copy, queue_copy);
    COVER(shown_claim, propose, ortc_watch_claims.propose);
    COVER(shown_claim, settle, ortc_watch_claims.settle);
    COVER(shown_program, compile, ortc_watch_programs.compile);
    COVER(shown_program, program_destroy, ortc_watch_programs.program_destroy);
    COVER(shown_program, prepare, ortc_watch_programs.prepare);
    COVER(shown_program, plan_describe, ortc_watch_programs.plan_describe);
    COVER(shown_program, plan_destroy, ortc_watch_programs.plan_destroy);
    COVER(shown_program, bind, ortc_watch_programs.bind);
    COVER(shown_program, rebind, ortc_watch_programs.rebind);
    COVER(shown_program, binding_destroy, ortc_watch_programs.binding_destroy);
    COVER(shown_program, run, ortc_watch_run);
    /* Images and states would have to be covered too; the core uses neither. */
    shown_program.save = NULL;
    shown_program.load = NULL;
    shown.state = NULL;
}

/* ort_environment_register's form of an ortp_entry_fn. */
static uint32_t watch_entry(const void *request, void *reply_bytes) {
    ortp_entry_reply *reply = reply_bytes;
    uint32_t code = ortc_middle->entry(request, reply);
    if (code == ORT_CODE_OK && reply->plugin) reply->plugin = &shown;
    return code;
}

static bool table_ask(ortc_watch *watch, char *why, size_t why_bytes) {
    const ortp_entry_request request = {.size = sizeof request,
                                        .major = ORTP_ABI_MAJOR,
                                        .min_minor = 0,
                                        .max_minor = ORTP_ABI_MINOR,
                                        .host_name = {"ort-conformance", 15},
                                        .host_version = {"0", 1}};
    ortp_entry_reply reply = {.size = sizeof reply};
    uint32_t code = watch->entry(&request, &reply);
    reply.text[sizeof reply.text - 1] = 0;
    if (code != ORT_CODE_OK || !reply.plugin) {
        snprintf(why, why_bytes, "the entry refused (code %u): %s", code, reply.text);
        return false;
    }
    table_copy(reply.plugin, &watch->subject, sizeof watch->subject);
    table_copy(watch->subject.memory, &watch->memory, sizeof watch->memory);
    table_copy(watch->subject.queue, &watch->queue, sizeof watch->queue);
    table_copy(watch->subject.claim, &watch->claim, sizeof watch->claim);
    table_copy(watch->subject.program, &watch->program, sizeof watch->program);
    return true;
}

static bool library_open(const char *path, ortp_entry_fn *out, char *why, size_t why_bytes) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *error = library ? NULL : dlerror();
    if (error) return snprintf(why, why_bytes, "'%s' does not open: %s", path, error), false;
    void *symbol = dlsym(library, ORTP_ENTRY_SYMBOL);
    if (!symbol) return snprintf(why, why_bytes, "'%s' does not export " ORTP_ENTRY_SYMBOL, path), false;
    memcpy(out, &symbol, sizeof symbol); /* POSIX: an address of code is as wide as one of data */
    return true;
}

/* ---- create and destroy ---- */

bool ortc_watch_create(const ortc_watch_options *options, ortc_watch **out, char *why, size_t why_bytes) {
    *out = NULL;
    if (ortc_middle) return snprintf(why, why_bytes, "there is a watch in this process already"), false;
    ortc_watch *watch = calloc(1, sizeof *watch);
    if (!watch) return snprintf(why, why_bytes, "no memory is left"), false;
    pthread_mutex_init(&watch->lock, NULL);
    watch->last_node = &watch->nodes;
    watch->entry = options->entry;
    atomic_store(&watch->flags, options->flags);
    bool is_good = !options->library_path || library_open(options->library_path, &watch->entry, why, why_bytes);
    if (!is_good || !table_ask(watch, why, why_bytes)) {
        pthread_mutex_destroy(&watch->lock);
        free(watch);
        return false;
    }
    tables_show(watch);
    ortc_middle = watch;
    *out = watch;
    return true;
}

void ortc_watch_destroy(ortc_watch *watch) {
    if (!watch) return;
    ortc_watch_forget(watch);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
    ortc_middle = NULL;
}

ort_status *ortc_watch_register(ortc_watch *watch, ort_environment *environment) {
    char manifest[512];
    snprintf(manifest, sizeof manifest,
             "{\"id\":\"" ORTC_WATCH_ID "\",\"name\":\"" ORTC_WATCH_NAME "\",\"version\":\"%.*s\",\"vendor\":\"\","
             "\"abi\":{\"major\":%u,\"min_minor\":0,\"built_minor\":%u}}",
             (int)watch->subject.version.length, watch->subject.version.data, ORTP_ABI_MAJOR, ORTP_ABI_MINOR);
    return ort_environment_register(environment, manifest, watch_entry);
}

void ortc_watch_set_flags(ortc_watch *watch, uint32_t flags) {
    atomic_store(&watch->flags, flags);
}

ortc_watch_totals ortc_watch_count(const ortc_watch *watch) {
    return (ortc_watch_totals){.programs = atomic_load(&watch->programs),
                               .runs = atomic_load(&watch->runs),
                               .launches = atomic_load(&watch->launches),
                               .copies = atomic_load(&watch->copies),
                               .copied_bytes = atomic_load(&watch->copied_bytes),
                               .allocations = atomic_load(&watch->allocations),
                               .live_blocks = atomic_load(&watch->live_blocks),
                               .live_buffers = atomic_load(&watch->live_buffers)};
}
