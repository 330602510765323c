"""Cases as folders: model.onnx, test_data_set_N/{input,output,bound}_N.pb, case.json; and the tree's digest."""
import hashlib
import json
import os

import numpy as np
import onnx
from onnx import helper, numpy_helper

from case import MICROSOFT, signature, tensor_type
import reference

IR_VERSION = 10
# What a core makes of them is judged: there is no Upsample from 10 on, and ONNX says some of com.microsoft's itself.
RUNS_AS = {("", "Upsample"): "Resize", **{(MICROSOFT, op): "Gelu" for op in ("Gelu", "FastGelu", "BiasGelu")}, (MICROSOFT, "QuickGelu"): "Swish"}
LEAST_OPSET = 7  # older models are of another age: no provider has to know them


def dims_of(columns, symbols):
    """The shape of one value over all data sets: what differs is a symbol, the same for the same sizes."""
    dims = []
    for sizes in zip(*columns):
        if len(set(sizes)) == 1:
            dims.append(sizes[0])
        else:
            dims.append(symbols.setdefault(sizes, f"N{len(symbols)}"))
    return dims


def info(name, arrays, symbols):
    return helper.make_tensor_value_info(name, tensor_type(arrays[0].dtype),
                                         dims_of([a.shape for a in arrays], symbols))


def model_of(case, expected):
    node, names, outputs = reference.node_of(case, case.sets[0])
    symbols, inputs, inits = {}, [], []
    for i, name in enumerate(names):
        if not name:
            continue
        if i in case.inits:
            inits.append(numpy_helper.from_array(case.sets[0][i], name))
        else:
            inputs.append(info(name, [s[i] for s in case.sets], symbols))
    results = [info(n, [e[i] for e in expected], symbols) for i, n in enumerate(outputs)]
    graph = helper.make_graph([node], case.name, inputs, results, inits)
    return helper.make_model(graph, opset_imports=reference.imports_of(case, LEAST_OPSET),
                             ir_version=IR_VERSION, producer_name="conformance/generate")


def put(files, folder, path, data):
    full = os.path.join(folder, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(data)
    files[os.path.normpath(full)] = hashlib.sha256(data).hexdigest()


def put_arrays(files, folder, kind, arrays, names):
    for i, array in enumerate(arrays):
        data = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), names[i])
        put(files, folder, f"{kind}_{i}.pb", data.SerializeToString(deterministic=True))


def facts(case):
    if case.level == 3:
        out = {"schema": 1, "op": RUNS_AS.get((case.domain, case.op), case.op),
               "domain": "" if (case.domain, case.op) in RUNS_AS else case.domain, "since": case.since, "types": signature(case), "level": 3}
    else:
        out = {"schema": 1, "op": "", "domain": "", "since": case.opset, "types": [], "level": case.level}
    out.update({"class": case.klass, "note": case.note})
    if case.bits:
        out["bits"] = True
    if case.klass == "U":
        out["ulp"] = case.ulp
    if case.klass in "DR":
        out.update({"products": case.products, "bound": "bound"})
        if case.zero_mean:
            out["zero_mean"] = True
    if case.rtol or case.atol:
        out.update({"rtol": case.rtol, "atol": case.atol})
    if case.expect:
        out.update({"expect": "error", "code": case.expect})
    return out


def write(case, folder, files, digest_base):
    """Writes one case. `files` takes path -> sha256, paths relative to digest_base."""
    own = {}
    if case.level == 3:
        case.expected, bounds = [], []
        for arrays in case.sets:
            expected, bound = ([], []) if case.expect else reference.evaluate(case, arrays)
            case.expected.append(expected)
            bounds.append(bound)
        model = model_of(case, case.expected) if not case.expect else case.graph
        feeds = [[a for i, a in enumerate(s) if a is not None and i not in case.inits] for s in case.sets]
    else:
        model, feeds, case.expected, bounds = case.graph
    data = model.SerializeToString(deterministic=True)
    put(own, folder, "model.onnx", data)
    inputs = [v.name for v in model.graph.input]
    outputs = [v.name for v in model.graph.output]
    for i, arrays in enumerate(feeds):
        part = os.path.join(folder, f"test_data_set_{i}")
        put_arrays(own, part, "input", arrays, inputs)
        put_arrays(own, part, "output", case.expected[i], outputs)
        put_arrays(own, part, "bound", bounds[i], outputs)
    case.facts = facts(case)
    put(own, folder, "case.json", (json.dumps(case.facts, sort_keys=True) + "\n").encode())
    files.update({os.path.relpath(path, digest_base): value for path, value in own.items()})


def digest(files):
    """One sha256 over the sorted list of paths and sha256s."""
    lines = "".join(f"{value}  {path}\n" for path, value in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
