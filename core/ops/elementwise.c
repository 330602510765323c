/* Inference of operators that work element by element, and their values on small known contents. */
#include "ops/infer.h"

#include <math.h>
#include <string.h>

static void same_shape(orti_infer *infer, uint32_t from) {
    const orti_state *in = orti_in_shaped(infer, from);
    if (in) orti_set_dims(infer, 0, in->dims, in->rank);
}

void orti_infer_same(orti_infer *infer) {
    same_shape(infer, 0);
}

/* The same shape, along an axis that must be there. Scalars have none: all axes mean the one element. */
void orti_infer_same_along(orti_infer *infer) {
    const orti_state *in = orti_in_shaped(infer, 0);
    uint32_t axis;
    if (in && in->rank && !orti_axis(infer, orti_node_attr_int(infer->node, "axis", -1), in->rank, &axis)) return;
    same_shape(infer, 0);
}

/* ---- unary on known contents ---- */
static double negated(double x) {
    return -x;
}

static double reciprocal(double x) {
    return 1 / x;
}

static double not_known(double x) {
    (void)x;
    return NAN;
}

typedef double (*unary_fn)(double);

static unary_fn unary_find(const char *op) {
    static const struct {
        const char *name;
        unary_fn fn;
    } table[] = {{"Floor", floor}, {"Ceil", ceil}, {"Sqrt", sqrt},   {"Exp", exp},
                 {"Log", log},     {"Abs", fabs},  {"Round", rint},  {"Sin", sin},
                 {"Cos", cos},     {"Tanh", tanh}, {"Neg", negated}, {"Reciprocal", reciprocal}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, op) == 0) return table[i].fn;
    return not_known;
}

/* Rounds to what the type can hold: contents are float32 mostly. */
static double rounded(ort_dtype dtype, double x) {
    return dtype == ORT_DTYPE_F32 ? (double)(float)x : x;
}

void orti_infer_unary_known(orti_infer *infer) {
    same_shape(infer, 0);
    uint32_t count;
    const orti_cell *in = orti_in_cells(infer, 0, &count);
    orti_cell *out = in ? orti_set_cells(infer, 0, count) : NULL;
    ort_dtype dtype = in ? orti_in(infer, 0)->dtype : ORT_DTYPE_NONE;
    const char *op = infer->node->op_type;
    const unary_fn fn = unary_find(op);
    for (uint32_t i = 0; out && i < count; i++) {
        int64_t x;
        if (orti_dtype_is_float(dtype))
            out[i].number = rounded(dtype, fn(in[i].number));
        else if (strcmp(op, "Neg") == 0)
            out[i].dim = orti_dims_op(infer, orti_dim_sub, 0, in[i].dim);
        else if (!orti_dim_is_number(infer, in[i].dim, &x))
            out[i].dim = ORTI_DIM_INVALID;
        else if (strcmp(op, "Not") == 0)
            out[i].dim = !x;
        else
            out[i].dim = orti_dim_number(infer, strcmp(op, "Abs") == 0 && x < 0 && x > INT64_MIN ? -x : x);
    }
}

/* ---- binary ---- */
static double binary_number(const char *op, double a, double b) {
    switch (op[0]) {
    case 'A':
        return a + b;
    case 'S':
        return a - b;
    case 'D':
        return a / b;
    case 'P':
        return pow(a, b);
    default:
        break;
    }
    if (strcmp(op, "Mul") == 0) return a * b;
    if (strcmp(op, "Min") == 0) return isnan(a) || isnan(b) ? NAN : fmin(a, b);
    if (strcmp(op, "Max") == 0) return isnan(a) || isnan(b) ? NAN : fmax(a, b);
    return fmod(a, b);
}

static orti_dim binary_dim(orti_infer *infer, const char *op, orti_dim a, orti_dim b) {
    static const struct {
        const char *name;
        orti_dim_fn fn;
    } table[] = {{"Add", orti_dim_add},
                 {"Sub", orti_dim_sub},
                 {"Mul", orti_dim_mul},
                 {"Min", orti_dim_min},
                 {"Max", orti_dim_max}};
    int64_t x = 0, y = 0;
    bool are_numbers = orti_dim_is_number(infer, a, &x) && orti_dim_is_number(infer, b, &y);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, op) == 0) return orti_dims_op(infer, table[i].fn, a, b);
    if (are_numbers && strcmp(op, "And") == 0) return x && y;
    if (are_numbers && strcmp(op, "Or") == 0) return x || y;
    bool is_division = strcmp(op, "Div") == 0;
    if (!is_division && strcmp(op, "Mod") != 0) return ORTI_DIM_INVALID;
    if (are_numbers && (y == 0 || (x == INT64_MIN && y == -1))) return ORTI_DIM_INVALID;
    /* ONNX Div on integers truncates; Mod takes the divisor's sign. */
    if (are_numbers && is_division) return orti_dim_number(infer, x / y);
    if (are_numbers) return orti_dim_number(infer, x % y + (x % y != 0 && (x % y < 0) != (y < 0) ? y : 0));
    /* Sizes are not negative, so truncation is floor when the divisor is a positive number. */
    if (orti_dim_is_number(infer, b, &y) && y > 0)
        return orti_dims_op(infer, is_division ? orti_dim_floordiv : orti_dim_mod, a, b);
    return ORTI_DIM_INVALID;
}

static bool holds(const char *op, double a, double b) {
    if (strcmp(op, "Equal") == 0) return a == b;
    if (strcmp(op, "Less") == 0) return a < b;
    if (strcmp(op, "Greater") == 0) return a > b;
    if (strcmp(op, "LessOrEqual") == 0) return a <= b;
    return a >= b;
}

static orti_cell compare_cells(orti_infer *infer, ort_dtype dtype, orti_cell a, orti_cell b) {
    int64_t x, y;
    const char *op = infer->node->op_type;
    if (orti_dtype_is_float(dtype)) return (orti_cell){.dim = holds(op, a.number, b.number)};
    if (!orti_dim_is_number(infer, a.dim, &x) || !orti_dim_is_number(infer, b.dim, &y)) {
        bool is_same = a.dim == b.dim && a.dim != ORTI_DIM_INVALID && strcmp(op, "Equal") == 0;
        return (orti_cell){.dim = is_same ? 1 : ORTI_DIM_INVALID};
    }
    if (strcmp(op, "Equal") == 0) return (orti_cell){.dim = x == y};
    return (orti_cell){.dim =
                           (x == y && strchr(op, 'O') != NULL) || (x != y && holds(op, x < y ? 0 : 1, x < y ? 1 : 0))};
}

static orti_cell arithmetic_cells(orti_infer *infer, ort_dtype dtype, orti_cell a, orti_cell b) {
    const char *op = infer->node->op_type;
    if (orti_dtype_is_float(dtype)) return (orti_cell){.number = rounded(dtype, binary_number(op, a.number, b.number))};
    return (orti_cell){.dim = binary_dim(infer, op, a.dim, b.dim)};
}

/* Where element `index` of a shape with `dims` lies in an operand that broadcasts to it. Numbers only. */
static uint32_t source_index(const orti_infer *infer, const orti_state *operand, const orti_state *result,
                             uint32_t index) {
    uint32_t at = 0, stride = 1;
    for (uint32_t k = 0; k < operand->rank; k++) {
        uint32_t axis = result->rank - 1 - k;
        int64_t size = 1, own = 1;
        orti_dim_is_number(infer, result->dims[axis], &size);
        orti_dim_is_number(infer, operand->dims[operand->rank - 1 - k], &own);
        uint32_t place = size ? index % (uint32_t)size : 0;
        index = size ? index / (uint32_t)size : 0;
        if (own != 1) at += place * stride;
        stride *= (uint32_t)own;
    }
    return at;
}

/* The same, without a division where the operand is one element or has as many as the result: most are. */
static uint32_t source_of(const orti_infer *infer, const orti_state *operand, const orti_state *result,
                          uint32_t index) {
    if (operand->count == 1) return 0;
    return operand->count == result->count ? index : source_index(infer, operand, result, index);
}

typedef orti_cell (*cell_fn)(orti_infer *infer, ort_dtype dtype, orti_cell a, orti_cell b);

static void combine_known(orti_infer *infer, cell_fn fn) {
    uint32_t a_count, b_count;
    const orti_cell *a = orti_in_cells(infer, 0, &a_count), *b = orti_in_cells(infer, 1, &b_count);
    const orti_state *result = orti_result(infer, 0);
    if (!a || !b || !result || !result->has_shape) return;
    int64_t count = orti_state_count(infer->engine, result);
    if (count < 0 || count > (int64_t)ORTI_KNOWN_MAX) return;
    ort_dtype dtype = orti_in(infer, 0)->dtype;
    orti_cell *out = orti_set_cells(infer, 0, (uint32_t)count);
    const orti_state *left = orti_in(infer, 0), *right = orti_in(infer, 1);
    for (uint32_t i = 0; out && i < count; i++)
        out[i] = fn(infer, dtype, a[source_of(infer, left, result, i)], b[source_of(infer, right, result, i)]);
}

static void broadcast_inputs(orti_infer *infer) {
    orti_dim dims[ORTI_RANK_MAX];
    uint32_t rank = 0;
    for (uint32_t i = 0; i < infer->node->input_count; i++) {
        const orti_state *in = orti_in_shaped(infer, i);
        if (!in || !orti_broadcast(infer, dims, rank, in->dims, in->rank, dims, &rank)) return;
    }
    orti_set_dims(infer, 0, dims, rank);
}

void orti_infer_binary(orti_infer *infer) {
    broadcast_inputs(infer);
    combine_known(infer, arithmetic_cells);
}

void orti_infer_compare(orti_infer *infer) {
    broadcast_inputs(infer);
    combine_known(infer, compare_cells);
}

void orti_infer_variadic(orti_infer *infer) {
    broadcast_inputs(infer);
    if (infer->node->input_count == 2) combine_known(infer, arithmetic_cells);
}

void orti_infer_where(orti_infer *infer) {
    broadcast_inputs(infer);
    if (orti_in(infer, 1)) orti_set_dtype(infer, 0, orti_in(infer, 1)->dtype);
    uint32_t counts[3];
    const orti_cell *cells[3];
    for (uint32_t i = 0; i < 3; i++)
        if (!(cells[i] = orti_in_cells(infer, i, &counts[i]))) return;
    const orti_state *result = orti_result(infer, 0);
    int64_t count = result && result->has_shape ? orti_state_count(infer->engine, result) : -1;
    if (count < 0 || count > (int64_t)ORTI_KNOWN_MAX) return;
    bool is_float = orti_dtype_is_float(result->dtype);
    orti_cell *out = orti_set_cells(infer, 0, (uint32_t)count);
    for (uint32_t i = 0; out && i < count; i++) {
        int64_t chosen;
        bool has_choice =
            orti_dim_is_number(infer, cells[0][source_index(infer, orti_in(infer, 0), result, i)].dim, &chosen);
        uint32_t side = has_choice && chosen ? 1 : 2;
        out[i] = cells[side][source_index(infer, orti_in(infer, side), result, i)];
        if (!has_choice && is_float) { /* one float not known: none is */
            orti_result(infer, 0)->cells = NULL;
            return;
        }
        if (!has_choice) out[i].dim = ORTI_DIM_INVALID;
    }
}

/* ---- casts ---- */
static void cast_known(orti_infer *infer, ort_dtype to) {
    uint32_t count;
    const orti_cell *in = orti_in_cells(infer, 0, &count);
    ort_dtype from = in ? orti_in(infer, 0)->dtype : ORT_DTYPE_NONE;
    bool is_plain = orti_dtype_is_integer(to) || to == ORT_DTYPE_BOOL || to == ORT_DTYPE_F32 || to == ORT_DTYPE_F64;
    orti_cell *out = in && is_plain ? orti_set_cells(infer, 0, count) : NULL;
    for (uint32_t i = 0; out && i < count; i++) {
        int64_t number = 0;
        if (orti_dtype_is_float(from) && orti_dtype_is_float(to)) {
            out[i].number = rounded(to, in[i].number);
        } else if (orti_dtype_is_float(from)) {
            bool fits = in[i].number > -9e18 && in[i].number < 9e18;
            out[i].dim = !fits                  ? ORTI_DIM_INVALID
                         : to == ORT_DTYPE_BOOL ? in[i].number != 0
                                                : orti_dim_number(infer, (int64_t)in[i].number);
        } else if (orti_dtype_is_float(to)) {
            if (!orti_dim_is_number(infer, in[i].dim, &number)) { /* one float not known: none is */
                orti_result(infer, 0)->cells = NULL;
                return;
            }
            out[i].number = rounded(to, (double)number);
        } else {
            bool is_number = orti_dim_is_number(infer, in[i].dim, &number);
            out[i].dim = to != ORT_DTYPE_BOOL ? in[i].dim : is_number ? number != 0 : ORTI_DIM_INVALID;
        }
    }
}

void orti_infer_cast(orti_infer *infer) {
    ort_dtype to = (ort_dtype)orti_node_attr_int(infer->node, "to", 0);
    if (to == ORT_DTYPE_NONE || to >= ORT_DTYPE_COUNT) {
        orti_infer_fail(infer, "attribute 'to' is %u, which is no element type", to);
        return;
    }
    same_shape(infer, 0);
    if (orti_result(infer, 0)) orti_result(infer, 0)->dtype = to;
    cast_known(infer, to);
}

void orti_infer_cast_like(orti_infer *infer) {
    same_shape(infer, 0);
    const orti_state *like = orti_in(infer, 1);
    if (!like || like->dtype == ORT_DTYPE_NONE) return;
    if (orti_result(infer, 0)) orti_result(infer, 0)->dtype = like->dtype;
    cast_known(infer, like->dtype);
}
