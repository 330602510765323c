/* okl_host.h: the dialect as plain C. A work-item is one call of a function; okl_end.h makes a group of them. */
#ifndef OKL_HOST_H
#define OKL_HOST_H

#include "host/half.h"
#include "host/host.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PARAMS typedef struct {
#define END_PARAMS                                                                                                     \
    }                                                                                                                  \
    okl_params;
#define KERNEL                                                                                                         \
    static void OKL_JOIN(OKL_NAME, _item)(const void *okl_given, void *const *okl_buffers,                             \
                                          const ortk_work_item *okl_self) {                                            \
        uint32_t okl_shared = 0;                                                                                       \
        okl_params p;                                                                                                  \
        memcpy(&p, okl_given, sizeof p);
#define INPUT(n, t, x)  const STORAGE(t) *x = okl_buffers[n];
#define OUTPUT(n, t, x) STORAGE(t) *x = okl_buffers[n];
#define LOCALS
/* Memory of the group, one piece behind the other. */
#define SHARED(t, x, n)                                                                                                \
    t *x = ortk_work_shared(okl_self, okl_shared);                                                                     \
    okl_shared += (uint32_t)(n) * (uint32_t)sizeof(t);
#define BODY {
#define END                                                                                                            \
    }                                                                                                                  \
    }
#define UNROLL
#define BARRIER        ortk_work_item_yield(okl_self)
#define LOCAL_ID(d)    ((int)okl_self->local[d])
#define GROUP_ID(d)    ((int)okl_self->group[d])
#define GROUP_COUNT(d) ((int)okl_self->groups[d])
#define CAST(t, x)     ((t)(x))

#define OKL_STORAGE_f16 uint16_t
#define OKL_STORAGE_i64 int64_t
#define OKL_STORAGE_u8  uint8_t
#define OKL_STORAGE_u16 uint16_t
#define OKL_STORAGE_u32 uint32_t
#define OKL_STORAGE_u64 uint64_t

#define OKL_LOAD_f16(x, i)     ortk_from_half(x[i])
#define OKL_STORE_f16(x, i, v) x[i] = ortk_to_half(v)

#define EXP(x)        expf(x)
#define LOG(x)        logf(x)
#define SQRT(x)       sqrtf(x)
#define TANH(x)       tanhf(x)
#define SIN(x)        sinf(x)
#define COS(x)        cosf(x)
#define FLOOR(x)      floorf(x)
#define CEIL(x)       ceilf(x)
#define ROUND_EVEN(x) rintf(x)
#define FABS(x)       fabsf(x)
#define POW(a, b)     powf(a, b)
#define FMA(a, b, c)  fmaf(a, b, c)

#endif
