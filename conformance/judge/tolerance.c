/* The one table of tolerance classes, and how a case says which is its own. */
#include "judge/judge.h"

#include <stdio.h>
#include <string.h>

static const ortc_class classes[] = {
    {"E", "the same value; with \"bits\" the same bits",
     "moves, comparisons, logic, selection, rounding to integers, integer arithmetic: nothing is approximated"},
    {"U", "`ulp` units in the last place of the output's type beyond correct rounding; 0 is correct rounding",
     "elementwise floating point: IEEE 754 gives add, sub and mul exactly, OpenCL's full profile the rest (exp, log 3, "
     "sin, cos 4, "
     "tan, tanh 5, erf, pow 16, div 2.5, sqrt 3)"},
    {"D",
     "each error within 2 x products units of bound x 2^-(mantissa + 1); their squares' sum within 1.6 x products x "
     "outputs; for zero-mean sets their sum within sqrt(16 x products x outputs)",
     "products and sums of products: errors grow with the magnitudes that are summed, not with the result, and a "
     "format that "
     "is too narrow shows in the squares' sum at any length (TOSA 1.0, dot-product compliance)"},
    {"R", "each error within 2 x products units of bound x 2^-(mantissa + 1)",
     "reductions and means: as D, but the order of summation is free, so that no statistics are asked"},
    {"C",
     "normalised squared error within 1e-9 (float32, float64), 5e-6 (float16) or 5e-4 (bfloat16), and each element "
     "within rtol and atol (default 1e-3 and 1e-5 of the largest)",
     "operators made of several stages (normalisations, softmax of long rows, attention): stage bounds multiply, a "
     "whole-tensor "
     "measure holds them together, the element's bound catches a single wrong one"},
    {"Q", "`ulp` steps (default 1)", "quantised results: ONNX leaves the rounding of a product's half open"},
    {"O", "|got - want| <= atol + rtol x |want|",
     "cases from elsewhere: ONNX's backend test asks rtol 1e-3 and atol 1e-7"},
};

const ortc_class *ortc_classes(uint32_t *out_count) {
    *out_count = sizeof classes / sizeof *classes;
    return classes;
}

const ortc_class *ortc_class_find(const char *name) {
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i].name, name) == 0) return &classes[i];
    return NULL;
}

/* Keeps `*out` when the key is absent. */
static bool read_number(const json_t *notes, const char *key, double *out, char *out_text, size_t text_bytes) {
    const json_t *value = json_object_get(notes, key);
    if (!value) return true;
    if (!json_is_number(value) || !(json_number_value(value) >= 0 && json_number_value(value) < 0x1p53)) {
        snprintf(out_text, text_bytes, "case.json: '%s' is not a number from 0 to 2^53", key);
        return false;
    }
    *out = json_number_value(value);
    return true;
}

bool ortc_tolerance_read(const json_t *notes, ortc_tolerance *out, char *out_text, size_t text_bytes) {
    const json_t *named = json_object_get(notes, "class");
    const char *name = named ? json_string_value(named) : "O";
    double products = 1;
    *out = (ortc_tolerance){.kind = name ? ortc_class_find(name) : NULL, .ulp = 0, .rtol = 1e-3, .atol = 1e-7};
    if (!out->kind) {
        snprintf(out_text, text_bytes, "case.json: class '%s' is none of E, U, D, R, C, Q, O", name ? name : "?");
        return false;
    }
    if (*name == 'Q') out->ulp = 1;
    if (*name == 'C') out->atol = 0; /* of the largest element, once that is known */
    if (!read_number(notes, "ulp", &out->ulp, out_text, text_bytes) ||
        !read_number(notes, "products", &products, out_text, text_bytes) ||
        !read_number(notes, "rtol", &out->rtol, out_text, text_bytes) ||
        !read_number(notes, "atol", &out->atol, out_text, text_bytes))
        return false;
    out->product_count = (int64_t)products;
    out->is_bitwise = json_is_true(json_object_get(notes, "bits"));
    out->is_zero_mean = json_is_true(json_object_get(notes, "zero_mean"));
    return true;
}

bool ortc_tolerance_needs_bound(const ortc_tolerance *tolerance) {
    return strchr("DR", *tolerance->kind->name) != NULL;
}
