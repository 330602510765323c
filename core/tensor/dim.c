/* Arithmetic on canonical expressions. Every rule here is an identity over the integers (a division's wherever it is
 * defined); `dim_test.c` checks them against plain integer arithmetic. */
#include "tensor/dim_pool.h"

#include <string.h>

ort_status *orti_dim_from_i64(orti_dim_pool *pool, int64_t number, orti_dim *out) {
    *out = ORTI_DIM_INVALID;
    dim_sum sum = {.count = 0};
    ORT_TRY(orti_dim_sum_add(pool, &sum, number, 0));
    return orti_dim_sum_intern(pool, &sum, out);
}

bool orti_dim_constant(const orti_dim_pool *pool, orti_dim dim, int64_t *out) {
    if (dim >= 0) {
        *out = dim;
        return true;
    }
    const dim_expr *expr = pool ? orti_dim_expr_of(pool, dim) : NULL;
    if (!expr || expr->count != 1 || expr->terms[0].monomial != 0) return false;
    *out = expr->terms[0].coefficient;
    return true;
}

/* sum += factor * other */
static ort_status *sum_add_scaled(const orti_dim_pool *pool, dim_sum *sum, int64_t factor, const dim_sum *other) {
    for (uint32_t i = 0; i < other->count; i++) {
        int64_t coefficient;
        if (!orti_dim_mul_fits(factor, other->terms[i].coefficient, &coefficient))
            ORT_FAIL(LIMIT_EXCEEDED, "a dimension's expression has a number beyond 64 bits");
        ORT_TRY(orti_dim_sum_add(pool, sum, coefficient, other->terms[i].monomial));
    }
    return NULL;
}

/* sum += factor * monomial * other */
static ort_status *sum_add_product(orti_dim_pool *pool, dim_sum *sum, dim_term factor, const dim_sum *other) {
    for (uint32_t i = 0; i < other->count; i++) {
        int64_t coefficient;
        uint32_t monomial = 0;
        if (!orti_dim_mul_fits(factor.coefficient, other->terms[i].coefficient, &coefficient))
            ORT_FAIL(LIMIT_EXCEEDED, "a dimension's expression has a number beyond 64 bits");
        ORT_TRY(orti_dim_monomial_mul(pool, factor.monomial, other->terms[i].monomial, &monomial));
        ORT_TRY(orti_dim_sum_add(pool, sum, coefficient, monomial));
    }
    return NULL;
}

static ort_status *dim_add_scaled(orti_dim_pool *pool, orti_dim a, int64_t factor, orti_dim b, orti_dim *out) {
    dim_sum left, right;
    *out = ORTI_DIM_INVALID;
    ORT_TRY(orti_dim_sum_load(pool, a, &left));
    ORT_TRY(orti_dim_sum_load(pool, b, &right));
    ORT_TRY(sum_add_scaled(pool, &left, factor, &right));
    return orti_dim_sum_intern(pool, &left, out);
}

ort_status *orti_dim_add(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out) {
    return dim_add_scaled(pool, a, 1, b, out);
}

ort_status *orti_dim_sub(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out) {
    return dim_add_scaled(pool, a, -1, b, out);
}

ort_status *orti_dim_mul(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out) {
    dim_sum left, right, product = {.count = 0};
    *out = ORTI_DIM_INVALID;
    ORT_TRY(orti_dim_sum_load(pool, a, &left));
    ORT_TRY(orti_dim_sum_load(pool, b, &right));
    for (uint32_t i = 0; i < left.count; i++) ORT_TRY(sum_add_product(pool, &product, left.terms[i], &right));
    return orti_dim_sum_intern(pool, &product, out);
}

/* Division. */

static uint64_t gcd_u64(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint64_t magnitude(int64_t number) {
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

static ort_status *divide_by_term(orti_dim_pool *pool, const dim_sum *numerator, dim_term divisor, dim_sum *quotient);

/* quotient += floor(numerator/divisor) as an atom of its own. */
static ort_status *add_floor_atom(orti_dim_pool *pool, const dim_sum *numerator, const dim_sum *divisor,
                                  dim_sum *quotient) {
    dim_atom atom = {.kind = DIM_FLOORDIV};
    uint32_t monomial = 0;
    ORT_TRY(orti_dim_sum_intern(pool, numerator, &atom.a));
    ORT_TRY(orti_dim_sum_intern(pool, divisor, &atom.b));
    ORT_TRY(orti_dim_atom_intern(pool, &atom, &monomial));
    return orti_dim_sum_add(pool, quotient, 1, monomial);
}

/* Takes out of the sum what the divisor divides: each coefficient k = q*c + r with 0 <= r < c. */
static ort_status *split_quotient(orti_dim_pool *pool, const dim_sum *numerator, dim_term divisor, dim_sum *quotient,
                                  dim_sum *rest) {
    for (uint32_t i = 0; i < numerator->count; i++) {
        dim_term term = numerator->terms[i];
        bool divides = false;
        uint32_t monomial = 0;
        int64_t left = term.coefficient;
        ORT_TRY(orti_dim_monomial_div(pool, term.monomial, divisor.monomial, &divides, &monomial));
        if (divides) {
            left = term.coefficient % divisor.coefficient;
            if (left < 0) left += divisor.coefficient;
            ORT_TRY(
                orti_dim_sum_add(pool, quotient, orti_dim_floor_div(term.coefficient, divisor.coefficient), monomial));
        }
        ORT_TRY(orti_dim_sum_add(pool, rest, left, term.monomial));
    }
    return NULL;
}

/* Cancels the atoms that the divisor and all terms share. */
static ort_status *cancel_monomial(orti_dim_pool *pool, dim_sum *sum, dim_term *divisor) {
    uint32_t common = divisor->monomial;
    bool divides = false;
    for (uint32_t i = 0; i < sum->count; i++)
        ORT_TRY(orti_dim_monomial_gcd(pool, common, sum->terms[i].monomial, &common));
    ORT_TRY(orti_dim_monomial_div(pool, divisor->monomial, common, &divides, &divisor->monomial));
    dim_sum reduced = {.count = 0};
    for (uint32_t i = 0; i < sum->count; i++) {
        uint32_t monomial = 0;
        ORT_TRY(orti_dim_monomial_div(pool, sum->terms[i].monomial, common, &divides, &monomial));
        ORT_TRY(orti_dim_sum_add(pool, &reduced, sum->terms[i].coefficient, monomial));
    }
    *sum = reduced;
    return NULL;
}

/* Cancels the common factor g of the coefficients. Over a plain number the constant term need not share it:
 * floor((g*S + r)/(g*c)) is floor((S + floor(r/g))/c). */
static void cancel_factor(dim_sum *sum, dim_term *divisor) {
    uint64_t common = (uint64_t)divisor->coefficient;
    for (uint32_t i = 0; i < sum->count; i++)
        if (divisor->monomial != 0 || sum->terms[i].monomial != 0)
            common = gcd_u64(common, magnitude(sum->terms[i].coefficient));
    int64_t factor = (int64_t)common;
    divisor->coefficient /= factor;
    for (uint32_t i = 0; i < sum->count; i++)
        sum->terms[i].coefficient = orti_dim_floor_div(sum->terms[i].coefficient, factor);
    if (sum->count && sum->terms[sum->count - 1].coefficient == 0) sum->count--; /* the constant, which is last */
}

/* floor((floor(a/b) + k)/c) is floor((a + k*b)/(b*c)) for numbers b, c > 0. Sets *out_done when it applies. */
static ort_status *collapse_nested(orti_dim_pool *pool, const dim_sum *sum, int64_t divisor, dim_sum *quotient,
                                   bool *out_done) {
    int64_t shift = sum->count == 2 && sum->terms[1].monomial == 0 ? sum->terms[1].coefficient : 0;
    const dim_monomial *monomial = &pool->monomials[sum->terms[0].monomial];
    *out_done = false;
    if (sum->count != 1u + (shift != 0) || sum->terms[0].coefficient != 1 || monomial->degree != 1) return NULL;
    dim_atom atom = pool->atoms[monomial->atoms[0]];
    int64_t inner, product, offset;
    if (atom.kind != DIM_FLOORDIV || !orti_dim_constant(pool, atom.b, &inner) || inner <= 0) return NULL;
    if (!orti_dim_mul_fits(inner, divisor, &product) || !orti_dim_mul_fits(shift, inner, &offset)) return NULL;
    dim_sum numerator;
    ORT_TRY(orti_dim_sum_load(pool, atom.a, &numerator));
    ORT_TRY(orti_dim_sum_add(pool, &numerator, offset, 0));
    *out_done = true;
    return divide_by_term(pool, &numerator, (dim_term){product, 0, 0}, quotient);
}

/* quotient += floor(numerator / divisor); the divisor's coefficient is above 0. */
static ort_status *divide_by_term(orti_dim_pool *pool, const dim_sum *numerator, dim_term divisor, dim_sum *quotient) {
    dim_sum rest = {.count = 0}, below = {.count = 0};
    bool is_done = false;
    ORT_TRY(split_quotient(pool, numerator, divisor, quotient, &rest));
    if (rest.count == 0) return NULL;
    if (divisor.monomial != 0) {
        ORT_TRY(cancel_monomial(pool, &rest, &divisor));
        if (divisor.monomial == 0) return divide_by_term(pool, &rest, divisor, quotient);
    }
    if (rest.terms[0].monomial == 0 && divisor.monomial == 0) return NULL; /* 0 <= rest < divisor */
    cancel_factor(&rest, &divisor);
    if (divisor.monomial == 0) ORT_TRY(collapse_nested(pool, &rest, divisor.coefficient, quotient, &is_done));
    if (is_done) return NULL;
    ORT_TRY(orti_dim_sum_add(pool, &below, divisor.coefficient, divisor.monomial));
    return add_floor_atom(pool, &rest, &below, quotient);
}

/* Long division, which succeeds when the divisor divides exactly: (B*past + B*seq)/(past + seq). */
static ort_status *divide_exactly(orti_dim_pool *pool, const dim_sum *numerator, const dim_sum *divisor,
                                  dim_sum *quotient, bool *out_done) {
    dim_sum rest = *numerator;
    *out_done = false;
    for (uint32_t step = 0; rest.count; step++) {
        dim_term lead = rest.terms[0];
        bool divides = false;
        uint32_t monomial = 0;
        ORT_TRY(orti_dim_monomial_div(pool, lead.monomial, divisor->terms[0].monomial, &divides, &monomial));
        if (!divides || lead.coefficient % divisor->terms[0].coefficient || step == DIM_TERM_MAX) return NULL;
        int64_t whole = lead.coefficient / divisor->terms[0].coefficient;
        if (whole == INT64_MIN) return NULL;
        ORT_TRY(orti_dim_sum_add(pool, quotient, whole, monomial));
        ORT_TRY(sum_add_product(pool, &rest, (dim_term){-whole, monomial, 0}, divisor));
    }
    *out_done = true;
    return NULL;
}

static ort_status *divide_by_sum(orti_dim_pool *pool, const dim_sum *numerator, const dim_sum *divisor,
                                 dim_sum *quotient) {
    bool is_exact = false;
    ORT_TRY(divide_exactly(pool, numerator, divisor, quotient, &is_exact));
    if (is_exact) return NULL;
    quotient->count = 0;
    return add_floor_atom(pool, numerator, divisor, quotient);
}

static ort_status *sum_negate(const orti_dim_pool *pool, dim_sum *sum) {
    dim_sum negated = {.count = 0};
    ORT_TRY(sum_add_scaled(pool, &negated, -1, sum));
    *sum = negated;
    return NULL;
}

ort_status *orti_dim_floordiv(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out) {
    dim_sum left, right, quotient = {.count = 0};
    *out = ORTI_DIM_INVALID;
    ORT_TRY(orti_dim_sum_load(pool, a, &left));
    ORT_TRY(orti_dim_sum_load(pool, b, &right));
    if (right.count == 0) ORT_FAIL(INVALID_MODEL, "a dimension is divided by zero");
    if (right.terms[0].coefficient < 0) { /* floor(a/b) is floor(-a/-b) */
        ORT_TRY(sum_negate(pool, &left));
        ORT_TRY(sum_negate(pool, &right));
    }
    if (right.count == 1)
        ORT_TRY(divide_by_term(pool, &left, right.terms[0], &quotient));
    else
        ORT_TRY(divide_by_sum(pool, &left, &right, &quotient));
    return orti_dim_sum_intern(pool, &quotient, out);
}

/* ceil(a/b) is floor((a + b - 1)/b) for b > 0, and -floor(-a/b) always. The first keeps convolutions' sizes equal. */
ort_status *orti_dim_ceildiv(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out) {
    orti_dim negated, shifted;
    *out = ORTI_DIM_INVALID;
    if (b > 0) {
        ORT_TRY(orti_dim_add(pool, a, b - 1, &shifted));
        return orti_dim_floordiv(pool, shifted, b, out);
    }
    ORT_TRY(orti_dim_sub(pool, 0, a, &negated));
    ORT_TRY(orti_dim_floordiv(pool, negated, b, &negated));
    return orti_dim_sub(pool, 0, negated, out);
}

/* a - b*floor(a/b): with the divisor's sign, as ONNX Mod-13 and Python have it. No atom of its own is needed. */
ort_status *orti_dim_mod(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out) {
    orti_dim quotient, product;
    *out = ORTI_DIM_INVALID;
    ORT_TRY(orti_dim_floordiv(pool, a, b, &quotient));
    ORT_TRY(orti_dim_mul(pool, b, quotient, &product));
    return orti_dim_sub(pool, a, product, out);
}

/* Minimum and maximum: sorted lists of operands, none of which provably bounds another, nested to the right. */

#define BOUND_MAX 16u

typedef struct bound_list {
    orti_dim operands[BOUND_MAX];
    uint32_t count;
} bound_list;

static bool provably_at_least(const orti_dim_pool *pool, orti_dim a, orti_dim b) {
    dim_sum left, right;
    ort_status *status = orti_dim_sum_load(pool, a, &left);
    if (!status) status = orti_dim_sum_load(pool, b, &right);
    if (!status) status = sum_add_scaled(pool, &left, -1, &right);
    bool is_so = !status && orti_dim_sum_is_nonneg(pool, &left);
    ort_status_destroy(status);
    return is_so;
}

static ort_status *bound_add(const orti_dim_pool *pool, dim_kind kind, bound_list *list, orti_dim dim) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        orti_dim other = list->operands[i];
        bool is_bounded = kind == DIM_MAX ? provably_at_least(pool, other, dim) : provably_at_least(pool, dim, other);
        if (is_bounded) return NULL;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        orti_dim other = list->operands[i];
        bool bounds = kind == DIM_MAX ? provably_at_least(pool, dim, other) : provably_at_least(pool, other, dim);
        if (!bounds) list->operands[kept++] = other;
    }
    list->count = kept;
    if (kept == BOUND_MAX) ORT_FAIL(LIMIT_EXCEEDED, "a dimension's expression is the least or largest of too many");
    while (kept > 0 && list->operands[kept - 1] < dim) {
        list->operands[kept] = list->operands[kept - 1];
        kept--;
    }
    list->operands[kept] = dim;
    list->count++;
    return NULL;
}

/* Adds `dim`, or each of the operands of which it is the bound. */
static ort_status *bound_flatten(const orti_dim_pool *pool, dim_kind kind, bound_list *list, orti_dim dim) {
    const dim_atom *atom;
    while ((atom = orti_dim_atom_of(pool, dim)) && atom->kind == kind) {
        ORT_TRY(bound_add(pool, kind, list, atom->a));
        dim = atom->b;
    }
    return bound_add(pool, kind, list, dim);
}

static ort_status *dim_bound(orti_dim_pool *pool, dim_kind kind, orti_dim a, orti_dim b, orti_dim *out) {
    bound_list list = {.count = 0};
    *out = ORTI_DIM_INVALID;
    if ((a < 0 && !orti_dim_expr_of(pool, a)) || (b < 0 && !orti_dim_expr_of(pool, b)))
        ORT_FAIL(BUG, "%lld is no dimension of this pool", (long long)(a < 0 && !orti_dim_expr_of(pool, a) ? a : b));
    ORT_TRY(bound_flatten(pool, kind, &list, a));
    ORT_TRY(bound_flatten(pool, kind, &list, b));
    orti_dim bound = list.operands[list.count - 1];
    for (uint32_t i = list.count - 1; i-- > 0;) {
        dim_atom atom = {.kind = kind, .a = list.operands[i], .b = bound};
        dim_sum sum = {.count = 0};
        uint32_t monomial = 0;
        ORT_TRY(orti_dim_atom_intern(pool, &atom, &monomial));
        ORT_TRY(orti_dim_sum_add(pool, &sum, 1, monomial));
        ORT_TRY(orti_dim_sum_intern(pool, &sum, &bound));
    }
    *out = bound;
    return NULL;
}

ort_status *orti_dim_min(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out) {
    return dim_bound(pool, DIM_MIN, a, b, out);
}

ort_status *orti_dim_max(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out) {
    return dim_bound(pool, DIM_MAX, a, b, out);
}

/* Evaluation. */

typedef struct eval_context {
    const orti_dim_pool *pool;
    const int64_t *symbols;
    uint32_t symbol_count;
} eval_context;

static bool eval_dim(const eval_context *context, orti_dim dim, int64_t *out);

static bool eval_atom(const eval_context *context, const dim_atom *atom, int64_t *out) {
    int64_t a, b;
    if (atom->kind == DIM_SYMBOL) {
        if (atom->symbol >= context->symbol_count) return false;
        *out = context->symbols[atom->symbol];
        return *out != ORTI_DIM_INVALID;
    }
    if (!eval_dim(context, atom->a, &a) || !eval_dim(context, atom->b, &b)) return false;
    if (atom->kind == DIM_MIN) *out = a < b ? a : b;
    if (atom->kind == DIM_MAX) *out = a > b ? a : b;
    if (atom->kind != DIM_FLOORDIV) return true;
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *out = a / b - (a % b != 0 && (a % b < 0) != (b < 0));
    return true;
}

static bool eval_dim(const eval_context *context, orti_dim dim, int64_t *out) {
    int64_t total = 0;
    *out = dim;
    if (dim >= 0) return true;
    const dim_expr *expr = orti_dim_expr_of(context->pool, dim);
    if (!expr) return false;
    for (uint32_t i = 0; i < expr->count; i++) {
        const dim_monomial *monomial = &context->pool->monomials[expr->terms[i].monomial];
        int64_t product = expr->terms[i].coefficient, factor = 0;
        for (uint32_t j = 0; j < monomial->degree; j++) {
            if (!eval_atom(context, &context->pool->atoms[monomial->atoms[j]], &factor)) return false;
            if (!orti_dim_mul_fits(product, factor, &product)) return false;
        }
        if (!orti_dim_add_fits(total, product, &total)) return false;
    }
    *out = total;
    return true;
}

bool orti_dim_eval(const orti_dim_pool *pool, orti_dim dim, const int64_t *symbols, uint32_t symbol_count,
                   int64_t *out) {
    eval_context context = {pool, symbols, symbol_count};
    int64_t number;
    if (dim < 0 && !pool) return false;
    if (!eval_dim(&context, dim, &number)) return false;
    *out = number;
    return true;
}
