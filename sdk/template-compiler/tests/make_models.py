#!/usr/bin/env python3
"""Writes the models of this folder with inputs and answers: needs the packages onnx and numpy; running the tests does not.

The answers come from onnx's reference evaluator, never from a provider."""
import pathlib

import numpy
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FOLDER = pathlib.Path(__file__).parent
random = numpy.random.default_rng(2)


def write(name, nodes, inputs, outputs, numbers=()):
    """inputs: {name: (declared shape, actual shape)}; numbers: {name: value}, each a constant of one element."""
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info(k, TensorProto.FLOAT, shape) for k, (shape, _) in inputs.items()],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, None) for k in outputs],
        [numpy_helper.from_array(numpy.array(value, numpy.float32), k) for k, value in numbers])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    feeds = {k: random.uniform(-2, 2, shape).astype(numpy.float32) for k, (_, shape) in inputs.items()}
    answers = ReferenceEvaluator(model).run(None, feeds)
    data = FOLDER / name / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    (FOLDER / name / "model.onnx").write_bytes(model.SerializeToString())
    for kind, arrays in (("input", feeds.items()), ("output", zip(outputs, answers))):
        for i, (key, array) in enumerate(arrays):
            (data / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(array, key).SerializeToString())


def chain():
    """A chain over a symbolic shape, longer than one block and not a multiple of it."""
    ops = ["Neg", "Abs", "Tanh", "Exp", "Sigmoid", "Relu"]
    nodes = [helper.make_node(op, [f"v{i}"], [f"v{i + 1}"]) for i, op in enumerate(ops)]
    nodes += [helper.make_node("Mul", ["v6", "two"], ["m"]), helper.make_node("Sub", ["m", "v2"], ["y"])]
    write("chain", nodes, {"v0": (["N", "M"], (7, 151))}, ["y"], [("two", 2)])


def diamond():
    """Values read twice, two outputs of which one is read inside, two pieces of different shapes."""
    nodes = [helper.make_node("Add", ["a", "b"], ["s"]), helper.make_node("Mul", ["s", "s"], ["q"]),
             helper.make_node("Div", ["q", "a"], ["d"]), helper.make_node("Add", ["d", "half"], ["y"]),
             helper.make_node("Relu", ["c"], ["r"]), helper.make_node("Sub", ["half", "r"], ["z"])]
    write("diamond", nodes, {"a": ([3, 5], (3, 5)), "b": ([3, 5], (3, 5)), "c": (["K"], (4,))}, ["q", "y", "z"],
          [("half", [0.5])])


if __name__ == "__main__":
    chain()
    diamond()
