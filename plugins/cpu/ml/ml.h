/* cpu/ml/ml.h: the CPU provider's operators of ai.onnx.ml, as tables of kernels for the kit.
 * Start at: ortcpu_ml.  Rows of features: rows.h; trees: trees.h.  Threads: constant data. */
#ifndef ORTCPU_ML_ML_H
#define ORTCPU_ML_ML_H

#include "ops/ops.h"

extern const ortcpu_op_table ortcpu_ml_linear, ortcpu_ml_rows, ortcpu_ml_features, ortcpu_ml_trees, ortcpu_ml_svm,
    ortcpu_ml_encode;

/* All of them. */
extern const ortcpu_op_table *const *const ortcpu_ml;
extern const uint32_t ortcpu_ml_count;

#endif
