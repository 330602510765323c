"""Operators that move elements, name shapes or fill: exact, whatever the type."""
import numpy as np

from case import Case, tensor_type
from corners import BF16, BOOL, F16, F32, F64, MOVED, REAL, rng, special, values

I64 = np.dtype(np.int64)
I32 = np.dtype(np.int32)


def ints(*numbers):
    return np.array(numbers, I64)


def floats(*numbers):
    return np.array(numbers, F32)


# Operator: (name, shape of the data, further inputs, attributes, outputs). Further inputs are constants of the model.
TABLE = {
    "Reshape": (
        ("plain", (2, 3, 4), (ints(4, 6),), {}, 1), ("infer", (2, 3, 4), (ints(-1, 3),), {}, 1),
        ("zero", (2, 3, 4), (ints(0, -1),), {}, 1), ("to_scalar", (1, 1), (ints(),), {}, 1),
        ("from_scalar", (), (ints(1, 1, 1),), {}, 1), ("empty", (0, 3), (ints(3, 0, 2),), {"allowzero": 1}, 1),
        ("zero_kept", (0, 3), (ints(0, 3, 1),), {}, 1), ("rank6", (12,), (ints(1, 2, 1, 3, 1, 2),), {}, 1)),
    "Flatten": (
        ("default", (2, 3, 4), (), {}, 1), ("axis_0", (2, 3, 4), (), {"axis": 0}, 1), ("axis_last", (2, 3, 4), (), {"axis": 3}, 1),
        ("negative", (2, 3, 4, 5), (), {"axis": -2}, 1), ("scalar", (), (), {"axis": 0}, 1), ("empty", (2, 0, 3), (), {"axis": 1}, 1)),
    "Squeeze": (
        ("axes", (1, 3, 1, 2), (ints(0),), {}, 1), ("negative", (1, 3, 1, 2), (ints(-2, 0),), {}, 1),
        ("all", (1, 3, 1, 2), (), {}, 1), ("to_scalar", (1, 1), (), {}, 1), ("no_ones", (2, 3), (), {}, 1)),
    "Unsqueeze": (
        ("first", (3, 2), (ints(0),), {}, 1), ("several", (3, 2), (ints(0, 2, 4),), {}, 1), ("negative", (3, 2), (ints(-1),), {}, 1),
        ("unsorted", (3, 2), (ints(4, 0, 1),), {}, 1), ("scalar", (), (ints(0),), {}, 1)),
    "Identity": (("plain", (3, 5), (), {}, 1), ("scalar", (), (), {}, 1), ("empty", (2, 0), (), {}, 1)),
    "Transpose": (
        ("default", (2, 3, 4), (), {}, 1), ("swap", (17, 33), (), {"perm": [1, 0]}, 1), ("nhwc", (2, 3, 5, 7), (), {"perm": [0, 2, 3, 1]}, 1),
        ("nchw", (2, 5, 7, 3), (), {"perm": [0, 3, 1, 2]}, 1), ("same", (2, 3, 4), (), {"perm": [0, 1, 2]}, 1),
        ("middle", (2, 3, 4, 5), (), {"perm": [0, 2, 1, 3]}, 1), ("vector", (9,), (), {"perm": [0]}, 1), ("scalar", (), (), {}, 1),
        ("empty", (2, 0, 3), (), {"perm": [2, 0, 1]}, 1), ("rank6", (2, 1, 3, 2, 1, 2), (), {"perm": [5, 3, 1, 0, 4, 2]}, 1),
        ("ones", (1, 7, 1, 3), (), {"perm": [2, 3, 0, 1]}, 1)),
    "Expand": (
        ("row", (3, 1), (ints(3, 4),), {}, 1), ("more_ranks", (5,), (ints(2, 3, 5),), {}, 1), ("fewer", (2, 3, 4), (ints(1,),), {}, 1),
        ("both", (3, 1), (ints(2, 1, 6),), {}, 1), ("scalar", (), (ints(2, 2),), {}, 1), ("to_empty", (1, 3), (ints(0, 3),), {}, 1),
        ("same", (2, 3), (ints(2, 3),), {}, 1), ("nothing", (2, 3), (ints(),), {}, 1)),
    "Tile": (
        ("rows", (2, 3), (ints(2, 1),), {}, 1), ("columns", (2, 3), (ints(1, 3),), {}, 1), ("both", (2, 3, 5), (ints(2, 3, 2),), {}, 1),
        ("once", (2, 3), (ints(1, 1),), {}, 1), ("never", (2, 3), (ints(0, 2),), {}, 1), ("one", (1,), (ints(17),), {}, 1)),
    "Slice": (
        ("plain", (4, 9), (ints(1, 2), ints(3, 7)), {}, 1), ("axes", (4, 9), (ints(2), ints(5), ints(1)), {}, 1),
        ("steps", (4, 17), (ints(0, 1), ints(4, 17), ints(0, 1), ints(2, 3)), {}, 1),
        ("backwards", (4, 9), (ints(-1, 7), ints(-9223372036854775807, 1), ints(0, 1), ints(-1, -2)), {}, 1),
        ("beyond", (4, 9), (ints(-100, 3), ints(100, 9223372036854775807)), {}, 1), ("negative", (3, 4, 5), (ints(-2), ints(-1), ints(-1)), {}, 1),
        ("nothing", (4, 9), (ints(3), ints(3), ints(0)), {}, 1), ("int32", (4, 9), (np.array([1], I32), np.array([3], I32), np.array([1], I32)), {}, 1),
        ("reversed_row", (2, 33), (ints(32), ints(-100), ints(1), ints(-1)), {}, 1), ("of_empty", (0, 3), (ints(0), ints(2), ints(0)), {}, 1),
        ("unsorted", (3, 4, 5), (ints(1, 0), ints(4, 2), ints(2, 0)), {}, 1)),
    "Split": (
        ("even", (6, 3), (), {"num_outputs": 3}, 3), ("uneven", (2, 7), (), {"axis": 1, "num_outputs": 3}, 3),
        ("sizes", (2, 7), (ints(1, 2, 4),), {"axis": 1}, 3), ("zero", (5, 2), (ints(0, 5),), {}, 2), ("negative", (3, 2, 8), (ints(3, 5),), {"axis": -1}, 2),
        ("one", (4, 2), (ints(4),), {}, 1)),
    "DepthToSpace": (
        ("dcr", (2, 8, 2, 3), (), {"blocksize": 2}, 1), ("crd", (2, 8, 2, 3), (), {"blocksize": 2, "mode": "CRD"}, 1),
        ("three", (1, 9, 1, 2), (), {"blocksize": 3, "mode": "DCR"}, 1), ("one", (1, 3, 2, 2), (), {"blocksize": 1}, 1)),
    "SpaceToDepth": (("two", (2, 3, 4, 6), (), {"blocksize": 2}, 1), ("three", (1, 2, 3, 6), (), {"blocksize": 3}, 1),
                     ("one", (1, 3, 2, 2), (), {"blocksize": 1}, 1)),
    "Gather": (
        ("rows", (5, 3), (ints(0, 4, 2),), {}, 1), ("columns", (3, 5), (ints(4, 0),), {"axis": 1}, 1), ("negative", (5, 3), (ints(-1, -5, 3),), {}, 1),
        ("matrix", (5, 3), (np.array([[0, 1], [2, -1]], I64),), {"axis": -2}, 1), ("scalar", (5, 3), (np.array(2, I64),), {}, 1),
        ("int32", (5, 3, 2), (np.array([1, 1, 0], I32),), {"axis": 1}, 1), ("nothing", (5, 3), (ints(),), {}, 1),
        ("scalar_of_vector", (7,), (np.array(-7, I64),), {}, 1)),
    "GatherElements": (
        ("rows", (3, 3), (np.array([[1, 2, 0], [2, 0, 0]], I64),), {}, 1), ("columns", (3, 4), (np.array([[3, 0], [1, -1], [-4, 2]], I64),), {"axis": 1}, 1),
        ("int32", (2, 3, 2), (np.array([[[1, -1], [0, 0]]], I32),), {"axis": -1}, 1)),
    "Shape": (("all", (2, 3, 5), (), {}, 1), ("start", (2, 3, 5), (), {"start": 1}, 1), ("negative", (2, 3, 5), (), {"start": -2, "end": -1}, 1),
              ("beyond", (2, 3, 5), (), {"start": -9, "end": 9}, 1), ("crossed", (2, 3, 5), (), {"start": 2, "end": 1}, 1), ("scalar", (), (), {}, 1),
              ("empty", (0, 4), (), {}, 1)),
    "Size": (("plain", (2, 3, 5), (), {}, 1), ("scalar", (), (), {}, 1), ("empty", (0, 4), (), {}, 1)),
}
# Modes of Pad: name, shape, pads, axes, attributes; the constant is added by type.
PADS = (("constant", (3, 4), ints(1, 2, 0, 3), None, {}), ("edge", (3, 4), ints(1, 2, 2, 3), None, {"mode": "edge"}),
        ("reflect", (3, 4), ints(2, 1, 1, 3), None, {"mode": "reflect"}), ("wrap", (3, 4), ints(2, 5, 1, 3), None, {"mode": "wrap"}),
        ("crop", (5, 6), ints(-1, 2, -2, -1), None, {}), ("axes", (2, 3, 5), ints(1, 2), ints(1), {}),
        ("axes_negative", (2, 3, 5), ints(1, 0, 2, 1), ints(-1, 0), {"mode": "edge"}), ("image", (1, 3, 4, 5), ints(0, 0, 1, 2, 0, 0, 2, 1), None, {}),
        ("image_reflect", (1, 9, 4, 5), ints(0, 0, 1, 2, 0, 0, 2, 1), None, {"mode": "reflect"}), ("nothing", (3, 2), ints(0, 0, 0, 0), None, {}),
        ("of_empty", (0, 2), ints(1, 0, 1, 1), None, {}), ("edge_crop", (4, 5), ints(-1, 2, 1, -2), None, {"mode": "edge"}))


def pad_constant_cases(dtype, random):
    for name, shape, pads, axes, attrs in PADS if dtype in (F32, I64) else PADS[:4]:
        x = values(random, shape, dtype)
        fill = values(random, (), dtype) if "mode" not in attrs else None
        yield Case("Pad", f"{dtype.name}_{name}", [[x, pads, fill, axes]], attrs, inits=(1, 2, 3), own=pad, note=name)
        if fill is not None and name == "constant":
            yield Case("Pad", f"{dtype.name}_default", [[x, pads]], attrs, inits=(1,), own=pad, note="padded with 0")
            yield Case("Pad", f"{dtype.name}_axes32", [[x, ints(1, 2), fill, np.array([-1], I32)]], attrs, inits=(1, 2, 3), own=pad,
                       note="axes as int32")


def pad(inputs, attrs):
    """Pad-25: crop by negative numbers, then pad."""
    x, pads, fill, axes = (list(inputs) + [None, None])[:4]
    axes = [int(a) % x.ndim for a in axes] if axes is not None else list(range(x.ndim))
    widths = [[0, 0] for _ in range(x.ndim)]
    for i, axis in enumerate(axes):
        widths[axis] = [int(pads[i]), int(pads[i + len(axes)])]
    crop = tuple(slice(max(0, -b), n - max(0, -e)) for (b, e), n in zip(widths, x.shape))
    widths = [(max(0, b), max(0, e)) for b, e in widths]
    mode = attrs.get("mode", "constant")
    extra = {"constant_values": fill if fill is not None else np.zeros((), x.dtype)} if mode == "constant" else {}
    return [np.pad(x[crop], widths, mode=mode, **extra)]


def gather_elements(inputs, attrs):
    """GatherElements-13: the result has the indices' shape, which may be smaller than the data's in any axis."""
    data, indices = inputs
    axis = attrs.get("axis", 0)
    places = list(np.indices(indices.shape))
    places[axis] = np.where(indices < 0, indices + data.shape[axis], indices)
    return [data[tuple(places)]]


# In place of the evaluator; README.md has the reasons.
OWN = {"GatherElements": gather_elements}


def table_cases():
    for op, rows in TABLE.items():
        for dtype in MOVED:
            random = rng(f"{op}/{dtype.name}")
            for name, shape, more, attrs, outputs in rows if dtype in (F32, I64) else rows[:3]:
                yield Case(op, f"{dtype.name}_{name}", [[values(random, shape, dtype), *more]], attrs,
                           inits=tuple(range(1, 1 + len(more))), outputs=outputs, own=OWN.get(op), note=name)
    for op in ("Transpose", "Identity", "Flatten"):
        x = special(F32)
        yield Case(op, "float32_special", [[np.resize(x, (5, 7))]], note="special values move bit by bit")
    yield Case("Transpose", "float32_symbols", [[values(rng("ts"), s, F32)] for s in ((2, 3, 17), (5, 1, 8), (1, 9, 33))],
               {"perm": [2, 0, 1]}, note="one session, three sizes")
    yield Case("Reshape", "float32_symbols", [[values(rng("rs"), (n, 6), F32), ints(-1, 3)] for n in (1, 4, 7)], inits=(1,),
               note="one session, three sizes")
    yield Case("Slice", "float32_symbols", [[values(rng("ss"), (n, 6), F32), ints(-3), ints(1 << 40), ints(0)] for n in (1, 3, 8)],
               inits=(1, 2, 3), note="one session, three sizes: a start before the beginning is the beginning")
    yield Case("Gather", "float32_computed", [[values(rng("gc"), (5, 33), F32), values(rng(f"gc{n}"), (n,), I64, -5, 4)] for n in (1, 4, 9)],
               note="indices known at run only")
    yield Case("Gather", "float32_constant_table", [[values(rng("gt"), (5, 33), F32), values(rng(f"gd{n}"), (n,), I64, -5, 4)] for n in (1, 4)],
               inits=(0,), note="a table of weights, as an embedding has it")
    for op, more in (("Reshape", ints(3, 2)), ("Expand", ints(2, 2, 3)), ("Tile", ints(2, 1))):
        yield Case(op, "float32_computed", [[values(rng(op), (2, 3), F32), more]], note="the second input is known at run only")


def concat():
    for dtype in MOVED:
        random = rng(f"Concat/{dtype.name}")
        for tag, shapes, axis in (("rows", ((2, 3), (1, 3), (4, 3)), 0), ("columns", ((2, 3), (2, 1)), -1), ("middle", ((2, 3, 5), (2, 0, 5), (2, 4, 5)), 1),
                                  ("one", ((2, 3),), 0), ("vector", ((1,), (7,), (17,)), 0)):
            yield Case("Concat", f"{dtype.name}_{tag}", [[values(random, s, dtype) for s in shapes]], {"axis": axis}, note=tag)
    random = rng("Concat/more")
    x = values(random, (2, 3), F32)
    yield Case("Concat", "float32_constant", [[x, x]], {"axis": 1}, inits=(1,), note="a weight behind a value")
    yield Case("Concat", "float32_image", [[values(random, (2, c, 5, 7), F32) for c in (3, 8, 1)]], {"axis": 1}, note="channels")
    yield Case("Concat", "float32_symbols", [[values(random, (n, 3), F32), values(random, (m, 3), F32)] for n, m in ((1, 2), (4, 3), (5, 0))],
               {"axis": 0}, note="one session, three sizes")


def one_hot(inputs, attrs):
    indices, depth, pair = inputs
    depth, axis = int(np.asarray(depth).reshape(-1)[0]), attrs.get("axis", -1)
    wide = indices.astype(np.int64)
    is_in = (wide >= -depth) & (wide < depth)
    wide = np.where(wide < 0, wide + depth, wide)
    axis = axis + wide.ndim + 1 if axis < 0 else axis
    places = np.arange(depth).reshape([-1 if i == axis else 1 for i in range(wide.ndim + 1)])
    hit = (np.expand_dims(wide, axis) == places) & np.expand_dims(is_in, axis)
    return [np.where(hit, pair[1], pair[0])]


ONE_HOT = [t for t in REAL if t.name in ("float32", "float64", "int32", "int64", "uint8")]


def fills():
    for dtype in ONE_HOT:
        random = rng(f"OneHot/{dtype.name}")
        indices = values(random, (2, 5), dtype, 0, 6).round() if dtype.kind == "f" else values(random, (2, 5), dtype, 0, 6)
        for axis in (-1, 0, 1):
            yield Case("OneHot", f"{dtype.name}_axis_{axis}".replace("-", "m"), [[indices, np.array(5, I64), floats(2, 7)]], {"axis": axis}, inits=(1, 2),
                       own=one_hot, note="indices beyond the depth give the off value")
    for dtype in REAL:
        yield Case("OneHot", f"depth_{dtype.name}", [[ints(0, 2, -1, -3), np.array(3, dtype), floats(0, 1)]], inits=(1, 2), own=one_hot, note="depth's type")
    for dtype in MOVED:
        pair = np.array([0, 1]).astype(dtype)
        yield Case("OneHot", f"values_{dtype.name}", [[ints(0, 2, -1, -3), np.array([3], I64), pair]], inits=(1, 2), own=one_hot, note="the values' type")
        if dtype.kind == "c":  # ConstantOfShape-25 has no complex numbers
            continue
        yield Case("ConstantOfShape", f"{dtype.name}", [[ints(2, 3)], [ints(0, 1)], [ints(4, 17)]],
                   {"value": tensor_of(values(rng(f"cos/{dtype.name}"), (1,), dtype))}, note="the shape is known at run only")
        yield Case("ConstantOfShape", f"{dtype.name}_constant", [[ints(2, 3)]], {"value": tensor_of(values(rng(f"cos/{dtype.name}"), (1,), dtype))},
                   inits=(0,), note="all known: the core may fold it")
        yield Case("ConstantOfShape", f"{dtype.name}_large", [[ints(33, 65)]], {"value": tensor_of(values(rng(f"cos/{dtype.name}"), (1,), dtype))},
                   inits=(0,), note="too large for the core to know: the provider fills it")
    for dtype in (F32, F64, np.dtype(np.int16), I32, I64):
        own = lambda i, a: [np.arange(i[0], i[1], i[2], dtype=i[0].dtype)]
        yield Case("Range", f"{dtype.name}_large", [[np.array(v, dtype) for v in (-7, 2993, 2)]], inits=(0, 1, 2), own=own,
                   note="too large for the core to know: the provider counts")
        for tag, row in (("up", (1, 9, 2)), ("down", (10, -3, -4)), ("nothing", (5, 1, 2))):
            yield Case("Range", f"{dtype.name}_{tag}", [[np.array(v, dtype) for v in row]], own=own, note=f"{tag}, known at run only")


def tensor_of(array):
    from onnx import numpy_helper
    return numpy_helper.from_array(array, "value")


def pads():
    for dtype in MOVED:
        yield from pad_constant_cases(dtype, rng(f"Pad/{dtype.name}"))


def cases():
    for family in (table_cases, concat, pads, fills):
        for case in family():
            case.bits = True
            yield case
