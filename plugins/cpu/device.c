#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text behind "key : " on the first line of a /proc file that begins with it. */
static bool proc_find(const char *path, const char *key, char *out, size_t capacity) {
    char line[512];
    bool found = false;
    FILE *file = fopen(path, "re");
    if (!file) return false;
    while (!found && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) != 0) continue;
        const char *text = strchr(line, ':');
        if (!text) continue;
        text += 1 + strspn(text + 1, " \t");
        snprintf(out, capacity, "%.*s", (int)strcspn(text, "\n"), text);
        found = true;
    }
    fclose(file);
    return found;
}

static uint64_t memory_bytes(const char *key) {
    char text[64];
    if (!proc_find("/proc/meminfo", key, text, sizeof text)) return 0;
    return strtoull(text, NULL, 10) * 1024;
}

uint64_t ortcpu_device_free_bytes(void) {
    return memory_bytes("MemAvailable");
}

void ortcpu_device_read(ortcpu_isa isa, uint32_t thread_count, ortcpu_device *out) {
    static const double per_cycle[] = {[ORTCPU_ISA_BASELINE] = 8, [ORTCPU_ISA_AVX2] = 32, [ORTCPU_ISA_AVX512] = 64};
    char text[64];
    double clock_ghz = 2.5;
    memset(out, 0, sizeof *out);
    if (!proc_find("/proc/cpuinfo", "model name", out->name, sizeof out->name))
        snprintf(out->name, sizeof out->name, "CPU");
    (void)proc_find("/proc/cpuinfo", "vendor_id", out->vendor, sizeof out->vendor);
    if (proc_find("/proc/cpuinfo", "cpu MHz", text, sizeof text) && atof(text) > 100) clock_ghz = atof(text) / 1000;
    snprintf(out->version, sizeof out->version, "%s", ortcpu_isa_name(isa));
    out->memory_bytes = memory_bytes("MemTotal");
    out->flops_per_ns = clock_ghz * per_cycle[isa] * (thread_count ? thread_count : 1);
}

static ort_string_view view_of(const char *text) {
    return (ort_string_view){text, strlen(text)};
}

void ortcpu_device_describe(const ortcpu_device *device, ortp_device_info *out) {
    static const ortp_space_info spaces[] = {{
        .size = sizeof(ortp_space_info),
        .flags = ORTP_SPACE_DEVICE | ORTP_SPACE_HOST_VISIBLE | ORTP_SPACE_HOST_CACHED | ORTP_SPACE_STAGING,
        .name = ORTK_VIEW_LIT("host"),
        .align_bytes = 64,
    }};
    out->kind = ORTP_DEVICE_KIND_CPU;
    out->flags = ORTP_DEVICE_HOST_ADDRESSABLE | ORTP_DEVICE_INTEGRATED;
    out->numa_node = ORTP_NONE;
    out->id = view_of("cpu"); /* one device for all packages: lanes choose among them */
    out->name = view_of(device->name);
    out->vendor = view_of(device->vendor);
    out->driver_version = view_of(device->version);
    out->pci_address = view_of("");
    out->dtypes = ORT_DTYPE_BIT(ORT_DTYPE_F32) | ORT_DTYPE_BIT(ORT_DTYPE_F64) | ORT_DTYPE_BIT(ORT_DTYPE_I8) |
                  ORT_DTYPE_BIT(ORT_DTYPE_U8) | ORT_DTYPE_BIT(ORT_DTYPE_I16) | ORT_DTYPE_BIT(ORT_DTYPE_U16) |
                  ORT_DTYPE_BIT(ORT_DTYPE_I32) | ORT_DTYPE_BIT(ORT_DTYPE_U32) | ORT_DTYPE_BIT(ORT_DTYPE_I64) |
                  ORT_DTYPE_BIT(ORT_DTYPE_U64) | ORT_DTYPE_BIT(ORT_DTYPE_BOOL);
    out->space_count = 1;
    out->space_stride = sizeof spaces[0];
    out->spaces = spaces;
    out->dlpack_type = 1; /* kDLCPU */
    out->flops_per_ns = device->flops_per_ns;
    out->bytes_per_ns = 10;
    out->launch_ns = 100;
}
