/* A plan says that it holds for every size, and holds for the one that it was made for. */
#include "wrong.h"

static void describe(const ortp_plan *plan, ortp_plan_info *out) {
    static const ortp_symbol_range all = {.symbol = 0, .min = 0, .opt = 1, .max = INT64_MAX};
    async_program_table.plan_describe(plan, out);
    out->ranges = &all;
    out->range_count = 1;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.plan_describe = describe;
}
