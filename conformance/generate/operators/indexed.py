"""Operators that read or write where other values point: scatters and their like."""
import numpy as np

from case import Case
from corners import F32, MOVED, REAL, rng, values

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


def cases():
    yield from scatters()
