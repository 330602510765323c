/* sdk/sim/sim.h: a device that exists only as threads and memory of this process, and that watches what is done to it.
 * Start at: ortk_sim_driver (driver.c).  Its memory is PROT_NONE except while its own work runs; its streams are
 * threads with counters; faults come when the options say so. Threads: any; one mutex a device guards everything in it.
 */
#ifndef ORTK_SIM_H
#define ORTK_SIM_H

#include "host/host.h"
#include "ort/sdk/device.h"
#include "src/unit.h"

#include <string.h>

#define SIM_GRANULE_BYTES 16u  /* what is remembered as written or not */
#define SIM_ALIGN_BYTES   256u /* of offsets that kernels are given, as Vulkan may ask */
#define SIM_TIMES         64u
#define SIM_SPARES        8u

/* What goes wrong, and when: the n-th time, counted from 1; 0: never. */
typedef struct sim_faults {
    int64_t seed, delay_us, copy_ns_per_kib, memory_bytes;
    int64_t out_of_memory_at, fail_at, lose_at, wrong_at, hang_at;
    bool is_random; /* fail_at, wrong_at and out_of_memory_at are then "once in n", drawn from the seed */
} sim_faults;

struct ortk_memory {
    ortk_device *device;
    ortk_memory *next;
    uint32_t id, kind, open_count, use_count; /* uses: operands of sequences, sealed or not */
    uint64_t size_bytes, mapped_bytes;
    unsigned char *bytes; /* NULL: released; the record stays while a sequence has it, so that a late touch is told */
    unsigned char *written;
    bool is_released;
};

struct ortk_image {
    ortk_device *device;
    const ortk_host_image *host;
    const ortk_variant *variant;
};

typedef struct sim_command {
    const ortk_image *image; /* NULL: a copy of operands[0] to operands[1] */
    uint32_t groups[3], operand_count;
    unsigned char params[ORTK_PARAMS_BYTES_MAX];
    ortk_operand operands[ORTK_OPERANDS_MAX];
    uint32_t epoch; /* barriers before it */
    const char *label;
} sim_command;

struct ortk_sequence {
    ortk_device *device;
    sim_command *commands;
    uint32_t count, capacity, barrier_count;
    bool is_sealed;
};

typedef struct sim_work {
    struct sim_work *next;
    ortk_sequence *sequence;
    uint64_t value;
    ort_status *failure; /* known before it runs, or found while it ran */
} sim_work;

struct ortk_stream {
    ortk_device *device;
    ortk_stream *next;
    pthread_t thread;
    sim_work *first, **end; /* not ended, in order; the first one may be running */
    sim_work *failed;       /* ended badly, not yet asked for */
    sim_work *spare;        /* so that submitting asks for no memory */
    uint64_t submitted, ended;
    uint64_t begin_ns[SIM_TIMES], end_ns[SIM_TIMES]; /* by value */
    bool is_stopped, has_thread;
};

struct ortk_device {
    const ortp_host *host;
    sim_faults faults;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    ortk_memory *memories;
    ortk_stream *streams;
    uint64_t live_bytes, random;
    uint32_t memory_count;
    int64_t allocations, works;
    bool is_lost;
    char lost_why[128];
};

extern const ortk_driver ortk_sim_driver;
ort_status *ortk_sim_device_create(const ortp_host *host, const sim_faults *faults, ortk_device **out);
void ortk_sim_device_destroy(ortk_device *device);

/* All below: with the device's mutex held. */
/* Whether a fault of kind `at` comes the `count`-th time. */
bool ortk_sim_fault_due(ortk_device *device, int64_t at, int64_t count);
ort_status *ortk_sim_lost_status(const ortk_device *device);
void ortk_sim_device_lose(ortk_device *device, const char *why);

/* memory.c */
ort_status *ortk_sim_memory_create(ortk_device *device, uint32_t kind, uint64_t size_bytes, ortk_memory **out);
void ortk_sim_memory_destroy(ortk_memory *memory);
void *ortk_sim_memory_address(ortk_memory *memory);
void ortk_sim_memory_free(ortk_memory *memory); /* the record too */
void ortk_sim_memory_use(ortk_memory *memory);
void ortk_sim_memory_unuse(ortk_memory *memory);
ort_status *ortk_sim_sequence_open(
    ortk_sequence *sequence); /* makes its memory readable and writable; or says what is wrong */
void ortk_sim_sequence_close(ortk_sequence *sequence);
/* Were these bytes ever written? */
ort_status *ortk_sim_operand_check(const sim_command *command, const ortk_operand *operand);
void ortk_sim_operand_written(const ortk_operand *operand);

/* sequence.c */
ort_status *ortk_sim_sequence_create(ortk_device *device, ortk_sequence **out);
void ortk_sim_sequence_destroy(ortk_sequence *sequence);
ort_status *ortk_sim_launch(ortk_sequence *sequence, ortk_image *image, const uint32_t groups[3], const void *params,
                            uint32_t params_bytes, const ortk_operand *operands, uint32_t operand_count,
                            const char *label);
ort_status *ortk_sim_copy(ortk_sequence *sequence, const ortk_operand *from, const ortk_operand *to, const char *label);
ort_status *ortk_sim_barrier(ortk_sequence *sequence);
ort_status *ortk_sim_seal(ortk_sequence *sequence);
bool ortk_sim_is_written(const sim_command *command, uint32_t operand);
/* The first conflict between two sequences that nothing orders; NULL: none. */
ort_status *ortk_sim_conflict(const ortk_sequence *first, const ortk_sequence *second);

/* stream.c */
ort_status *ortk_sim_stream_create(ortk_device *device, bool is_copy, ortk_stream **out);
void ortk_sim_stream_destroy(ortk_stream *stream);
ort_status *ortk_sim_submit(ortk_stream *stream, ortk_sequence *sequence, uint64_t *out_value);
ort_status *ortk_sim_wait(ortk_stream *stream, uint64_t value, uint64_t timeout_ns);
bool ortk_sim_measure(ortk_stream *stream, uint64_t value, uint64_t *out_begin_ns, uint64_t *out_end_ns);

static inline void *ortk_sim_alloc(const ortk_device *device, size_t size_bytes) {
    void *memory = device->host->core->alloc(device->host->context, size_bytes ? size_bytes : 1, ORTK_ALIGN);
    return memory ? memset(memory, 0, size_bytes) : NULL;
}
static inline void ortk_sim_release(const ortk_device *device, void *memory) {
    if (memory) device->host->core->release(device->host->context, memory);
}

#endif
