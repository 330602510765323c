/* Expressions as text and back: "batch*12 + 5", "floor((h + 1)/2)", "max(a, b)". */
#include "tensor/dim_pool.h"

#include <inttypes.h>
#include <string.h>

#define NEST_MAX 64u

static bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '?' || (unsigned char)c >= 0x80;
}

static bool is_name_part(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == ':';
}

static const struct {
    const char *name;
    ort_status *(*make)(orti_dim_pool *pool, orti_dim a, orti_dim b, orti_dim *out);
} functions[] = {{"floor", NULL},
                 {"min", orti_dim_min},
                 {"max", orti_dim_max},
                 {"mod", orti_dim_mod},
                 {"ceildiv", orti_dim_ceildiv}};
#define FUNCTION_COUNT (sizeof functions / sizeof *functions)

static bool is_plain_name(const char *name) {
    if (!is_name_start(name[0])) return false;
    for (size_t i = 0; name[i]; i++)
        if (!is_name_part(name[i])) return false;
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        if (strcmp(name, functions[i].name) == 0) return false;
    return true;
}

/* Names that would not read back as one are quoted; a quote or backslash in them is escaped by a backslash. */
static void print_name(const char *name, orti_text *text) {
    if (is_plain_name(name)) {
        orti_text_add(text, "%s", name);
        return;
    }
    orti_text_add(text, "'");
    for (const char *c = name; *c; c++) orti_text_add(text, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
    orti_text_add(text, "'");
}

/* `dim` where a factor is expected: parentheses unless it is a number >= 0 or a single atom. */
static void print_factor(const orti_dim_pool *pool, orti_dim dim, orti_text *text) {
    bool is_bare = dim >= 0 || orti_dim_atom_of(pool, dim);
    if (!is_bare) orti_text_add(text, "(");
    orti_dim_print(pool, dim, text);
    if (!is_bare) orti_text_add(text, ")");
}

static void print_atom(const orti_dim_pool *pool, const dim_atom *atom, orti_text *text) {
    static const char *const names[] = {"", "floor", "min", "max"};
    if (atom->kind == DIM_SYMBOL) {
        print_name(pool->symbols[atom->symbol], text);
        return;
    }
    orti_text_add(text, "%s(", names[atom->kind]);
    if (atom->kind == DIM_FLOORDIV)
        print_factor(pool, atom->a, text);
    else
        orti_dim_print(pool, atom->a, text);
    orti_text_add(text, atom->kind == DIM_FLOORDIV ? "/" : ", ");
    if (atom->kind == DIM_FLOORDIV)
        print_factor(pool, atom->b, text);
    else
        orti_dim_print(pool, atom->b, text);
    orti_text_add(text, ")");
}

static void print_term(const orti_dim_pool *pool, const dim_term *term, bool is_first, orti_text *text) {
    const dim_monomial *monomial = &pool->monomials[term->monomial];
    bool is_negative = term->coefficient < 0;
    uint64_t size = is_negative ? 0 - (uint64_t)term->coefficient : (uint64_t)term->coefficient;
    if (is_first)
        orti_text_add(text, "%s", is_negative ? "-" : "");
    else
        orti_text_add(text, " %c ", is_negative ? '-' : '+');
    for (uint32_t i = 0; i < monomial->degree; i++) {
        if (i) orti_text_add(text, "*");
        print_atom(pool, &pool->atoms[monomial->atoms[i]], text);
    }
    if (monomial->degree == 0)
        orti_text_add(text, "%" PRIu64, size);
    else if (size != 1)
        orti_text_add(text, "*%" PRIu64, size);
}

void orti_dim_print(const orti_dim_pool *pool, orti_dim dim, orti_text *text) {
    const dim_expr *expr = pool ? orti_dim_expr_of(pool, dim) : NULL;
    if (dim >= 0)
        orti_text_add(text, "%" PRId64, dim);
    else if (!expr)
        orti_text_add(text, "<invalid>");
    else
        for (uint32_t i = 0; i < expr->count; i++) print_term(pool, &expr->terms[i], i == 0, text);
}

/* sum = ["-"] product {("+" | "-") product}; product = factor {("*" | "/") factor};
 * factor = number | name | 'quoted name' | function "(" sum ["," sum] ")" | "(" sum ")"; "/" rounds down. */
typedef struct dim_parser {
    orti_dim_pool *pool;
    const char *start, *at, *end;
    uint32_t depth;
} dim_parser;

static ort_status *parse_sum(dim_parser *parser, orti_dim *out);

static ort_status *parse_failure(const dim_parser *parser, const char *wanted) {
    int length = parser->end - parser->start > 200 ? 200 : (int)(parser->end - parser->start);
    return ORT_STATUS(INVALID_ARGUMENT, "dimension '%.*s': %s expected at byte %zu", length, parser->start, wanted,
                      (size_t)(parser->at - parser->start));
}

static void skip_spaces(dim_parser *parser) {
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\t')) parser->at++;
}

static bool accept(dim_parser *parser, char c) {
    skip_spaces(parser);
    if (parser->at == parser->end || *parser->at != c) return false;
    parser->at++;
    return true;
}

/* Numbers are taken up to 2^63, which fits when the sign before it is negative. */
static ort_status *parse_number(dim_parser *parser, bool is_negative, orti_dim *out) {
    int64_t number = 0;
    for (; parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9'; parser->at++) {
        int64_t digit = is_negative ? -(*parser->at - '0') : *parser->at - '0';
        if (!orti_dim_mul_fits(number, 10, &number) || !orti_dim_add_fits(number, digit, &number))
            ORT_FAIL(LIMIT_EXCEEDED, "a dimension's expression has a number beyond 64 bits");
    }
    return orti_dim_from_i64(parser->pool, number, out);
}

static ort_status *parse_quoted(dim_parser *parser, orti_dim *out) {
    orti_text name;
    orti_text_init(&name, parser->pool->alloc);
    while (parser->at < parser->end && *parser->at != '\'') {
        if (*parser->at == '\\' && parser->at + 1 < parser->end) parser->at++;
        orti_text_add_bytes(&name, parser->at++, 1);
    }
    ort_status *status = orti_text_status(&name);
    if (!status && !accept(parser, '\'')) status = parse_failure(parser, "a closing quote");
    if (!status) status = orti_dim_symbol(parser->pool, name.data, out);
    orti_text_finish(&name);
    return status;
}

static ort_status *parse_call(dim_parser *parser, size_t function, orti_dim *out) {
    orti_dim a = 0, b = 0;
    ORT_TRY(parse_sum(parser, &a));
    if (functions[function].make) {
        if (!accept(parser, ',')) return parse_failure(parser, "','");
        ORT_TRY(parse_sum(parser, &b));
    }
    if (!accept(parser, ')')) return parse_failure(parser, "')'");
    if (functions[function].make) return functions[function].make(parser->pool, a, b, out);
    *out = a; /* division has rounded down already */
    return NULL;
}

static ort_status *parse_name(dim_parser *parser, orti_dim *out) {
    const char *start = parser->at;
    while (parser->at < parser->end && is_name_part(*parser->at)) parser->at++;
    size_t length = (size_t)(parser->at - start);
    for (size_t i = 0; i < FUNCTION_COUNT; i++)
        if (strlen(functions[i].name) == length && memcmp(start, functions[i].name, length) == 0 && accept(parser, '('))
            return parse_call(parser, i, out);
    orti_text name;
    orti_text_init(&name, parser->pool->alloc);
    orti_text_add_bytes(&name, start, length);
    ort_status *status = orti_text_status(&name);
    if (!status) status = orti_dim_symbol(parser->pool, name.data, out);
    orti_text_finish(&name);
    return status;
}

static ort_status *parse_factor(dim_parser *parser, bool is_negative, orti_dim *out) {
    if (accept(parser, '(')) {
        ORT_TRY(parse_sum(parser, out));
        return accept(parser, ')') ? NULL : parse_failure(parser, "')'");
    }
    if (accept(parser, '\'')) return parse_quoted(parser, out);
    char c = parser->at < parser->end ? *parser->at : 0;
    if (c >= '0' && c <= '9') return parse_number(parser, is_negative, out);
    if (is_name_start(c)) return parse_name(parser, out);
    return parse_failure(parser, "a number, a name or '('");
}

static ort_status *parse_product(dim_parser *parser, bool is_negative, orti_dim *out) {
    skip_spaces(parser);
    bool is_number = parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9';
    ORT_TRY(parse_factor(parser, is_negative && is_number, out));
    if (is_negative && !is_number) ORT_TRY(orti_dim_sub(parser->pool, 0, *out, out));
    for (;;) {
        orti_dim left = *out, right = 0;
        bool is_division = accept(parser, '/');
        if (!is_division && !accept(parser, '*')) return NULL;
        ORT_TRY(parse_factor(parser, false, &right));
        ORT_TRY((is_division ? orti_dim_floordiv : orti_dim_mul)(parser->pool, left, right, out));
    }
}

static ort_status *parse_sum(dim_parser *parser, orti_dim *out) {
    orti_dim total = 0, product = 0;
    if (++parser->depth > NEST_MAX) ORT_FAIL(LIMIT_EXCEEDED, "a dimension's expression has too many nested parts");
    bool is_negative = accept(parser, '-');
    for (;;) {
        ORT_TRY(parse_product(parser, is_negative, &product));
        ORT_TRY(orti_dim_add(parser->pool, total, product, &total));
        is_negative = accept(parser, '-');
        if (!is_negative && !accept(parser, '+')) break;
    }
    parser->depth--;
    *out = total;
    return NULL;
}

ort_status *orti_dim_parse(orti_dim_pool *pool, const char *text, size_t length, orti_dim *out) {
    dim_parser parser = {.pool = pool, .start = text, .at = text, .end = text + length};
    orti_dim dim = 0;
    *out = ORTI_DIM_INVALID;
    ORT_TRY(parse_sum(&parser, &dim));
    skip_spaces(&parser);
    if (parser.at != parser.end) return parse_failure(&parser, "the end");
    *out = dim;
    return NULL;
}
