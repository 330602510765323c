/* tensor/dim.h: dimensions as expressions over symbols (architecture.md, decision 6).
 * Start at: orti_dim_add() and friends, orti_dim_eval().  Used by: graph, ops, partition, schedule.
 * Threads: a pool is written by one thread; reading is free once it is finished.
 *
 * An orti_dim >= 0 is the number itself; a negative one names an expression in a pool. Equal expressions have equal
 * ids: sums of products of atoms are kept in one canonical form, atoms being symbols and floor-div, min and max of
 * other expressions (a mod b is a - b*floor(a/b)). So (B*12)/4 is B*3, and two values have provably equal shapes when
 * their ids are equal.
 * Expressions denote non-negative sizes, but a known int64 element may be negative: a constant below zero is an
 * expression too (its id is negative, as every expression's; read it with orti_dim_constant). */
#ifndef ORT_CORE_TENSOR_DIM_H
#define ORT_CORE_TENSOR_DIM_H

#include "base/text.h"

typedef int64_t orti_dim;
#define ORTI_DIM_INVALID INT64_MIN

typedef struct orti_dim_pool orti_dim_pool;

ORT_MUST_USE ort_status *orti_dim_pool_create(const orti_allocator *alloc, orti_dim_pool **out);
void orti_dim_pool_destroy(orti_dim_pool *pool);

/* The symbol called `name` (the same each time), or with NULL a fresh one "?0", "?1" ...; symbols are numbered from 0.
 */
ORT_MUST_USE ort_status *orti_dim_symbol(orti_dim_pool *pool, const char *name, orti_dim *out);
uint32_t orti_dim_symbol_count(const orti_dim_pool *pool);
const char *orti_dim_symbol_name(const orti_dim_pool *pool, uint32_t symbol);
/* The number of the symbol that `dim` is, or UINT32_MAX when it is no bare symbol. */
uint32_t orti_dim_symbol_index(const orti_dim_pool *pool, orti_dim dim);

/* Any int64; negative ones get an expression. */
ORT_MUST_USE ort_status *orti_dim_from_i64(orti_dim_pool *pool, int64_t number, orti_dim *out);
/* True when `dim` is a number (also a negative one), which goes to *out. `pool` may be NULL for dim >= 0. */
bool orti_dim_constant(const orti_dim_pool *pool, orti_dim dim, int64_t *out);

/* Overflow of int64 in constants, and expressions with more than 128 terms, 24 factors, 64 nested or 65,536 parts in
 * all: LIMIT_EXCEEDED (a fresh symbol may stand in). Division by zero: INVALID_MODEL. Symbols are taken as >= 0. Where
 * the divisor's symbols cancel, the result has a value also where they are 0. `*out` may be an operand. */
ORT_MUST_USE ort_status *orti_dim_add(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
ORT_MUST_USE ort_status *orti_dim_sub(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
ORT_MUST_USE ort_status *orti_dim_mul(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
ORT_MUST_USE ort_status *orti_dim_floordiv(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
ORT_MUST_USE ort_status *orti_dim_ceildiv(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
ORT_MUST_USE ort_status *orti_dim_mod(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
ORT_MUST_USE ort_status *orti_dim_min(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
ORT_MUST_USE ort_status *orti_dim_max(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);

/* The expression's value where symbol i is symbols[i] (`symbol_count` of them; ORTI_DIM_INVALID = not known).
 * False when it needs a symbol that is not known, divides by zero or overflows. */
bool orti_dim_eval(const orti_dim_pool *pool, orti_dim dim, const int64_t *symbols, uint32_t symbol_count,
                   int64_t *out);
/* Adds "batch*12", "floor((h + 1)/2)", "5" ... The form parses back with orti_dim_parse. */
void orti_dim_print(const orti_dim_pool *pool, orti_dim dim, orti_text *text);
ORT_MUST_USE ort_status *orti_dim_parse(orti_dim_pool *pool, const char *text, size_t length, orti_dim *out);

#endif
