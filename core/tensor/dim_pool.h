/* tensor/dim_pool.h: how expressions are stored. Private to tensor/dim*.c.
 *
 * An expression is a sum of terms; a term is a coefficient times a monomial; a monomial is a sorted list of atoms, with
 * repetition. All three are kept once, so that equal ones have equal numbers. Terms are sorted by degree, falling, then
 * by the atoms' numbers: that is graded lexicographic order, which exact division needs. Monomial 0 is the product of
 * nothing: the constant term. */
#ifndef ORT_CORE_TENSOR_DIM_POOL_H
#define ORT_CORE_TENSOR_DIM_POOL_H

#include "tensor/dim.h"

#define DIM_TERM_MAX   128u   /* terms of a sum */
#define DIM_DEGREE_MAX 24u    /* atoms of a monomial */
#define DIM_DEPTH_MAX  64u    /* atoms inside atoms: what evaluation recurses into */
#define DIM_COST_MAX   65536u /* steps of one evaluation: shared parts are counted each time they occur */

typedef enum dim_kind { DIM_SYMBOL, DIM_FLOORDIV, DIM_MIN, DIM_MAX } dim_kind;

typedef struct dim_atom {
    dim_kind kind;
    uint32_t symbol; /* DIM_SYMBOL */
    orti_dim a, b;   /* the others' operands */
    uint32_t cost, depth;
    bool is_nonneg; /* provably, because symbols are sizes */
} dim_atom;

typedef struct dim_monomial {
    const uint32_t *atoms;
    uint32_t degree, cost, depth;
    bool is_nonneg;
} dim_monomial;

typedef struct dim_term {
    int64_t coefficient; /* not 0 */
    uint32_t monomial;
    uint32_t zero; /* terms are compared as bytes */
} dim_term;

typedef struct dim_expr {
    const dim_term *terms;
    uint32_t count, cost, depth;
} dim_expr;

/* A sum that is being made. */
typedef struct dim_sum {
    dim_term terms[DIM_TERM_MAX];
    uint32_t count;
} dim_sum;

struct orti_dim_pool {
    const orti_allocator *alloc;
    orti_arena arena; /* names, monomials' atoms, expressions' terms */
    orti_map symbol_map, atom_map, monomial_map, expr_map;
    const char **symbols;
    dim_atom *atoms;
    dim_monomial *monomials;
    dim_expr *exprs;
    size_t symbol_capacity, atom_capacity, monomial_capacity, expr_capacity;
    uint32_t symbol_count, atom_count, monomial_count, expr_count;
    uint32_t fresh_count;
};

bool orti_dim_add_fits(int64_t a, int64_t b, int64_t *out);
bool orti_dim_mul_fits(int64_t a, int64_t b, int64_t *out);
int64_t orti_dim_floor_div(int64_t a, int64_t b); /* b > 0 */

/* NULL for a number and for an id that is not of this pool. */
const dim_expr *orti_dim_expr_of(const orti_dim_pool *pool, orti_dim dim);
/* The atom that `dim` is, or NULL. */
const dim_atom *orti_dim_atom_of(const orti_dim_pool *pool, orti_dim dim);

/* BUG when `dim` is none of this pool. */
ort_status *orti_dim_sum_load(const orti_dim_pool *pool, orti_dim dim, dim_sum *out);
/* LIMIT_EXCEEDED when a coefficient overflows or there are too many terms. */
ort_status *orti_dim_sum_add(const orti_dim_pool *pool, dim_sum *sum, int64_t coefficient, uint32_t monomial);
ort_status *orti_dim_sum_intern(orti_dim_pool *pool, const dim_sum *sum, orti_dim *out);
bool orti_dim_sum_is_nonneg(const orti_dim_pool *pool, const dim_sum *sum);

/* The monomial of one atom; the atom is made when it is new. */
ort_status *orti_dim_atom_intern(orti_dim_pool *pool, const dim_atom *atom, uint32_t *out_monomial);
ort_status *orti_dim_monomial_intern(orti_dim_pool *pool, const uint32_t *atoms, uint32_t degree, uint32_t *out);
ort_status *orti_dim_monomial_mul(orti_dim_pool *pool, uint32_t a, uint32_t b, uint32_t *out);
/* Sets *out_divides; *out is a/b then. */
ort_status *orti_dim_monomial_div(orti_dim_pool *pool, uint32_t a, uint32_t b, bool *out_divides, uint32_t *out);
ort_status *orti_dim_monomial_gcd(orti_dim_pool *pool, uint32_t a, uint32_t b, uint32_t *out);

#endif
