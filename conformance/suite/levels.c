/* Which rooms are in this program. CMake says ORTC_HAVE_ROOM for each that is built. */
#include "suite/program.h"
#ifdef ORTC_HAVE_GRAPHS
#include "graphs/graphs.h"
#endif

static void add(ortc_levels *levels, uint32_t level, ortc_checks table) {
    levels->tables[levels->table_count++] = table;
    levels->built |= 1u << level;
    for (uint32_t i = 0; i < table.count; i++) levels->built |= 1u << table.items[i].level;
}

ortc_levels ortc_levels_built(void) {
    ortc_levels levels = {0};
#ifdef ORTC_HAVE_BARE
    add(&levels, 0, ortc_bare_load_checks());
    add(&levels, 1, ortc_bare_lifetime_checks());
    add(&levels, 2, ortc_bare_device_checks());
    levels.look = ortc_process_look;
    levels.compare = ortc_process_compare;
#endif
#ifdef ORTC_HAVE_CASES
    levels.run_folder = ortc_case_run;
    levels.finish = ortc_case_finish;
    levels.built |= 1u << 3 | 1u << 4;
#endif
#ifdef ORTC_HAVE_GRAPHS
    levels.run_graph = ortc_graph_run;
    add(&levels, 5, ortc_fault_checks());
    add(&levels, 6, ortc_speed_checks());
#endif
    (void)add;
    return levels;
}
