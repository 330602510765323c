/* L2: the level's list. */
#include "bare/bare.h"

ortc_checks ortc_bare_device_checks(void) {
    static ortc_check all[ORTC_LEVEL_CHECKS_MAX];
    const ortc_part parts[] = {{ortc_claim_checks, ortc_claim_check_count},
                               {ortc_program_checks, ortc_program_check_count}};
    return ortc_checks_join(all, parts, ORTC_COUNT(parts));
}
