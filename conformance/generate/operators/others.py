"""Operators on bits, along an axis and by places: types and forms that the evaluator has not all of."""
import numpy as np

from case import Case, tensor_type
from corners import BF16, BOOL, F16, F32, F64, FLOAT, MOVED, REAL, SIGNED, UNSIGNED, rng, values

I32, I64 = np.dtype(np.int32), np.dtype(np.int64)
CUMULATED = [t for t in REAL if t.name in ("float32", "float64", "int32", "int64", "uint32", "uint64")]
ORDERED = REAL + [F16, BF16]


def ints(*numbers):
    return np.array(numbers, I64)


def mod(inputs, attrs):
    a, b = inputs
    return [np.fmod(a, b) if attrs.get("fmod", 0) else np.mod(a, b)]


def shift(inputs, attrs):
    a, b = inputs
    wide = a.dtype.itemsize * 8
    by = np.minimum(b, wide - 1).astype(a.dtype)
    out = np.left_shift(a, by) if attrs["direction"] == "LEFT" else np.right_shift(a, by)
    return [np.where(b < wide, out, 0).astype(a.dtype)]


BITWISE = {"BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor}


def bits():
    for dtype in SIGNED + UNSIGNED:
        random = rng(f"bits/{dtype.name}")
        info = np.iinfo(dtype)
        draw = lambda *shape: random.integers(info.min, info.max, shape, dtype, endpoint=True)
        for op, fn in BITWISE.items():
            own = lambda i, a, f=fn: [f(*i)]
            yield Case(op, f"{dtype.name}", [[draw(3, 17), draw(3, 17)]], own=own, note="all bits")
            yield Case(op, f"{dtype.name}_broadcast", [[draw(n, 1, 7), draw(5, 1)] for n in (1, 4)], own=own, note="broadcast, two sizes")
        yield Case("BitwiseNot", f"{dtype.name}", [[draw(3, 17)], [draw(1, 17)]], own=lambda i, a: [~i[0]], note="all bits")
        divisor = values(random, (4, 9), dtype, 1 if dtype.kind == "u" else -9, 9)
        divisor = np.where(divisor == 0, 5, divisor).astype(dtype)
        for kind in (0, 1):
            yield Case("Mod", f"{dtype.name}_{kind}", [[values(random, (4, 9), dtype), divisor]], {"fmod": kind}, own=mod, note="both signs")
    for dtype in UNSIGNED:
        random = rng(f"shift/{dtype.name}")
        by = np.array([[0, 1, 3, 7, dtype.itemsize * 8 - 1]], dtype)
        for direction in ("LEFT", "RIGHT"):
            yield Case("BitShift", f"{dtype.name}_{direction.lower()}", [[random.integers(0, np.iinfo(dtype).max, (4, 5), dtype, endpoint=True), by]],
                       {"direction": direction}, own=shift, note="up to all bits but one")
    for dtype in FLOAT:
        random = rng(f"mod/{dtype.name}")
        yield Case("Mod", f"{dtype.name}", [[values(random, (4, 9), dtype), values(random, (9,), dtype, 0.5, 3)]], {"fmod": 1}, own=mod, note="fmod")


def cumulate(fn):
    def apply(inputs, attrs):
        x, axis = inputs
        axis, flip = int(np.asarray(axis).reshape(-1)[0]), (lambda a: np.flip(a, int(np.asarray(axis).reshape(-1)[0])))
        x = flip(x) if attrs.get("reverse", 0) else x
        y = fn(x, axis=axis, dtype=x.dtype)
        if attrs.get("exclusive", 0):
            y = np.moveaxis(y, axis, 0)
            start = np.full((1, *y.shape[1:]), 0 if fn is np.cumsum else 1, y.dtype)
            y = np.moveaxis(np.concatenate([start, y[:-1]])[:y.shape[0]], 0, axis)
        return [flip(y) if attrs.get("reverse", 0) else y]
    return apply


def hardmax(inputs, attrs):
    x, axis = inputs[0], attrs.get("axis", -1)
    return [(np.expand_dims(np.argmax(x, axis), axis) == np.arange(x.shape[axis]).reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])).astype(x.dtype)]


def lp_norm(inputs, attrs):
    norm = np.linalg.norm(inputs[0], attrs.get("p", 2), attrs.get("axis", -1), keepdims=True)
    return [np.where(norm > 0, inputs[0] / np.where(norm > 0, norm, 1), 0)]


def reverse_sequence(inputs, attrs):
    x, lengths = inputs
    swap = (lambda a: a) if attrs.get("time_axis", 0) == 0 else (lambda a: np.swapaxes(a, 0, 1))
    y = swap(x).copy()
    for b, n in enumerate(lengths):
        y[:n, b] = y[:n, b][::-1]
    return [swap(y)]


def top_k(inputs, attrs):
    x, k = inputs
    axis, k = attrs.get("axis", -1), int(k[0])
    key = -x.astype(np.float64) if x.dtype.kind == "f" or x.dtype in (F16, BF16) else x
    if attrs.get("largest", 1):
        order = np.argsort(key if key is not x else np.max(x) - x if x.dtype.kind == "u" else -x.astype(object), axis, kind="stable")
    else:
        order = np.argsort(x, axis, kind="stable")
    order = np.take(order, np.arange(k), axis).astype(np.int64)
    return [np.take_along_axis(x, order, axis), order]


def along():
    for dtype in CUMULATED:
        random = rng(f"cum/{dtype.name}")
        for op, fn in (("CumSum", np.cumsum), ("CumProd", np.cumprod)):
            for tag, attrs in (("plain", {}), ("exclusive", {"exclusive": 1}), ("reverse", {"reverse": 1}), ("both", {"reverse": 1, "exclusive": 1})):
                for axis in (0, -1):
                    x = values(random, (3, 5, 4), dtype, *((1, 4) if dtype.kind in "iu" else (0.5, 2)))
                    yield Case(op, f"{dtype.name}_{tag}_{axis}".replace("-", "m"), [[x, np.array(axis, I64 if axis else I32)]], attrs, own=cumulate(fn),
                               klass="U" if dtype.kind == "f" else "E", ulp=8 if dtype.kind == "f" else 0, note=tag)
    for dtype in FLOAT:
        random = rng(f"lines/{dtype.name}")
        for axis in (0, 1, -1):
            x = values(random, (3, 5, 4), dtype)
            yield Case("Hardmax", f"{dtype.name}_{axis}".replace("-", "m"), [[np.round(x)]], {"axis": axis}, own=hardmax, note="the first of the largest")
            for p in (1, 2):
                yield Case("LpNormalization", f"{dtype.name}_{p}_{axis}".replace("-", "m"), [[x * (np.arange(5).reshape(5, 1) > 0)]] if axis != 1 else [[x]],
                           {"axis": axis, "p": p}, own=lp_norm, klass="U", ulp=8, note="a line of zeros stays")
    for dtype in MOVED:
        random = rng(f"reverse/{dtype.name}")
        for tag, attrs, shape in (("time_first", {}, (5, 3, 2)), ("batch_first", {"batch_axis": 0, "time_axis": 1}, (3, 5, 2))):
            yield Case("ReverseSequence", f"{dtype.name}_{tag}", [[values(random, shape, dtype), ints(1, 5, 3)]], attrs, own=reverse_sequence, bits=True, note=tag)
    for dtype in ORDERED:
        random = rng(f"topk/{dtype.name}")
        for tag, attrs, k in (("largest", {}, 3), ("smallest", {"largest": 0}, 4), ("axis", {"axis": 0}, 2)):
            yield Case("TopK", f"{dtype.name}_{tag}", [[values(random, (4, 9, 2) if tag == "axis" else (4, 9), dtype, 0, 5).round().astype(dtype), ints(k)]], attrs,
                       inits=(1,), outputs=2, own=top_k, note="values that come several times")


def gather_nd(inputs, attrs):
    data, indices = inputs
    batch = attrs.get("batch_dims", 0)
    lead = indices.shape[:batch]
    flat, where = data.reshape(-1, *data.shape[batch:]), indices.reshape(-1, *indices.shape[batch:])
    rows = [np.array([d[tuple(i)] for i in w.reshape(-1, w.shape[-1])]).reshape(*w.shape[:-1], *d.shape[w.shape[-1]:]) for d, w in zip(flat, where)]
    return [np.array(rows, data.dtype).reshape(*lead, *rows[0].shape)]


def trilu(inputs, attrs):
    k = int(np.asarray(inputs[1]).reshape(-1)[0]) if len(inputs) > 1 else 0
    return [(np.triu if attrs.get("upper", 1) else np.tril)(inputs[0], k)]


def places():
    for dtype in MOVED:
        random = rng(f"places/{dtype.name}")
        for tag, shape, where, attrs in (("elements", (3, 4), [[0, 1], [-1, 2]], {}), ("rows", (3, 4), [[[1]], [[-3]]], {}),
                                         ("batch", (2, 3, 4), [[[1, 0], [2, -1]], [[0, 3], [0, 0]]], {"batch_dims": 1})):
            yield Case("GatherND", f"{dtype.name}_{tag}", [[values(random, shape, dtype), np.array(where, I64)]], attrs, own=gather_nd, bits=True, note=tag)
        for upper in (0, 1):
            for k in (None, 0, 2, -1, 9, -9) if dtype == F32 else (None, 1):
                more = [] if k is None else [np.array(k, I64)]
                yield Case("Trilu", f"{dtype.name}_{upper}_{k}".replace("-", "m").lower(), [[values(random, (2, 3, 5), dtype), *more]], {"upper": upper}, own=trilu,
                           bits=True, note="one side of a diagonal")
        if dtype.kind != "c":
            for k in (0, 1, -2):
                yield Case("EyeLike", f"{dtype.name}_{k}".replace("-", "m"), [[np.zeros((3, 4), F32)]], {"k": k, "dtype": tensor_type(dtype)}, out_types=(dtype,),
                           own=lambda i, a, d=dtype: [np.eye(3, 4, a["k"]).astype(d)], note="ones on a diagonal")
    for dtype in FLOAT:
        random = rng(f"det/{dtype.name}")
        yield Case("Det", f"{dtype.name}", [[values(random, (n, 2, 4, 4), dtype)] for n in (1, 3)], own=lambda i, a: [np.linalg.det(i[0])], klass="C", note="a batch")
        yield Case("Det", f"{dtype.name}_one", [[values(random, (1, 1), dtype)]], own=lambda i, a: [np.linalg.det(i[0])], note="of one number")
    for dtype in FLOAT + [F16, BF16]:
        x = values(rng(f"dropout/{dtype.name}"), (3, 7), dtype)
        yield Case("Dropout", f"{dtype.name}", [[x]], outputs=2, own=lambda i, a: [i[0], np.ones(i[0].shape, BOOL)], note="at inference everything stays")
        yield Case("Dropout", f"{dtype.name}_ratio", [[x, np.array(0.5, F32), np.array(False)]], own=lambda i, a: [i[0]], out_types=(dtype,), note="not in training")


def cases():
    for family in (bits, along, places):
        yield from family()
