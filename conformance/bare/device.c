/* L2, and of L5 what needs no core: the lists of this room's files. */
#include "bare/bare.h"

ortc_checks ortc_bare_device_checks(void) {
    static ortc_check all[ORTC_LEVEL_CHECKS_MAX];
    const ortc_part parts[] = {{ortc_memory_checks, ortc_memory_check_count},
                               {ortc_queue_checks, ortc_queue_check_count},
                               {ortc_point_checks, ortc_point_check_count},
                               {ortc_order_checks, ortc_order_check_count},
                               {ortc_claim_checks, ortc_claim_check_count},
                               {ortc_program_checks, ortc_program_check_count},
                               {ortc_fault_input_checks, ortc_fault_input_check_count}};
    return ortc_checks_join(all, parts, ORTC_COUNT(parts));
}
