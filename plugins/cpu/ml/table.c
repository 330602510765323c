#include "ml/ml.h"

static const ortcpu_op_table *const tables[] = {&ortcpu_ml_linear, &ortcpu_ml_rows, &ortcpu_ml_features,
                                                &ortcpu_ml_trees,  &ortcpu_ml_svm,  &ortcpu_ml_encode};
const ortcpu_op_table *const *const ortcpu_ml = tables;
const uint32_t ortcpu_ml_count = sizeof tables / sizeof *tables;
