/* A plan says that an output lies in an input's buffer, which nobody asked for. */
#include "wrong.h"

static void describe(const ortp_plan *plan, ortp_plan_info *out) {
    static const uint8_t shared[64] = {ORTP_SHARED_INPLACE};
    async_program_table.plan_describe(plan, out);
    if (plan->program->output_count <= sizeof shared) out->shared = shared;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.plan_describe = describe;
}
