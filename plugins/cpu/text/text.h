/* cpu/text/text.h: the CPU provider's operators on strings, as tables of kernels for the kit.
 * Start at: ortcpu_text; strings.h says how strings lie in memory.  Threads: constant data. */
#ifndef ORTCPU_TEXT_TEXT_H
#define ORTCPU_TEXT_TEXT_H

#include "ops/ops.h"

extern const ortcpu_op_table ortcpu_text_moved, ortcpu_text_pairs, ortcpu_text_split, ortcpu_text_normalize,
    ortcpu_text_match, ortcpu_text_tokenize, ortcpu_text_ngrams;

/* All of them. */
extern const ortcpu_op_table *const *const ortcpu_text;
extern const uint32_t ortcpu_text_count;

#endif
