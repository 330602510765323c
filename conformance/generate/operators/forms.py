"""Older forms of operators, across the versions at which a meaning or a signature changed."""
import numpy as np

from case import Case
from corners import F32, rng, values
from operators.elementwise import _clip
from operators.moves import pad
from operators.networks import gemm_bound, gemm_reference
from operators.norms import batch_bound, batch_norm
from operators.reductions import TABLE, reducer
import windows


def x_of(name, *shape):
    return values(rng(f"forms/{name}"), shape, F32)


def coerced(is_log):
    """Softmax before 13: the axes from `axis` on are one."""
    def apply(inputs, attrs):
        x, axis = inputs[0], attrs.get("axis", 1)
        axis = axis + x.ndim if axis < 0 else axis
        flat = x.reshape(int(np.prod(x.shape[:axis])), -1)
        shifted = flat - flat.max(axis=1, keepdims=True)
        total = np.exp(shifted).sum(axis=1, keepdims=True)
        return [(shifted - np.log(total) if is_log else np.exp(shifted) / total).reshape(x.shape)]
    return apply


def softmaxes():
    for op, is_log in (("Softmax", False), ("LogSoftmax", True)):
        own = coerced(is_log)
        for opset in (7, 11, 12):
            for axis in (None, 0, 2) + ((-2,) if opset >= 11 else ()):
                tag = "default" if axis is None else f"axis_{axis}".replace("-", "m")
                yield Case(op, f"opset{opset}_{tag}", [[x_of(op, 2, 3, 4)]], {} if axis is None else {"axis": axis}, opset=opset, klass="R", products=40,
                           own=own, bound=lambda i, a, f=own: [np.abs(f(i, a)[0]) + 1], note="before 13 the axes from `axis` on are one")


def slice_attributes(inputs, attrs):
    x, cut = inputs[0], [slice(None)] * inputs[0].ndim
    for i, (start, end) in enumerate(zip(attrs["starts"], attrs["ends"])):
        cut[attrs.get("axes", range(x.ndim))[i]] = slice(start, end)
    return [x[tuple(cut)]]


def moves():
    one = lambda fn: (lambda inputs, attrs: [fn(inputs[0], attrs)])
    rows = (
        ("Slice", 7, "axes", {"starts": [1, -2], "ends": [3, 1000], "axes": [0, 2]}, slice_attributes),
        ("Slice", 9, "all", {"starts": [0, 1, 1], "ends": [2, 3, -1]}, slice_attributes),
        ("Squeeze", 7, "axes", {"axes": [0]}, one(lambda x, a: x[0])),
        ("Squeeze", 11, "axes", {"axes": [-4]}, one(lambda x, a: x[0])),
        ("Unsqueeze", 7, "axes", {"axes": [0, 3]}, one(lambda x, a: x[None, :, :, None])),
        ("Unsqueeze", 11, "axes", {"axes": [-1]}, one(lambda x, a: x[..., None])),
        ("Pad", 7, "constant", {"pads": [0, 1, 0, 2, 0, 1], "value": 1.5}, lambda i, a: pad([i[0], np.array(a["pads"]), np.float64(1.5), None], {})),
        ("Pad", 7, "edge", {"pads": [1, 0, 2, 0, 1, 1], "mode": "edge"}, lambda i, a: pad([i[0], np.array(a["pads"])], {"mode": "edge"})),
        ("Pad", 10, "reflect", {"pads": [1, 0, 2, 0, 1, 1], "mode": "reflect"}, lambda i, a: pad([i[0], np.array(a["pads"])], {"mode": "reflect"})),
        ("Flatten", 7, "axis", {"axis": 2}, one(lambda x, a: x.reshape(-1, x.shape[-1]))),
        ("Concat", 7, "axis", {"axis": 1}, lambda i, a: [i[0]]),
        ("Transpose", 7, "default", {}, one(lambda x, a: x.T)),
        ("Identity", 7, "plain", {}, one(lambda x, a: x)),
    )
    for op, opset, name, attrs, own in rows:
        shape = (1, 3, 4, 5) if op == "Squeeze" else (3, 4) if (op, opset) == ("Unsqueeze", 7) else (3, 4, 5)
        yield Case(op, f"opset{opset}_{name}", [[x_of(op, *shape)]], attrs, opset=opset, own=own, bits=True, note="attributes that are inputs today")
    for opset in (7, 11):
        sizes = lambda inputs, attrs: np.split(inputs[0], np.cumsum(attrs["split"])[:-1], attrs["axis"])
        halves = lambda inputs, attrs: np.split(inputs[0], 2, attrs.get("axis", 0))
        yield Case("Split", f"opset{opset}_sizes", [[x_of("Split", 2, 7)]], {"axis": 1, "split": [1, 4, 2]}, outputs=3, opset=opset, own=sizes, bits=True, note="sizes as an attribute")
        yield Case("Split", f"opset{opset}_equal", [[x_of("Split", 4, 3)]], {}, outputs=2, opset=opset, own=halves, bits=True, note="as many as the node has outputs")
    for opset in (10, 11):
        inputs = [x_of("Slice10", 4, 9), np.array([1], np.int64), np.array([8], np.int64), np.array([1], np.int64), np.array([2], np.int64)]
        yield Case("Slice", f"opset{opset}_inputs", [inputs], opset=opset, inits=(1, 2, 3, 4), own=lambda i, a: [i[0][:, 1:8:2]], bits=True, note="inputs")
    for opset in (11, 13, 18, 19):
        yield Case("Pad", f"opset{opset}_inputs", [[x_of("Pad11", 3, 4), np.array([1, 0, 2, 1], np.int64), np.float32(2)]], opset=opset, inits=(1, 2), own=pad, bits=True, note="pads as input")


def reductions():
    for op, types, klass, fn, extra, _, bound in TABLE:
        own = reducer(fn)
        for opset in (7, 11) + ((13,) if op != "ReduceSum" else ()):
            for tag, attrs in (("axes", {"axes": [1]}), ("keep", {"axes": [0, 2], "keepdims": 0}), ("none", {})):
                x = np.abs(x_of(op, 2, 3, 5)) + np.float32(0.5)
                yield Case(op, f"opset{opset}_{tag}", [[x]], attrs, opset=opset, klass=klass, products=30 + extra, own=own, bound=bound, note="axes as an attribute")


def networks():
    for opset, extra in ((7, {}), (9, {}), (14, {})):
        rest = [values(rng("forms/bn"), (3,), F32) for _ in range(3)] + [values(rng("forms/bn"), (3,), F32, 0.1, 3)]
        yield Case("BatchNormalization", f"opset{opset}", [[x_of("BN", 2, 3, 4), *rest]], extra, opset=opset, inits=(1, 2, 3, 4), klass="R", products=6, own=batch_norm,
                   bound=batch_bound, note="an older version")
    for opset in (7, 10):
        attrs = {"min": -1.0, "max": 1.5}
        for name, part in (("both", attrs), ("low", {"min": -1.0}), ("high", {"max": 0.25}), ("none", {})):
            own = lambda i, a: _clip([i[0], a.get("min"), a.get("max")], {})
            yield Case("Clip", f"opset{opset}_{name}", [[x_of("Clip", 4, 9)]], part, opset=opset, own=own, note="bounds as attributes")
    yield Case("Clip", "opset11_inputs", [[x_of("Clip", 4, 9), np.float32(-1), np.float32(1)]], opset=11, inits=(1, 2), own=_clip, note="bounds as inputs")
    for opset in (7, 9, 11):
        inputs = [x_of("GemmA", 3, 4), x_of("GemmB", 4, 5), x_of("GemmC", 5)]
        yield Case("Gemm", f"opset{opset}", [inputs], {"alpha": 0.5}, opset=opset, inits=(1, 2), klass="D", products=6, own=gemm_reference, bound=gemm_bound, note="an older version")
    for opset in (7, 11):
        yield Case("Conv", f"opset{opset}", [[x_of("Conv", 1, 3, 6, 6), x_of("ConvW", 4, 3, 3, 3)]], {"pads": [1, 1, 1, 1]}, opset=opset, inits=(1,), klass="D", products=27,
                   own=windows.conv, note="an older version")
        yield Case("AveragePool", f"opset{opset}", [[x_of("AP", 1, 3, 6, 6)]], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, opset=opset, klass="D", products=10,
                   own=windows.average_pool, note="an older version")
        yield Case("MaxPool", f"opset{opset}", [[x_of("MP", 1, 3, 6, 6)]], {"kernel_shape": [3, 3], "strides": [2, 2]}, opset=opset, own=windows.max_pool, note="an older version")
    double = lambda inputs, _: [inputs[0].repeat(2, 2).repeat(3, 3)]
    yield Case("Upsample", "opset7_nearest", [[x_of("Up", 1, 2, 3, 4)]], {"mode": "nearest", "scales": [1.0, 1.0, 2.0, 3.0]}, opset=7, own=double, bits=True, note="scales as an attribute")
    yield Case("Upsample", "opset9_nearest", [[x_of("Up", 1, 2, 3, 4), np.array([1, 1, 2, 3], F32)]], {"mode": "nearest"}, opset=9, inits=(1,), own=double, bits=True, note="scales as an input")
    yield Case("Resize", "opset10_nearest", [[x_of("Up", 1, 2, 3, 4), np.array([1, 1, 2, 3], F32)]], {"mode": "nearest"}, opset=10, inits=(1,), own=double, bits=True, note="two inputs")
    for opset in (11, 13, 18):
        inputs = [x_of("Up", 1, 2, 3, 4), np.array([], F32), np.array([1, 1, 2, 3], F32)]
        yield Case("Resize", f"opset{opset}_nearest", [inputs], {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, opset=opset, inits=(1, 2),
                   own=double, bits=True, note="roi is an empty tensor")


def elementwise():
    for op, opset, fn in (("Add", 7, np.add), ("Add", 13, np.add), ("Mul", 7, np.multiply), ("Sub", 7, np.subtract)):
        yield Case(op, f"opset{opset}", [[x_of(op, 3, 4), x_of(op, 4)]], opset=opset, klass="U", own=lambda i, a, f=fn: [f(i[0], i[1])], note="an older version")
    for op, opset, fn in (("Relu", 7, lambda x: np.maximum(x, 0)), ("Abs", 7, np.abs), ("Floor", 7, np.floor), ("Neg", 7, np.negative)):
        yield Case(op, f"opset{opset}", [[x_of(op, 3, 9)]], opset=opset, own=lambda i, a, f=fn: [f(i[0])], note="an older version")


def cases():
    for family in (softmaxes, moves, reductions, networks, elementwise):
        yield from family()
