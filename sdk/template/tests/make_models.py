#!/usr/bin/env python3
"""Writes the models of this folder with inputs and answers: needs the packages onnx and numpy; running the tests does not.

The answers come from onnx's reference evaluator, never from a provider. An operator of your own: one more function."""
import pathlib

import numpy
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FOLDER = pathlib.Path(__file__).parent
TYPES = {TensorProto.FLOAT: numpy.float32, TensorProto.FLOAT16: numpy.float16, TensorProto.INT32: numpy.int32}
random = numpy.random.default_rng(1)


def numbers(dtype, shape):
    if dtype == TensorProto.INT32:
        return random.integers(-1000, 1000, shape, dtype=numpy.int32)
    return random.uniform(-3, 3, shape).astype(TYPES[dtype])


def write(name, nodes, inputs, outputs, weights=()):
    """inputs: {name: (dtype, declared shape, actual shape)}; outputs: {name: dtype}, of any shape."""
    graph = helper.make_graph(
        nodes, name.rsplit("/", 1)[-1], [helper.make_tensor_value_info(k, dtype, shape) for k, (dtype, shape, _) in inputs.items()],
        [helper.make_tensor_value_info(k, dtype, None) for k, dtype in outputs.items()],
        [numpy_helper.from_array(array, k) for k, array in weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    feeds = {k: numbers(dtype, shape) for k, (dtype, _, shape) in inputs.items()}
    answers = ReferenceEvaluator(model).run(None, feeds)
    data = FOLDER / name / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    (FOLDER / name / "model.onnx").write_bytes(model.SerializeToString())
    for kind, arrays in (("input", feeds.items()), ("output", zip(outputs, answers))):
        for i, (key, array) in enumerate(arrays):
            (data / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(array, key).SerializeToString())


def perceptron():
    """Products with packed weights, a bias that the kit fuses, a symbolic batch."""
    weights = [("w1", numbers(TensorProto.FLOAT, (12, 20))), ("b1", numbers(TensorProto.FLOAT, (20,))),
               ("w2", numbers(TensorProto.FLOAT, (5, 20))), ("b2", numbers(TensorProto.FLOAT, (5,)))]
    nodes = [helper.make_node("MatMul", ["x", "w1"], ["m"]), helper.make_node("Add", ["m", "b1"], ["a"]),
             helper.make_node("Relu", ["a"], ["r"]), helper.make_node("Gemm", ["r", "w2", "b2"], ["g"], transB=1),
             helper.make_node("Softmax", ["g"], ["y"])]
    write("perceptron", nodes, {"x": (TensorProto.FLOAT, ["N", 12], (3, 12))}, {"y": TensorProto.FLOAT}, weights)


def elementwise():
    """Every unary and binary operator on every type that it claims, with broadcasting on both sides."""
    nodes, inputs, outputs = [], {}, {}
    for suffix, dtype in (("f", TensorProto.FLOAT), ("h", TensorProto.FLOAT16), ("i", TensorProto.INT32)):
        a, b = f"a_{suffix}", f"b_{suffix}"
        inputs[a], inputs[b] = (dtype, [7, 1, 5], (7, 1, 5)), (dtype, [3, 5], (3, 5))
        unary = ["Relu", "Neg", "Abs"] + ([] if suffix == "i" else ["Sigmoid", "Tanh"])
        binary = ["Add", "Sub", "Mul"] + ([] if suffix == "i" else ["Div"])
        for op in unary + binary:
            nodes.append(helper.make_node(op, [a] if op in unary else [a, b], [f"{op}_{suffix}"]))
            outputs[f"{op}_{suffix}"] = dtype
    write("elementwise", nodes, inputs, outputs)


def move():
    """Transposing and joining, by element size."""
    nodes, inputs, outputs = [], {}, {}
    for suffix, dtype in (("f", TensorProto.FLOAT), ("h", TensorProto.FLOAT16), ("i", TensorProto.INT32)):
        inputs[f"x_{suffix}"] = (dtype, [2, 3, 4], (2, 3, 4))
        nodes += [helper.make_node("Transpose", [f"x_{suffix}"], [f"t_{suffix}"], perm=[0, 2, 1]),
                  helper.make_node("Transpose", [f"x_{suffix}"], [f"r_{suffix}"]),
                  helper.make_node("Transpose", [f"r_{suffix}"], [f"b_{suffix}"], perm=[2, 0, 1]),
                  helper.make_node("Concat", [f"t_{suffix}", f"b_{suffix}"], [f"y_{suffix}"], axis=-1)]
        outputs[f"y_{suffix}"] = dtype
    write("move", nodes, inputs, outputs)


def hardsigmoid():
    """Not run until the provider has the operator: docs/howto/write-a-provider.md adds it and moves the folder up."""
    nodes = [helper.make_node("HardSigmoid", ["x"], ["h"], alpha=0.25),
             helper.make_node("HardSigmoid", ["h"], ["y"])]
    write("next/hardsigmoid", nodes, {"x": (TensorProto.FLOAT, ["N", 300], (3, 300))}, {"y": TensorProto.FLOAT})


if __name__ == "__main__":
    perceptron()
    elementwise()
    move()
    hardsigmoid()
