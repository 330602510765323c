"""Models that are wrong: each must be refused, by name and code, before anything runs."""
import numpy as np
import onnx
from onnx import helper, numpy_helper

from case import Case

F, I = np.float32, np.int64
ONE = ((3, 4), F)

# Operator, corner, inputs as (shape, type) or as a constant array, attributes.
TABLE = (
    ("Add", "shapes", (ONE, ((2, 4), F)), {}), ("Add", "types", (ONE, ((3, 4), I)), {}), ("Add", "one_input", (ONE,), {}),
    ("Relu", "two_inputs", (ONE, ONE), {}), ("Relu", "attribute", (ONE,), {"alpha": 1.0}), ("Relu", "bool", (((3,), np.bool_),), {}),
    ("MatMul", "inner", (ONE, ((5, 6), F)), {}), ("MatMul", "batch", (((2, 3, 4), F), ((3, 4, 5), F)), {}), ("MatMul", "scalar", (((), F), ONE), {}),
    ("Gemm", "inner", (ONE, ((5, 6), F)), {}), ("Gemm", "rank", (((2, 3, 4), F), ((4, 5), F)), {}), ("Gemm", "addend", (ONE, ((4, 5), F), ((7,), F)), {}),
    ("Conv", "channels", (((1, 3, 5, 5), F), np.zeros((2, 4, 3, 3), F)), {}), ("Conv", "kernel", (((1, 3, 5, 5), F), np.zeros((2, 3, 3, 3), F)), {"kernel_shape": [2, 2]}),
    ("Conv", "pads", (((1, 3, 5, 5), F), np.zeros((2, 3, 3, 3), F)), {"pads": [1, 1]}), ("Conv", "strides", (((1, 3, 5, 5), F), np.zeros((2, 3, 3, 3), F)), {"strides": [0, 1]}),
    ("Concat", "no_axis", (ONE, ONE), {}), ("Concat", "shapes", (ONE, ((3, 5), F)), {"axis": 0}), ("Concat", "axis", (ONE, ONE), {"axis": 2}),
    ("Transpose", "twice", (ONE,), {"perm": [0, 0]}), ("Transpose", "length", (ONE,), {"perm": [0, 1, 2]}),
    ("Reshape", "count", (ONE, np.array([5, 2], I)), {}), ("Reshape", "two_unknown", (ONE, np.array([-1, -1], I)), {}), ("Reshape", "zero_axis", (ONE, np.array([3, 4, 0], I)), {}),
    ("Squeeze", "not_one", (ONE, np.array([0], I)), {}), ("Unsqueeze", "twice", (ONE, np.array([0, 0], I)), {}), ("Flatten", "axis", (ONE,), {"axis": 3}),
    ("Softmax", "axis", (ONE,), {"axis": 2}), ("ArgMax", "axis", (ONE,), {"axis": -3}), ("Gather", "axis", (ONE, np.array([0], I)), {"axis": 2}),
    ("Split", "sum", (ONE, np.array([1, 1], I)), {}), ("Expand", "shapes", (ONE, np.array([2, 4], I)), {}), ("Tile", "length", (ONE, np.array([2], I)), {}),
    ("Pad", "length", (ONE, np.array([1, 1], I)), {}), ("Slice", "step", (ONE, np.array([0], I), np.array([2], I), np.array([0], I), np.array([0], I)), {}),
    ("ReduceSum", "axis", (ONE, np.array([2], I)), {}), ("DepthToSpace", "channels", (((1, 3, 2, 2), F),), {"blocksize": 2}),
    ("BatchNormalization", "sizes", (((1, 3, 2, 2), F), *[np.ones(4, F)] * 4), {}), ("MaxPool", "no_kernel", (((1, 3, 5, 5), F),), {}),
    ("MaxPool", "rank", (((1, 3, 5, 5), F),), {"kernel_shape": [2]}), ("Where", "condition", (ONE, ONE, ONE), {}), ("Cast", "no_type", (ONE,), {}),
    ("Resize", "nothing", (ONE,), {}), ("LayerNormalization", "axis", (ONE, np.ones(4, F)), {"axis": 2}),
)


def model_of(op, inputs, attrs):
    names = [f"x{i}" for i in range(len(inputs))]
    given = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.dtype(v[1])), v[0]) for n, v in zip(names, inputs) if isinstance(v, tuple)]
    weights = [numpy_helper.from_array(v, n) for n, v in zip(names, inputs) if not isinstance(v, tuple)]
    outputs = ["y0", "y1"] if op == "Split" else ["y0"]
    result = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in outputs]
    node = helper.make_node(op, names, outputs, name="node", **attrs)
    graph = helper.make_graph([node], "refused", given, result, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10, producer_name="conformance/generate")


def cases():
    for op, corner, inputs, attrs in TABLE:
        case = Case(op, f"refused_{corner}", [], attrs, opset=23, expect="invalid-model", note=f"must be refused: {corner}")
        case.graph = model_of(op, inputs, attrs)
        yield case
