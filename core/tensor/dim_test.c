#include "tensor/dim.h"
#include "testing/test.h"

#include <stdlib.h>

static orti_dim_pool *pool_create(void) {
    orti_dim_pool *pool = NULL;
    CHECK_OK(orti_dim_pool_create(orti_allocator_default(), &pool));
    return pool;
}

static orti_dim dim_of(orti_dim_pool *pool, const char *text) {
    orti_dim dim = ORTI_DIM_INVALID;
    CHECK_OK(orti_dim_parse(pool, text, strlen(text), &dim));
    return dim;
}

/* Both texts denote one canonical expression. */
static void check_same(orti_dim_pool *pool, const char *a, const char *b) {
    CHECK(dim_of(pool, a) == dim_of(pool, b), "'%s' and '%s' differ", a, b);
}

static void check_prints(orti_dim_pool *pool, const char *text, const char *want) {
    orti_text got;
    orti_text_init(&got, orti_allocator_default());
    orti_dim_print(pool, dim_of(pool, text), &got);
    CHECK_STR(got.data, want);
    CHECK(dim_of(pool, got.data) == dim_of(pool, text), "'%s' does not read back", got.data);
    orti_text_finish(&got);
}

ORT_TEST(dim, equal_expressions_have_equal_ids) {
    orti_dim_pool *pool = pool_create();
    check_same(pool, "B*12/4", "B*3");
    check_same(pool, "a + b", "b + a");
    check_same(pool, "(a + b)*(a - b)", "a*a - b*b");
    check_same(pool, "a - a", "0");
    check_same(pool, "a*0 + 7", "7");
    check_same(pool, "B*S*768/(B*S)", "768");
    check_same(pool, "(B*past + B*seq)/(past + seq)", "B");
    check_same(pool, "(x*x - y*y)/(x - y)", "x + y");
    check_same(pool, "floor((h - 3)/2) + 1", "floor((h - 1)/2)");
    check_same(pool, "floor(h*3/2)", "h + floor(h/2)");
    check_same(pool, "floor((h*2 + 1)/2)", "h");
    check_same(pool, "floor((h*4 + 3)/6)", "floor((h*2 + 1)/3)");
    check_same(pool, "floor(floor(h/2)/3)", "floor(h/6)");
    check_same(pool, "floor((floor((h - 1)/2) + 1)/2)", "floor((h + 1)/4)");
    check_same(pool, "ceildiv(h, 2)", "floor((h + 1)/2)");
    check_same(pool, "floor(x*y/(x*2))", "floor(y/2)");
    check_same(pool, "floor(x/(0 - 3))", "floor((0 - x)/3)");
    check_same(pool, "floor((a*B + 1)/B)", "a + floor(1/B)");
    check_same(pool, "mod(h, 4)", "h - floor(h/4)*4");
    check_same(pool, "x/1", "x");
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, bounds_are_sorted_flat_and_pruned) {
    orti_dim_pool *pool = pool_create();
    check_same(pool, "max(x, 0)", "x");
    check_same(pool, "min(x, 0)", "0");
    check_same(pool, "max(x + 2, x)", "x + 2");
    check_same(pool, "min(x*y + x, x)", "x");
    check_same(pool, "max(a, max(b, c))", "max(max(c, a), b)");
    check_same(pool, "min(a, min(a, b))", "min(b, a)");
    check_same(pool, "max(floor(h/2), 0)", "floor(h/2)");
    check_same(pool, "max(3, 5)", "5");
    check_same(pool, "min(-3, 5)", "-3");
    check_same(pool, "max(min(a, b), 0)", "min(a, b)");
    CHECK(dim_of(pool, "max(x - 1, 0)") != dim_of(pool, "x - 1"));
    CHECK(dim_of(pool, "min(a, b)") != dim_of(pool, "max(a, b)"));
    CHECK(dim_of(pool, "max(max(x - 5, y - 9)*2, 0)") != dim_of(pool, "max(x - 5, y - 9)*2"));
    CHECK(dim_of(pool, "max(min(x - 5, y)*2, 0)") != dim_of(pool, "min(x - 5, y)*2"));
    check_same(pool, "max(max(x - 5, y)*2, 0)", "max(x - 5, y)*2");
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, different_expressions_have_different_ids) {
    orti_dim_pool *pool = pool_create();
    static const char *const texts[] = {"a",   "b",   "a + 1",      "a - 1",      "-1",         "-2",        "a*2",
                                        "a*a", "a*b", "floor(a/2)", "floor(a/3)", "floor(2/a)", "min(a, b)", "5"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(dim_of(pool, texts[i]) != dim_of(pool, texts[j]), "%s = %s", texts[i], texts[j]);
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, prints_what_reads_back) {
    orti_dim_pool *pool = pool_create();
    check_prints(pool, "12*batch", "batch*12");
    check_prints(pool, "floor((1 + h)/2)", "floor((h + 1)/2)");
    check_prints(pool, "5", "5");
    check_prints(pool, "-5", "-5");
    check_prints(pool, "-9223372036854775808", "-9223372036854775808");
    check_prints(pool, "3 - x*2", "-x*2 + 3");
    check_prints(pool, "x*x*2 - y - 1", "x*x*2 - y - 1");
    check_prints(pool, "min(p, q + 1)", "min(p, q + 1)");
    check_prints(pool, "r/(p*2)", "floor(r/(p*2))");
    check_prints(pool, "'odd name/0' + 1", "'odd name/0' + 1");
    check_prints(pool, "'it\\'s'", "'it\\'s'");
    check_prints(pool, "'floor'", "'floor'");
    check_prints(pool, "'7'", "'7'");
    check_prints(pool, "?3", "?3");
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, symbols_are_numbered_and_found_again) {
    orti_dim_pool *pool = pool_create();
    orti_dim batch, again, taken, fresh, other;
    CHECK_OK(orti_dim_symbol(pool, "batch", &batch));
    CHECK_OK(orti_dim_symbol(pool, "?0", &taken));
    CHECK_OK(orti_dim_symbol(pool, "batch", &again));
    CHECK_OK(orti_dim_symbol(pool, NULL, &fresh));
    CHECK_OK(orti_dim_symbol(pool, NULL, &other));
    CHECK(batch == again && fresh != other && fresh != taken);
    CHECK(orti_dim_symbol_count(pool) == 4);
    CHECK(orti_dim_symbol_index(pool, batch) == 0 && orti_dim_symbol_index(pool, fresh) == 2);
    CHECK_STR(orti_dim_symbol_name(pool, 2), "?1");
    CHECK_STR(orti_dim_symbol_name(pool, 9), "");
    CHECK(orti_dim_symbol_index(pool, dim_of(pool, "batch + 1")) == UINT32_MAX);
    CHECK(orti_dim_symbol_index(pool, 3) == UINT32_MAX);
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, constants_and_evaluation) {
    orti_dim_pool *pool = pool_create();
    orti_dim dim;
    int64_t number = 0, symbols[2] = {ORTI_DIM_INVALID, 0};
    CHECK(orti_dim_constant(NULL, 7, &number) && number == 7);
    CHECK_OK(orti_dim_from_i64(pool, INT64_MIN, &dim));
    CHECK(dim < 0 && orti_dim_constant(pool, dim, &number) && number == INT64_MIN);
    CHECK(!orti_dim_constant(pool, dim_of(pool, "a"), &number));
    dim = dim_of(pool, "floor(10/b) + a");
    CHECK(!orti_dim_eval(pool, dim, symbols, 2, &number)); /* a is not known */
    symbols[orti_dim_symbol_index(pool, dim_of(pool, "a"))] = 5;
    symbols[orti_dim_symbol_index(pool, dim_of(pool, "b"))] = 0;
    CHECK(!orti_dim_eval(pool, dim, symbols, 2, &number)); /* division by zero */
    symbols[orti_dim_symbol_index(pool, dim_of(pool, "b"))] = 3;
    CHECK(!orti_dim_eval(pool, dim, symbols, 1, &number)); /* one is missing */
    CHECK(orti_dim_eval(pool, dim, symbols, 2, &number) && number == 8);
    symbols[0] = symbols[1] = INT64_MAX;
    CHECK(!orti_dim_eval(pool, dim_of(pool, "a + b"), symbols, 2, &number));
    CHECK(!orti_dim_eval(pool, dim_of(pool, "a*b"), symbols, 2, &number));
    CHECK(!orti_dim_eval(pool, ORTI_DIM_INVALID, symbols, 2, &number));
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, errors_name_their_reason) {
    orti_dim_pool *pool = pool_create();
    orti_dim dim, x = dim_of(pool, "x"), sum = 0;
    CHECK_FAILS(orti_dim_floordiv(pool, x, 0, &dim), ORT_CODE_INVALID_MODEL, "divided by zero");
    CHECK_FAILS(orti_dim_mod(pool, x, 0, &dim), ORT_CODE_INVALID_MODEL, "divided by zero");
    CHECK_FAILS(orti_dim_ceildiv(pool, x, 0, &dim), ORT_CODE_INVALID_MODEL, "divided by zero");
    CHECK(dim == ORTI_DIM_INVALID);
    CHECK_FAILS(orti_dim_add(pool, INT64_MAX, 1, &dim), ORT_CODE_LIMIT_EXCEEDED, "64 bits");
    CHECK_FAILS(orti_dim_mul(pool, INT64_MAX, 2, &dim), ORT_CODE_LIMIT_EXCEEDED, "64 bits");
    CHECK_FAILS(orti_dim_add(pool, -1000, 1, &dim), ORT_CODE_BUG, "no dimension of this pool");
    CHECK_FAILS(orti_dim_max(pool, -1000, 1, &dim), ORT_CODE_BUG, "no dimension of this pool");
    for (int i = 0; i < 16; i++) {
        orti_dim fresh = 0;
        CHECK_OK(orti_dim_symbol(pool, NULL, &fresh));
        CHECK_OK(orti_dim_add(pool, sum, fresh, &sum));
    }
    CHECK_FAILS(orti_dim_mul(pool, sum, sum, &dim), ORT_CODE_LIMIT_EXCEEDED, "too many terms");
    ort_status *status = NULL;
    orti_dim power = x;
    while (!(status = orti_dim_mul(pool, power, power, &dim))) power = dim;
    CHECK_FAILS(status, ORT_CODE_LIMIT_EXCEEDED, "too many factors");
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, nesting_is_bounded) {
    orti_dim_pool *pool = pool_create();
    orti_dim deep = dim_of(pool, "x"), y = dim_of(pool, "y");
    ort_status *status = NULL;
    for (int i = 0; i < 1000 && !status; i++) {
        status = orti_dim_floordiv(pool, deep, y, &deep);
        if (!status) status = orti_dim_add(pool, deep, 1, &deep);
    }
    CHECK_FAILS(status, ORT_CODE_LIMIT_EXCEEDED, "nested");
    deep = dim_of(pool, "x");
    status = NULL;
    for (int i = 0; i < 1000 && !status; i++) { /* each step doubles what evaluation would walk */
        status = orti_dim_mul(pool, deep, deep, &deep);
        if (!status) status = orti_dim_floordiv(pool, deep, y, &deep);
    }
    CHECK_FAILS(status, ORT_CODE_LIMIT_EXCEEDED, "too many parts");
    char text[400];
    memset(text, '(', sizeof text);
    CHECK_FAILS(orti_dim_parse(pool, text, sizeof text, &deep), ORT_CODE_LIMIT_EXCEEDED, "nested");
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, bad_texts_are_refused) {
    orti_dim_pool *pool = pool_create();
    static const char *const texts[] = {"",       "+",        "a +",   "(a",      "a)",     "a b",
                                        "min(a)", "min(a, b", "'open", "floor(a", "1 ** 2", "#"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        orti_dim dim;
        CHECK_FAILS(orti_dim_parse(pool, texts[i], strlen(texts[i]), &dim), ORT_CODE_INVALID_ARGUMENT, "expected");
        CHECK(dim == ORTI_DIM_INVALID);
    }
    orti_dim dim;
    CHECK_FAILS(orti_dim_parse(pool, "9223372036854775808", 19, &dim), ORT_CODE_LIMIT_EXCEEDED, "64 bits");
    CHECK_FAILS(orti_dim_parse(pool, "a/0", 3, &dim), ORT_CODE_INVALID_MODEL, "zero");
    orti_dim_pool_destroy(pool);
}

/* Random expressions: the canonical form has the value that plain arithmetic on the unsimplified tree gives. */

#define SYMBOL_COUNT 4
#define SAMPLE_COUNT 24

typedef struct sampled { /* an expression and its values at the sample points */
    orti_dim dim;
    int64_t values[SAMPLE_COUNT];
    bool is_defined[SAMPLE_COUNT];
} sampled;

static uint64_t random_state;
static uint32_t random_below(uint32_t bound) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % bound;
}

static int64_t floor_of(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static bool plain_value(int op, int64_t a, int64_t b, int64_t *out) {
    if (llabs(a) > 1000000 || llabs(b) > 1000000 || (op >= 3 && op <= 5 && b == 0)) return false;
    int64_t values[] = {a + b,
                        a - b,
                        a * b,
                        b ? floor_of(a, b) : 0,
                        b ? -floor_of(-a, b) : 0,
                        b ? a - b * floor_of(a, b) : 0,
                        a < b ? a : b,
                        a > b ? a : b};
    *out = values[op];
    return true;
}

static ort_status *(*const dim_ops[])(orti_dim_pool *, orti_dim, orti_dim,
                                      orti_dim *) = {orti_dim_add,     orti_dim_sub, orti_dim_mul, orti_dim_floordiv,
                                                     orti_dim_ceildiv, orti_dim_mod, orti_dim_min, orti_dim_max};

/* Combines two expressions; false when a limit, which is no fault, stops it. */
static bool combine(orti_dim_pool *pool, const sampled *a, const sampled *b, sampled *out) {
    int op = (int)random_below(8);
    ort_status *status = dim_ops[op](pool, a->dim, b->dim, &out->dim);
    ort_code code = ort_status_code(status);
    CHECK(code == ORT_CODE_OK || code == ORT_CODE_LIMIT_EXCEEDED || code == ORT_CODE_INVALID_MODEL, "%s",
          ort_status_message(status));
    ort_status_destroy(status);
    if (code != ORT_CODE_OK) return false;
    for (int i = 0; i < SAMPLE_COUNT; i++)
        out->is_defined[i] =
            a->is_defined[i] && b->is_defined[i] && plain_value(op, a->values[i], b->values[i], &out->values[i]);
    return true;
}

static void check_sampled(const orti_dim_pool *pool, const sampled *expr, int64_t points[][SYMBOL_COUNT]) {
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        int64_t got = 0;
        if (!expr->is_defined[i] || !orti_dim_eval(pool, expr->dim, points[i], SYMBOL_COUNT, &got)) continue;
        orti_text text;
        orti_text_init(&text, orti_allocator_default());
        orti_dim_print(pool, expr->dim, &text);
        CHECK(got == expr->values[i], "%s at %d is %lld, want %lld", text.data, i, (long long)got,
              (long long)expr->values[i]);
        orti_text_finish(&text);
    }
}

static void check_reads_back(orti_dim_pool *pool, orti_dim dim) {
    orti_text text;
    orti_dim back = 0;
    orti_text_init(&text, orti_allocator_default());
    orti_dim_print(pool, dim, &text);
    ort_status *status = orti_dim_parse(pool, text.data, text.length, &back);
    CHECK(status ? ort_status_code(status) == ORT_CODE_LIMIT_EXCEEDED : back == dim, "%s reads back differently",
          text.data);
    ort_status_destroy(status);
    orti_text_finish(&text);
}

static void sampled_leaf(orti_dim_pool *pool, int64_t points[][SYMBOL_COUNT], sampled *out) {
    static const char *const names[SYMBOL_COUNT] = {"a", "b", "c", "d"};
    uint32_t which = random_below(SYMBOL_COUNT * 2);
    int64_t number = (int64_t)random_below(13) - 3;
    if (which < SYMBOL_COUNT)
        CHECK_OK(orti_dim_symbol(pool, names[which], &out->dim));
    else
        CHECK_OK(orti_dim_from_i64(pool, number, &out->dim));
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        out->values[i] = which < SYMBOL_COUNT ? points[i][which] : number;
        out->is_defined[i] = true;
    }
}

static void random_round(uint64_t seed) {
    enum { COUNT = 40 };
    sampled exprs[COUNT];
    int64_t points[SAMPLE_COUNT][SYMBOL_COUNT];
    orti_dim_pool *pool = pool_create();
    random_state = seed;
    for (int i = 0; i < SAMPLE_COUNT; i++)
        for (int j = 0; j < SYMBOL_COUNT; j++) points[i][j] = random_below(i < 8 ? 3 : 40);
    for (int j = 0; j < SYMBOL_COUNT; j++) {
        orti_dim ignored;
        CHECK_OK(orti_dim_symbol(pool, (char[2]){(char)('a' + j), 0}, &ignored));
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        if (i < 8 || !combine(pool, &exprs[random_below(i)], &exprs[random_below(i)], &exprs[i]))
            sampled_leaf(pool, points, &exprs[i]);
        check_sampled(pool, &exprs[i], points);
        check_reads_back(pool, exprs[i].dim);
    }
    orti_dim_pool_destroy(pool);
}

ORT_TEST(dim, random_expressions_keep_their_value) {
    for (uint64_t seed = 1; seed <= 400; seed++) random_round(seed);
}

/* The same value made by different ways of writing it: sums in any order, products expanded or not. */
ORT_TEST(dim, random_sums_are_canonical) {
    orti_dim_pool *pool = pool_create();
    random_state = 7;
    for (int round = 0; round < 300; round++) {
        orti_dim parts[6], forward = 0, backward = 0, scaled = 0, once = 0;
        for (int i = 0; i < 6; i++) {
            char name[2] = {(char)('a' + (int)random_below(5)), 0};
            CHECK_OK(orti_dim_symbol(pool, name, &parts[i]));
            CHECK_OK(orti_dim_mul(pool, parts[i], 1 + random_below(9), &parts[i]));
            if (random_below(3) == 0) CHECK_OK(orti_dim_floordiv(pool, parts[i], 4, &parts[i]));
        }
        for (int i = 0; i < 6; i++) {
            CHECK_OK(orti_dim_add(pool, forward, parts[i], &forward));
            CHECK_OK(orti_dim_add(pool, backward, parts[5 - i], &backward));
        }
        CHECK(forward == backward);
        int64_t factor = 2 + random_below(50);
        CHECK_OK(orti_dim_mul(pool, forward, factor, &scaled));
        CHECK_OK(orti_dim_floordiv(pool, scaled, factor, &once));
        CHECK(once == forward);
        CHECK_OK(orti_dim_mul(pool, forward, parts[0], &scaled));
        CHECK_OK(orti_dim_floordiv(pool, scaled, forward, &once));
        CHECK(once == parts[0]);
    }
    orti_dim_pool_destroy(pool);
}

static ort_status *build_something(const orti_allocator *alloc) {
    orti_dim_pool *pool = NULL;
    orti_dim dim = 0, other = 0;
    ort_status *status = NULL;
    ORT_TRY(orti_dim_pool_create(alloc, &pool));
    static const char text[] = "floor((h*w + 3)/(w*2)) + max(h, 'a b') - mod(h, 7)*min(w, 9) + c0*c1 + c2*c3";
    ORT_TRY_TO(done, status, orti_dim_parse(pool, text, sizeof text - 1, &dim));
    for (int i = 0; i < 40; i++) {
        ORT_TRY_TO(done, status, orti_dim_symbol(pool, NULL, &other));
        ORT_TRY_TO(done, status, orti_dim_add(pool, other, i + 1, &other));
    }
done:
    orti_dim_pool_destroy(pool);
    return status;
}

ORT_TEST(dim, every_allocation_may_fail) {
    for (uint64_t fail_at = 1;; fail_at++) {
        orti_allocator_failing failing;
        orti_allocator_failing_init(&failing, fail_at);
        ort_status *status = build_something(&failing.allocator);
        CHECK(failing.live_count == 0, "leaks after failing at %llu", (unsigned long long)fail_at);
        if (!status) {
            CHECK(fail_at > 10 && failing.call_count < fail_at);
            break;
        }
        CHECK(ort_status_code(status) == ORT_CODE_OUT_OF_MEMORY, "%s", ort_status_message(status));
        ort_status_destroy(status);
    }
}
