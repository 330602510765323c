/* Leaves denormals flushed on the caller's thread. */
#include "wrong.h"

#include <xmmintrin.h>

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    _mm_setcsr(_mm_getcsr() | 0x8040u);
    return async_run(binding, args);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.run = run;
}
