/* A run asks the host for memory. */
#include "wrong.h"

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    const ortp_host *host = ((async_job *)binding)->host;
    async_free(host, async_alloc(host, 256));
    return async_run(binding, args);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.run = run;
}
