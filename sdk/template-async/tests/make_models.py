#!/usr/bin/env python3
"""Writes this folder's models with inputs and the answers of onnx's reference evaluator: needs onnx and numpy; running the tests does not."""
import pathlib

import numpy
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FOLDER = pathlib.Path(__file__).parent
random = numpy.random.default_rng(2)


def store(name, nodes, feeds, shapes, outputs):
    """shapes: as declared, where they are not those of the feeds."""
    kind = {numpy.dtype("float32"): TensorProto.FLOAT, numpy.dtype("int32"): TensorProto.INT32}
    graph = helper.make_graph(
        [helper.make_node(*node) for node in nodes], name,
        [helper.make_tensor_value_info(k, kind[v.dtype], shapes.get(k, v.shape)) for k, v in feeds.items()],
        [helper.make_tensor_value_info(k, kind[v], None) for k, v in outputs.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data = FOLDER / name / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    (FOLDER / name / "model.onnx").write_bytes(model.SerializeToString())
    answers = dict(zip(outputs, ReferenceEvaluator(model).run(None, feeds)))
    for stem, arrays in (("input", feeds), ("output", answers)):
        for i, (key, array) in enumerate(arrays.items()):
            (data / f"{stem}_{i}.pb").write_bytes(numpy_helper.from_array(array, key).SerializeToString())


def floats(*shape):
    return random.uniform(-2, 2, shape).astype(numpy.float32)


f32, i32 = numpy.dtype("float32"), numpy.dtype("int32")
whole = random.integers(-2**31, 2**31, (2, 5), dtype=numpy.int32)
# One chain over a symbolic batch, a fork, integers that wrap.
store("chain", [("MatMul", ["x", "w"], ["a"]), ("Add", ["a", "b"], ["c"]), ("Relu", ["c"], ["d"]), ("Neg", ["d"], ["e"]),
                ("Exp", ["e"], ["f"]), ("Identity", ["f"], ["y"]), ("Abs", ["y"], ["g"]), ("Sub", ["g", "b"], ["h"]),
                ("Mul", ["h", "y"], ["i"]), ("Div", ["i", "y"], ["z"]), ("Add", ["m", "n"], ["j"]), ("Mul", ["j", "m"], ["k"])],
      {"x": floats(3, 2, 7), "w": floats(7, 5), "b": floats(5), "m": whole, "n": whole[:1]},
      {"x": ["N", 2, 7]}, {"y": f32, "z": f32, "k": i32})
# Products of vectors, and of batches that repeat.
store("products", [("MatMul", ["v", "p"], ["a"]), ("MatMul", ["p", "u"], ["b"]), ("MatMul", ["u", "u"], ["c"]),
                   ("MatMul", ["q", "p"], ["d"])],
      {"v": floats(4), "p": floats(3, 4, 6), "u": floats(6), "q": floats(2, 1, 5, 4)}, {},
      {"a": f32, "b": f32, "c": f32, "d": f32})
