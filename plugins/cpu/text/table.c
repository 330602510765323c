#include "text/text.h"

static const ortcpu_op_table *const tables[] = {&ortcpu_text_moved,     &ortcpu_text_pairs, &ortcpu_text_split,
                                                &ortcpu_text_normalize, &ortcpu_text_match, &ortcpu_text_tokenize,
                                                &ortcpu_text_ngrams};
const ortcpu_op_table *const *const ortcpu_text = tables;
const uint32_t ortcpu_text_count = sizeof tables / sizeof *tables;
