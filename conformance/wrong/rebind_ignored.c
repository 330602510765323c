/* Keeps the old addresses when it is bound again. */
#include "wrong.h"

static ort_status *rebind(ortp_binding *binding, const ortp_bind_args *args) {
    (void)binding, (void)args;
    return NULL;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.rebind = rebind;
}
