"""Operators that read or write where other values point: scatters and their like."""
import numpy as np

from case import Case
from corners import BF16, BOOL, F16, F32, MOVED, REAL, rng, values

I32, I64 = np.dtype(np.int32), np.dtype(np.int64)
JOINS = {"none": lambda a, b: b, "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def scatter_nd(inputs, attrs):
    """ScatterND-18, tuple after tuple."""
    data, indices, updates = inputs
    out, join = data.copy(), JOINS[attrs.get("reduction", "none")]
    for place in np.ndindex(indices.shape[:-1]):
        at = tuple(int(i) for i in indices[place])
        out[at] = join(out[at], updates[place])
    return [out]


def scatter_elements(inputs, attrs):
    """ScatterElements-18, element after element."""
    data, indices, updates = inputs
    axis, join = attrs.get("axis", 0), JOINS[attrs.get("reduction", "none")]
    out = data.copy()
    for place in np.ndindex(indices.shape):
        at = list(place)
        at[axis] = int(indices[place])
        out[tuple(at)] = join(out[tuple(at)], updates[place])
    return [out]


# Name, shape of the data, indices; the updates' shape follows.
ND = (("rows", (5, 3), [[0], [4], [-2]]), ("elements", (3, 4), [[0, 1], [2, -1], [1, 0]]), ("matrix", (2, 3, 4), [[[1, 0], [0, 2]]]),
      ("whole", (2, 3), np.zeros((1, 0))), ("nothing", (2, 3), np.zeros((0, 1))))
ELEMENTS = (("rows", (3, 3), [[1, 0, 2], [0, 2, 1]], 0), ("columns", (3, 5), [[1, 3], [-1, 0]], 1),
            ("last", (2, 3, 4), [[[3, 0], [-4, 1]]], -1))


def updates_of(data, indices):
    return indices.shape[:-1] + data[indices.shape[-1]:]


def scatters():
    for dtype in MOVED:
        random = rng(f"scatter/{dtype.name}")
        for name, shape, places in ND if dtype == F32 else ND[:2]:
            indices = np.array(places, I64)
            yield Case("ScatterND", f"{dtype.name}_{name}", [[values(random, shape, dtype), indices, values(random, updates_of(shape, indices), dtype)]],
                       own=scatter_nd, bits=True, note=name)
        for name, shape, places, axis in ELEMENTS if dtype == F32 else ELEMENTS[:2]:
            for kind in (I64, I32) if dtype == F32 else (I64,):
                indices = np.array(places, kind)
                yield Case("ScatterElements", f"{dtype.name}_{name}_{kind.name}",
                           [[values(random, shape, dtype), indices, values(random, indices.shape, dtype)]], {"axis": axis},
                           own=scatter_elements, bits=True, note=name)
    for dtype in REAL:
        random = rng(f"scatter/join/{dtype.name}")
        for reduction in ("add", "mul", "max", "min"):
            twice = np.array([[1], [0], [1], [1]], I64)
            yield Case("ScatterND", f"{dtype.name}_{reduction}", [[values(random, (3, 4), dtype), twice, values(random, (4, 4), dtype)]],
                       {"reduction": reduction}, own=scatter_nd, klass="U", ulp=2, note="an index that comes several times")
            yield Case("ScatterElements", f"{dtype.name}_{reduction}",
                       [[values(random, (3, 4), dtype), np.array([[1, 0, 1, 2], [1, 1, 1, 0]], I64), values(random, (2, 4), dtype)]],
                       {"reduction": reduction}, own=scatter_elements, klass="U", ulp=2, note="an index that comes several times")
    random = rng("scatter/symbols")
    yield Case("ScatterND", "float32_symbols", [[values(random, (n, 7), F32), values(random, (m, 1), I64, -n, n - 1), values(random, (m, 7), F32)]
                                                for n, m in ((4, 2), (9, 1), (3, 3))], {"reduction": "max"}, own=scatter_nd,
               note="one session, three sizes; the same place more than once")


HALVES = [F16, BF16]


def compress(inputs, attrs):
    x, condition = inputs
    axis = attrs.get("axis")
    x = x.reshape(-1) if axis is None else x
    return [np.take(x, np.flatnonzero(condition), 0 if axis is None else axis)]


def unique(inputs, attrs):
    """Unique-11: in order of values, or of first appearance."""
    x, axis = inputs[0], attrs.get("axis")
    y, first, inverse, counts = np.unique(x, True, True, True, axis=axis)
    inverse = np.asarray(inverse).reshape(-1)
    if not attrs.get("sorted", 1):
        order = np.argsort(first, kind="stable")
        y, first, counts, inverse = np.take(y, order, axis or 0), first[order], counts[order], np.argsort(order, kind="stable")[inverse]
    return [y] + [np.asarray(a, np.int64) for a in (first, inverse, counts)]


def chosen():
    for dtype in REAL + [BOOL] + HALVES:
        x = values(rng(f"NonZero/{dtype.name}"), (4, 5, 3), dtype, 0, 2).round() if dtype != BOOL else values(rng("NonZero/bool"), (4, 5, 3), dtype)
        yield Case("NonZero", f"{dtype.name}", [[x.astype(dtype)]], own=lambda i, a: [np.array(np.nonzero(i[0]), np.int64)], note="about one in three is 0")
        if dtype.kind in "iuf" and dtype not in HALVES:
            for sorts in (0, 1):
                for axis in (None, 0, 1):
                    attrs = {"sorted": sorts, **({} if axis is None else {"axis": axis})}
                    x = values(rng(f"Unique/{dtype.name}"), (7, 2), dtype, 0, 2).round() if axis == 0 else values(rng(f"Unique/{dtype.name}/a"), (2, 9), dtype, 0, 2).round()
                    yield Case("Unique", f"{dtype.name}_{sorts}_{axis}".replace("None", "flat"), [[x.astype(dtype)]], attrs, outputs=4, own=unique,
                               note="values that come several times")
    zeros = np.array([0.0, -0.0, np.nan, 1e-45, -1e-45], F32)
    yield Case("NonZero", "float32_special", [[zeros]], own=lambda i, a: [np.array(np.nonzero(i[0]), np.int64)], note="zeros of both signs, NaN")
    yield Case("NonZero", "float32_symbols", [[values(rng(f"nz{n}"), (n, 9), F32, -1, 1).round()] for n in (1, 7, 0, 3)],
               own=lambda i, a: [np.array(np.nonzero(i[0]), np.int64)], note="one session, four sizes")
    for dtype in MOVED:
        random = rng(f"Compress/{dtype.name}")
        x = values(random, (3, 5, 2), dtype)
        for tag, attrs, count in (("flat", {}, 30), ("first", {"axis": 0}, 3), ("middle", {"axis": -2}, 4)):
            yield Case("Compress", f"{dtype.name}_{tag}", [[x, values(random, (count,), BOOL)]], attrs, own=compress, bits=True, note=tag)


def non_max_suppression(inputs, attrs):
    boxes, scores, most, overlap, least = (list(inputs) + [None] * 3)[:5]
    most = int(np.asarray(most).reshape(-1)[0]) if most is not None else 0
    overlap = float(np.asarray(overlap).reshape(-1)[0]) if overlap is not None else 0.0
    if attrs.get("center_point_box", 0):
        corners = np.concatenate([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], -1)
    else:
        corners = np.concatenate([np.minimum(boxes[..., :2], boxes[..., 2:]), np.maximum(boxes[..., :2], boxes[..., 2:])], -1)
    taken = []
    for n in range(scores.shape[0]):
        for c in range(scores.shape[1]):
            kept = []
            for i in np.argsort(-scores[n, c], kind="stable"):
                if len(kept) == most or (least is not None and not scores[n, c, i] > np.asarray(least).reshape(-1)[0]):
                    break
                if all(_overlap(corners[n, i], corners[n, k]) <= overlap for k in kept):
                    kept.append(i)
            taken += [(n, c, i) for i in kept]
    return [np.array(taken, np.int64).reshape(-1, 3)]


def _overlap(a, b):
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = np.prod(np.maximum(sides, 0))
    return both / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both) if both > 0 else 0


def suppressions():
    for tag, attrs, more in (("plain", {}, (ints(5), floats(0.3), floats(0.2))), ("no_score", {}, (ints(9), floats(0.5))), ("centred", {"center_point_box": 1}, (ints(9), floats(0.2), floats(0.1))),
                             ("nothing", {}, (ints(0), floats(0.5))), ("default", {}, ()), ("high", {}, (ints(9), floats(0.5), floats(2)))):
        random = rng(f"nms/{tag}")
        sets = []
        for batch, classes, count in ((1, 1, 30), (2, 3, 57), (1, 2, 7)):
            scores = (random.permutation(batch * classes * count).reshape(batch, classes, count) / (batch * classes * count)).astype(F32)
            sets.append([values(random, (batch, count, 4), F32, 0, 9), scores, *more])
        yield Case("NonMaxSuppression", f"float32_{tag}", sets, attrs, own=non_max_suppression, note=tag)


def ints(*numbers):
    return np.array(numbers, I64)


def floats(*numbers):
    return np.array(numbers, F32)


def cases():
    for family in (scatters, chosen, suppressions):
        yield from family()
