/* cpu/device.h: what this machine's processor is, for ortp_device_info. */
#ifndef ORTCPU_DEVICE_H
#define ORTCPU_DEVICE_H

#include "kernels/isa.h"
#include "ort/sdk/provider.h"

typedef struct ortcpu_device {
    char name[128], vendor[64], version[16];
    uint64_t memory_bytes;
    double flops_per_ns;
} ortcpu_device;

/* Reads /proc; what is not told stays empty or 0. thread_count: of the widest lane. */
void ortcpu_device_read(ortcpu_isa isa, uint32_t thread_count, ortcpu_device *out);
uint64_t ortcpu_device_free_bytes(void);
/* out's strings point into `device`. */
void ortcpu_device_describe(const ortcpu_device *device, ortp_device_info *out);

#endif
