/* okl_c.h: what OpenCL C and CUDA share: parameters by value, then the buffers in their order. */
#define PARAMS typedef struct {
#define END_PARAMS                                                                                                     \
    }                                                                                                                  \
    okl_params;
#define KERNEL          OKL_ENTRY OKL_NAME(okl_params p
#define INPUT(n, t, x)  , OKL_GLOBAL const STORAGE(t) * OKL_RESTRICT x
#define OUTPUT(n, t, x) , OKL_GLOBAL STORAGE(t) * OKL_RESTRICT x
#define LOCALS                                                                                                         \
    ) {
#define BODY {
#define END                                                                                                            \
    }                                                                                                                  \
    }
#define UNROLL     _Pragma("unroll")
#define CAST(t, x) ((t)(x))
