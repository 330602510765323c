/* okl.h: one kernel source for host C, OpenCL C 1.2, Vulkan GLSL, CUDA and HIP.
 *
 *     #include "okl.h"
 *     PARAMS
 *         int count;
 *     END_PARAMS
 *     KERNEL INPUT(0, T, x) OUTPUT(1, T, y)
 *     LOCALS SHARED(float, tile, 64)
 *     BODY
 *         for (int i = GLOBAL_X; i < p.count; i += GLOBAL_STRIDE) STORE(T, y, i, -LOAD(T, x, i));
 *     END
 *
 * A variant gives GROUP_X, GROUP_Y and what the kernel asks for (T, OP ...) as macros. Rules: one kernel a file;
 * buffers are named and indexed by int; outputs stand behind the inputs; parameters are 32-bit members, 128 bytes
 * together; no pointers, no structs, no brace initialisers, no functions; conditions are comparisons; a word that some
 * target has as a builtin or keyword is no name. Element types are tokens: f32 f16 i32 i64 u8 u16 (f16's bits) u32 u64.
 * Half precision is a storage format: LOAD gives a float. BARRIER only where every work-item of the group comes by. */
#ifndef OKL_H
#define OKL_H

#define OKL_JOIN_(a, b)   a##b
#define OKL_JOIN(a, b)    OKL_JOIN_(a, b)
#define STORAGE(t)        OKL_JOIN(OKL_STORAGE_, t)
#define COMPUTE(t)        OKL_JOIN(OKL_COMPUTE_, t)
#define LOAD(t, x, i)     OKL_JOIN(OKL_LOAD_, t)(x, i)
#define STORE(t, x, i, v) OKL_JOIN(OKL_STORE_, t)(x, i, v)
#define APPLY(op)         OKL_JOIN(OP_, op)
#define okl_params        OKL_JOIN(OKL_NAME, _params)

#define OKL_COMPUTE_f32 float
#define OKL_COMPUTE_f16 float
#define OKL_COMPUTE_i32 int
#define OKL_COMPUTE_i64 OKL_STORAGE_i64
#define OKL_COMPUTE_u8  int
#define OKL_COMPUTE_u16 OKL_STORAGE_u16
#define OKL_COMPUTE_u32 OKL_STORAGE_u32
#define OKL_COMPUTE_u64 OKL_STORAGE_u64

#define OKL_UNSIGNED_i32 OKL_STORAGE_u32
#define OKL_UNSIGNED_i64 OKL_STORAGE_u64

#define OKL_STORAGE_f32 float
#define OKL_STORAGE_i32 int

#define OKL_PLAIN_LOAD(x, i)     x[i]
#define OKL_PLAIN_STORE(x, i, v) x[i] = (v)
#define OKL_LOAD_f32             OKL_PLAIN_LOAD
#define OKL_LOAD_i32             OKL_PLAIN_LOAD
#define OKL_LOAD_i64             OKL_PLAIN_LOAD
#define OKL_LOAD_u16             OKL_PLAIN_LOAD
#define OKL_LOAD_u32             OKL_PLAIN_LOAD
#define OKL_LOAD_u64             OKL_PLAIN_LOAD
#define OKL_STORE_f32            OKL_PLAIN_STORE
#define OKL_STORE_i32            OKL_PLAIN_STORE
#define OKL_STORE_i64            OKL_PLAIN_STORE
#define OKL_STORE_u16            OKL_PLAIN_STORE
#define OKL_STORE_u32            OKL_PLAIN_STORE
#define OKL_STORE_u64            OKL_PLAIN_STORE
#define OKL_LOAD_u8(x, i)        CAST(int, x[i])
#define OKL_STORE_u8(x, i, v)    x[i] = CAST(OKL_STORAGE_u8, v)

#if defined(OKL_GLSL)
#include "okl_glsl.h"
#elif defined(OKL_HOST)
#include "okl_host.h"
#elif defined(__OPENCL_VERSION__) || defined(__OPENCL_C_VERSION__)
#include "okl_opencl.h"
#else
#include "okl_cuda.h"
#endif

#define F32(x)            CAST(float, x)
#define INT(x)            CAST(int, x)
#define I64(x)            CAST(OKL_STORAGE_i64, x)
#define AS(t, x)          CAST(COMPUTE(t), x)
#define AS_UNSIGNED(t, x) CAST(OKL_JOIN(OKL_UNSIGNED_, t), x)

#define GLOBAL_X      (GROUP_ID(0) * GROUP_X + LOCAL_ID(0))
#define GLOBAL_STRIDE (GROUP_COUNT(0) * GROUP_X)

#endif
