/* ort/sdk/device.h: what a chip with memory and queues of its own has to offer, so that the device kit makes a provider
 * of it. Start at: ortk_driver, ortk_device_open().  Why each function is as it is: docs/device-kit.md.
 *
 * A vendor writes the functions of one ortk_driver, takes ortk_device_kernels() (and puts own kernels before them), and
 * exports the plugin with ORTK_DEVICE_ENTRY. The kit then supplies claim, compile, memory plan, recording, staging,
 * queues and timelines of the border.
 *
 * Everything here is called by the kit alone. Statuses are made with ortk_fail(); what fails names the thing.
 * Threads: any, unless said; objects of one device may be used from several threads at once. */
#ifndef ORT_SDK_DEVICE_H
#define ORT_SDK_DEVICE_H

#include "ort/sdk/provider.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- kernels ---- */

/* A kernel of the kit with its macros fixed. */
typedef struct ortk_variant {
    const char *name;   /* "unary_Relu_f32" */
    const char *kernel; /* kernels/KERNEL.okl */
    const char *macros; /* what the compiler is told: "-DGROUP_X=64 ..." */
    uint32_t group_x, group_y;
    uint32_t input_count, output_count; /* buffers: inputs, then outputs */
} ortk_variant;
uint32_t ortk_variant_count(void);
const ortk_variant *ortk_variant_at(uint32_t index); /* NULL: none */
uint32_t ortk_variant_find(const char *name);        /* index; UINT32_MAX: none */

/* ---- a vendor's objects ---- */
typedef struct ortk_device ortk_device;     /* an opened device */
typedef struct ortk_memory ortk_memory;     /* one allocation */
typedef struct ortk_image ortk_image;       /* a kernel, loaded */
typedef struct ortk_sequence ortk_sequence; /* recorded commands */
typedef struct ortk_stream ortk_stream;     /* a queue of the hardware, with a counter that says how far it came */

#define ORTK_MEMORY_DEVICE  0u /* fast for kernels; the host can't touch it */
#define ORTK_MEMORY_STAGING 1u /* the host can map it; copies to and from the device start and end here */

#define ORTK_PARAMS_BYTES_MAX 128u
#define ORTK_OPERANDS_MAX     8u
#define ORTK_GROUPS_MAX       65535u /* of one axis: what every API grants */

#define ORTK_FEATURE_F16_STORAGE 0x1u
#define ORTK_FEATURE_I8_STORAGE  0x2u
#define ORTK_FEATURE_I64         0x4u
typedef struct ortk_limits {
    uint32_t features, subgroup_size; /* subgroup_size 0: not known */
    uint32_t group_items_max, shared_bytes_max;
    uint64_t align_bytes;      /* of offsets into memory that kernels are given; a power of two */
    uint64_t memory_bytes_max; /* of one allocation; 0: no bound of its own */
    uint64_t hang_ns;          /* work that the caller gave up and that has not ended after this long hangs */
} ortk_limits;

/* A buffer of a launch or copy. */
typedef struct ortk_operand {
    ortk_memory *memory;
    uint64_t offset_bytes, size_bytes;
} ortk_operand;

/* Labels are borrowed for the sequence's life; they name the operation in errors and traces. */
typedef struct ortk_driver {
    /* What it can do. */
    void (*describe)(const ortk_device *device, ortk_limits *out);

    /* errors: OUT_OF_MEMORY. blocking: no. */
    ort_status *(*memory_create)(ortk_device *device, uint32_t kind, uint64_t size_bytes, ortk_memory **out);
    /* The work that used it has settled. NULL: nothing. */
    void (*memory_destroy)(ortk_memory *memory);
    /* STAGING: its address on the host, good until destroy, coherent, aligned to 4096. DEVICE: NULL. */
    void *(*memory_address)(ortk_memory *memory);

    /* Loads the image of a variant; UNSUPPORTED when there is none for this target. */
    ort_status *(*image_create)(ortk_device *device, uint32_t variant, ortk_image **out);
    void (*image_destroy)(ortk_image *image);

    /* Recording: commands run in their order only across barriers. A sealed sequence is submitted any number of times,
     * one submission in flight. threads: one per sequence. */
    ort_status *(*sequence_create)(ortk_device *device, ortk_sequence **out);
    ort_status *(*launch)(ortk_sequence *sequence, ortk_image *image, const uint32_t groups[3], const void *params,
                          uint32_t params_bytes, const ortk_operand *operands, uint32_t operand_count,
                          const char *label);
    ort_status *(*copy)(ortk_sequence *sequence, const ortk_operand *from, const ortk_operand *to, const char *label);
    ort_status *(*barrier)(ortk_sequence *sequence);
    ort_status *(*seal)(ortk_sequence *sequence);
    void (*sequence_destroy)(ortk_sequence *sequence); /* settled; NULL: nothing */

    /* is_copy: beside the compute queues, where the hardware has such an engine. */
    ort_status *(*stream_create)(ortk_device *device, bool is_copy, ortk_stream **out);
    void (*stream_destroy)(ortk_stream *stream); /* its work has settled; NULL: nothing */
    /* Work of one stream starts in order. It sees all that was written by work, of any stream, whose end `wait` has
     * told, and by the host before this call; the host sees what it wrote once `wait` tells its end. *out_value: what
     * the counter reaches, in any way, when it has ended; values rise by one. A failure here means that nothing was
     * queued. blocking: no. */
    ort_status *(*submit)(ortk_stream *stream, ortk_sequence *sequence, uint64_t *out_value);
    /* NULL: the work of `value` has ended well. DEADLINE: not yet. Else why it failed: that work alone, or DEVICE_LOST.
     * timeout_ns 0 polls. blocking: until deadline. */
    ort_status *(*wait)(ortk_stream *stream, uint64_t value, uint64_t timeout_ns);
    /* When the work of `value` began and ended on the host's clock; false: not measured. */
    bool (*measure)(ortk_stream *stream, uint64_t value, uint64_t *out_begin_ns, uint64_t *out_end_ns);

    /* Gives the device up: all work in flight ends with DEVICE_LOST, what hangs included, and so does all that follows.
     * The way back is to open it again. Must not wait for what hangs: where the API can't end it, waits return, and
     * memory that it may still touch is kept. */
    void (*lose)(ortk_device *device, const char *why);
} ortk_driver;

/* ---- the provider ---- */

/* For ortk_provider.open and close. `device` is the vendor's, given to ortk_driver; the vendor destroys it after
 * ortk_device_close(). errors: OUT_OF_MEMORY. */
ort_status *ortk_device_open(const ortp_host *host, const ortk_driver *driver, ortk_device *device, ortk_settings *out);
/* Returns the vendor's device; NULL when nothing was opened. */
ortk_device *ortk_device_close(const ortp_host *host, ortk_settings *settings);
/* For ortk_provider.kernels: everything that the kit's kernels compute. */
ort_status *ortk_device_kernels(ortk_kernels *all);

extern const ortp_memory_table ortk_device_memory;
extern const ortp_queue_table ortk_device_queue;
extern const ortp_program_table ortk_device_program;

#define ORTK_DEVICE_ENTRY(NAME, provider_, id_text, version_text, schema)                                              \
    ORTK_PROVIDER_ENTRY_TABLES(NAME, provider_, id_text, version_text, schema, &ortk_device_memory,                    \
                               &ortk_device_queue, ortk_claim_table, ortk_device_program)

#ifdef __cplusplus
}
#endif

#endif
