"""A graph as rows, its model, and its answer in double, node by node."""
import numpy as np
import onnx
from onnx import helper, numpy_helper

from case import Case, tensor_type
from corners import rng, values
import reference
from operators import networks, norms, reductions
from operators.elementwise import FUNCTIONS, precise
import windows

OPSET = 21
OWN = {"Conv": windows.conv, "ConvTranspose": windows.conv_transpose, "MaxPool": windows.max_pool, "AveragePool": windows.average_pool,
       "Gemm": networks.gemm_reference, "BatchNormalization": norms.batch_norm, "LayerNormalization": norms.layer_norm,
       "InstanceNormalization": norms.instance_norm, "Softmax": norms.softmax(False),
       "Relu": lambda i, a: [np.maximum(i[0], 0)], "Clip": lambda i, a: [np.clip(i[0], *(list(i[1:]) + [None] * 2)[:2])],
       **{row[0]: reductions.reducer(row[3]) for row in reductions.TABLE},
       **{row[0]: (lambda f: lambda i, a: [f(i[0], a)])(precise(row[4])) for row in FUNCTIONS}}


def node(op, inputs, outputs, **attrs):
    return op, inputs.split(), outputs.split(), attrs


def run_node(row, known):
    op, inputs, outputs, attrs = row
    arrays = [known[n] if n != "-" else None for n in inputs]
    if op in OWN and arrays[0].dtype.kind == "f":
        return OWN[op](arrays, attrs)
    single = Case(op, "", [arrays], attrs, outputs=len(outputs), opset=OPSET)
    return reference.by_onnx(single, arrays)


def run(rows, given):
    """All values by name, float32 as float64."""
    known = {name: reference.wide(array) for name, array in given.items()}
    with np.errstate(all="ignore"):
        for row in rows:
            if row[0] == "Cast" and row[3]["to"] == onnx.TensorProto.FLOAT:
                results = [known[row[1][0]].astype(np.float64)]
            else:
                results = run_node(row, known)
            known.update(zip(row[2], map(reference.wide, map(np.asarray, results))))
    return known


def graph_case(corner, rows, sets, weights, outputs, klass="C", note="", **more):
    """`sets`: a list of {input: array}; `weights`: {name: array}. Outputs take float32 for double."""
    from write import IR_VERSION, dims_of
    answers = [run(rows, {**weights, **given}) for given in sets]
    shrink = lambda a: np.asarray(a).astype(np.float32) if np.asarray(a).dtype in (np.float64, np.longdouble) else np.asarray(a)
    expected = [[shrink(answer[name]) for name in outputs] for answer in answers]
    symbols = {}

    def info(name, arrays):
        return helper.make_tensor_value_info(name, tensor_type(arrays[0].dtype), dims_of([a.shape for a in arrays], symbols))
    nodes = [helper.make_node(op, ["" if n == "-" else n for n in ins], outs, name=f"{op.lower()}_{i}", **attrs)
             for i, (op, ins, outs, attrs) in enumerate(rows)]
    graph = helper.make_graph(nodes, corner, [info(n, [s[n] for s in sets]) for n in sets[0]],
                              [info(n, [e[i] for e in expected]) for i, n in enumerate(outputs)],
                              [numpy_helper.from_array(array, name) for name, array in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
                              producer_name="conformance/generate")
    feeds = [list(given.values()) for given in sets]
    case = Case("Graph", corner, feeds, opset=OPSET, klass=klass, note=note or corner, level=4, **more)
    case.graph = (model, feeds, expected, [[] for _ in sets])
    return case


def f32(name, *shape, low=None, high=None):
    return values(rng(f"graph/{name}"), shape, np.float32, low, high)


def i64(*numbers):
    return np.array(numbers, np.int64)
