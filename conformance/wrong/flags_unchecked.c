/* Opens with flags and extensions that it had to refuse. */
#include "wrong.h"

static ort_status *open_any(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    ortp_open_args plain = *args;
    plain.flags = 0;
    plain.next = NULL;
    return async_plugin_table.open(plugin, &plain, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.open = open_any;
}
