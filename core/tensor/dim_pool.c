#include "tensor/dim_pool.h"

#include <stdio.h>
#include <string.h>

bool orti_dim_add_fits(int64_t a, int64_t b, int64_t *out) {
    if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b) return false;
    *out = a + b;
    return true;
}

bool orti_dim_mul_fits(int64_t a, int64_t b, int64_t *out) {
    if (a > 0 ? (b > 0 ? a > INT64_MAX / b : b < INT64_MIN / a) : (b > 0 ? a < INT64_MIN / b : a && b < INT64_MAX / a))
        return false;
    *out = a * b;
    return true;
}

int64_t orti_dim_floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static ort_status *limit_failure(const char *what) {
    return ORT_STATUS(LIMIT_EXCEEDED, "a dimension's expression has %s", what);
}

ort_status *orti_dim_pool_create(const orti_allocator *alloc, orti_dim_pool **out) {
    orti_dim_pool *pool = NULL;
    *out = NULL;
    ORT_TRY(orti_alloc(alloc, 1, sizeof *pool, &pool));
    pool->alloc = alloc;
    orti_arena_init(&pool->arena, alloc);
    orti_map *maps[] = {&pool->symbol_map, &pool->atom_map, &pool->monomial_map, &pool->expr_map};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) orti_map_init(maps[i], alloc);
    uint32_t one = 0;
    ort_status *status = orti_dim_monomial_intern(pool, NULL, 0, &one);
    if (status) {
        orti_dim_pool_destroy(pool);
        return status;
    }
    *out = pool;
    return NULL;
}

void orti_dim_pool_destroy(orti_dim_pool *pool) {
    if (!pool) return;
    orti_map *maps[] = {&pool->symbol_map, &pool->atom_map, &pool->monomial_map, &pool->expr_map};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) orti_map_finish(maps[i]);
    orti_arena_finish(&pool->arena);
    void *arrays[] = {pool->symbols, pool->atoms, pool->monomials, pool->exprs};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) orti_free(pool->alloc, arrays[i]);
    orti_free(pool->alloc, pool);
}

/* Monomials. */

/* Depth and cost follow from the atoms; the limits keep evaluation bounded. */
static ort_status *monomial_measure(const orti_dim_pool *pool, dim_monomial *monomial) {
    monomial->is_nonneg = true;
    for (uint32_t i = 0; i < monomial->degree; i++) {
        const dim_atom *atom = &pool->atoms[monomial->atoms[i]];
        monomial->is_nonneg &= atom->is_nonneg;
        monomial->cost += atom->cost;
        if (monomial->depth < atom->depth) monomial->depth = atom->depth;
        if (monomial->cost > DIM_COST_MAX) return limit_failure("too many parts");
    }
    return NULL;
}

ort_status *orti_dim_monomial_intern(orti_dim_pool *pool, const uint32_t *atoms, uint32_t degree, uint32_t *out) {
    /* The key of the empty monomial must not be NULL. */
    const char *key = degree ? (const char *)atoms : "";
    *out = orti_map_find(&pool->monomial_map, key, degree * sizeof *atoms);
    if (*out != ORTI_MAP_NONE) return NULL;
    dim_monomial monomial = {.degree = degree, .atoms = atoms};
    ORT_TRY(monomial_measure(pool, &monomial));
    ORT_TRY(orti_grow(pool->alloc, &pool->monomials, &pool->monomial_capacity, pool->monomial_count + (size_t)1,
                      sizeof monomial));
    ORT_TRY(orti_arena_copy(&pool->arena, atoms, degree * sizeof *atoms, &monomial.atoms));
    ORT_TRY(orti_map_set(&pool->monomial_map, key, degree * sizeof *atoms, pool->monomial_count));
    *out = pool->monomial_count;
    pool->monomials[pool->monomial_count++] = monomial;
    return NULL;
}

ort_status *orti_dim_monomial_mul(orti_dim_pool *pool, uint32_t a, uint32_t b, uint32_t *out) {
    const dim_monomial *left = &pool->monomials[a], *right = &pool->monomials[b];
    uint32_t atoms[DIM_DEGREE_MAX], count = 0, i = 0, j = 0;
    if (left->degree + right->degree > DIM_DEGREE_MAX) return limit_failure("too many factors");
    while (i < left->degree || j < right->degree) {
        bool takes_left = j == right->degree || (i < left->degree && left->atoms[i] <= right->atoms[j]);
        atoms[count++] = takes_left ? left->atoms[i++] : right->atoms[j++];
    }
    return orti_dim_monomial_intern(pool, atoms, count, out);
}

ort_status *orti_dim_monomial_div(orti_dim_pool *pool, uint32_t a, uint32_t b, bool *out_divides, uint32_t *out) {
    const dim_monomial *left = &pool->monomials[a], *right = &pool->monomials[b];
    uint32_t atoms[DIM_DEGREE_MAX], count = 0, j = 0;
    for (uint32_t i = 0; i < left->degree; i++) {
        if (j < right->degree && left->atoms[i] == right->atoms[j])
            j++;
        else
            atoms[count++] = left->atoms[i];
    }
    *out_divides = j == right->degree;
    return *out_divides ? orti_dim_monomial_intern(pool, atoms, count, out) : NULL;
}

ort_status *orti_dim_monomial_gcd(orti_dim_pool *pool, uint32_t a, uint32_t b, uint32_t *out) {
    const dim_monomial *left = &pool->monomials[a], *right = &pool->monomials[b];
    uint32_t atoms[DIM_DEGREE_MAX], count = 0;
    for (uint32_t i = 0, j = 0; i < left->degree && j < right->degree;) {
        if (left->atoms[i] == right->atoms[j]) {
            atoms[count++] = left->atoms[i++];
            j++;
        } else if (left->atoms[i] < right->atoms[j]) {
            i++;
        } else {
            j++;
        }
    }
    return orti_dim_monomial_intern(pool, atoms, count, out);
}

/* Graded lexicographic: < 0 when `a` stands before `b`. */
static int monomial_compare(const orti_dim_pool *pool, uint32_t a, uint32_t b) {
    const dim_monomial *left = &pool->monomials[a], *right = &pool->monomials[b];
    if (left->degree != right->degree) return left->degree > right->degree ? -1 : 1;
    for (uint32_t i = 0; i < left->degree; i++)
        if (left->atoms[i] != right->atoms[i]) return left->atoms[i] < right->atoms[i] ? -1 : 1;
    return 0;
}

/* Atoms. */

static bool dim_is_nonneg(const orti_dim_pool *pool, orti_dim dim) {
    dim_sum sum;
    ort_status *status = orti_dim_sum_load(pool, dim, &sum);
    bool is_nonneg = !status && orti_dim_sum_is_nonneg(pool, &sum);
    ort_status_destroy(status);
    return is_nonneg;
}

static ort_status *atom_measure(const orti_dim_pool *pool, dim_atom *atom) {
    atom->cost = atom->depth = 1;
    atom->is_nonneg = true;
    if (atom->kind == DIM_SYMBOL) return NULL;
    bool a_is_nonneg = dim_is_nonneg(pool, atom->a), b_is_nonneg = dim_is_nonneg(pool, atom->b);
    atom->is_nonneg = atom->kind == DIM_MAX ? a_is_nonneg || b_is_nonneg : a_is_nonneg && b_is_nonneg;
    const dim_expr *operands[] = {orti_dim_expr_of(pool, atom->a), orti_dim_expr_of(pool, atom->b)};
    for (size_t i = 0; i < 2; i++) {
        if (!operands[i]) continue;
        atom->cost += operands[i]->cost;
        if (atom->depth < operands[i]->depth + 1) atom->depth = operands[i]->depth + 1;
    }
    if (atom->cost > DIM_COST_MAX) return limit_failure("too many parts");
    if (atom->depth > DIM_DEPTH_MAX) return limit_failure("too many nested parts");
    return NULL;
}

ort_status *orti_dim_atom_intern(orti_dim_pool *pool, const dim_atom *atom, uint32_t *out_monomial) {
    int64_t key[] = {(int64_t)atom->kind, (int64_t)atom->symbol, atom->a, atom->b};
    uint32_t number = orti_map_find(&pool->atom_map, (const char *)key, sizeof key);
    if (number == ORTI_MAP_NONE) {
        dim_atom measured = *atom;
        ORT_TRY(atom_measure(pool, &measured));
        ORT_TRY(
            orti_grow(pool->alloc, &pool->atoms, &pool->atom_capacity, pool->atom_count + (size_t)1, sizeof measured));
        number = pool->atom_count;
        ORT_TRY(orti_map_set(&pool->atom_map, (const char *)key, sizeof key, number));
        pool->atoms[pool->atom_count++] = measured;
    }
    return orti_dim_monomial_intern(pool, &number, 1, out_monomial);
}

/* Sums. */

const dim_expr *orti_dim_expr_of(const orti_dim_pool *pool, orti_dim dim) {
    if (dim >= 0 || dim == ORTI_DIM_INVALID || -1 - dim >= (int64_t)pool->expr_count) return NULL;
    return &pool->exprs[-1 - dim];
}

const dim_atom *orti_dim_atom_of(const orti_dim_pool *pool, orti_dim dim) {
    const dim_expr *expr = orti_dim_expr_of(pool, dim);
    if (!expr || expr->count != 1 || expr->terms[0].coefficient != 1) return NULL;
    const dim_monomial *monomial = &pool->monomials[expr->terms[0].monomial];
    return monomial->degree == 1 ? &pool->atoms[monomial->atoms[0]] : NULL;
}

ort_status *orti_dim_sum_load(const orti_dim_pool *pool, orti_dim dim, dim_sum *out) {
    out->count = 0;
    if (dim >= 0) return dim ? orti_dim_sum_add(pool, out, dim, 0) : NULL;
    const dim_expr *expr = orti_dim_expr_of(pool, dim);
    if (!expr) ORT_FAIL(BUG, "%lld is no dimension of this pool", (long long)dim);
    memcpy(out->terms, expr->terms, expr->count * sizeof *expr->terms);
    out->count = expr->count;
    return NULL;
}

ort_status *orti_dim_sum_add(const orti_dim_pool *pool, dim_sum *sum, int64_t coefficient, uint32_t monomial) {
    uint32_t at = 0;
    int order = 1;
    while (at < sum->count && (order = monomial_compare(pool, sum->terms[at].monomial, monomial)) < 0) at++;
    if (at < sum->count && order == 0) {
        int64_t *old = &sum->terms[at].coefficient;
        if (!orti_dim_add_fits(*old, coefficient, old)) return limit_failure("a number beyond 64 bits");
        if (*old == 0) memmove(&sum->terms[at], &sum->terms[at + 1], (--sum->count - at) * sizeof *sum->terms);
        return NULL;
    }
    if (coefficient == 0) return NULL;
    if (sum->count == DIM_TERM_MAX) return limit_failure("too many terms");
    memmove(&sum->terms[at + 1], &sum->terms[at], (sum->count++ - at) * sizeof *sum->terms);
    sum->terms[at] = (dim_term){coefficient, monomial, 0};
    return NULL;
}

bool orti_dim_sum_is_nonneg(const orti_dim_pool *pool, const dim_sum *sum) {
    for (uint32_t i = 0; i < sum->count; i++)
        if (sum->terms[i].coefficient < 0 || !pool->monomials[sum->terms[i].monomial].is_nonneg) return false;
    return true;
}

static ort_status *expr_measure(const orti_dim_pool *pool, dim_expr *expr) {
    expr->cost = expr->count;
    for (uint32_t i = 0; i < expr->count; i++) {
        const dim_monomial *monomial = &pool->monomials[expr->terms[i].monomial];
        expr->cost += monomial->cost;
        if (expr->depth < monomial->depth) expr->depth = monomial->depth;
        if (expr->cost > DIM_COST_MAX) return limit_failure("too many parts");
    }
    return NULL;
}

ort_status *orti_dim_sum_intern(orti_dim_pool *pool, const dim_sum *sum, orti_dim *out) {
    *out = 0;
    if (sum->count == 0) return NULL;
    if (sum->count == 1 && sum->terms[0].monomial == 0 && sum->terms[0].coefficient > 0) {
        *out = sum->terms[0].coefficient;
        return NULL;
    }
    const char *key = (const char *)sum->terms;
    size_t key_length = sum->count * sizeof *sum->terms;
    uint32_t number = orti_map_find(&pool->expr_map, key, key_length);
    if (number == ORTI_MAP_NONE) {
        dim_expr expr = {.terms = sum->terms, .count = sum->count};
        ORT_TRY(expr_measure(pool, &expr));
        ORT_TRY(orti_grow(pool->alloc, &pool->exprs, &pool->expr_capacity, pool->expr_count + (size_t)1, sizeof expr));
        ORT_TRY(orti_arena_copy(&pool->arena, sum->terms, key_length, &expr.terms));
        number = pool->expr_count;
        ORT_TRY(orti_map_set(&pool->expr_map, key, key_length, number));
        pool->exprs[pool->expr_count++] = expr;
    }
    *out = -1 - (orti_dim)number;
    return NULL;
}

/* Symbols. */

static ort_status *symbol_add(orti_dim_pool *pool, const char *name, uint32_t *out) {
    size_t length = strlen(name);
    ORT_TRY(orti_grow(pool->alloc, &pool->symbols, &pool->symbol_capacity, pool->symbol_count + (size_t)1,
                      sizeof *pool->symbols));
    ORT_TRY(orti_arena_string(&pool->arena, name, length, &pool->symbols[pool->symbol_count]));
    ORT_TRY(orti_map_set(&pool->symbol_map, name, length, pool->symbol_count));
    *out = pool->symbol_count++;
    return NULL;
}

ort_status *orti_dim_symbol(orti_dim_pool *pool, const char *name, orti_dim *out) {
    char fresh[32];
    uint32_t number = ORTI_MAP_NONE, monomial = 0;
    *out = ORTI_DIM_INVALID;
    if (name)
        number = orti_map_find(&pool->symbol_map, name, strlen(name));
    else /* a model may have taken the name */
        do snprintf(fresh, sizeof fresh, "?%u", pool->fresh_count++);
        while (orti_map_find(&pool->symbol_map, fresh, strlen(fresh)) != ORTI_MAP_NONE);
    if (number == ORTI_MAP_NONE) ORT_TRY(symbol_add(pool, name ? name : fresh, &number));
    ORT_TRY(orti_dim_atom_intern(pool, &(dim_atom){.kind = DIM_SYMBOL, .symbol = number}, &monomial));
    dim_sum sum = {.count = 0};
    ORT_TRY(orti_dim_sum_add(pool, &sum, 1, monomial));
    return orti_dim_sum_intern(pool, &sum, out);
}

uint32_t orti_dim_symbol_count(const orti_dim_pool *pool) {
    return pool->symbol_count;
}

const char *orti_dim_symbol_name(const orti_dim_pool *pool, uint32_t symbol) {
    return symbol < pool->symbol_count ? pool->symbols[symbol] : "";
}

uint32_t orti_dim_symbol_index(const orti_dim_pool *pool, orti_dim dim) {
    const dim_atom *atom = orti_dim_atom_of(pool, dim);
    return atom && atom->kind == DIM_SYMBOL ? atom->symbol : UINT32_MAX;
}
