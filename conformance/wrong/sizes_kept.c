/* Keeps the sizes of a program's first plan for all later ones of the same rank. */
#include "wrong.h"

static ort_status *prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    static ortp_program *first;
    static async_walk walk;
    ort_status *status = async_program_table.prepare(program, args, out);
    if (status || !program->step_count) return status;
    if (first != program) {
        first = program;
        walk = (*out)->walks[0];
    } else if (walk.rank == (*out)->walks[0].rank) {
        for (uint32_t i = 0; i < walk.rank; i++) /* never more than there is room for */
            if (walk.dims[i] < (*out)->walks[0].dims[i]) (*out)->walks[0].dims[i] = walk.dims[i];
    }
    return NULL;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.prepare = prepare;
}
