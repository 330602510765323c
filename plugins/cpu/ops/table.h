/* cpu/ops/table.h: what the tables of kernels share. */
#ifndef ORTCPU_OPS_TABLE_H
#define ORTCPU_OPS_TABLE_H

/* The newest opset whose operators were compared with these kernels (onnx 1.23). */
#define ORTCPU_NEWEST_OPSET 28

#define ORTCPU_TABLE(kernels)                                                                                          \
    { kernels, sizeof(kernels) / sizeof((kernels)[0]) }

#endif
