/* okl_cuda.h: the dialect as CUDA C++ (nvcc, NVRTC) and HIP (hipcc, hipRTC); no header of either toolkit is needed. */
#include "okl_c.h"

#define OKL_GLOBAL
#define OKL_RESTRICT    __restrict__
#define OKL_ENTRY       extern "C" __global__ void __launch_bounds__(GROUP_X *GROUP_Y)
#define SHARED(t, x, n) __shared__ t x[n];
#define BARRIER         __syncthreads()
#define OKL_AXIS(v, d)  ((int)((d) == 0 ? v.x : (d) == 1 ? v.y : v.z))
#define LOCAL_ID(d)     OKL_AXIS(threadIdx, d)
#define GROUP_ID(d)     OKL_AXIS(blockIdx, d)
#define GROUP_COUNT(d)  OKL_AXIS(gridDim, d)

#define OKL_STORAGE_i64 long long
#define OKL_STORAGE_u8  unsigned char
#define OKL_STORAGE_u16 unsigned short
#define OKL_STORAGE_u32 unsigned int
#define OKL_STORAGE_u64 unsigned long long

#if defined(__HIP__)
#define OKL_STORAGE_f16        _Float16
#define OKL_LOAD_f16(x, i)     ((float)x[i])
#define OKL_STORE_f16(x, i, v) x[i] = (_Float16)(v)
#else
#define OKL_STORAGE_f16        unsigned short
static __device__ __forceinline__ float okl_from_half(unsigned short bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}
static __device__ __forceinline__ unsigned short okl_to_half(float value) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
#define OKL_LOAD_f16(x, i)     okl_from_half(x[i])
#define OKL_STORE_f16(x, i, v) x[i] = okl_to_half(v)
#endif

#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif

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
