/* Operators whose result is their input's bytes under another shape: the kit makes views of them and runs nothing. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/table.h"

/* Of every type but strings, which have no size of their own: elements of a few bits lie packed in any shape. */
#define TYPES_ALL                                                                                                      \
    ((ORT_DTYPE_BIT(ORT_DTYPE_COUNT) - 1) & ~ORT_DTYPE_BIT(ORT_DTYPE_NONE) & ~ORT_DTYPE_BIT(ORT_DTYPE_STRING))

#define VIEW(NAME, SINCE, KNOWN)                                                                                       \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = TYPES_ALL,    \
        .mode = ORTK_MODE_ROWS, .flags = ORTK_KERNEL_RESHAPES | (KNOWN)                                                \
    }
static const ortk_kernel kernels[] = {
    VIEW("Reshape", 5, 0),    VIEW("Flatten", 1, 0),  VIEW("Squeeze", 13, 0),
    VIEW("Unsqueeze", 13, 0), VIEW("Identity", 1, 0),
};
const ortcpu_op_table ortcpu_ops_view = ORTCPU_TABLE(kernels);
