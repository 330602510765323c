"""Products, convolutions, pooling, resizing: what networks spend their time on."""
import numpy as np

from case import Case
from corners import F16, F32, F64, MOVED, rng, special, values
import windows

I64 = np.dtype(np.int64)

# ---- six kinds of numbers, on which a product that is not in the type's precision shows (after TOSA's six sets) ----


def signs(random, shape):
    return random.choice([-1.0, 1.0], shape)


def sparse(random, shape, _):
    return np.where(random.random(shape) < 0.5, 0, random.uniform(-1, 1, shape) * np.exp2(random.integers(-4, 5, shape)))


def large(random, shape, _):
    return signs(random, shape) * random.uniform(1, 2, shape) * 2.0 ** 40


def accumulated(is_signed):
    """One large term and many small ones, whose sum is about as large: each addition rounds."""
    def make(random, shape, axis):
        x = (random.standard_normal(shape) if is_signed else random.uniform(0, 2, shape)) / np.sqrt(shape[axis])
        x[tuple(0 if i == axis else slice(None) for i in range(len(shape)))] = 1.0
        return x
    return make


def holes(random, shape, _):
    return np.where(random.integers(0, 3, shape) == 0, random.standard_normal(shape), 0.0)


def wide_range(random, shape, _):
    return signs(random, shape) * np.exp2(random.uniform(-10, 10, shape))


SETS = (("sparse", sparse, False), ("large", large, False), ("accumulate", accumulated(False), False),
        ("accumulate_signed", accumulated(True), False), ("holes", holes, True), ("wide", wide_range, True))


def numbers(make, random, shape, axis):
    return make(random, shape, axis).astype(F32)


# ---- MatMul, Gemm ----

MATMULS = (((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((7,), (7,)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)),
           ((1, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (3, 4, 5)), ((4, 5), (2, 3, 5, 2)), ((1, 1), (1, 1)), ((5, 1), (1, 7)),
           ((0, 4), (4, 3)), ((3, 0), (0, 4)), ((2, 0, 4), (4, 3)), ((8, 8), (8, 8)), ((9, 17), (17, 7)), ((16, 16), (16, 16)),
           ((31, 33), (33, 63)), ((1, 65), (65, 33)), ((33, 65), (65, 1)), ((13, 130), (130, 17)), ((2, 2, 1, 2, 3, 4), (1, 2, 1, 1, 4, 2)))


def matmul():
    for left, right in MATMULS:
        random = rng(f"MatMul/{left}/{right}")
        pair = [values(random, left, F32), values(random, right, F32)]
        tag = "x".join(map(str, left)) + "_by_" + "x".join(map(str, right))
        for name, inits in (("", ()), ("_weights", (1,)), ("_left_weights", (0,))):
            yield Case("MatMul", f"float32_{tag}{name}", [pair], inits=inits, klass="D", products=max(left[-1], 1),
                       zero_mean=left[-1] > 8, note=f"shapes; weights: {inits or 'none'}")
    for name, make, zero_mean in SETS:
        random = rng(f"MatMul/{name}")
        for k in (32, 200):
            pair = [numbers(make, random, (9, k), 1), numbers(make, random, (k, 17), 0)]
            for tag, inits in (("", ()), ("_weights", (1,))):
                yield Case("MatMul", f"float32_{name}_{k}{tag}", [pair], inits=inits, klass="D", products=k, zero_mean=zero_mean,
                           note=f"numbers: {name}, {k} products")
    random = rng("MatMul/symbols")
    weights = values(random, (6, 9), F32)
    yield Case("MatMul", "float32_symbols", [[values(random, (n, m, 6), F32), weights] for n, m in ((1, 3), (2, 17), (3, 1))], inits=(1,),
               klass="D", products=6, note="one session, three sizes, weights")
    yield Case("MatMul", "float32_symbols_both", [[values(random, (n, k), F32), values(random, (k, m), F32)]
                                                for n, k, m in ((2, 3, 4), (7, 65, 1), (1, 8, 33))],
               klass="D", products=65, note="one session, three sizes of all")
    yield Case("MatMul", "float32_special", [[np.array([[np.inf, 1, 0], [1, 2, -np.inf], [np.nan, 0, 0]], F32),
                                             np.array([[1, 2], [3, 4], [1, 5]], F32)]], klass="D", products=3, note="infinities and NaN")


def gemm_reference(inputs, attrs):
    a, b, c = (list(inputs) + [None])[:3]
    a, b = (a.T if attrs.get("transA") else a), (b.T if attrs.get("transB") else b)
    out = float(np.float32(attrs.get("alpha", 1.0))) * (a @ b)
    return [out if c is None else out + float(np.float32(attrs.get("beta", 1.0))) * c]


def gemm_bound(inputs, attrs):
    return gemm_reference([np.abs(v) if v is not None else None for v in inputs],
                          {k: abs(v) for k, v in attrs.items()})


GEMMS = (("plain", {}, None), ("row", {}, (5,)), ("full", {}, (3, 5)), ("column", {}, (3, 1)), ("one", {}, (1,)), ("one_by_n", {}, (1, 5)),
         ("scalar", {}, ()), ("trans_a", {"transA": 1}, (5,)), ("trans_b", {"transB": 1}, (5,)), ("trans_both", {"transA": 1, "transB": 1}, (3, 5)),
         ("alpha", {"alpha": 0.5}, (5,)), ("beta", {"beta": 0.25}, (5,)), ("alpha_beta", {"alpha": -1.5, "beta": 2.0, "transB": 1}, (3, 5)),
         ("beta_zero", {"beta": 0.0}, (5,)), ("alpha_zero", {"alpha": 0.0}, (5,)))


def gemm():
    base = {"klass": "D", "own": gemm_reference, "bound": gemm_bound}
    for name, attrs, c in GEMMS:
        random = rng(f"Gemm/{name}")
        for k in (4, 33):
            a = values(random, (k, 3) if attrs.get("transA") else (3, k), F32)
            b = values(random, (5, k) if attrs.get("transB") else (k, 5), F32)
            inputs = [a, b] + ([values(random, c, F32)] if c is not None else [])
            for tag, inits in (("", ()), ("_weights", (1, 2)), ("_bias", (2,))):
                if inits and (tag != "_bias" or c is not None):
                    inits = tuple(i for i in inits if i < len(inputs))
                elif inits:
                    continue
                yield Case("Gemm", f"float32_{name}_{k}{tag}", [inputs], attrs, inits=inits, products=k + 2, note=name, **base)
    for name, make, zero_mean in SETS:
        random = rng(f"Gemm/sets/{name}")
        inputs = [numbers(make, random, (9, 64), 1), numbers(make, random, (17, 64), 1), values(random, (17,), F32)]
        yield Case("Gemm", f"float32_{name}", [inputs], {"transB": 1}, inits=(1, 2), products=66, zero_mean=zero_mean, note=f"numbers: {name}", **base)
    random = rng("Gemm/symbols")
    b, c = values(random, (6, 9), F32), values(random, (9,), F32)
    yield Case("Gemm", "float32_symbols", [[values(random, (n, 6), F32), b, c] for n in (1, 4, 33)], inits=(1, 2), products=8,
               note="one session, three batches", **base)


# ---- convolutions: name, input, weights, attributes ----

CONVS = (
    ("1x1", (1, 4, 5, 7), (6, 4, 1, 1), {}), ("3x3", (1, 3, 9, 7), (4, 3, 3, 3), {}), ("3x3_pad", (2, 4, 8, 8), (8, 4, 3, 3), {"pads": [1, 1, 1, 1]}),
    ("3x3_wide", (1, 16, 8, 9), (32, 16, 3, 3), {"pads": [1, 1, 1, 1]}), ("5x5", (1, 2, 9, 9), (3, 2, 5, 5), {"pads": [2, 2, 2, 2]}),
    ("stride", (1, 3, 11, 9), (5, 3, 3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1]}), ("strides", (1, 3, 11, 9), (5, 3, 3, 2), {"strides": [3, 1]}),
    ("uneven_pads", (1, 3, 6, 7), (4, 3, 3, 3), {"pads": [0, 2, 1, 1]}), ("dilated", (1, 3, 11, 10), (4, 3, 3, 3), {"dilations": [2, 3], "pads": [2, 3, 2, 3]}),
    ("same_upper", (1, 3, 7, 8), (4, 3, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}), ("same_lower", (1, 3, 7, 8), (4, 3, 2, 4), {"auto_pad": "SAME_LOWER"}),
    ("same_dilated", (1, 2, 9, 9), (3, 2, 3, 3), {"auto_pad": "SAME_UPPER", "dilations": [2, 2]}), ("valid", (1, 3, 7, 8), (4, 3, 3, 3), {"auto_pad": "VALID", "strides": [2, 1]}),
    ("groups", (1, 6, 7, 5), (4, 3, 3, 3), {"group": 2}), ("groups_wide", (1, 16, 5, 5), (32, 8, 3, 3), {"group": 2, "pads": [1, 1, 1, 1]}),
    ("depthwise", (1, 9, 8, 7), (9, 1, 3, 3), {"group": 9, "pads": [1, 1, 1, 1]}), ("depthwise_stride", (1, 17, 9, 9), (17, 1, 3, 3), {"group": 17, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("depthwise_5x5", (2, 8, 9, 9), (8, 1, 5, 5), {"group": 8, "pads": [2, 2, 2, 2]}), ("depthwise_double", (1, 4, 6, 6), (8, 1, 3, 3), {"group": 4}),
    ("depthwise_dilated", (1, 8, 9, 9), (8, 1, 3, 3), {"group": 8, "dilations": [2, 2]}), ("whole", (1, 3, 5, 5), (7, 3, 5, 5), {}),
    ("1x7", (1, 3, 4, 15), (4, 3, 1, 7), {"pads": [0, 3, 0, 3]}), ("7x1", (1, 3, 15, 4), (4, 3, 7, 1), {"pads": [3, 0, 3, 0]}),
    ("7x7_stride", (1, 3, 17, 19), (8, 3, 7, 7), {"strides": [2, 2], "pads": [3, 3, 3, 3]}), ("one_channel", (1, 1, 6, 6), (1, 1, 3, 3), {}),
    ("one_pixel", (3, 5, 1, 1), (4, 5, 1, 1), {}), ("1x1_stride", (1, 8, 7, 7), (16, 8, 1, 1), {"strides": [2, 2]}),
    ("1d", (2, 3, 17), (4, 3, 3), {}), ("1d_stride", (1, 3, 17), (4, 3, 4), {"strides": [2], "pads": [1, 2]}), ("1d_depthwise", (1, 5, 9), (5, 1, 3), {"group": 5, "dilations": [2]}),
    ("large_pad", (1, 2, 2, 2), (3, 2, 3, 3), {"pads": [3, 3, 3, 3]}), ("no_images", (0, 3, 5, 5), (4, 3, 3, 3), {}), ("3d", (1, 2, 4, 4, 4), (3, 2, 2, 2, 2), {}))

TRANSPOSES = (
    ("plain", (1, 2, 3, 4), (2, 3, 3, 3), {}), ("stride", (1, 3, 4, 5), (3, 4, 3, 3), {"strides": [2, 2]}), ("pads", (1, 3, 4, 5), (3, 4, 3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("uneven_pads", (1, 2, 4, 5), (2, 3, 3, 3), {"strides": [2, 1], "pads": [0, 1, 1, 0]}), ("output_padding", (1, 2, 3, 3), (2, 3, 3, 3), {"strides": [3, 2], "output_padding": [1, 1]}),
    ("output_shape", (1, 2, 3, 3), (2, 3, 3, 3), {"strides": [3, 2], "output_shape": [10, 8]}), ("output_shape_upper", (1, 2, 3, 3), (2, 3, 3, 3), {"strides": [2, 2], "output_shape": [6, 6], "auto_pad": "SAME_UPPER"}),
    ("same_upper", (1, 2, 3, 4), (2, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}), ("same_lower", (1, 2, 3, 4), (2, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("valid", (1, 2, 3, 4), (2, 2, 3, 3), {"strides": [2, 2], "auto_pad": "VALID"}), ("dilated", (1, 2, 4, 3), (2, 3, 3, 2), {"dilations": [2, 3]}),
    ("groups", (1, 4, 3, 5), (4, 3, 3, 3), {"group": 2, "strides": [2, 2]}), ("depthwise", (1, 5, 4, 4), (5, 1, 4, 4), {"group": 5, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("2x2", (2, 8, 5, 4), (8, 16, 2, 2), {"strides": [2, 2]}), ("1x1", (1, 3, 4, 4), (3, 5, 1, 1), {}), ("1d", (1, 2, 7), (2, 3, 4), {"strides": [2], "pads": [1, 1]}))


def is_tiled(op, w, attrs):
    """True for the convolutions that a transform algorithm may compute: dense 3x3, stride 1."""
    return op == "Conv" and len(w) == 4 and w[2:] == (3, 3) and not set(attrs) - {"pads"}


def tile_bound(inputs, attrs):
    """The bound of a convolution by tiles (Winograd F(4x4, 3x3), arXiv 1509.09308): its transforms add and subtract across
    a tile of 6x6 inputs, so that an output's error follows the largest of them, not the output's own terms. A tile that
    holds the output lies within 3 outputs of it."""
    x, w = np.abs(inputs[0]), np.abs(inputs[1])
    top, left, bottom, right = attrs.get("pads", (0, 0, 0, 0))
    reach = np.pad(x, ((0, 0), (0, 0), (top + 3, bottom + 3), (left + 3, right + 3)))
    largest = np.lib.stride_tricks.sliding_window_view(reach, (9, 9), axis=(2, 3)).max(axis=(4, 5))
    bound = np.einsum("nchw,oc->nohw", largest, w.sum(axis=(2, 3)))
    return [bound + np.abs(inputs[2]).reshape(1, -1, 1, 1) if len(inputs) > 2 else bound]


def convolutions(op, rows, own, kinds):
    for name, x, w, attrs in rows:
        random = rng(f"{op}/{name}")
        image, weights = values(random, x, F32), values(random, w, F32)
        outs = w[0] if op == "Conv" else w[1] * attrs.get("group", 1)
        terms = int(np.prod(w[1:])) if op == "Conv" else w[0] // attrs.get("group", 1) * int(np.prod(w[2:]))
        base = {"klass": "D", "own": own, "bound": tile_bound if is_tiled(op, w, attrs) else None}
        yield Case(op, f"float32_{name}", [[image, weights]], attrs, inits=(1,), products=terms, note=name, **base)
        yield Case(op, f"float32_{name}_bias", [[image, weights, values(random, (outs,), F32)]], attrs, inits=(1, 2), products=terms + 1, note=f"{name}, bias", **base)
        if name in kinds:
            yield Case(op, f"float32_{name}_computed", [[image, weights, values(random, (outs,), F32)]], attrs, products=terms + 1,
                       note=f"{name}, weights and bias known at run only", **base)
            sizes = [(n, x[1], *(v + d for v in x[2:])) for n, d in ((1, 0), (3, 4), (2, 1))]
            yield Case(op, f"float32_{name}_symbols", [[values(random, s, F32), weights] for s in sizes], attrs, inits=(1,), products=terms,
                       note=f"{name}, one session, three sizes", **base)


def convolution_sets():
    for name, make, zero_mean in SETS:
        random = rng(f"Conv/sets/{name}")
        for tag, x, w, attrs in (("1x1", (1, 32, 5, 5), (9, 32, 1, 1), {}), ("3x3", (1, 16, 8, 8), (17, 16, 3, 3), {"pads": [1, 1, 1, 1]}),
                                 ("depthwise", (1, 17, 9, 9), (17, 1, 3, 3), {"group": 17})):
            inputs = [numbers(make, random, x, 1), numbers(make, random, w, 1)]
            yield Case("Conv", f"float32_set_{name}_{tag}", [inputs], attrs, inits=(1,), klass="D", own=windows.conv, products=int(np.prod(w[1:])),
                       bound=tile_bound if is_tiled("Conv", w, attrs) else None, zero_mean=zero_mean, note=f"numbers: {name}")


# ---- pooling: name, input, attributes ----

POOLS = (
    ("2x2", (1, 3, 6, 8), {"kernel_shape": [2, 2], "strides": [2, 2]}), ("3x3", (2, 5, 7, 9), {"kernel_shape": [3, 3]}),
    ("pads", (1, 3, 7, 7), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}), ("uneven_pads", (1, 3, 7, 6), {"kernel_shape": [3, 2], "pads": [2, 0, 0, 1]}),
    ("ceil", (1, 2, 6, 8), {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}), ("ceil_pads", (1, 2, 7, 8), {"kernel_shape": [3, 3], "strides": [3, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1}),
    ("ceil_behind", (1, 1, 4, 4), {"kernel_shape": [1, 1], "strides": [2, 3], "ceil_mode": 1}), ("ceil_dropped", (1, 1, 2, 2), {"kernel_shape": [1, 1], "strides": [2, 2], "pads": [0, 0, 0, 0], "ceil_mode": 1}),
    ("same_upper", (1, 3, 7, 8), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}), ("same_lower", (1, 3, 7, 8), {"kernel_shape": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("valid", (1, 3, 7, 8), {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "VALID"}), ("dilated", (1, 3, 9, 8), {"kernel_shape": [3, 3], "dilations": [2, 2]}),
    ("dilated_pads", (1, 3, 9, 8), {"kernel_shape": [3, 2], "dilations": [2, 3], "pads": [1, 1, 2, 1]}), ("whole", (1, 17, 5, 4), {"kernel_shape": [5, 4]}),
    ("1x1", (1, 3, 4, 4), {"kernel_shape": [1, 1]}), ("1d", (1, 3, 17), {"kernel_shape": [3], "strides": [2]}), ("1d_ceil", (1, 3, 10), {"kernel_shape": [3], "strides": [2], "ceil_mode": 1}),
    ("channels_33", (1, 33, 5, 5), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}), ("3d", (1, 2, 4, 4, 4), {"kernel_shape": [2, 2, 2]}))


def pools():
    for name, shape, attrs in POOLS:
        random = rng(f"Pool/{name}")
        x = values(random, shape, F32)
        terms = int(np.prod(attrs["kernel_shape"]))
        yield Case("MaxPool", f"float32_{name}", [[x]], attrs, own=windows.max_pool, note=name)
        for tag, more in (("", {}), ("_include_pad", {"count_include_pad": 1})):
            yield Case("AveragePool", f"float32_{name}{tag}", [[x]], {**attrs, **more}, klass="D", products=terms + 1, own=windows.average_pool, note=name + tag)
    x = values(rng("MaxPool/indices"), (1, 2, 5, 5), F32)
    yield Case("MaxPool", "float32_indices", [[x]], {"kernel_shape": [2, 2], "strides": [2, 2]}, outputs=2, note="the second output: places of the maxima")
    for tag in ("uint8", "int8"):
        yield Case("MaxPool", f"{tag}_2x2", [[values(rng(f"MaxPool/{tag}"), (1, 3, 6, 6), tag)]], {"kernel_shape": [2, 2]}, out_types=(tag,),
                   own=lambda inputs, attrs: windows.max_pool([inputs[0].astype(F64)], attrs), note="small integers")
    low = np.full((1, 3, 5, 5), -1e30, F32)
    yield Case("MaxPool", "float32_low", [[low]], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, own=windows.max_pool, note="padding is never the maximum")
    for op, fn, klass in (("GlobalMaxPool", np.max, "E"), ("GlobalAveragePool", np.mean, "D")):
        own = lambda inputs, _, f=fn: [f(inputs[0], axis=tuple(range(2, inputs[0].ndim)), keepdims=True)]
        for shape in ((1, 3, 5, 7), (2, 17, 1, 1), (1, 33, 9, 3), (1, 3, 11)):
            yield Case(op, f"float32_{'x'.join(map(str, shape))}", [[values(rng(op), shape, F32)]], klass=klass, own=own, products=int(np.prod(shape[2:])) + 1, note="a shape")
        yield Case(op, "float32_symbols", [[values(rng(op), (n, 4, h, 7), F32)] for n, h in ((1, 3), (2, 9))], klass=klass, own=own, products=64, note="one session, two sizes")


# ---- Resize ----

COORDINATES = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric")
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


def resize_case(corner, x, attrs, scales=None, sizes=None, roi=None, **more):
    inputs = [x, roi, np.array(scales, F32) if scales else None, np.array(sizes, I64) if sizes else None]
    return Case("Resize", corner, [inputs], attrs, inits=(1, 2, 3), out_types=(x.dtype,), note=corner, **more)


def resizes():
    grids = (("up", (1, 3, 4, 5), [1, 1, 2, 3]), ("down", (1, 2, 8, 9), [1, 1, 0.5, 0.6]), ("fraction", (1, 1, 5, 4), [1, 1, 1.6, 2.3]))
    for dtype in MOVED:
        yield resize_case(f"{dtype.name}_nearest", values(rng("Resize"), (1, 2, 3, 4), dtype), {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
                          [1, 1, 2, 2], bits=True, own=lambda inputs, _: [inputs[0].repeat(2, 2).repeat(2, 3)])
    for tag, shape, scales in grids:
        x = values(rng(f"Resize/{tag}"), shape, F32)
        sizes = [int(np.floor(n * s)) for n, s in zip(shape, scales)]
        for place in COORDINATES:
            for nearest in NEAREST:
                yield resize_case(f"float32_nearest_{tag}_{place}_{nearest}", x, {"coordinate_transformation_mode": place, "nearest_mode": nearest}, scales, bits=True)
            for mode in ("linear", "cubic"):
                yield resize_case(f"float32_{mode}_{tag}_{place}", x, {"mode": mode, "coordinate_transformation_mode": place}, scales, klass="C")
                yield resize_case(f"float32_{mode}_{tag}_{place}_sizes", x, {"mode": mode, "coordinate_transformation_mode": place}, sizes=sizes, klass="C")
    x = values(rng("Resize/more"), (1, 2, 6, 7), F32)
    yield resize_case("float32_cubic_outside", x, {"mode": "cubic", "exclude_outside": 1}, [1, 1, 1.5, 2], klass="C")
    yield resize_case("float32_cubic_coefficient", x, {"mode": "cubic", "cubic_coeff_a": -0.5}, [1, 1, 1.5, 2], klass="C")
    for mode in ("linear", "cubic"):
        yield resize_case(f"float32_{mode}_antialias", x, {"mode": mode, "antialias": 1}, [1, 1, 0.5, 0.6], klass="C")
    for policy in ("not_larger", "not_smaller", "stretch"):
        yield resize_case(f"float32_policy_{policy}", x, {"mode": "linear", "axes": [2, 3], "keep_aspect_ratio_policy": policy}, sizes=[9, 14], klass="C")
    yield resize_case("float32_axes", x, {"mode": "linear", "axes": [3]}, [2.0], klass="C")
    yield resize_case("float32_rank_2", values(rng("Resize/r2"), (3, 5), F32), {"mode": "linear"}, [2, 2], klass="C")
    yield resize_case("float32_rank_3", values(rng("Resize/r3"), (2, 3, 5), F32), {"mode": "linear"}, [1, 2, 1.5], klass="C")
    for dtype in (F32, F64, F16):
        roi = np.array([0, 0, 0.25, 0.125, 1, 1, 0.75, 1.125], dtype)
        yield resize_case(f"float32_crop_{dtype.name}", x, {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 7.0},
                          sizes=[1, 2, 4, 5], roi=roi, klass="C")


def cases():
    yield from matmul()
    yield from gemm()
    yield from convolutions("Conv", CONVS, windows.conv, ("1x1", "3x3_pad", "depthwise", "groups", "1d", "stride"))
    yield from convolutions("ConvTranspose", TRANSPOSES, windows.conv_transpose, ("pads", "groups"))
    yield from convolution_sets()
    yield from pools()
    yield from resizes()
