/* okl_glsl.h: the dialect as a Vulkan compute shader: glslc -fshader-stage=comp --target-env=vulkan1.1 -DOKL_GLSL */
#extension GL_EXT_shader_explicit_arithmetic_types : enable
#extension GL_EXT_shader_16bit_storage : enable
#extension GL_EXT_shader_8bit_storage : enable
#extension GL_EXT_control_flow_attributes : enable

#define PARAMS layout(push_constant) uniform okl_block {
#define END_PARAMS                                                                                                     \
    }                                                                                                                  \
    p;
#define KERNEL layout(local_size_x = GROUP_X, local_size_y = GROUP_Y) in;
#define INPUT(n, t, x)                                                                                                 \
    layout(set = 0, binding = n) readonly buffer okl_buffer##n {                                                       \
        STORAGE(t) x[];                                                                                                \
    };
#define OUTPUT(n, t, x)                                                                                                \
    layout(set = 0, binding = n) buffer okl_buffer##n {                                                                \
        STORAGE(t) x[];                                                                                                \
    };
#define LOCALS
#define SHARED(t, x, n) shared t x[n];
#define BODY            void main() {
#define END             }
#define UNROLL          [[unroll]]
#define BARRIER         barrier()
#define LOCAL_ID(d)     int(gl_LocalInvocationID[d])
#define GROUP_ID(d)     int(gl_WorkGroupID[d])
#define GROUP_COUNT(d)  int(gl_NumWorkGroups[d])
#define CAST(t, x)      t(x)

#define OKL_STORAGE_f16 float16_t
#define OKL_STORAGE_i64 int64_t
#define OKL_STORAGE_u8  uint8_t
#define OKL_STORAGE_u16 uint16_t
#define OKL_STORAGE_u32 uint
#define OKL_STORAGE_u64 uint64_t

#define OKL_LOAD_f16(x, i)     float(x[i])
#define OKL_STORE_f16(x, i, v) x[i] = float16_t(v)

#define INFINITY uintBitsToFloat(0x7f800000u)

#define EXP(x)        exp(x)
#define LOG(x)        log(x)
#define SQRT(x)       sqrt(x)
#define TANH(x)       tanh(x)
#define SIN(x)        sin(x)
#define COS(x)        cos(x)
#define FLOOR(x)      floor(x)
#define CEIL(x)       ceil(x)
#define ROUND_EVEN(x) roundEven(x)
#define FABS(x)       abs(x)
#define POW(a, b)     pow(a, b)
#define FMA(a, b, c)  fma(a, b, c)
