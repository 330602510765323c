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
                yield Case("EyeLike", f"{dtype.name}_{k}".replace("-", "m"), [[np.zeros((3, 4), dtype if k else F32)]], {"k": k, "dtype": tensor_type(dtype)}, out_types=(dtype,),
                           own=lambda i, a, d=dtype: [np.eye(3, 4, a["k"]).astype(d)], note="ones on a diagonal")
    for dtype in FLOAT:
        random = rng(f"det/{dtype.name}")
        yield Case("Det", f"{dtype.name}", [[values(random, (n, 2, 4, 4), dtype)] for n in (1, 3)], own=lambda i, a: [np.linalg.det(i[0])], klass="C", note="a batch")
        yield Case("Det", f"{dtype.name}_one", [[values(random, (1, 1), dtype)]], own=lambda i, a: [np.linalg.det(i[0])], note="of one number")
    for dtype in FLOAT + [F16, BF16]:
        x = values(rng(f"dropout/{dtype.name}"), (3, 7), dtype)
        yield Case("Dropout", f"{dtype.name}", [[x]], outputs=2, own=lambda i, a: [i[0], np.ones(i[0].shape, BOOL)], note="at inference everything stays")
        yield Case("Dropout", f"{dtype.name}_ratio", [[x, np.array(0.5, F32), np.array(False)]], own=lambda i, a: [i[0]], out_types=(dtype,), note="not in training")


def loose(op, dtype, tag, sets, attrs, **more):
    return Case(op, f"{dtype.name}_{tag}", sets, attrs, klass="C", note=tag, **more)


def images():
    """Sampled, pooled and normalized images: as the evaluator has them."""
    for dtype in FLOAT:
        random = rng(f"images/{dtype.name}")
        draw = lambda *shape: values(random, shape, dtype)
        for mode in ("nearest", "linear", "cubic"):
            for padding in ("zeros", "border", "reflection"):
                for aligns in (0, 1):
                    grid = values(random, (2, 3, 4, 2), dtype, -1.2, 1.2)
                    yield loose("GridSample", dtype, f"{mode}_{padding}_{aligns}", [[draw(2, 3, 5, 6), grid]],
                                {"mode": mode, "padding_mode": padding, "align_corners": aligns})
        yield loose("GridSample", dtype, "volume", [[draw(1, 2, 3, 4, 5), values(random, (1, 2, 3, 2, 3), dtype, -1, 1)]], {"mode": "linear"})
        for p in (1, 2, 3):
            yield loose("LpPool", dtype, f"p{p}", [[draw(1, 3, 7, 8)], [draw(2, 3, 9, 9)]], {"kernel_shape": [3, 2], "strides": [2, 1], "p": p, "pads": [1, 0, 1, 1]})
        yield loose("GlobalLpPool", dtype, "p2", [[draw(2, 3, 5, 4)]], {"p": 2}, own=lambda i, a: [np.sqrt(np.sum(i[0] ** 2, (2, 3), keepdims=True))])
        yield loose("MaxPool", dtype, "places", [[draw(2, 3, 6, 7)]], {"kernel_shape": [2, 3], "strides": [2, 2]}, outputs=2)
        yield loose("MaxPool", dtype, "volume", [[draw(1, 2, 5, 6, 7)]], {"kernel_shape": [2, 3, 2], "strides": [1, 2, 2]})
        yield loose("AveragePool", dtype, "volume", [[draw(1, 2, 5, 6, 7)]], {"kernel_shape": [2, 3, 2], "strides": [1, 2, 2], "pads": [0, 1, 0, 1, 1, 0]})
        weight, bias = draw(6, 2, 2, 3, 2), draw(6)
        yield loose("Conv", dtype, "volume", [[draw(n, 4, 5, 4, 6), weight, bias] for n in (1, 2)],
                    {"group": 2, "strides": [1, 2, 1], "pads": [0, 1, 1, 1, 0, 0], "dilations": [2, 1, 1]}, inits=(1, 2), own=volume)
        weight, bias = draw(4, 3, 2, 3, 2), draw(6)
        yield loose("ConvTranspose", dtype, "volume", [[draw(n, 4, 3, 4, 2), weight, bias] for n in (1, 2)],
                    {"group": 2, "strides": [1, 2, 1], "pads": [0, 1, 1, 1, 0, 0], "dilations": [2, 1, 1]}, inits=(1, 2), own=volume_back)
        for op, fn in (("GlobalMaxPool", np.max), ("GlobalAveragePool", np.mean)):
            yield loose(op, dtype, "volume", [[draw(2, 3, 4, 5, 2)]], {}, own=lambda i, a, f=fn: [f(i[0], (2, 3, 4), keepdims=True)])
        x, places = max_places(draw(1, 2, 4, 6))
        yield loose("MaxUnpool", dtype, "plain", [[x, places]], {"kernel_shape": [2, 2], "strides": [2, 2]}, own=lambda i, a: [unpooled(*i, (1, 2, 4, 6))])
    for dtype in (np.dtype(np.int8), np.dtype(np.uint8)):
        x = values(rng(f"images/{dtype.name}"), (2, 3, 6, 7), dtype)
        yield Case("MaxPool", f"{dtype.name}_plain", [[x]], {"kernel_shape": [2, 3], "strides": [2, 2]},
                   own=lambda i, a: [np.max(np.lib.stride_tricks.sliding_window_view(i[0], (2, 3), (2, 3))[:, :, ::2, ::2], (-1, -2))], note="whole numbers")
    random = rng("images/f32")
    draw = lambda *shape: values(random, shape, F32)
    for mode in ("avg", "max"):
        for kind in ("half_pixel", "output_half_pixel"):
            boxes = np.sort(values(random, (4, 2, 2), F32, 0, 9), 1).reshape(4, 4)
            yield loose("RoiAlign", F32, f"{mode}_{kind}", [[draw(2, 3, 9, 11), boxes, ints(0, 1, 1, 0)]],
                        {"mode": mode, "coordinate_transformation_mode": kind, "output_height": 3, "output_width": 2, "sampling_ratio": 2, "spatial_scale": 0.9})
    for size in (1, 3, 4):
        yield loose("LRN", F32, f"size{size}", [[draw(2, 7, 3, 5)]], {"size": size, "alpha": 0.2, "beta": 0.6, "bias": 1.5}, own=local_response)
    for groups in (1, 2, 6):
        scale, bias = draw(6), draw(6)
        yield loose("GroupNormalization", F32, f"groups{groups}", [[draw(n, 6, 3, 5), scale, bias] for n in (2, 1)], {"num_groups": groups},
                    inits=(1, 2), own=group_norm)


def volume(inputs, attrs):
    """Conv over three axes, tap by tap."""
    x, w, b = inputs
    pads, stride, dilation, group = attrs["pads"], attrs["strides"], attrs["dilations"], attrs["group"]
    x = np.pad(x, [(0, 0), (0, 0)] + [(pads[i], pads[i + 3]) for i in range(3)])
    sizes = [(x.shape[i + 2] - (w.shape[i + 2] - 1) * dilation[i] - 1) // stride[i] + 1 for i in range(3)]
    out = np.zeros((x.shape[0], w.shape[0], *sizes)) + b.reshape(1, -1, 1, 1, 1)
    per_in, per_out = w.shape[1], w.shape[0] // group
    for tap in np.ndindex(*w.shape[2:]):
        part = x[(slice(None), slice(None)) + tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in zip(tap, dilation, sizes, stride))]
        for g in range(group):
            weight = w[(slice(g * per_out, (g + 1) * per_out), slice(None)) + tap]
            out[:, g * per_out:(g + 1) * per_out] += np.einsum("ncdhw,oc->nodhw", part[:, g * per_in:(g + 1) * per_in], weight)
    return [out]


def volume_back(inputs, attrs):
    """ConvTranspose over three axes: each input adds to what it reaches."""
    x, w, b = inputs
    pads, stride, dilation, group = attrs["pads"], attrs["strides"], attrs["dilations"], attrs["group"]
    sizes = [(x.shape[i + 2] - 1) * stride[i] + (w.shape[i + 2] - 1) * dilation[i] + 1 for i in range(3)]
    out = np.zeros((x.shape[0], w.shape[1] * group, *sizes))
    per_in, per_out = x.shape[1] // group, w.shape[1]
    for tap in np.ndindex(*w.shape[2:]):
        where = tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in zip(tap, dilation, x.shape[2:], stride))
        for g in range(group):
            part = np.einsum("ncdhw,co->nodhw", x[:, g * per_in:(g + 1) * per_in], w[(slice(g * per_in, (g + 1) * per_in), slice(None)) + tap])
            out[(slice(None), slice(g * per_out, (g + 1) * per_out)) + where] += part
    crop = tuple(slice(pads[i], n - pads[i + 3]) for i, n in enumerate(sizes))
    return [out[(slice(None), slice(None)) + crop] + b.reshape(1, -1, 1, 1, 1)]


def max_places(x):
    """Maxima of 2x2 blocks and where they lie in the whole tensor."""
    n, c, h, w = x.shape
    flat = np.arange(x.size).reshape(x.shape)
    blocks = lambda a: a.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    best = np.argmax(blocks(x), -1)[..., None]
    return np.take_along_axis(blocks(x), best, -1)[..., 0], np.take_along_axis(blocks(flat), best, -1)[..., 0].astype(np.int64)


def unpooled(x, places, shape):
    out = np.zeros(int(np.prod(shape)), x.dtype)
    out[places.reshape(-1)] = x.reshape(-1)
    return out.reshape(shape)


def local_response(inputs, attrs):
    x, size = inputs[0], attrs["size"]
    sums = np.zeros_like(x)
    for c in range(x.shape[1]):
        first = c - (size - 1) // 2
        sums[:, c] = np.sum(x[:, max(0, first):first + size] ** 2, 1)
    f32 = lambda v: np.float64(np.float32(v))
    return [x / (f32(attrs["bias"]) + f32(attrs["alpha"]) / size * sums) ** f32(attrs["beta"])]


def group_norm(inputs, attrs):
    x, scale, bias = inputs
    rows = x.reshape(x.shape[0], attrs["num_groups"], -1)
    y = ((rows - rows.mean(-1, keepdims=True)) / np.sqrt(rows.var(-1, keepdims=True) + np.float64(np.float32(1e-5)))).reshape(x.shape)
    return [y * scale.reshape(1, -1, 1, 1) + bias.reshape(1, -1, 1, 1)]


EQUATIONS = (("matmul", "ij,jk->ik", ((3, 4), (4, 5))), ("batch", "bij,bjk->bik", ((2, 3, 4), (2, 4, 5))), ("implicit", "ij,jk", ((3, 4), (4, 5))),
             ("transpose", "abc->cab", ((2, 3, 4),)), ("diagonal", "ii->i", ((5, 5),)), ("trace", "ii", ((5, 5),)), ("total", "ab->", ((3, 4),)),
             ("ellipsis", "...ij,...jk->...ik", ((2, 3, 4), (2, 4, 5))), ("spread", "...i,i...->...", ((2, 3), (3, 1))), ("outer", "a,b->ba", ((3,), (5,))),
             ("three", "ab,bc,cd->ad", ((2, 3), (3, 4), (4, 2))), ("spaces", "a b , b c -> a c", ((2, 3), (3, 4))))


def equations():
    for name, equation, shapes in EQUATIONS:
        for dtype in FLOAT + [I32, I64] if name in ("matmul", "batch", "trace") else (F32,):
            random = rng(f"einsum/{name}/{dtype.name}")
            own = lambda i, a: [np.asarray(np.einsum(a["equation"].replace(" ", ""), *i))]
            yield Case("Einsum", f"{dtype.name}_{name}", [[values(random, shape, dtype, -5, 5) for shape in shapes]], {"equation": equation}, own=own,
                       klass="C" if dtype.kind == "f" else "E", note=equation)
    yield Case("Einsum", "float32_symbols", [[values(rng(f"einsum/{n}"), (n, 3), F32), values(rng(f"einsum/{n}/b"), (3, n), F32)] for n in (2, 5)],
               {"equation": "ij,ji->j"}, own=lambda i, a: [np.einsum("ij,ji->j", *i)], klass="C", note="one session, two sizes")
    windows = {"HannWindow": (0.5, 0.5, 0), "HammingWindow": (25 / 46, 21 / 46, 0), "BlackmanWindow": (0.42, 0.5, 0.08)}
    for op, a in windows.items():
        for kind, dtype in ((I64, F32), (I32, F64)):
            for periodic in (0, 1):
                n = 2000 + periodic
                turn = 2 * np.pi * np.arange(n) / (n if periodic else n - 1)
                own = lambda i, attrs, w=a[0] - a[1] * np.cos(turn) + a[2] * np.cos(2 * turn): [w]
                yield Case(op, f"{dtype.name}_{kind.name}_{periodic}", [[np.array(n, kind)]], {"periodic": periodic, "output_datatype": tensor_type(dtype)},
                           inits=(0,), own=own, out_types=(dtype,), klass="C", note="too large for a core to know")
    for dtype in MOVED:
        random = rng(f"TensorScatter/{dtype.name}")
        for mode in ("linear", "circular"):
            yield Case("TensorScatter", f"{dtype.name}_{mode}", [[values(random, (2, 3, 5, 2), dtype), values(random, (2, 3, 2, 2), dtype), ints(1, 4 if mode == "circular" else 3)]],
                       {"mode": mode}, own=cache_update, bits=True, note=mode)
    yield Case("TensorScatter", "float32_start", [[values(random, (2, 5, 2), F32), values(random, (2, 3, 2), F32)]], {"axis": 1}, own=cache_update, bits=True,
               note="from the first place")


def cache_update(inputs, attrs):
    cache, update, starts = (list(inputs) + [None])[:3]
    out, axis = cache.copy(), attrs.get("axis", -2) % cache.ndim
    for b in range(cache.shape[0]):
        for i in range(update.shape[axis]):
            at = ((0 if starts is None else int(starts[b])) + i) % cache.shape[axis]
            lead = (slice(None),) * (axis - 1)
            out[b][lead + (at,)] = update[b][lead + (i,)]
    return [out]


def spectrum(inputs, attrs):
    """DFT-20 by numpy."""
    x, length, axis = (list(inputs) + [None, None])[:3]
    axis = int(axis) if axis is not None else -2
    axis = axis + x.ndim if axis < 0 else axis
    z = x[..., 0] + 1j * x[..., 1] if x.shape[-1] == 2 else x[..., 0]
    n = int(length) if length is not None else None
    if attrs.get("inverse", 0) and attrs.get("onesided", 0):
        return [np.fft.irfft(z, n, axis)[..., None]]
    y = (np.fft.ifft if attrs.get("inverse", 0) else np.fft.fft)(z, n, axis)
    if attrs.get("onesided", 0):
        y = np.take(y, np.arange(y.shape[axis] // 2 + 1), axis)
    return [np.stack([y.real, y.imag], -1)]


def short_spectra(inputs, attrs):
    signal, hop, window, length = (list(inputs) + [None])[:4]
    n = int(length) if length is not None else window.shape[0]
    signal = signal[..., 0] + 1j * signal[..., 1] if signal.ndim == 3 and signal.shape[2] == 2 else signal.reshape(signal.shape[:2])
    frames = np.lib.stride_tricks.sliding_window_view(signal, n, 1)[:, ::int(hop)]
    y = np.fft.fft(frames * (1 if window is None else window))
    y = y[..., :n // 2 + 1] if attrs.get("onesided", 1) else y
    return [np.stack([y.real, y.imag], -1)]


def losses(inputs, attrs):
    """Of logarithms of probabilities."""
    scores, classes, weights = (list(inputs) + [None])[:3]
    ignored = attrs.get("ignore_index")
    live = np.ones(classes.shape, bool) if ignored is None else classes != ignored
    safe = np.where(live, classes, 0)
    weight = np.where(live, 1.0 if weights is None else weights[safe], 0)
    loss = -weight * np.take_along_axis(scores, np.expand_dims(safe, 1), 1)[:, 0]
    kind = attrs.get("reduction", "mean")
    return [loss if kind == "none" else np.sum(loss) if kind == "sum" else np.sum(loss) / np.sum(weight)]


def cross_entropy(inputs, attrs):
    x = inputs[0]
    top = np.max(x, 1, keepdims=True)
    logs = x - top - np.log(np.sum(np.exp(x - top), 1, keepdims=True))
    return losses([logs, *inputs[1:]], attrs) + [logs]


def transforms():
    for dtype in FLOAT:
        random = rng(f"fourier/{dtype.name}")
        axis = np.array(1, I64)
        for tag, parts, attrs, length in (("real", 1, {}, None), ("complex", 2, {}, None), ("onesided", 1, {"onesided": 1}, None), ("inverse", 2, {"inverse": 1}, None),
                                          ("longer", 2, {}, 17), ("shorter", 1, {}, 5), ("halves", 2, {"inverse": 1, "onesided": 1}, 12)):
            x = values(random, (2, 7 if tag == "halves" else 11, 3, parts), dtype)
            yield Case("DFT", f"{dtype.name}_{tag}", [[x, None if length is None else np.array(length, I64), axis]], attrs, inits=(1, 2), own=spectrum, klass="C", note=tag)
        for tag, shape, attrs in (("real", (2, 40, 1), {}), ("both_sides", (2, 40, 1), {"onesided": 0}), ("complex", (1, 40, 2), {"onesided": 0})):
            more = [np.array(5, I64), values(random, (16,), dtype, 0, 1)]
            yield Case("STFT", f"{dtype.name}_{tag}", [[values(random, shape, dtype), *more]], attrs, inits=(1,), own=short_spectra, klass="C", note=tag)
            yield Case("STFT", f"{dtype.name}_{tag}_plain", [[values(random, shape, dtype), np.array(4, I64), None, np.array(8, I64)]], attrs, inits=(1, 3),
                       own=short_spectra, klass="C", note=f"{tag}, no window")
        for op, own in (("NegativeLogLikelihoodLoss", losses), ("SoftmaxCrossEntropyLoss", cross_entropy)):
            for kind in ("none", "sum", "mean"):
                for whole in (I32, I64):
                    classes, weights = random.integers(0, 5, (3, 4, 2)).astype(whole), values(random, (5,), dtype, 0.1, 2)
                    both = {"outputs": 2 if own is cross_entropy else 1, "klass": "C", "own": own}
                    yield Case(op, f"{dtype.name}_{kind}_{whole.name}", [[values(random, (3, 5, 4, 2), dtype), classes, weights]], {"reduction": kind, "ignore_index": 2},
                               note="weights, and a class that counts for nothing", **both)
                yield Case(op, f"{dtype.name}_{kind}_flat", [[values(random, (n, 5), dtype), random.integers(0, 5, (n,))] for n in (3, 8)], {"reduction": kind},
                           note="no weights, two sizes", **both)


def cases():
    for family in (bits, along, places, images, equations, transforms):
        yield from family()
