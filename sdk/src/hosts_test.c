/* Entry as plugin-abi demands it: pure, callable by several hosts in one process, and again after shutdown. Two hosts
 * with memory and statuses of their own take one provider through its life; each finds everything given back, and to
 * nobody but itself. Built with the toy provider here and with the CPU provider in plugins/cpu. */
#include "ort/plugin/plugin.h"
#include "testing/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

extern uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply);

struct ortp_host_context {
    atomic_int live, foreign; /* blocks given out; blocks given back that another host gave out */
    ortp_host host;
};

struct ort_status {
    ortp_host_context *owner;
    ort_code code;
};

/* Before every block: whose it is. */
typedef struct block {
    _Alignas(64) ortp_host_context *owner;
} block;

static void *host_alloc(ortp_host_context *context, uint64_t size_bytes, uint64_t align_bytes) {
    block *head =
        align_bytes > 64 ? NULL : aligned_alloc(64, sizeof *head + (size_t)((size_bytes + 63) & ~UINT64_C(63)));
    if (!head) return NULL;
    head->owner = context;
    atomic_fetch_add(&context->live, 1);
    return head + 1;
}

static void host_release(ortp_host_context *context, void *memory) {
    if (!memory) return;
    block *head = (block *)memory - 1;
    if (head->owner != context) atomic_fetch_add(&context->foreign, 1);
    atomic_fetch_sub(&head->owner->live, 1);
    free(head);
}

static ort_status *status_create(ortp_host_context *context, ort_code code, ort_string_view message) {
    ort_status *status = host_alloc(context, sizeof *status, 64);
    (void)message;
    if (!status) abort();
    *status = (ort_status){context, code};
    return status;
}

static void status_destroy(ort_status *status) {
    if (status) host_release(status->owner, status);
}

static uint32_t thread_count_max(ortp_host_context *context) {
    (void)context;
    return 1;
}

static const ortp_host_core core = {.size = sizeof core,
                                    .status_create = status_create,
                                    .status_destroy = status_destroy,
                                    .alloc = host_alloc,
                                    .release = host_release};
static const ortp_host_graph graph = {.size = sizeof graph};
static const ortp_host_exec exec = {.size = sizeof exec, .thread_count_max = thread_count_max};
static const ortp_host_store store = {.size = sizeof store};
static const ortp_host_infer infer = {.size = sizeof infer};

static void host_init(ortp_host_context *context) {
    atomic_init(&context->live, 0);
    atomic_init(&context->foreign, 0);
    context->host = (ortp_host){.size = sizeof context->host,
                                .context = context,
                                .core = &core,
                                .graph = &graph,
                                .exec = &exec,
                                .store = &store,
                                .infer = &infer};
}

static void host_check(const ortp_host_context *context, const char *who) {
    CHECK(atomic_load(&context->live) == 0, "%s: %d blocks were not given back", who, atomic_load(&context->live));
    CHECK(atomic_load(&context->foreign) == 0, "%s: was given %d blocks of the other host", who,
          atomic_load(&context->foreign));
}

static const ortp_plugin_table *enter(void) {
    ortp_entry_request request = {.size = sizeof request, .major = ORTP_ABI_MAJOR, .max_minor = ORTP_ABI_MINOR};
    ortp_entry_reply reply = {.size = sizeof reply};
    uint32_t code = ortp_entry_v0(&request, &reply);
    CHECK(code == ORT_CODE_OK && reply.plugin, "the entry says %u: %s", (unsigned)code, reply.text);
    return reply.plugin;
}

/* A plugin, an instance and a buffer for one host. */
typedef struct life {
    const ortp_plugin_table *table;
    ortp_plugin *plugin;
    ortp_instance *instance;
    ortp_buffer *buffer;
} life;

static bool life_begin(ortp_host_context *context, life *out) {
    const uint32_t device = 0;
    ortp_open_args args = {.size = sizeof args, .devices = &device, .device_count = 1};
    *out = (life){.table = enter()};
    const ortp_plugin_table *table = out->table;
    ort_status *status = table->create(&context->host, &out->plugin);
    if (!status) status = table->open(out->plugin, &args, &out->instance);
    if (!status) status = table->memory->alloc(out->instance, 0, 0, 1000, 64, (ortp_point){NULL, 0}, &out->buffer);
    status_destroy(status);
    return status == NULL;
}

/* A failure is a status of the host that the plugin was made for, whatever other hosts do meanwhile. */
static void life_fail(ortp_host_context *context, const life *of) {
    ortp_device_info info = {.size = sizeof info};
    ort_status *status = of->table->device_describe(of->plugin, 99, &info);
    CHECK(status && status->owner == context, "a failure belongs to the host that asked");
    status_destroy(status);
}

static void life_end(life *of) {
    of->table->memory->release(of->instance, of->buffer, (ortp_point){NULL, 0});
    of->table->close(of->instance);
    of->table->shutdown(of->plugin);
}

ORT_TEST(hosts, two_in_one_process) {
    ortp_host_context a, b;
    life with_a, with_b;
    host_init(&a);
    host_init(&b);
    CHECK(life_begin(&a, &with_a) && life_begin(&b, &with_b), "both hosts have a device open");
    CHECK(with_a.table == with_b.table, "the table is one static thing");
    life_fail(&a, &with_a);
    life_fail(&b, &with_b);
    life_end(&with_a);
    host_check(&a, "the first host");
    CHECK(atomic_load(&b.live) > 0, "the second host's objects are still there");
    life_fail(&b, &with_b);
    life_end(&with_b);
    host_check(&b, "the second host");
}

ORT_TEST(hosts, again_after_shutdown) {
    ortp_host_context context;
    life one;
    const ortp_plugin_table *first = enter();
    host_init(&context);
    for (int i = 0; i < 20; i++) {
        CHECK(life_begin(&context, &one), "round %d", i);
        CHECK(one.table == first, "round %d: the same table", i);
        life_end(&one);
        host_check(&context, "after shutdown");
    }
}

/* NULL: it went through all its lives. */
static void *host_thread(void *user) {
    ortp_host_context *context = user;
    for (int i = 0; i < 200; i++) {
        life one;
        if (!life_begin(context, &one)) return context;
        life_fail(context, &one);
        life_end(&one);
    }
    return NULL;
}

ORT_TEST(hosts, two_at_the_same_time) {
    ortp_host_context hosts[2];
    pthread_t threads[2]; /* ThreadSanitizer does not know C11's */
    for (int i = 0; i < 2; i++) {
        host_init(&hosts[i]);
        CHECK(pthread_create(&threads[i], NULL, host_thread, &hosts[i]) == 0, "a thread");
    }
    for (int i = 0; i < 2; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        CHECK(failed == NULL, "host %d went through its life", i);
        host_check(&hosts[i], "a host among two threads");
    }
}
