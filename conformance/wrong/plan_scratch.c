/* All bindings of a plan keep what lies between in one place. */
#include "wrong.h"

#include <time.h>

static ort_status *bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    static _Alignas(64) unsigned char shared[1 << 20];
    static ortp_buffer place = {.bytes = shared, .size_bytes = sizeof shared};
    ortp_bind_args same = *args;
    if (plan->workspace_bytes && plan->workspace_bytes <= sizeof shared) {
        same.workspace.buffer = &place;
        same.workspace.offset_bytes = 0;
    }
    return async_bind(plan, &same, out);
}

void __real_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out);
void __wrap_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out);

/* Slow enough for another run to come between two steps. */
void __wrap_async_compute(const async_operator *op, ort_dtype dtype, const async_walk *walk, const void *const *in,
                          void *out) {
    __real_async_compute(op, dtype, walk, in, out);
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.bind = bind;
}
