/* Entering a plugin: load, negotiate, look at its tables, create, list devices. Every step may be its end. */
#include "base/library.h"
#include "providers/internal.h"

#include <stddef.h>
#include <string.h>

#define HOST_NAME    "orthrus"
#define HOST_VERSION "0.1.0"

static void stage_begin(orti_provider *provider, const char *stage) {
    provider->stage = stage;
    if (provider->on_stage) provider->on_stage(provider->on_stage_user, stage);
}

/* ---- load and negotiate ---- */

static ort_status *entry_load(orti_provider *provider) {
    void *library = NULL;
    orti_library_fn function;
    if (provider->is_static) return NULL;
    ORT_TRY(orti_library_open(provider->manifest.library, &library));
    function = orti_library_find(library, ORTP_ENTRY_SYMBOL);
    if (!function)
        ORT_FAIL(PLUGIN, "'%s' does not export %s: it is no plugin of ABI %u", provider->manifest.library,
                 ORTP_ENTRY_SYMBOL, ORTP_ABI_MAJOR);
    provider->entry = (ortp_entry_fn)function;
    return NULL;
}

static ort_status *reply_check(uint32_t code, ortp_entry_reply *reply) {
    reply->text[sizeof reply->text - 1] = 0;
    if (reply->size < ORTP_ENTRY_REPLY_SIZE_0_0 || reply->size > sizeof *reply)
        ORT_FAIL(PLUGIN, "the entry answered %u bytes, %u to %zu are due", reply->size, ORTP_ENTRY_REPLY_SIZE_0_0,
                 sizeof *reply);
    if (code != reply->code) ORT_FAIL(PLUGIN, "the entry returned %u and wrote %u", code, reply->code);
    if (code != ORT_CODE_OK)
        return orti_status_create(
            code, __FILE__, __LINE__, "%s (it speaks ABI %u.%u to %u.%u, this library %u.0 to %u.%u)",
            *reply->text ? reply->text : "the plugin gives no reason", ORTP_ABI_MAJOR, reply->min_minor, ORTP_ABI_MAJOR,
            reply->max_minor, ORTP_ABI_MAJOR, ORTP_ABI_MAJOR, ORTP_ABI_MINOR);
    if (reply->agreed_minor > ORTP_ABI_MINOR)
        ORT_FAIL(PLUGIN, "the entry agreed to ABI %u.%u; %u.%u was the most offered", ORTP_ABI_MAJOR,
                 reply->agreed_minor, ORTP_ABI_MAJOR, ORTP_ABI_MINOR);
    ORT_TRY(orti_check_extensions(reply->next, "the entry's reply"));
    if (!reply->plugin) ORT_FAIL(PLUGIN, "the entry answered without a plugin table");
    return NULL;
}

static ort_status *entry_call(orti_provider *provider, const ortp_plugin_table **out) {
    const ortp_entry_request request = {.size = sizeof request,
                                        .major = ORTP_ABI_MAJOR,
                                        .min_minor = 0,
                                        .max_minor = ORTP_ABI_MINOR,
                                        .host_name = {HOST_NAME, sizeof HOST_NAME - 1},
                                        .host_version = {HOST_VERSION, sizeof HOST_VERSION - 1}};
    ortp_entry_reply reply = {.size = sizeof reply};
    uint32_t code = provider->entry(&request, &reply);
    ORT_TRY(reply_check(code, &reply));
    provider->host.agreed_minor = reply.agreed_minor;
    *out = reply.plugin;
    return NULL;
}

/* ---- tables ---- */

typedef struct slot {
    const char *name;
    size_t offset;
} slot;
#define SLOT(type, member)                                                                                             \
    { #member, offsetof(type, member) }

static const slot plugin_slots[] = {SLOT(ortp_plugin_table, create),       SLOT(ortp_plugin_table, shutdown),
                                    SLOT(ortp_plugin_table, device_count), SLOT(ortp_plugin_table, device_describe),
                                    SLOT(ortp_plugin_table, open),         SLOT(ortp_plugin_table, close),
                                    SLOT(ortp_plugin_table, memory),       SLOT(ortp_plugin_table, queue),
                                    SLOT(ortp_plugin_table, claim),        SLOT(ortp_plugin_table, program)};
static const slot memory_slots[] = {SLOT(ortp_memory_table, alloc), SLOT(ortp_memory_table, release)};
static const slot queue_slots[] = {SLOT(ortp_queue_table, create),          SLOT(ortp_queue_table, destroy),
                                   SLOT(ortp_queue_table, describe),        SLOT(ortp_queue_table, copy),
                                   SLOT(ortp_queue_table, timeline_create), SLOT(ortp_queue_table, timeline_destroy),
                                   SLOT(ortp_queue_table, point_state),     SLOT(ortp_queue_table, point_wait),
                                   SLOT(ortp_queue_table, on_settled),      SLOT(ortp_queue_table, host_signal)};
static const slot claim_slots[] = {SLOT(ortp_claim_table, propose), SLOT(ortp_claim_table, settle)};
static const slot program_slots[] = {SLOT(ortp_program_table, compile),      SLOT(ortp_program_table, program_destroy),
                                     SLOT(ortp_program_table, prepare),      SLOT(ortp_program_table, plan_describe),
                                     SLOT(ortp_program_table, plan_destroy), SLOT(ortp_program_table, bind),
                                     SLOT(ortp_program_table, rebind),       SLOT(ortp_program_table, binding_destroy),
                                     SLOT(ortp_program_table, run)};

/* Copies a table of any size from its first one on, and asks for its required slots. A slot is a pointer, of function
 * or object: on every system that we know both are as wide and NULL is all zeros. */
static ort_status *table_copy(const char *name, const void *from, void *to, size_t to_size, uint32_t minimum_bytes,
                              const slot *slots, size_t slot_count) {
    uint32_t size = 0;
    memcpy(&size, from, sizeof size);
    if (size < minimum_bytes)
        ORT_FAIL(PLUGIN, "the %s table has %u bytes, at least %u are due", name, size, minimum_bytes);
    memset(to, 0, to_size);
    memcpy(to, from, size < to_size ? size : to_size);
    for (size_t i = 0; i < slot_count; i++) {
        static const unsigned char zeros[sizeof(void (*)(void))];
        if (memcmp((const char *)to + slots[i].offset, zeros, sizeof zeros) == 0)
            ORT_FAIL(PLUGIN, "the %s table has no '%s'", name, slots[i].name);
    }
    return NULL;
}
#define TABLE_COPY(name, from, to, minimum, slots)                                                                     \
    table_copy(name, from, &(to), sizeof(to), minimum, slots, sizeof(slots) / sizeof *(slots))

static ort_status *names_check(orti_provider *provider) {
    const orti_manifest *manifest = &provider->manifest;
    const char *id = NULL, *version = NULL;
    ORT_TRY(orti_check_text(&provider->arena, provider->table.id, "the plugin's id", &id));
    ORT_TRY(orti_check_text(&provider->arena, provider->table.version, "the plugin's version", &version));
    if (strcmp(id, manifest->id) != 0)
        ORT_FAIL(PLUGIN, "the plugin calls itself '%s', its manifest '%s'", id, manifest->id);
    if (strcmp(version, manifest->version) != 0)
        ORT_FAIL(PLUGIN, "the plugin is version '%s', its manifest says '%s'", version, manifest->version);
    return NULL;
}

static ort_status *ops_check(orti_provider *provider) {
    const ortp_ops_table *from = provider->table.ops;
    ortp_op_schema *schemas = NULL;
    if (!from) return NULL;
    ORT_TRY(table_copy("ops", from, &provider->ops, sizeof provider->ops, ORTP_OPS_TABLE_SIZE_0_0, NULL, 0));
    ortp_ops_table *ops = &provider->ops;
    if (!ops->schema_count) return NULL;
    if (!ops->schemas || ops->schema_stride < ORTP_OP_SCHEMA_SIZE_0_0 || ops->schema_count > PROVIDER_OPTION_COUNT_MAX)
        ORT_FAIL(PLUGIN, "the ops table has a wrong stride or count");
    const uint8_t *at = (const uint8_t *)ops->schemas;
    ORT_TRY(orti_arena_alloc(&provider->arena, (size_t)ops->schema_count, sizeof *schemas, &schemas));
    for (uint64_t i = 0; i < ops->schema_count; i++, at += ops->schema_stride) {
        ORT_TRY(table_copy("op schema", at, &schemas[i], sizeof *schemas, ORTP_OP_SCHEMA_SIZE_0_0, NULL, 0));
        ORT_TRY(orti_check_view(&provider->arena, schemas[i].domain, "an operator's domain", &schemas[i].domain));
        ORT_TRY(orti_check_view(&provider->arena, schemas[i].op_type, "an operator's name", &schemas[i].op_type));
        if (!schemas[i].op_type.length) ORT_FAIL(PLUGIN, "operator schema %llu has no name", (unsigned long long)i);
    }
    ops->schemas = schemas;
    ops->schema_stride = sizeof *schemas;
    return NULL;
}

static ort_status *tables_check(orti_provider *provider, const ortp_plugin_table *from) {
    ORT_TRY(TABLE_COPY("plugin", from, provider->table, ORTP_PLUGIN_TABLE_SIZE_0_0, plugin_slots));
    ORT_TRY(orti_check_flags(provider->table.flags, "the plugin table"));
    ORT_TRY(names_check(provider));
    const ortp_plugin_table *table = &provider->table;
    ORT_TRY(TABLE_COPY("memory", table->memory, provider->memory, ORTP_MEMORY_TABLE_SIZE_0_0, memory_slots));
    ORT_TRY(TABLE_COPY("queue", table->queue, provider->queue, ORTP_QUEUE_TABLE_SIZE_0_0, queue_slots));
    ORT_TRY(TABLE_COPY("claim", table->claim, provider->claim, ORTP_CLAIM_TABLE_SIZE_0_0, claim_slots));
    ORT_TRY(TABLE_COPY("program", table->program, provider->program, ORTP_PROGRAM_TABLE_SIZE_0_0, program_slots));
    ORT_TRY(ops_check(provider));
    return orti_options_read(provider, table->options);
}

/* ---- create ---- */

static ort_status *plugin_create(orti_provider *provider) {
    provider->context = (ortp_host_context){provider->owner, provider};
    uint32_t agreed_minor = provider->host.agreed_minor;
    provider->host = (ortp_host){.size = sizeof provider->host,
                                 .agreed_minor = agreed_minor,
                                 .context = &provider->context,
                                 .core = &orti_host_core,
                                 .graph = &orti_host_graph,
                                 .exec = &orti_host_exec,
                                 .store = &orti_host_store,
                                 .infer = &orti_host_infer,
                                 .output = &orti_host_output,
                                 .trace = &orti_host_trace};
    ort_status *status = provider->table.create(&provider->host, &provider->plugin);
    if (!status && !provider->plugin) status = ORT_STATUS(PLUGIN, "create succeeded and gave no plugin");
    if (status) provider->plugin = NULL;
    return status;
}

static ort_status *steps(orti_provider *provider) {
    const ortp_plugin_table *table = NULL;
    stage_begin(provider, "digest");
    if (!provider->is_static) ORT_TRY(orti_manifest_check_digest(provider->owner->alloc, &provider->manifest));
    if (provider->owner->probe && !provider->is_static) {
        stage_begin(provider, "probe");
        ORT_TRY(orti_probe(provider));
    }
    stage_begin(provider, "open");
    ORT_TRY(entry_load(provider));
    stage_begin(provider, "entry");
    ORT_TRY(entry_call(provider, &table));
    stage_begin(provider, "table");
    ORT_TRY(tables_check(provider, table));
    stage_begin(provider, "create");
    ORT_TRY(plugin_create(provider));
    stage_begin(provider, "devices");
    return orti_devices_read(provider);
}

ort_status *orti_provider_open(orti_provider *provider) {
    ort_status *status = NULL;
    orti_lock_take(&provider->lock);
    if (provider->state == ORTI_PROVIDER_USABLE && !provider->is_open) {
        ort_status *why = steps(provider);
        if (orti_provider_refuse(provider, provider->stage, why)) {
            provider->is_open = true;
            provider->stage = "";
        } else {
            provider->device_count = 0;
        }
    }
    if (provider->state != ORTI_PROVIDER_USABLE) status = orti_provider_refusal(provider);
    orti_lock_give(&provider->lock);
    return status;
}
