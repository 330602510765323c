/* ort/plugin/device.h: what a device is. The plugin enumerates; the host only reads. */
#ifndef ORT_PLUGIN_DEVICE_H
#define ORT_PLUGIN_DEVICE_H

#include "ort/plugin/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORTP_DEVICE_KIND_CPU   1u
#define ORTP_DEVICE_KIND_GPU   2u
#define ORTP_DEVICE_KIND_NPU   3u
#define ORTP_DEVICE_KIND_OTHER 4u

#define ORTP_DEVICE_HOST_ADDRESSABLE   0x0001u /* takes host pointers in ortp_tensor_arg.host, and its buffers map */
#define ORTP_DEVICE_STRIDED            0x0002u /* takes strided tensor arguments */
#define ORTP_DEVICE_COMPILE_ONLY       0x0004u /* a target for compile and save: it can't be opened for runs */
#define ORTP_DEVICE_WAIT_BEFORE_SIGNAL 0x0008u /* may be handed waits on points whose work is not yet submitted */
#define ORTP_DEVICE_INTEGRATED         0x0010u /* shares memory with the host */

/* Kinds of memory that a device can allocate, as flags of a space. */
#define ORTP_SPACE_DEVICE       0x0001u
#define ORTP_SPACE_HOST_VISIBLE 0x0002u /* map works */
#define ORTP_SPACE_HOST_CACHED  0x0004u
#define ORTP_SPACE_STAGING      0x0008u /* copies to and from the device are fastest from here */

typedef struct ortp_space_info {
    uint32_t size, flags;
    ort_string_view name;
    uint64_t size_bytes;       /* 0: not known */
    uint64_t align_bytes;      /* what every allocation is aligned to, and offsets of arguments must be */
    uint64_t max_buffer_bytes; /* 0: no bound of its own */
} ortp_space_info;
#define ORTP_SPACE_INFO_SIZE_0_0 48u

/* Stable facts. `id` is mandatory and the same in every process and boot for the same piece of hardware (UUID, PCI
 * address, serial), because positions are not. */
typedef struct ortp_device_info {
    uint32_t size, kind, flags, numa_node; /* numa_node: ORTP_NONE when it has none */
    ort_string_view id, name, vendor, driver_version;
    ort_string_view pci_address; /* "0000:3b:00.0", or empty */
    uint8_t uuid[16];            /* zero: none */
    uint64_t dtypes;             /* element types that it computes in, ORT_DTYPE_BIT */
    uint32_t space_count, space_stride;
    const ortp_space_info *spaces; /* the first is the default */
    uint32_t dlpack_type, dlpack_id;
    double flops_per_ns,
        bytes_per_ns; /* float32 rate and memory bandwidth as the plugin estimates them; 0: not known */
    double launch_ns; /* the cost of starting one piece of work */
} ortp_device_info;
#define ORTP_DEVICE_INFO_SIZE_0_0 168u

/* What changes while it runs; NaN or 0 where not known. */
typedef struct ortp_device_live {
    uint32_t size, is_lost;
    uint64_t free_bytes, total_bytes;
    double temperature_celsius, clock_mhz, load;
} ortp_device_live;
#define ORTP_DEVICE_LIVE_SIZE_0_0 48u

#ifdef __cplusplus
}
#endif

#endif
