/* okl_opencl.h: the dialect as OpenCL C 1.2. */
#include "okl_c.h"

#define OKL_GLOBAL      __global
#define OKL_RESTRICT    restrict
#define OKL_ENTRY       __kernel __attribute__((reqd_work_group_size(GROUP_X, GROUP_Y, 1))) void
#define SHARED(t, x, n) __local t x[n];
#define BARRIER         barrier(CLK_LOCAL_MEM_FENCE)
#define LOCAL_ID(d)     ((int)get_local_id(d))
#define GROUP_ID(d)     ((int)get_group_id(d))
#define GROUP_COUNT(d)  ((int)get_num_groups(d))

#define OKL_STORAGE_f16 half
#define OKL_STORAGE_i64 long
#define OKL_STORAGE_u8  uchar
#define OKL_STORAGE_u16 ushort
#define OKL_STORAGE_u32 uint
#define OKL_STORAGE_u64 ulong

/* vload_half and vstore_half need no half arithmetic of the device. */
#define OKL_LOAD_f16(x, i)     vload_half(i, x)
#define OKL_STORE_f16(x, i, v) vstore_half_rte(v, i, x)

#define EXP(x)        exp(x)
#define LOG(x)        log(x)
#define SQRT(x)       sqrt(x)
#define TANH(x)       tanh(x)
#define SIN(x)        sin(x)
#define COS(x)        cos(x)
#define FLOOR(x)      floor(x)
#define CEIL(x)       ceil(x)
#define ROUND_EVEN(x) rint(x)
#define FABS(x)       fabs(x)
#define POW(a, b)     pow(a, b)
#define FMA(a, b, c)  fma(a, b, c)
