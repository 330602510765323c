/* Does not return from a run. */
#include "wrong.h"

#include <unistd.h>

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    (void)binding, (void)args;
    while (pause()) continue;
    return NULL;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.run = run;
}
