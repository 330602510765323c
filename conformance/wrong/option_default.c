/* An option's default lies outside its own range. */
#include "wrong.h"

static const ortp_option option = {.size = sizeof option,
                                   .kind = ORTP_SETTING_INT,
                                   .name = {"depth", 5},
                                   .summary = {"how deep", 8},
                                   .default_text = {"9", 1},
                                   .minimum = 1,
                                   .maximum = 4};
static const ortp_option_schema schema = {sizeof schema, sizeof option, &option, 1};

void ortc_wrong_spoil(void) {
    ortc_wrong.plugin.options = &schema;
}
