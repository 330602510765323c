"""Sums and their kin along axes; the places of extremes."""
import numpy as np

from case import Case
from corners import BOOL, F32, F64, FLOAT, REAL, rng, special, values

SUMMED = [t for t in REAL if t.name in ("int32", "int64", "uint32", "uint64", "float32", "float64")]
ORDERED = SUMMED + [np.dtype(np.int8), np.dtype(np.uint8), BOOL]


def axes_of(inputs, attrs):
    """The axes to reduce; None: all; (): none."""
    axes = inputs[1] if len(inputs) > 1 and inputs[1] is not None else np.array(attrs.get("axes", []))
    if axes.size:
        return tuple(int(a) for a in axes)
    return () if attrs.get("noop_with_empty_axes", 0) else None


def reducer(fn):
    def apply(inputs, attrs):
        x = inputs[0]
        if x.dtype == np.float64:
            x = x.astype(np.longdouble)
        axes = axes_of(inputs, attrs)
        out = fn(x, axes, bool(attrs.get("keepdims", 1)))
        return [np.asarray(out).astype(inputs[0].dtype)]
    return apply


def _sum(x, a, k):
    return np.sum(x, axis=a, keepdims=k, dtype=x.dtype)


def _mean(x, a, k):
    count = x.size if a is None else int(np.prod([x.shape[i] for i in a]))
    total = _sum(x, a, k)
    if x.dtype.kind == "f":
        return total / count
    return np.trunc(total.astype(np.longdouble) / count)


def _root(x, a, k):
    return np.sqrt(_sum(x * x, a, k).astype(np.longdouble))


def _log_sum_exp(x, a, k):
    top = np.max(x, axis=a, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    out = np.log(_sum(np.exp(x - top), a, True)) + top
    return out if k else np.reshape(out, _sum(x, a, False).shape)


def _absolute(x, a, k):
    return _sum(np.abs(x), a, k)


def _log_sum(x, a, k):
    return np.log(_sum(x, a, k))


def _about_one(fn):
    """Bound of a logarithm: a relative error inside is an absolute one outside."""
    return lambda inputs, attrs: [np.abs(v) + 1 for v in reducer(fn)(inputs, attrs)]


def _extreme(fn, logical):
    def apply(x, a, k):
        return (logical if x.dtype == BOOL else fn)(x, axis=a, keepdims=k)
    return apply


# Operator, types, class, function, what a result adds to the products of its n terms, span of ordinary values.
TABLE = (
    ("ReduceSum", SUMMED, "R", _sum, 0, None, None),
    ("ReduceMean", SUMMED, "R", _mean, 2, None, None),
    ("ReduceMax", ORDERED, "E", _extreme(np.max, np.any), 0, None, None),
    ("ReduceMin", ORDERED, "E", _extreme(np.min, np.all), 0, None, None),
    ("ReduceProd", SUMMED, "R", lambda x, a, k: np.prod(x, axis=a, keepdims=k, dtype=x.dtype), 0, (0.5, 1.5), None),
    ("ReduceSumSquare", SUMMED, "R", lambda x, a, k: _sum(x * x, a, k), 1, None, None),
    ("ReduceL1", SUMMED, "R", _absolute, 0, None, None),
    ("ReduceL2", SUMMED, "R", _root, 1, None, None),
    ("ReduceLogSum", FLOAT, "R", _log_sum, 8, (0.1, 5), _about_one(_log_sum)),
    ("ReduceLogSumExp", FLOAT, "R", _log_sum_exp, 16, None, _about_one(_log_sum_exp)),
)
# Shape, axes, keepdims: inner, outer, several, all, negative, none given, sizes around a vector's width.
CORNERS = (((3, 4, 5), (2,), 1), ((3, 4, 5), (2,), 0), ((3, 4, 5), (0,), 1), ((3, 4, 5), (1,), 0), ((3, 4, 5), (0, 2), 1),
           ((3, 4, 5), (-1, -3), 0), ((3, 4, 5), None, 1), ((3, 4, 5), None, 0), ((2, 65), (1,), 0), ((65, 2), (0,), 0),
           ((1, 1, 1), (1,), 1), ((33,), (0,), 1), ((2, 1, 3, 2, 1, 5), (1, 3, 5), 1), ((2, 1, 3, 2, 1, 5), (0, 2, 4), 0),
           ((17, 31), (0, 1), 0))


def terms(shape, axes):
    return int(np.prod([shape[i] for i in (axes if axes is not None else range(len(shape)))], dtype=np.int64))


def corner_name(shape, axes, keep):
    return f"{'x'.join(map(str, shape))}_axes_{'_'.join(map(str, axes)).replace('-', 'm') if axes else 'none'}_keep{keep}"


def reduce_cases(op, types, klass, fn, extra, span, bound):
    own = reducer(fn)
    base = {"own": own, "bound": bound}
    for dtype in types:
        random = rng(f"{op}/{dtype.name}")
        judged = klass if dtype.kind == "f" else "E"
        low, high = span if span and dtype.kind == "f" else (None, None)
        if dtype.kind in "iu" and op in ("ReduceProd", "ReduceL2"):
            low, high = 1, 3
        for shape, axes, keep in CORNERS if dtype == F32 else CORNERS[:6:2]:
            x = values(random, shape, dtype, low, high)
            inputs = [x] + ([np.array(axes, np.int64)] if axes is not None else [])
            yield Case(op, f"{dtype.name}_{corner_name(shape, axes, keep)}", [inputs], {"keepdims": keep}, inits=(1,),
                       klass=judged, products=terms(shape, axes) + extra, note="axes", **base)
    random = rng(f"{op}/more")
    low, high = span or (None, None)
    x = lambda shape: values(random, shape, F32, low, high)
    yield Case(op, "float32_noop", [[x((3, 4)), np.array([], np.int64)]], {"noop_with_empty_axes": 1}, inits=(1,),
               klass=klass, products=1 + extra, note="no axes and noop_with_empty_axes: each element by itself", **base)
    yield Case(op, "float32_noop_without_axes", [[x((3, 4))]], {"noop_with_empty_axes": 1}, klass=klass,
               products=1 + extra, note="axes left out and noop_with_empty_axes", **base)
    yield Case(op, "float32_axes_computed", [[x((3, 4)), np.array([1], np.int64)]], klass=klass, products=4 + extra,
               note="axes are known at run only", **base)
    yield Case(op, "float32_symbols", [[x((n, m)), np.array([1], np.int64)] for n, m in ((2, 9), (5, 33), (1, 1))],
               inits=(1,), klass=klass, products=33 + extra, note="one session, three sizes", **base)
    yield Case(op, "float32_scalar", [[x(())]], klass=klass, products=1 + extra, note="rank 0", **base)
    if op in ("ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare"):
        yield Case(op, "float32_empty", [[x((2, 0, 3)), np.array([1], np.int64)]], inits=(1,), klass=klass,
                   products=1, note="a sum of nothing is 0, a product 1", **base)
    if klass == "E":
        yield Case(op, "float32_special", [[np.resize(v, (3, 7)) for v in [special(F32)[:-1]]] + [np.array([1], np.int64)]],
                   inits=(1,), note="infinities and extremes", **base)


def _arg(smallest):
    def apply(inputs, attrs):
        x, axis = inputs[0], attrs.get("axis", 0)
        pick = np.argmin if smallest else np.argmax
        if x.ndim == 0:
            return [np.array(0, np.int64)]
        if attrs.get("select_last_index", 0):
            at = x.shape[axis] - 1 - pick(np.flip(x, axis), axis=axis)
        else:
            at = pick(x, axis=axis)
        return [np.expand_dims(at, axis).astype(np.int64) if attrs.get("keepdims", 1) else np.asarray(at).astype(np.int64)]
    return apply


def arg_cases():
    for op, smallest in (("ArgMax", False), ("ArgMin", True)):
        own = _arg(smallest)
        for dtype in REAL:
            random = rng(f"{op}/{dtype.name}")
            for shape, attrs in (((3, 5), {}), ((3, 17, 2), {"axis": 1, "keepdims": 0}), ((4, 9), {"axis": -1}),
                                 ((4, 9), {"axis": -1, "select_last_index": 1}), ((1,), {"keepdims": 0})):
                x = values(random, shape, dtype, 0, 3).round() if dtype.kind == "f" else values(random, shape, dtype, 0, 3)
                tag = "x".join(map(str, shape)) + "".join(f"_{k}_{v}" for k, v in attrs.items()).replace("-", "m")
                yield Case(op, f"{dtype.name}_{tag}", [[x]], attrs, own=own, note="few values, so that several are equal")
        yield Case(op, "float32_symbols", [[values(rng(f"{op}/s"), (n, m), F32)] for n, m in ((2, 3), (7, 33))], {"axis": 1},
                   own=own, note="one session, two sizes")


def cases():
    for row in TABLE:
        yield from reduce_cases(*row)
    yield from arg_cases()
