/* Takes nodes, and says when they are compiled that they are not supported. */
#include "wrong.h"

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    (void)args;
    *out = NULL;
    return async_fail(instance->host, ORT_CODE_UNSUPPORTED, "not today");
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.compile = compile;
}
