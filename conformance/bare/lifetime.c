/* L1: everything that is opened is closed, on whatever way, and leaves nothing. */
#include "bare/trial.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>

#define CYCLES 24u

/* A whole life: an instance, a buffer, copies, a program and its runs. */
static bool exercise(ortc_bare *bare) {
    unsigned char sent[257], got[257];
    ortc_fill(sent, sizeof sent, 1);
    ortp_buffer *buffer = ortc_bare_alloc(bare, 0, sizeof sent, bare->spaces[0].align_bytes);
    if (!buffer || !ortc_bare_upload(bare, buffer, 0, sent, sizeof sent) ||
        !ortc_bare_download(bare, buffer, 0, got, sizeof got))
        return false;
    if (memcmp(sent, got, sizeof got) != 0) ortc_fail(bare->context, "queue.copy", "bytes come back changed");
    ortc_bare_release(bare, buffer);
    return !ortc_has_failed(bare->context) && ortc_trial_once(bare);
}

static void whole_run(ortc_context *context) {
    ortc_bare bare;
    if (ortc_bare_start(&bare, context)) exercise(&bare);
    ortc_bare_finish(&bare);
}

static void reopen_run(ortc_context *context) {
    ortc_bare bare;
    ortc_balance first = {0}, now;
    if (!ortc_bare_start(&bare, context)) goto done;
    ortc_bare_close(&bare);
    for (uint32_t i = 0; i < CYCLES; i++) {
        if (!ortc_bare_open(&bare) || !exercise(&bare)) goto done;
        ortc_bare_close(&bare);
        if (ortc_has_failed(context)) goto done;
        now = ortc_host_weigh(bare.host);
        if (i == 0) first = now;
        if (now.live_bytes > first.live_bytes || now.live_blocks > first.live_blocks ||
            now.live_statuses > first.live_statuses) {
            ortc_fail(context, "lifetime.reopen", "after %u more openings %llu bytes are held and not %llu", i,
                      (unsigned long long)now.live_bytes, (unsigned long long)first.live_bytes);
            goto done;
        }
    }
done:
    ortc_bare_finish(&bare);
}

static void recreate_run(ortc_context *context) {
    for (uint32_t i = 0; i < CYCLES && !ortc_has_failed(context); i++) {
        ortc_bare bare;
        if (ortc_bare_start(&bare, context)) exercise(&bare);
        ortc_bare_finish(&bare);
    }
}

/* After it all no thread and no file is left. */
static void traces_run(ortc_context *context) {
    char text[400];
    ortc_bare bare;
    if (!ortc_bare_enter(&bare, context)) return;
    ortc_process *before = ortc_process_look();
    if (ortc_bare_create(&bare) && ortc_bare_describe(&bare) && ortc_bare_open(&bare)) exercise(&bare);
    ortc_bare_finish(&bare);
    const char *rule = before && !ortc_has_failed(context) ? ortc_process_difference(before, text, sizeof text) : NULL;
    if (rule) ortc_fail(context, rule, "after shutdown %s", text);
    ortc_process_destroy(before);
}

static void two_instances_run(ortc_context *context) {
    ortc_bare bare;
    ortp_instance *second = NULL;
    ortp_queue *queue = NULL;
    uint32_t device = context->subject->device;
    if (!ortc_bare_start(&bare, context)) goto done;
    ort_status *status = ortc_bare_open_call(&bare, &device, 1, 0, NULL, &second);
    if (status && ortc_status_is_of(status, bare.host) && ortc_status_code(status) == ORT_CODE_BUSY) {
        ortc_status_destroy(status);
        ortc_decline(context, "the device serves one instance at a time");
        goto done;
    }
    if (!ortc_bare_ok(&bare, status, "out.written", "a second open") ||
        !ortc_bare_ok(&bare, bare.queue.create(second, 0, 0, &queue), "queue.describe", "queue.create") ||
        !exercise(&bare))
        goto done;
    bare.queue.destroy(queue);
    bare.plugin.close(second);
    exercise(&bare);
done:
    ortc_bare_finish(&bare);
}

/* ---- NULL ---- */

static sigjmp_buf null_back;

static void null_crashed(int signal_number) {
    siglongjmp(null_back, signal_number);
}

/* The slot whose turn it is, so that a crash can be told by its name. */
static const char *volatile null_slot;

static void nulls_call(ortc_bare *bare) {
    null_slot = "memory.release";
    bare->memory.release(bare->instance, NULL, (ortp_point){0});
    null_slot = "queue.destroy";
    bare->queue.destroy(NULL);
    null_slot = "timeline_destroy";
    bare->queue.timeline_destroy(NULL);
    null_slot = "program_destroy";
    bare->program.program_destroy(NULL);
    null_slot = "plan_destroy";
    bare->program.plan_destroy(NULL);
    null_slot = "binding_destroy";
    bare->program.binding_destroy(NULL);
    null_slot = "close";
    bare->plugin.close(NULL);
    null_slot = "shutdown";
    bare->plugin.shutdown(NULL);
}

static void null_run(ortc_context *context) {
    ortc_bare bare;
    struct sigaction before, catching = {.sa_handler = null_crashed};
    if (!ortc_bare_start(&bare, context)) goto done;
    sigemptyset(&catching.sa_mask);
    sigaction(SIGSEGV, &catching, &before);
    if (sigsetjmp(null_back, 1) == 0)
        nulls_call(&bare);
    else
        ortc_fail(context, "lifetime.null", "%s of NULL crashes", null_slot);
    sigaction(SIGSEGV, &before, NULL);
    if (!ortc_has_failed(context)) exercise(&bare);
done:
    ortc_bare_finish(&bare);
}

/* ---- out of range ---- */

/* out_place: where the call writes its object, or NULL; read here, because arguments are evaluated in any order. */
static bool refused(ortc_bare *bare, ort_status *status, const void *out_place, const char *what) {
    const void *out = NULL;
    if (out_place) memcpy(&out, out_place, sizeof out);
    if (!status && out_place && !out) ortc_fail(bare->context, "out.written", "%s succeeded and gave nothing", what);
    if (!ortc_bare_fails(bare, status, ORT_CODE_INVALID_ARGUMENT, "device.range", what)) return false;
    if (out) ortc_fail(bare->context, "out.written", "%s failed and wrote its out-parameter", what);
    return !ortc_has_failed(bare->context);
}

static bool devices_refused(ortc_bare *bare) {
    const uint32_t wrong[] = {bare->device_count, bare->device_count + 7, UINT32_MAX};
    for (uint32_t i = 0; i < ORTC_COUNT(wrong); i++) {
        ortp_device_info info = {.size = sizeof info};
        ortp_instance *instance = NULL;
        if (!refused(bare, bare->plugin.device_describe(bare->made, wrong[i], &info), NULL,
                     "device_describe of a device that is not there") ||
            !refused(bare, ortc_bare_open_call(bare, &wrong[i], 1, 0, NULL, &instance), &instance,
                     "open of a device that is not there"))
            return false;
    }
    return true;
}

static bool indexes_refused(ortc_bare *bare, uint32_t device, uint32_t space) {
    ortp_buffer *buffer = NULL;
    ortp_memory_stats stats = {.size = sizeof stats};
    ortp_instance *instance = bare->instance;
    if (!refused(bare, bare->memory.alloc(instance, device, space, 64, 64, (ortp_point){0}, &buffer), &buffer,
                 "alloc on a device or space that is not there"))
        return false;
    return !bare->memory.stats || refused(bare, bare->memory.stats(instance, device, space, &stats), NULL,
                                          "stats of a device or space that is not there");
}

static void range_run(ortc_context *context) {
    ortc_bare bare;
    ortp_queue *queue = NULL;
    if (!ortc_bare_start(&bare, context)) goto done;
    if (!devices_refused(&bare) || !indexes_refused(&bare, 1, 0) || !indexes_refused(&bare, UINT32_MAX, 0) ||
        !indexes_refused(&bare, 0, bare.device.space_count) || !indexes_refused(&bare, 0, UINT32_MAX))
        goto done;
    (void)(refused(&bare, bare.queue.create(bare.instance, 1, 0, &queue), &queue,
                   "a queue on a device that is not there") &&
           refused(&bare, bare.queue.create(bare.instance, UINT32_MAX, 0, &queue), &queue,
                   "a queue on the last device"));
done:
    ortc_bare_finish(&bare);
}

/* ---- flags and extensions of open ---- */

static void unknown_run(ortc_context *context) {
    ortc_bare bare;
    uint32_t device = context->subject->device;
    ortp_instance *instance = NULL;
    ortp_ext skipped = {sizeof skipped, 0x7131u, NULL}, must = {sizeof must, 0x7132u | ORTP_EXT_MUST, &skipped};
    if (!ortc_bare_enter(&bare, context) || !ortc_bare_create(&bare) || !ortc_bare_describe(&bare)) goto done;
    if (bare.device.flags & ORTP_DEVICE_COMPILE_ONLY) goto done;
    if (!ortc_bare_fails(&bare, ortc_bare_open_call(&bare, &device, 1, 0, &must, &instance), ORT_CODE_UNSUPPORTED,
                         "flags.unknown", "open with an unknown extension with MUST") ||
        !ortc_bare_fails(&bare, ortc_bare_open_call(&bare, &device, 1, 0x40000000u, NULL, &instance), ORT_CODE_OK,
                         "flags.unknown", "open with an unknown high flag"))
        goto done;
    if (instance) ortc_fail(context, "out.written", "open failed and wrote its out-parameter");
    if (ortc_bare_ok(&bare, ortc_bare_open_call(&bare, &device, 1, 0x4000u, &skipped, &instance), "flags.unknown",
                     "open with an unknown low flag and an extension without MUST"))
        bare.plugin.close(instance);
done:
    ortc_bare_finish(&bare);
}

const ortc_check ortc_life_checks[] = {
    {"lifetime-whole", 1, 0, "a whole life leaves nothing behind", whole_run},
    {"lifetime-reopen", 1, 0, "instances are opened and closed again and again", reopen_run},
    {"lifetime-recreate", 1, 0, "plugins are created and shut down again and again", recreate_run},
    {"lifetime-traces", 1, ORTC_CHECK_ALONE, "no thread and no file is left, nothing of the process changed",
     traces_run},
    {"lifetime-instances", 1, 0, "two instances at once", two_instances_run},
    {"lifetime-null", 1, 0, "every destroy takes NULL", null_run},
    {"device-range", 1, 0, "indexes out of range are refused", range_run},
    {"open-unknown", 1, 0, "unknown flags and extensions of open", unknown_run},
};
const uint32_t ortc_life_check_count = ORTC_COUNT(ortc_life_checks);

ortc_checks ortc_bare_lifetime_checks(void) {
    static ortc_check all[ORTC_LEVEL_CHECKS_MAX];
    const ortc_part parts[] = {{ortc_facts_checks, ortc_facts_check_count}, {ortc_life_checks, ortc_life_check_count}};
    return ortc_checks_join(all, parts, ORTC_COUNT(parts));
}
