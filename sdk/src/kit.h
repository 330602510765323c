/* sdk/src/kit.h: what the kit's files share: current host, arenas, and the objects behind the border's handles. */
#ifndef ORTK_SRC_KIT_H
#define ORTK_SRC_KIT_H

#include "ort/sdk/attr.h"
#include "ort/sdk/broadcast.h"
#include "ort/sdk/provider.h"

#include <stdatomic.h>

#define ORTK_ALIGN       64u
#define ORTK_COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define ORTK_TRY(expr)                                                                                                 \
    do {                                                                                                               \
        ort_status *try_status = (expr);                                                                               \
        if (try_status) return try_status;                                                                             \
    } while (0)
#define ORTK_TRY_TO(label, expr)                                                                                       \
    do {                                                                                                               \
        status = (expr);                                                                                               \
        if (status) goto label;                                                                                        \
    } while (0)

/* ---- the current host: whom ortk_fail speaks to on this thread (ortk_host_enter) ---- */
void ortk_status_drop(const ortp_host *host, ort_status *status); /* NULL: nothing */

/* ---- memory: everything of one object lives in its arena ---- */
typedef struct ortk_chunk ortk_chunk;
typedef struct ortk_arena {
    const ortp_host *host;
    ortk_chunk *chunks;
    unsigned char *at, *end;
} ortk_arena;
void ortk_arena_init(ortk_arena *arena, const ortp_host *host);
void ortk_arena_finish(ortk_arena *arena);
void *ortk_arena_alloc(ortk_arena *arena, size_t size_bytes);               /* zeroed, 64-byte aligned; NULL: none */
void *ortk_arena_take(ortk_arena *arena, size_t size_bytes);                /* the same, not zeroed */
void *ortk_arena_array(ortk_arena *arena, size_t count, size_t item_bytes); /* zeroed; never NULL for 0 items */
char *ortk_arena_text(ortk_arena *arena, ort_string_view text);             /* terminated copy */

/* ---- plugin and instance ---- */
typedef struct ortk_kernel_entry {
    const ortk_kernel *kernel;
    uint32_t next; /* of the same hash, in order of adding; ORTP_NONE: last */
} ortk_kernel_entry;
#define ORTK_KERNEL_BUCKETS 256u
struct ortk_kernels {
    ortk_arena arena;
    ortk_kernel_entry *entries;
    uint32_t count, capacity;
    uint32_t first[ORTK_KERNEL_BUCKETS], last[ORTK_KERNEL_BUCKETS];
};
/* The first kernel added for an operator name, then the following; ORTP_NONE: none. */
uint32_t ortk_kernels_first(const ortk_kernels *all, ort_string_view op);

struct ortp_plugin {
    const ortk_provider *provider;
    const ortp_plugin_table *table;
    const ortp_host *host;
    void *context;
    ortk_kernels kernels;
};

typedef struct ortk_claim ortk_claim; /* an open token: claim.c */
struct ortp_instance {
    ortp_plugin *plugin;
    const ortp_host *host;
    ortk_settings settings;
    double flops_per_ns, bytes_per_ns, launch_ns;
    ort_string_view device_id; /* borrow: plugin */
    atomic_flag lock;          /* over `claims`, for a few instructions */
    ortk_claim *claims;
    atomic_uint_fast64_t next_token;
    atomic_uint_fast64_t live_bytes, peak_bytes, live_count;
};

struct ortk_claim {
    ortk_arena arena;
    ortk_claim *next;
    uint64_t token, epoch;
    uint32_t node_count;
    const uint32_t *nodes;             /* in the view's order */
    const ortk_kernel *const *kernels; /* what takes each */
    uint32_t precision;                /* ORTP_PRECISION_* */
};
/* The token's claim, which the caller then owns; NULL: no such token. */
ortk_claim *ortk_claim_take(ortp_instance *instance, uint64_t token);
void ortk_claim_destroy(ortk_claim *claim);

/* A known value as a kernel that only hands it on: for nodes that the host evaluates. */
extern const ortk_kernel ortk_kernel_known;

/* ---- memory and queues of the host's kind ---- */
struct ortp_buffer {
    unsigned char *data; /* NULL: the host can't address it */
    uint64_t size_bytes;
    uint32_t is_foreign;
    struct ortk_memory *memory; /* of a device of its own */
};
static inline bool ortk_arg_is_bound(const ortp_tensor_arg *arg) {
    return arg->host || arg->buffer;
}
void ortk_count_in(ortp_instance *instance, uint64_t size_bytes); /* for memory_stats */
void ortk_count_out(ortp_instance *instance, uint64_t size_bytes);
/* Frees a buffer once `after` has settled. */
typedef void (*ortk_buffer_free_fn)(ortp_instance *instance, ortp_buffer *buffer);
void ortk_release_after(ortp_instance *instance, ortp_buffer *buffer, ortp_point after,
                        ortk_buffer_free_fn free_buffer);

/* ---- a node, as claim and compile see it ---- */
typedef struct ortk_constants ortk_constants;
struct ortk_node {
    const ortp_host *host;
    const ortp_view *view;
    uint32_t id;
    ortp_node_info info;
    const uint32_t *inputs, *outputs; /* the graph's value ids; at compile as fusion left them */
    uint32_t input_count, output_count;
    const ortk_fused *fused;
    ortk_constants *constants;
    uint32_t decline_code;
    char decline_text[192];
    char name[160], op[64];
};
ort_status *ortk_node_init(ortk_node *node, const ortp_host *host, const ortp_view *view, uint32_t id,
                           ortk_constants *constants);
ort_status *ortk_view_value(const ortp_host *host, const ortp_view *view, uint32_t value, ortp_value_info *out);

/* Constants kept readable; each asked of the store once. */
typedef struct ortk_constant_entry {
    uint32_t value;
    ortp_constant constant; /* dims: own copy */
    const void *retained;   /* what the store gave */
    const void *data;       /* the same, or an aligned copy */
    bool is_aligned;        /* or nobody has asked for it yet */
    struct ortk_constant_entry *next;
} ortk_constant_entry;
struct ortk_constants {
    ortk_arena *arena;
    const ortp_host *host;
    ortk_constant_entry *buckets[64];
};
ort_status *ortk_constants_get(ortk_constants *all, const ortp_view *view, uint32_t value,
                               const ortk_constant_entry **out);
/* The same for who reads bytes: at any address. */
ort_status *ortk_constants_get_bytes(ortk_constants *all, const ortp_view *view, uint32_t value,
                                     const ortk_constant_entry **out);
void ortk_constants_release(ortk_constants *all);
int64_t ortk_constant_count(const ortp_constant *constant);

#endif
