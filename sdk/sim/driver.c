/* The device itself: what it is, its images, and how it is lost. */
#include "sim.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

bool ortk_sim_fault_due(ortk_device *device, int64_t at, int64_t count) {
    if (at <= 0) return false;
    if (!device->faults.is_random) return count == at;
    /* splitmix64, http://prng.di.unimi.it/splitmix64.c */
    uint64_t z = (device->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % (uint64_t)at == 0;
}

ort_status *ortk_sim_lost_status(const ortk_device *device) {
    return ortk_fail(ORT_CODE_DEVICE_LOST, "the simulated device is lost: %s", device->lost_why);
}

void ortk_sim_device_lose(ortk_device *device, const char *why) {
    if (!device->is_lost) snprintf(device->lost_why, sizeof device->lost_why, "%s", why);
    device->is_lost = true;
    pthread_cond_broadcast(&device->changed);
}

static void lose(ortk_device *device, const char *why) {
    pthread_mutex_lock(&device->mutex);
    ortk_sim_device_lose(device, why);
    pthread_mutex_unlock(&device->mutex);
}

/* A device that is lost for one slow moment of a busy machine would be no use, and under ThreadSanitizer all are slow.
 */
#if defined(__SANITIZE_THREAD__)
#define HANG_NS UINT64_C(10000000000)
#else
#define HANG_NS UINT64_C(1000000000)
#endif

static void describe(const ortk_device *device, ortk_limits *out) {
    (void)device;
    *out = (ortk_limits){.features = ORTK_FEATURE_F16_STORAGE | ORTK_FEATURE_I8_STORAGE | ORTK_FEATURE_I64,
                         .subgroup_size = 1,
                         .group_items_max = 256,
                         .shared_bytes_max = 32768,
                         .align_bytes = SIM_ALIGN_BYTES,
                         .hang_ns = HANG_NS};
}

static ort_status *image_create(ortk_device *device, uint32_t variant, ortk_image **out) {
    const ortk_host_image *host = ortk_host_image_find(variant);
    *out = NULL;
    if (!host) return ortk_fail(ORT_CODE_UNSUPPORTED, "there is no host image of kernel %u", (unsigned)variant);
    ortk_image *image = ortk_sim_alloc(device, sizeof *image);
    if (!image) return ortk_out_of_memory();
    *image = (ortk_image){device, host, ortk_variant_at(variant)};
    *out = image;
    return NULL;
}

static void image_destroy(ortk_image *image) {
    if (image) ortk_sim_release(image->device, image);
}

ort_status *ortk_sim_device_create(const ortp_host *host, const sim_faults *faults, ortk_device **out) {
    ortk_device draft = {.host = host, .faults = *faults, .random = (uint64_t)faults->seed};
    ortk_device *device = ortk_sim_alloc(&draft, sizeof *device);
    *out = NULL;
    if (!device) return ortk_out_of_memory();
    *device = draft;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&device->mutex, NULL);
    pthread_cond_init(&device->changed, &clock);
    pthread_condattr_destroy(&clock);
    *out = device;
    return NULL;
}

void ortk_sim_device_destroy(ortk_device *device) {
    if (!device) return;
    for (ortk_memory *memory = device->memories, *next; memory; memory = next) {
        next = memory->next;
        ortk_sim_memory_free(memory);
    }
    pthread_cond_destroy(&device->changed);
    pthread_mutex_destroy(&device->mutex);
    ortk_sim_release(device, device);
}

const ortk_driver ortk_sim_driver = {
    .describe = describe,
    .memory_create = ortk_sim_memory_create,
    .memory_destroy = ortk_sim_memory_destroy,
    .memory_address = ortk_sim_memory_address,
    .image_create = image_create,
    .image_destroy = image_destroy,
    .sequence_create = ortk_sim_sequence_create,
    .launch = ortk_sim_launch,
    .copy = ortk_sim_copy,
    .barrier = ortk_sim_barrier,
    .seal = ortk_sim_seal,
    .sequence_destroy = ortk_sim_sequence_destroy,
    .stream_create = ortk_sim_stream_create,
    .stream_destroy = ortk_sim_stream_destroy,
    .submit = ortk_sim_submit,
    .wait = ortk_sim_wait,
    .measure = ortk_sim_measure,
    .lose = lose,
};
