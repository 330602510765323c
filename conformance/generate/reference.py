"""Expected values. The pinned onnx evaluator is fed with float64 in place of float32, float16 and bfloat16, and its result is rounded once, at
the end. Operators in OWN are computed here instead; README.md lists them with the reasons."""
import ml_dtypes
import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from case import NEWEST, tensor_type


NARROW = (np.dtype(np.float32), np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


def wide(array):
    return array.astype(np.float64) if array is not None and array.dtype in NARROW else array


def narrow(result, dtype):
    with np.errstate(all="ignore"):
        return np.asarray(result).astype(dtype)


def node_of(case, arrays):
    names = [f"x{i}" if a is not None else "" for i, a in enumerate(arrays)]
    while names and not names[-1]:
        names.pop()
    outputs = [f"y{i}" for i in range(case.outputs)]
    return helper.make_node(case.op, names, outputs, name="node", domain=case.domain, **case.attrs), names, outputs


def by_onnx(case, arrays):
    """The evaluator's outputs for inputs as they are given (already wide)."""
    node, names, outputs = node_of(case, arrays)
    present = [(n, a) for n, a in zip(names, arrays) if n]
    graph = helper.make_graph([node], "reference",
                              [helper.make_tensor_value_info(n, tensor_type(a.dtype), a.shape) for n, a in present],
                              [helper.make_tensor_value_info(n, onnx.TensorProto.UNDEFINED, None) for n in outputs])
    model = helper.make_model(graph, opset_imports=imports_of(case))
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(model).run(None, dict(present))


def imports_of(case, least=0):
    """What the case's model imports; an operator that was withdrawn at its last version it has."""
    if not case.domain:
        return [helper.make_opsetid("", case.opset or max(NEWEST if least == 0 else case.since, least))]
    return [helper.make_opsetid("", NEWEST), helper.make_opsetid(case.domain, case.opset or case.since)]


def magnitudes(arrays):
    return [np.abs(a) if a is not None and a.dtype.kind == "f" else a for a in arrays]


def out_dtypes(case, arrays, results):
    """Float64 results of float32, float16 or bfloat16 inputs are of that type; a case that says otherwise wins."""
    narrow_type = next((a.dtype for a in arrays if a is not None and a.dtype in NARROW), None)
    types = []
    for i, result in enumerate(results):
        dtype = np.asarray(result).dtype
        if i < len(case.out_types):
            dtype = np.dtype(case.out_types[i])
        elif narrow_type is not None and dtype.kind == "f":
            dtype = narrow_type
        elif dtype == np.longdouble:
            dtype = np.dtype(np.float64)
        types.append(dtype)
    return types


def evaluate(case, arrays):
    """(expected outputs, bounds or [])"""
    fn = case.own or (lambda inputs, attrs: by_onnx(case, inputs))
    widened = arrays if case.bits else [wide(a) for a in arrays]
    with np.errstate(all="ignore"):
        results = fn(widened, case.attrs)
        if case.own is None and not case.bits and any(np.asarray(r).dtype == np.float32 for r in results) and \
                any(a is not None and a.dtype == np.float32 for a in arrays):
            raise ValueError("the evaluator computed in float32")
        results = results[:case.outputs]
        types = out_dtypes(case, arrays, results)
        expected = [narrow(r, t) for r, t in zip(results, types)]
        if case.klass not in "DR":
            return expected, []
        bounds = case.bound(widened, case.attrs) if case.bound else fn(magnitudes(widened), case.attrs)
        return expected, [narrow(b, np.float64 if t == np.float64 else np.float32) for b, t in zip(bounds, types)]
