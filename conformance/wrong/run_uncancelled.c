/* Takes no notice of a caller who has given up. */
#include "wrong.h"

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    ortp_run_args stubborn = *args;
    stubborn.cancel = NULL;
    stubborn.deadline_ns = 0;
    return async_run(binding, &stubborn);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.run = run;
}
