/* cpu/ops/loops_isa.h: the tables that the sources compiled for each instruction set export, joined by loops_table.c.
 */
#ifndef ORTCPU_OPS_LOOPS_ISA_H
#define ORTCPU_OPS_LOOPS_ISA_H

#include "kernels/vec.h"
#include "ops/loops.h"

extern const ortcpu_elementwise_loops ORTCPU_FN(ortcpu_elementwise_loops);
extern const ortcpu_row_loops ORTCPU_FN(ortcpu_row_loops);
extern const ortcpu_quantize_loops ORTCPU_FN(ortcpu_quantize_loops);

#endif
