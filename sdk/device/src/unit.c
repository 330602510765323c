/* Opened devices: images loaded when first wanted, and uploads. */
#include "unit.h"

#include <string.h>

void *ortk_unit_alloc(const ortk_unit *unit, size_t size_bytes) {
    void *memory = unit->host->core->alloc(unit->host->context, size_bytes ? size_bytes : 1, ORTK_ALIGN);
    return memory ? memset(memory, 0, size_bytes) : NULL;
}

void ortk_unit_release(const ortk_unit *unit, void *memory) {
    if (memory) unit->host->core->release(unit->host->context, memory);
}

ort_status *ortk_device_open(const ortp_host *host, const ortk_driver *driver, ortk_device *device,
                             ortk_settings *out) {
    ortk_unit draft = {.host = host, .driver = driver, .device = device};
    ortk_unit *unit = ortk_unit_alloc(&draft, sizeof *unit);
    if (!unit) return ortk_out_of_memory();
    *unit = draft;
    driver->describe(device, &unit->limits);
    pthread_mutex_init(&unit->mutex, NULL);
    unit->images = ortk_unit_alloc(unit, ortk_variant_count() * sizeof(ortk_image *));
    ort_status *status = unit->images ? driver->stream_create(device, true, &unit->uploads) : ortk_out_of_memory();
    out->context = unit;
    out->align_bytes = unit->limits.align_bytes;
    out->flags |= ORTK_SETTING_NO_LAYOUTS;
    if (status) (void)ortk_device_close(host, out);
    return status;
}

ortk_device *ortk_device_close(const ortp_host *host, ortk_settings *settings) {
    ortk_unit *unit = settings->context;
    (void)host;
    if (!unit) return NULL;
    ortk_device *device = unit->device;
    for (uint32_t i = 0; unit->images && i < ortk_variant_count(); i++)
        if (unit->images[i]) unit->driver->image_destroy(unit->images[i]);
    unit->driver->stream_destroy(unit->uploads);
    pthread_mutex_destroy(&unit->mutex);
    ortk_unit_release(unit, unit->images);
    ortk_unit_release(unit, unit);
    settings->context = NULL;
    return device;
}

ort_status *ortk_unit_image(ortk_unit *unit, uint32_t variant, ortk_image **out) {
    ort_status *status = NULL;
    pthread_mutex_lock(&unit->mutex);
    if (!unit->images[variant]) status = unit->driver->image_create(unit->device, variant, &unit->images[variant]);
    *out = unit->images[variant];
    pthread_mutex_unlock(&unit->mutex);
    return status;
}

static ort_status *upload_copy(ortk_unit *unit, ortk_memory *staging, ortk_memory *target, uint64_t size_bytes) {
    const ortk_driver *driver = unit->driver;
    const ortk_operand from = {staging, 0, size_bytes}, to = {target, 0, size_bytes};
    ortk_sequence *sequence = NULL;
    uint64_t value = 0;
    ort_status *status = NULL;
    ORTK_TRY(driver->sequence_create(unit->device, &sequence));
    ORTK_TRY_TO(done, driver->copy(sequence, &from, &to, "upload of constants"));
    ORTK_TRY_TO(done, driver->seal(sequence));
    pthread_mutex_lock(&unit->mutex);
    status = driver->submit(unit->uploads, sequence, &value);
    if (!status) status = driver->wait(unit->uploads, value, UINT64_MAX);
    pthread_mutex_unlock(&unit->mutex);
done:
    driver->sequence_destroy(sequence);
    return status;
}

ort_status *ortk_unit_upload(ortk_unit *unit, const void *data, uint64_t size_bytes, ortk_memory **out) {
    const ortk_driver *driver = unit->driver;
    ortk_memory *staging = NULL, *target = NULL;
    ort_status *status = NULL;
    *out = NULL;
    ORTK_TRY_TO(done, driver->memory_create(unit->device, ORTK_MEMORY_STAGING, size_bytes, &staging));
    ORTK_TRY_TO(done, driver->memory_create(unit->device, ORTK_MEMORY_DEVICE, size_bytes, &target));
    memcpy(driver->memory_address(staging), data, (size_t)size_bytes);
    ORTK_TRY_TO(done, upload_copy(unit, staging, target, size_bytes));
    *out = target;
    target = NULL;
done:
    driver->memory_destroy(target);
    driver->memory_destroy(staging);
    return status;
}
