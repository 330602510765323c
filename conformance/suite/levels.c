/* Which rooms judge which levels. */
#include "graphs/graphs.h"
#include "suite/program.h"

ortc_levels ortc_levels_built(void) {
    return (ortc_levels){
        .tables = {ortc_bare_load_checks(), ortc_bare_lifetime_checks(), ortc_bare_device_checks(), ortc_fault_checks(),
                   ortc_speed_checks(), ortc_graph_checks()},
        .table_count = 6,
        .run_folder = ortc_case_run,
        .run_graph = ortc_graph_run,
        .fits = ortc_subject_fits,
        .look = ortc_process_look,
        .compare = ortc_process_compare,
        .finish = ortc_case_finish,
    };
}
