/* Loses a Relu when another node runs before it in the same program. */
#include "wrong.h"

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    static const ort_string_view relu = {"Relu", 4}, identity = {"Identity", 8};
    ort_status *status = async_program_table.compile(instance, args, out);
    for (uint32_t i = 1; !status && i < (*out)->step_count; i++)
        if ((*out)->steps[i].op == async_operator_find(relu)) (*out)->steps[i].op = async_operator_find(identity);
    return status;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.compile = compile;
}
