/* Operators whose result is their input's bytes under another shape: the kit makes views of them and runs nothing. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"

#define VIEW(NAME, SINCE, KNOWN)                                                                                       \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET,                        \
        .types = ORTCPU_TYPES_MOVED, .mode = ORTK_MODE_ROWS, .flags = ORTK_KERNEL_RESHAPES | (KNOWN)                   \
    }
static const ortk_kernel kernels[] = {
    VIEW("Reshape", 5, 0),    VIEW("Flatten", 1, 0),  VIEW("Squeeze", 13, 0),
    VIEW("Unsqueeze", 13, 0), VIEW("Identity", 1, 0),
};
const ortcpu_op_table ortcpu_ops_view = ORTCPU_TABLE(kernels);
