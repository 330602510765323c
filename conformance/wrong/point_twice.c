/* on_settled calls back twice. */
#include "wrong.h"

typedef struct twice {
    ortp_settled_fn fn;
    void *user;
} twice;

static void call_twice(void *user, const ort_status *status) {
    const twice *both = user;
    both->fn(both->user, status);
    both->fn(both->user, status);
}

static ort_status *on_settled(ortp_point point, ortp_settled_fn fn, void *user) {
    static twice ring[64];
    static unsigned next;
    twice *both = &ring[next++ % 64];
    *both = (twice){fn, user};
    return async_on_settled(point, call_twice, both);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.on_settled = on_settled;
}
