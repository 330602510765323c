/* Leaves another rounding mode on the caller's thread. */
#include "wrong.h"

#include <fenv.h>

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    fesetround(FE_TOWARDZERO);
    return async_run(binding, args);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.run = run;
}
