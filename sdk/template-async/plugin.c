/* plugin.c: the entry, the plugin and its instances, and what every file needs. */
#include "async.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- helpers ---- */

ort_status *async_fail(const ortp_host *host, ort_code code, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return host->core->status_create(host->context, code, (ort_string_view){text, strlen(text)});
}

ort_status *async_out_of_memory(const ortp_host *host, const char *what) {
    return async_fail(host, ORT_CODE_OUT_OF_MEMORY, "no memory is left for %s", what);
}

void *async_alloc(const ortp_host *host, uint64_t size_bytes) {
    void *memory = host->core->alloc(host->context, size_bytes ? size_bytes : 1, 16);
    if (memory) memset(memory, 0, size_bytes);
    return memory;
}

void async_free(const ortp_host *host, void *memory) {
    if (memory) host->core->release(host->context, memory);
}

static bool has_unknown_must(const ortp_ext *next) {
    for (; next; next = next->next)
        if (next->kind & ORTP_EXT_MUST) return true; /* 0.0 knows no extension */
    return false;
}

ort_status *async_check(const ortp_host *host, const char *what, uint32_t size, uint32_t least, uint32_t flags,
                        const ortp_ext *next) {
    if (size < least)
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "%s has %u bytes, at least %u are due", what, size, least);
    if (flags & 0xffff0000u)
        return async_fail(host, ORT_CODE_UNSUPPORTED, "%s has a flag that is not known: 0x%x", what, flags);
    if (has_unknown_must(next))
        return async_fail(host, ORT_CODE_UNSUPPORTED, "%s has an extension that is not known", what);
    return NULL;
}

void async_give(void *out, const void *from, uint32_t size) {
    uint32_t room;
    memcpy(&room, out, sizeof room); /* every out-struct begins with it */
    uint32_t filled = room < size ? room : size;
    if (filled < sizeof filled) return;
    memcpy(out, from, filled);
    memcpy(out, &filled, sizeof filled);
}

/* ---- plugin and instance ---- */

static ort_status *plugin_create(const ortp_host *host, ortp_plugin **out) {
    ortp_plugin *plugin = *out = async_alloc(host, sizeof *plugin);
    if (!plugin) return async_out_of_memory(host, "the plugin");
    plugin->host = host;
    return NULL;
}

static void plugin_shutdown(ortp_plugin *plugin) {
    if (plugin) async_free(plugin->host, plugin);
}

static ort_status *open_check(const ortp_host *host, const ortp_open_args *args) {
    ort_status *status = async_check(host, "open", args->size, ORTP_OPEN_ARGS_SIZE_0_0, args->flags, args->next);
    if (status) return status;
    if (args->device_count != 1 || !args->devices || args->devices[0] != 0)
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "there is one device to open, number 0");
    if (args->setting_count)
        return async_fail(host, ORT_CODE_INVALID_ARGUMENT, "this plugin has no options: '%.*s'",
                          (int)args->settings[0].name.length, args->settings[0].name.data);
    return NULL;
}

/* The condition counts in the clock that no operator sets back. */
static bool instance_init(ortp_instance *instance) {
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) return false;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool is_made = pthread_cond_init(&instance->changed, &monotonic) == 0;
    pthread_condattr_destroy(&monotonic);
    if (is_made && pthread_mutex_init(&instance->lock, NULL) == 0) return true;
    if (is_made) pthread_cond_destroy(&instance->changed);
    return false;
}

static ort_status *instance_open(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    const ortp_host *host = plugin->host;
    *out = NULL;
    ort_status *status = open_check(host, args);
    if (status) return status;
    ortp_instance *instance = async_alloc(host, sizeof *instance);
    if (!instance || !instance_init(instance)) {
        async_free(host, instance);
        return async_out_of_memory(host, "an instance");
    }
    instance->host = host;
    *out = instance;
    return NULL;
}

static ort_status *instance_quiesce(ortp_instance *instance, uint64_t deadline_ns) {
    const ortp_host *host = instance->host;
    bool is_late = false;
    pthread_mutex_lock(&instance->lock);
    while (instance->job_count && !is_late) {
        struct timespec soon;
        clock_gettime(CLOCK_MONOTONIC, &soon);
        soon.tv_sec += 1; /* the host's clock is only asked: it may count otherwise than ours */
        pthread_cond_timedwait(&instance->changed, &instance->lock, &soon);
        is_late = host->core->clock_ns() >= deadline_ns;
    }
    is_late = instance->job_count != 0;
    pthread_mutex_unlock(&instance->lock);
    return is_late ? async_fail(host, ORT_CODE_DEADLINE, "work is left on the device") : NULL;
}

static void instance_close(ortp_instance *instance) {
    if (!instance) return;
    const ortp_host *host = instance->host;
    while (instance->claims) { /* of epochs that nobody settled, or tokens that nobody compiled */
        async_claim *claim = instance->claims;
        instance->claims = claim->next;
        async_free(host, claim);
    }
    pthread_cond_destroy(&instance->changed);
    pthread_mutex_destroy(&instance->lock);
    async_free(host, instance);
}

const ortp_plugin_table async_plugin_table = {.size = sizeof async_plugin_table,
                                              .id = {"org.example.async", 17},
                                              .version = {ASYNC_VERSION, sizeof ASYNC_VERSION - 1},
                                              .create = plugin_create,
                                              .shutdown = plugin_shutdown,
                                              .device_count = async_device_count,
                                              .device_describe = async_device_describe,
                                              .open = instance_open,
                                              .quiesce = instance_quiesce,
                                              .close = instance_close,
                                              .memory = &async_memory_table,
                                              .queue = &async_queue_table,
                                              .claim = &async_claim_table,
                                              .program = &async_program_table};

/* ---- entry ---- */

static uint32_t refuse(ortp_entry_reply *reply, uint32_t code, const char *text) {
    reply->code = code;
    snprintf(reply->text, sizeof reply->text, "%s", text);
    return code;
}

ORT_EXPORT uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply);

ORT_EXPORT uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply) {
    if (!reply || reply->size < ORTP_ENTRY_REPLY_SIZE_0_0) return ORT_CODE_INVALID_ARGUMENT;
    reply->size = ORTP_ENTRY_REPLY_SIZE_0_0;
    reply->min_minor = reply->max_minor = ORTP_ABI_MINOR;
    if (!request || request->size < ORTP_ENTRY_REQUEST_SIZE_0_0)
        return refuse(reply, ORT_CODE_INVALID_ARGUMENT, "the request is too short");
    if (request->major != ORTP_ABI_MAJOR || request->min_minor > ORTP_ABI_MINOR)
        return refuse(reply, ORT_CODE_UNSUPPORTED, "this plugin speaks 0.0 alone");
    if (has_unknown_must(request->next) || request->flags & 0xffff0000u)
        return refuse(reply, ORT_CODE_UNSUPPORTED, "the request has an extension or a flag that is not known");
    reply->agreed_minor = ORTP_ABI_MINOR;
    reply->plugin = &async_plugin_table;
    return reply->code = ORT_CODE_OK;
}
