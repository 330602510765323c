/* Takes nodes, compiles them, and refuses each run. */
#include "wrong.h"

static const ortp_host *host; /* of the only plugin */

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    host = instance->host;
    return async_program_table.compile(instance, args, out);
}

static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    (void)binding, (void)args;
    return async_fail(host, ORT_CODE_PLUGIN, "no run today");
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.compile = compile;
    ortc_wrong.program.run = run;
}
