/* Leaves a file open. */
#include "wrong.h"

#include <fcntl.h>

static ort_status *open_file(ortp_plugin *plugin, const ortp_open_args *args, ortp_instance **out) {
    int left = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)left;
    return async_plugin_table.open(plugin, args, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.open = open_file;
}
