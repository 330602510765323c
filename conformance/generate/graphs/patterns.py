"""What passes, kits and partitions look for: fusions, folds, views, and the shapes of graphs that trip them."""
import numpy as np

from graphs.build import f32, graph_case, i64, node


def norm_weights(c):
    return {"scale": f32("scale", c), "shift": f32("shift", c), "mean": f32("mean", c), "var": f32("var", c, low=0.2, high=2)}


IMAGE = {"x": f32("x", 1, 16, 7, 9)}
CONV = {"w": f32("w", 16, 16, 3, 3), "b": f32("b", 16)}
PADS = {"pads": [1, 1, 1, 1]}
ONE = {k: np.float32(v) for k, v in (("half", 0.5), ("one", 1), ("root", 1.4142135), ("three", 3), ("zero", 0), ("six", 6), ("two", 2), ("eps", 1e-5))}


def some(*names):
    return {n: ONE[n] for n in names}


# Corner, nodes, inputs, weights, outputs.
TABLE = (
    ("conv_relu", [node("Conv", "x w b", "c", **PADS), node("Relu", "c", "y")], IMAGE, CONV, "y"),
    ("conv_bn_relu", [node("Conv", "x w b", "c", **PADS), node("BatchNormalization", "c scale shift mean var", "n"), node("Relu", "n", "y")], IMAGE,
     {**CONV, **norm_weights(16)}, "y"),
    ("conv_bn", [node("Conv", "x w", "c", **PADS), node("BatchNormalization", "c scale shift mean var", "y")], IMAGE, {"w": CONV["w"], **norm_weights(16)}, "y"),
    ("conv_bn_conv_used_twice", [node("Conv", "x w b", "c", **PADS), node("BatchNormalization", "c scale shift mean var", "n"), node("Add", "n c", "y")], IMAGE,
     {**CONV, **norm_weights(16)}, "y"),
    ("conv_add_relu", [node("Conv", "x w b", "c", **PADS), node("Add", "c x", "s"), node("Relu", "s", "y")], IMAGE, CONV, "y"),
    ("conv_mul_add", [node("Conv", "x w b", "c", **PADS), node("Mul", "c m", "p"), node("Add", "p a", "y")], IMAGE, {**CONV, "m": f32("m", 16, 1, 1), "a": f32("a", 1, 16, 1, 1)}, "y"),
    ("conv_mul_row", [node("Conv", "x w b", "c", **PADS), node("Mul", "c m", "y")], IMAGE, {**CONV, "m": f32("m9", 9)}, "y"),
    ("conv_clip", [node("Conv", "x w b", "c", **PADS), node("Clip", "c zero six", "y")], IMAGE, {**CONV, **some("zero", "six")}, "y"),
    ("conv_sigmoid_mul", [node("Conv", "x w b", "c", **PADS), node("Sigmoid", "c", "g"), node("Mul", "c g", "y")], IMAGE, CONV, "y"),
    ("conv_hardswish", [node("Conv", "x w b", "c", **PADS), node("HardSwish", "c", "y")], IMAGE, CONV, "y"),
    ("conv_hardswish_decomposed", [node("Conv", "x w b", "c", **PADS), node("Add", "c three", "t"), node("Clip", "t zero six", "l"), node("Div", "l six", "d"), node("Mul", "c d", "y")],
     IMAGE, {**CONV, **some("three", "zero", "six")}, "y"),
    ("conv_leaky", [node("Conv", "x w b", "c", **PADS), node("LeakyRelu", "c", "y", alpha=0.1)], IMAGE, CONV, "y"),
    ("conv_prelu", [node("Conv", "x w b", "c", **PADS), node("PRelu", "c slope", "y")], IMAGE, {**CONV, "slope": f32("slope", 16, 1, 1)}, "y"),
    ("conv_output_inside", [node("Conv", "x w b", "c", **PADS), node("Relu", "c", "y")], IMAGE, CONV, "c y"),
    ("conv_weight_shared", [node("Conv", "x w b", "c", **PADS), node("Relu", "c", "r"), node("Conv", "r w b", "y", **PADS)], IMAGE, CONV, "y"),
    ("conv_depthwise_pair", [node("Conv", "x d", "c", group=16, **PADS), node("Relu", "c", "r"), node("Conv", "r p b", "y")], IMAGE,
     {"d": f32("d", 16, 1, 3, 3), "p": f32("p", 16, 16, 1, 1), "b": CONV["b"]}, "y"),
    ("pad_conv", [node("Pad", "x pads", "p"), node("Conv", "p w b", "y")], IMAGE, {**CONV, "pads": i64(0, 0, 1, 2, 0, 0, 0, 1)}, "y"),
    ("pad_reflect_conv", [node("Pad", "x pads", "p", mode="reflect"), node("Conv", "p w b", "y")], IMAGE, {**CONV, "pads": i64(0, 0, 1, 1, 0, 0, 1, 1)}, "y"),
    ("pad_value_conv", [node("Pad", "x pads one", "p"), node("Conv", "p w b", "y")], IMAGE, {**CONV, **some("one"), "pads": i64(0, 0, 1, 1, 0, 0, 1, 1)}, "y"),
    ("conv_pool_flatten_gemm", [node("Conv", "x w b", "c", **PADS), node("Relu", "c", "r"), node("GlobalAveragePool", "r", "g"), node("Flatten", "g", "f"), node("Gemm", "f k", "y", transB=1)],
     IMAGE, {**CONV, "k": f32("k", 10, 16)}, "y"),
    ("residual_block", [node("Conv", "x w b", "c", **PADS), node("Relu", "c", "r"), node("Conv", "r v b", "d", **PADS), node("Add", "d x", "s"), node("Relu", "s", "t"), node("MaxPool", "t", "y", kernel_shape=[2, 2])],
     IMAGE, {**CONV, "v": f32("v", 16, 16, 3, 3)}, "y"),
    ("squeeze_excite", [node("GlobalAveragePool", "x", "g"), node("Conv", "g p", "h"), node("Relu", "h", "i"), node("Conv", "i q", "j"), node("HardSigmoid", "j", "k"), node("Mul", "x k", "y")],
     IMAGE, {"p": f32("p4", 4, 16, 1, 1), "q": f32("q4", 16, 4, 1, 1)}, "y"),
    ("channels_split_concat", [node("Split", "x", "l r", axis=1, num_outputs=2), node("Relu", "r", "s"), node("Concat", "l s", "y", axis=1)], IMAGE, {}, "y"),
    ("channels_shuffle", [node("Reshape", "x to", "g"), node("Transpose", "g", "t", perm=[0, 2, 1, 3, 4]), node("Reshape", "t back", "y")], IMAGE,
     {"to": i64(1, 2, 8, 7, 9), "back": i64(1, 16, 7, 9)}, "y"),
    ("concat_conv", [node("Relu", "x", "r"), node("Concat", "x r", "c", axis=1), node("Conv", "c p", "y")], IMAGE, {"p": f32("p32", 8, 32, 1, 1)}, "y"),
    ("slice_conv", [node("Slice", "x zero4 eight axis", "s"), node("Conv", "s p", "y")], IMAGE, {"zero4": i64(4), "eight": i64(12), "axis": i64(1), "p": f32("p8", 5, 8, 1, 1)}, "y"),
    ("resize_conv", [node("Resize", "x - scales", "u", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"), node("Conv", "u w b", "y", **PADS)], IMAGE,
     {**CONV, "scales": np.array([1, 1, 2, 2], np.float32)}, "y"),
    ("conv_transpose_relu", [node("ConvTranspose", "x t", "c", strides=[2, 2]), node("Relu", "c", "y")], IMAGE, {"t": f32("t", 16, 8, 2, 2)}, "y"),
    ("matmul_add", [node("MatMul", "x k", "m"), node("Add", "m b", "y")], {"x": f32("mx", 3, 33)}, {"k": f32("mk", 33, 17), "b": f32("mb", 17)}, "y"),
    ("matmul_add_relu", [node("MatMul", "x k", "m"), node("Add", "b m", "a"), node("Relu", "a", "y")], {"x": f32("mx", 2, 3, 33)}, {"k": f32("mk", 33, 17), "b": f32("mb", 17)}, "y"),
    ("matmul_scalar_add", [node("MatMul", "x k", "m"), node("Add", "m b", "y")], {"x": f32("mv", 33)}, {"k": f32("mv2", 33), "b": np.float32(0.5)}, "y"),
    ("matmul_add_gelu_decomposed", [node("MatMul", "x k", "m"), node("Add", "m b", "a"), node("Div", "a root", "d"), node("Erf", "d", "e"), node("Add", "e one", "f"), node("Mul", "a f", "g"), node("Mul", "g half", "y")],
     {"x": f32("mx", 3, 33)}, {"k": f32("mk", 33, 17) / np.float32(6), "b": f32("mb", 17), **some("root", "one", "half")}, "y"),
    ("matmul_transposed_weight", [node("Transpose", "k", "t", perm=[1, 0]), node("MatMul", "x t", "y")], {"x": f32("mx", 3, 33)}, {"k": f32("mk2", 17, 33)}, "y"),
    ("matmul_transposed_value", [node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "x t", "y")], {"x": f32("mxt", 2, 5, 9)}, {}, "y"),
    ("gemm_relu_gemm", [node("Gemm", "x k b", "h", transB=1), node("Relu", "h", "r"), node("Gemm", "r l", "y")], {"x": f32("gx", 3, 9)},
     {"k": f32("gk", 17, 9), "b": f32("gb", 17), "l": f32("gl", 17, 5)}, "y"),
    ("attention", [node("MatMul", "q k", "s"), node("Mul", "s half", "t"), node("Add", "t mask", "u"), node("Softmax", "u", "p", axis=-1), node("MatMul", "p v", "y")],
     {"q": f32("q", 2, 5, 8), "k": f32("k2", 2, 8, 7), "v": f32("v2", 2, 7, 8), "mask": np.where(np.arange(7) < 5, 0, -1e9).astype(np.float32).reshape(1, 1, 7)}, some("half"), "y"),
    ("layer_norm_decomposed", [node("ReduceMean", "x axes", "m"), node("Sub", "x m", "d"), node("Mul", "d d", "q"), node("ReduceMean", "q axes", "v"), node("Add", "v eps", "e"),
                               node("Sqrt", "e", "r"), node("Div", "d r", "n"), node("Mul", "n g", "o")], {"x": f32("ln", 3, 17)}, {"axes": i64(-1), "g": f32("lg", 17), **some("eps")}, "o"),
    ("layer_norm_residual", [node("Add", "x z", "s"), node("LayerNormalization", "s g b", "y")], {"x": f32("ln", 3, 17), "z": f32("lz", 3, 17)}, {"g": f32("lg", 17), "b": f32("lb", 17)}, "s y"),
    ("transposes_cancel", [node("Transpose", "x", "a", perm=[0, 2, 3, 1]), node("Relu", "a", "b"), node("Transpose", "b", "y", perm=[0, 3, 1, 2])], IMAGE, {}, "y"),
    ("transposes_compose", [node("Transpose", "x", "a", perm=[1, 0, 2, 3]), node("Transpose", "a", "b", perm=[3, 2, 0, 1]), node("Transpose", "b", "y", perm=[0, 2, 1, 3])], IMAGE, {}, "y"),
    ("relu_clip", [node("Relu", "x", "r"), node("Clip", "r one six", "y")], IMAGE, some("one", "six"), "y"),
    ("relu_clip_below", [node("Relu", "x", "r"), node("Clip", "r zero half", "y")], IMAGE, some("zero", "half"), "y"),
    ("clip_clip", [node("Clip", "x zero", "r"), node("Clip", "r - one", "y")], IMAGE, some("zero", "one"), "y"),
    ("relu_relu", [node("Relu", "x", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")], IMAGE, {}, "y"),
    ("floor_of_huge", [node("Mul", "x big", "m"), node("Floor", "m", "f"), node("Sub", "m f", "y")], {"x": f32("fh", 3, 9)}, {"big": np.float32(2.0 ** 60)}, "f y"),
    ("same_input_twice", [node("Add", "x x", "s"), node("Mul", "s s", "p"), node("Sub", "p x", "y")], IMAGE, {}, "y"),
    ("same_node_twice", [node("Relu", "x", "a"), node("Relu", "x", "b"), node("Add", "a b", "y")], IMAGE, {}, "y"),
    ("output_twice_as_inner", [node("Relu", "x", "a"), node("Exp", "a", "y"), node("Neg", "a", "z")], {"x": f32("eo", 3, 5)}, {}, "a y z"),
    ("weights_only", [node("Add", "w v", "s"), node("Mul", "x s", "y")], {"x": f32("wo", 3, 5)}, {"w": f32("w1", 5), "v": f32("w2", 5)}, "y"),
    ("weight_as_output", [node("Add", "x w", "y"), node("Identity", "w", "z")], {"x": f32("wo", 3, 5)}, {"w": f32("w1", 5)}, "y z"),
    ("dead_branch", [node("Relu", "x", "y"), node("Exp", "x", "unused"), node("Neg", "unused", "unused2")], {"x": f32("db", 3, 5)}, {}, "y"),
    ("input_passes_through", [node("Identity", "x", "y"), node("Relu", "x", "z")], {"x": f32("ip", 3, 5)}, {}, "y z"),
    ("div_by_weight", [node("Div", "x w", "d"), node("Add", "d one", "y")], {"x": f32("dw", 3, 5)}, {"w": f32("dw2", 5, low=0.5, high=2), **some("one")}, "y"),
    ("no_op_arithmetic", [node("Add", "x zero", "a"), node("Mul", "a one", "b"), node("Div", "b one", "c"), node("Sub", "c zero", "y")], {"x": f32("no", 3, 5)}, some("zero", "one"), "y"),
    ("widening_no_op", [node("Add", "x z", "y")], {"x": f32("wn", 5)}, {"z": np.zeros((3, 5), np.float32)}, "y"),
    ("average_pool_after_pad", [node("Pad", "x pads", "p"), node("AveragePool", "p", "y", kernel_shape=[3, 3])], IMAGE, {"pads": i64(0, 0, 1, 1, 0, 0, 1, 1)}, "y"),
    ("max_pool_after_pad", [node("Pad", "x pads", "p"), node("MaxPool", "p", "y", kernel_shape=[3, 3])], {"x": -np.abs(f32("x", 1, 16, 7, 9))}, {"pads": i64(0, 0, 1, 1, 0, 0, 1, 1)}, "y"),
    ("where_mask", [node("Less", "x half", "c"), node("Where", "c x half", "w"), node("ReduceSum", "w axes", "y", keepdims=0)], {"x": f32("wm", 3, 17)}, {"axes": i64(1), **some("half")}, "y"),
    ("arg_max_gather", [node("ArgMax", "x", "i", axis=1, keepdims=0), node("Gather", "t i", "y")], {"x": f32("ag", 3, 5)}, {"t": f32("at", 5, 4)}, "i y"),
    ("split_uneven_rejoined", [node("Split", "x sizes", "a b c", axis=1), node("Concat", "c a b", "y", axis=1)], IMAGE, {"sizes": i64(3, 9, 4)}, "y"),
)


# Corner, nodes, the input's shapes (one session), weights, outputs: sizes are known when a plan is made.
DYNAMIC = (
    ("flatten_by_shape", [node("Shape", "x", "s"), node("Gather", "s first", "n"), node("Concat", "n rest", "t", axis=0), node("Reshape", "x t", "y")], ((1, 3, 4), (2, 3, 4), (7, 3, 4)),
     {"first": i64(0), "rest": i64(-1)}, "y"),
    ("heads", [node("Reshape", "x to", "h"), node("Transpose", "h", "t", perm=[0, 2, 1, 3]), node("Reshape", "t back", "y")], ((1, 3, 8), (2, 9, 8)), {"to": i64(0, 0, 2, 4), "back": i64(0, -1, 4)}, "y"),
    ("expand_like", [node("Shape", "x", "s"), node("Expand", "v s", "e"), node("Add", "x e", "y")], ((1, 5), (3, 5), (9, 5)), {"v": f32("ex", 1, 5)}, "y"),
    ("half_of_rows", [node("Shape", "x", "s", start=0, end=1), node("Div", "s two", "h"), node("Slice", "x zero h axis", "y")], ((2, 5), (7, 5), (9, 5)), {"two": i64(2), "zero": i64(0), "axis": i64(0)}, "y"),
    ("resize_to_other", [node("Shape", "x", "s"), node("Mul", "s f", "t"), node("Resize", "x - - t", "y", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")],
     ((1, 2, 3, 4), (1, 2, 5, 2)), {"f": i64(1, 1, 2, 2)}, "y"),
    ("zeros_like", [node("Shape", "x", "s"), node("ConstantOfShape", "s", "z"), node("Sub", "z x", "y")], ((2, 3), (5, 1)), {}, "y"),
    ("conv_any_size", [node("Conv", "x w b", "c", **PADS), node("Relu", "c", "r"), node("Add", "r x", "y")], ((1, 16, 5, 5), (2, 16, 8, 3), (1, 16, 1, 1)), CONV, "y"),
    ("matmul_any_batch", [node("MatMul", "x k", "m"), node("Add", "m b", "a"), node("Relu", "a", "y")], ((1, 33), (5, 33), (17, 33)), {"k": f32("mk", 33, 17), "b": f32("mb", 17)}, "y"),
    ("empty_batch", [node("MatMul", "x k", "m"), node("Softmax", "m", "y")], ((2, 9), (0, 9), (3, 9)), {"k": f32("ek", 9, 5)}, "y"),
    ("positions", [node("Shape", "x", "s", start=1, end=2), node("Squeeze", "s", "n"), node("Range", "zero n one", "r"), node("Cast", "r", "f", to=1), node("Add", "x f", "y")], ((2, 3), (1, 9)),
     {"zero": np.int64(0), "one": np.int64(1)}, "y"),
)


def cases():
    for corner, rows, given, weights, outputs in TABLE:
        yield graph_case(corner, rows, [given], {n: np.asarray(w) for n, w in weights.items()}, outputs.split())
    for corner, rows, shapes, weights, outputs in DYNAMIC:
        sets = [{"x": f32(f"{corner}/{shape}", *shape)} for shape in shapes]
        yield graph_case(corner, rows, sets, {n: np.asarray(w) for n, w in weights.items()}, outputs.split())
