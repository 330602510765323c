/* ort/plugin/options.h: the schema of a plugin's options, as data. The host checks types, ranges and names against it
 * before the plugin sees a value: an unknown key is an error that names the nearest one. */
#ifndef ORT_PLUGIN_OPTIONS_H
#define ORT_PLUGIN_OPTIONS_H

#include "ort/plugin/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ORTP_OPTION_SCOPE_INSTANCE 0u /* given when an instance is opened */
#define ORTP_OPTION_SCOPE_COMPILE  1u /* may differ between sessions that share an instance */

typedef struct ortp_option {
    uint32_t size, kind; /* kind: ORTP_SETTING_* */
    uint32_t scope, flags;
    ort_string_view name, summary;
    ort_string_view default_text;   /* of any kind, as it would be written in a configuration */
    double minimum, maximum;        /* of numbers; both 0: no bound */
    const ort_string_view *choices; /* of strings; NULL: any */
    uint64_t choice_count;
} ortp_option;
#define ORTP_OPTION_SIZE_0_0 96u

typedef struct ortp_option_schema {
    uint32_t size, stride; /* stride: bytes from one option to the next */
    const ortp_option *options;
    uint64_t option_count;
} ortp_option_schema;
#define ORTP_OPTION_SCHEMA_SIZE_0_0 24u

#ifdef __cplusplus
}
#endif

#endif
