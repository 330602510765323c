/* Asks for half of the workspace that it uses. */
#include "wrong.h"

static void describe(const ortp_plan *plan, ortp_plan_info *out) {
    async_program_table.plan_describe(plan, out);
    out->workspace_bytes = plan->workspace_bytes / 2;
}

static ort_status *bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    ortp_bind_args more = *args;
    if (more.workspace.size_bytes) more.workspace.size_bytes = plan->workspace_bytes;
    return async_bind(plan, &more, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.plan_describe = describe;
    ortc_wrong.program.bind = bind;
}
