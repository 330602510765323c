/* The plugin's table is shorter than the first version's. */
#include "wrong.h"

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.size = ORTP_PLUGIN_TABLE_SIZE_0_0 - 16;
}
