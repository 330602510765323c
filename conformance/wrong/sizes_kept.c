/* Keeps the sizes of a program's first plan for all later ones of the same rank. */
#include "wrong.h"

static ortp_program *latest; /* of the programs compiled; the others are right */
static bool has_walk;

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    ort_status *status = async_program_table.compile(instance, args, out);
    latest = *out;
    has_walk = false;
    return status;
}

static ort_status *prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    static async_walk walk;
    ort_status *status = async_program_table.prepare(program, args, out);
    if (status || !program->step_count || program != latest) return status;
    async_walk *own = &(*out)->walks[0];
    for (uint32_t i = 0; has_walk && walk.rank == own->rank && i < own->rank; i++)
        if (walk.dims[i] < own->dims[i]) own->dims[i] = walk.dims[i]; /* never more than there is room for */
    if (!has_walk) walk = *own;
    has_walk = true;
    return NULL;
}

void ortc_wrong_spoil(void) {
    ortc_wrong.program.compile = compile;
    ortc_wrong.program.prepare = prepare;
}
