#include "tensor/dtype.h"
#include "testing/test.h"

#include <math.h>

ORT_TEST(dtype, names_read_back) {
    for (ort_dtype dtype = 1; dtype < ORT_DTYPE_COUNT; dtype++)
        CHECK(orti_dtype_from_name(orti_dtype_name(dtype)) == dtype, "%s", orti_dtype_name(dtype));
    CHECK_STR(orti_dtype_name(ORT_DTYPE_F32), "float32");
    CHECK_STR(orti_dtype_name(ORT_DTYPE_COUNT), "unknown");
    CHECK_STR(orti_dtype_name(UINT32_MAX), "unknown");
    CHECK(orti_dtype_from_name("float") == ORT_DTYPE_NONE && orti_dtype_from_name("unknown") == ORT_DTYPE_NONE);
}

ORT_TEST(dtype, classes) {
    CHECK(orti_dtype_is_integer(ORT_DTYPE_I4) && orti_dtype_is_integer(ORT_DTYPE_U64));
    CHECK(!orti_dtype_is_integer(ORT_DTYPE_BOOL) && !orti_dtype_is_integer(ORT_DTYPE_STRING));
    CHECK(orti_dtype_is_float(ORT_DTYPE_F4E2M1) && orti_dtype_is_float(ORT_DTYPE_F64));
    CHECK(!orti_dtype_is_float(ORT_DTYPE_C64) && !orti_dtype_is_float(ORT_DTYPE_I8));
    CHECK(orti_dtype_bits(ORT_DTYPE_C128) == 128 && orti_dtype_bits(ORT_DTYPE_STRING) == 0);
}

ORT_TEST(dtype, sizes_are_packed_and_checked) {
    uint64_t bytes = 0;
    CHECK(orti_dtype_bytes(ORT_DTYPE_F32, 3, &bytes) && bytes == 12);
    CHECK(orti_dtype_bytes(ORT_DTYPE_I4, 3, &bytes) && bytes == 2);
    CHECK(orti_dtype_bytes(ORT_DTYPE_U2, 5, &bytes) && bytes == 2);
    CHECK(orti_dtype_bytes(ORT_DTYPE_F6E3M2, 4, &bytes) && bytes == 3);
    CHECK(orti_dtype_bytes(ORT_DTYPE_F6E3M2, 5, &bytes) && bytes == 4);
    CHECK(orti_dtype_bytes(ORT_DTYPE_I4, INT64_MAX, &bytes) && bytes == UINT64_C(1) << 62);
    CHECK(orti_dtype_bytes(ORT_DTYPE_F64, 0, &bytes) && bytes == 0);
    CHECK(!orti_dtype_bytes(ORT_DTYPE_F64, INT64_MAX, &bytes));
    CHECK(!orti_dtype_bytes(ORT_DTYPE_F64, -1, &bytes));
    CHECK(!orti_dtype_bytes(ORT_DTYPE_STRING, 1, &bytes) && !orti_dtype_bytes(99, 1, &bytes));
}

/* What is read from any code and written back is that code, but for the many codes of NaN. */
ORT_TEST(dtype, narrow_floats_round_trip) {
    static const ort_dtype types[] = {ORT_DTYPE_F16,    ORT_DTYPE_BF16,       ORT_DTYPE_F8E4M3FN, ORT_DTYPE_F8E4M3FNUZ,
                                      ORT_DTYPE_F8E5M2, ORT_DTYPE_F8E5M2FNUZ, ORT_DTYPE_F8E8M0};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (uint32_t code = 0; code < 1u << orti_dtype_bits(types[t]); code++) {
            uint16_t in = (uint16_t)code, out = 0;
            double value = orti_dtype_get_f64(types[t], &in, 0);
            orti_dtype_set_f64(types[t], &out, 0, value);
            bool saturates = isinf(value) && orti_dtype_bits(types[t]) == 8;
            CHECK(isnan(value) ? isnan(orti_dtype_get_f64(types[t], &out, 0)) : saturates || in == out,
                  "%s %#x -> %g -> %#x", orti_dtype_name(types[t]), in, value, out);
        }
}

typedef struct float_case {
    ort_dtype dtype;
    double value;
    uint32_t code;
} float_case;

ORT_TEST(dtype, floats_have_the_standards_codes) {
    static const float_case cases[] = {
        {ORT_DTYPE_F16, 1.0, 0x3c00},          {ORT_DTYPE_F16, -2.5, 0xc100},       {ORT_DTYPE_F16, 65504, 0x7bff},
        {ORT_DTYPE_F16, 65519, 0x7bff},        {ORT_DTYPE_F16, 65520, 0x7c00},      {ORT_DTYPE_F16, INFINITY, 0x7c00},
        {ORT_DTYPE_F16, 0x1p-24, 0x0001},      {ORT_DTYPE_F16, 0x1p-25, 0x0000},    {ORT_DTYPE_F16, 0x1.8p-25, 0x0001},
        {ORT_DTYPE_F16, 2049, 0x6800},         {ORT_DTYPE_F16, 2051, 0x6802},       {ORT_DTYPE_F16, -0.0, 0x8000},
        {ORT_DTYPE_BF16, 1.0, 0x3f80},         {ORT_DTYPE_BF16, 0x1.01p0, 0x3f80},  {ORT_DTYPE_BF16, 0x1.03p0, 0x3f82},
        {ORT_DTYPE_BF16, 1e300, 0x7f80},       {ORT_DTYPE_F8E4M3FN, 448, 0x7e},     {ORT_DTYPE_F8E4M3FN, 1e9, 0x7e},
        {ORT_DTYPE_F8E4M3FN, -INFINITY, 0xfe}, {ORT_DTYPE_F8E4M3FN, 0x1p-9, 0x01},  {ORT_DTYPE_F8E4M3FNUZ, 240, 0x7f},
        {ORT_DTYPE_F8E4M3FNUZ, -0.0, 0x00},    {ORT_DTYPE_F8E4M3FNUZ, NAN, 0x80},   {ORT_DTYPE_F8E5M2, 57344, 0x7b},
        {ORT_DTYPE_F8E5M2, 1e9, 0x7b},         {ORT_DTYPE_F8E5M2FNUZ, 57344, 0x7f}, {ORT_DTYPE_F8E8M0, 1.0, 127},
        {ORT_DTYPE_F8E8M0, 0x1p-127, 0},       {ORT_DTYPE_F8E8M0, 0x1p127, 0xfe},   {ORT_DTYPE_F4E2M1, 6, 0x7},
        {ORT_DTYPE_F4E2M1, -100, 0xf},         {ORT_DTYPE_F4E2M1, 0.5, 0x1},        {ORT_DTYPE_F4E2M1, 1.5, 0x3},
        {ORT_DTYPE_F6E2M3, 7.5, 0x1f},         {ORT_DTYPE_F6E3M2, 28, 0x1f},        {ORT_DTYPE_F6E3M2, -0.0625, 0x21},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint16_t code = 0;
        orti_dtype_set_f64(cases[i].dtype, &code, 0, cases[i].value);
        CHECK(code == cases[i].code, "%s %g: %#x, want %#x", orti_dtype_name(cases[i].dtype), cases[i].value, code,
              (unsigned)cases[i].code);
    }
    uint8_t infinity = 0x7c, nan = 0x7f;
    CHECK(isinf(orti_dtype_get_f64(ORT_DTYPE_F8E5M2, &infinity, 0)));
    CHECK(isnan(orti_dtype_get_f64(ORT_DTYPE_F8E4M3FN, &nan, 0)));
    CHECK(orti_dtype_get_f64(ORT_DTYPE_F8E5M2FNUZ, &nan, 0) == 57344);
}

ORT_TEST(dtype, small_elements_are_packed_lowest_first) {
    uint8_t bytes[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) orti_dtype_set_i64(ORT_DTYPE_I4, bytes, i, i - 2);
    CHECK(bytes[0] == 0xfe && bytes[1] == 0x00);
    CHECK(orti_dtype_get_i64(ORT_DTYPE_I4, bytes, 0) == -2 && orti_dtype_get_f64(ORT_DTYPE_I4, bytes, 1) == -1);
    CHECK(orti_dtype_get_i64(ORT_DTYPE_U4, bytes, 1) == 15);
    memset(bytes, 0, sizeof bytes);
    for (int i = 0; i < 4; i++) orti_dtype_set_i64(ORT_DTYPE_I2, bytes, i, i - 2);
    CHECK(bytes[0] == 0x4e && orti_dtype_get_i64(ORT_DTYPE_I2, bytes, 0) == -2);
    memset(bytes, 0, sizeof bytes);
    for (int i = 0; i < 4; i++) orti_dtype_set_f64(ORT_DTYPE_F6E2M3, bytes, i, i + 1);
    for (int i = 0; i < 4; i++) CHECK(orti_dtype_get_f64(ORT_DTYPE_F6E2M3, bytes, i) == i + 1);
    CHECK(bytes[0] == (8 | (0x10 & 3) << 6) && bytes[1] == (0x10 >> 2 | (0x14 & 15) << 4) &&
          bytes[2] == (0x14 >> 4 | 0x18 << 2));
}

ORT_TEST(dtype, numbers_round_and_saturate) {
    uint8_t bytes[17];
    uint8_t *odd = bytes + 1; /* any alignment */
    memset(bytes, 0, sizeof bytes);
    orti_dtype_set_f64(ORT_DTYPE_I32, odd, 0, 2.5);
    CHECK(orti_dtype_get_i64(ORT_DTYPE_I32, odd, 0) == 2);
    orti_dtype_set_f64(ORT_DTYPE_I64, odd, 0, 1e300);
    CHECK(orti_dtype_get_i64(ORT_DTYPE_I64, odd, 0) == INT64_MAX);
    orti_dtype_set_f64(ORT_DTYPE_U64, odd, 0, 0x1p63);
    CHECK(orti_dtype_get_f64(ORT_DTYPE_U64, odd, 0) == 0x1p63);
    orti_dtype_set_f64(ORT_DTYPE_F32, odd, 0, NAN);
    CHECK(orti_dtype_get_i64(ORT_DTYPE_F32, odd, 0) == 0);
    orti_dtype_set_f64(ORT_DTYPE_F64, odd, 0, -3.9);
    CHECK(orti_dtype_get_i64(ORT_DTYPE_F64, odd, 0) == -3);
    orti_dtype_set_f64(ORT_DTYPE_BOOL, odd, 0, 0.25);
    CHECK(orti_dtype_get_i64(ORT_DTYPE_BOOL, odd, 0) == 1 && orti_dtype_get_f64(ORT_DTYPE_BOOL, odd, 0) == 1);
    orti_dtype_set_i64(ORT_DTYPE_F16, odd, 0, 7);
    CHECK(orti_dtype_get_f64(ORT_DTYPE_F16, odd, 0) == 7);
    orti_dtype_set_f64(ORT_DTYPE_C64, odd, 1, 4);
    CHECK(orti_dtype_get_f64(ORT_DTYPE_C64, odd, 1) == 4 && orti_dtype_get_f64(ORT_DTYPE_F32, odd, 2) == 4 &&
          orti_dtype_get_f64(ORT_DTYPE_F32, odd, 3) == 0);
    orti_dtype_set_i64(ORT_DTYPE_I8, odd, 0, -1);
    CHECK(orti_dtype_get_i64(ORT_DTYPE_U8, odd, 0) == 255 && orti_dtype_get_f64(ORT_DTYPE_I8, odd, 0) == -1);
}
