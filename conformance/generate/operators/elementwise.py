"""Element by element: functions of one operand, arithmetic, comparison, logic, casts."""
import mpmath
import numpy as np
from onnx import defs

from case import NEWEST, Case
from corners import (BF16, BOOL, BROADCASTS, F16, F32, F64, FLOAT, LENGTHS, MOVED, REAL, SHAPES, SIGNED, UNSIGNED, rng,
                     special, values)

mp = mpmath.mp.clone()
mp.prec = 160


def precise(fn):
    """A function of mpmath on arrays: finite elements by mpmath, the others by `fn`'s limits as floats."""
    def apply(x, attrs):
        flat = [_one(fn, float(v), attrs) for v in np.asarray(x).reshape(-1)]
        return np.array(flat, dtype=np.float64).reshape(np.shape(x))
    return apply


def _one(fn, v, attrs):
    if np.isnan(v):
        return v
    try:
        result = fn(mp.mpf(v), attrs)
    except (ValueError, ZeroDivisionError):
        return np.nan
    if isinstance(result, mpmath.ctx_mp_python._mpc) or isinstance(result, complex):
        return np.nan
    return _signed(float(result), v)


def _signed(result, v):
    """mpmath has no negative zero: an odd or vanishing result takes the operand's sign."""
    return np.copysign(result, v) if result == 0 and v <= 0 else result


def attr(attrs, name, default):
    """A float attribute as the model holds it: rounded to float32."""
    return mp.mpf(float(np.float32(attrs.get(name, default))))


def _log(x, _):
    return mp.log(x) if x > 0 else (-mp.inf if x == 0 else mp.nan)


def _elu(x, a):
    return x if x > 0 else attr(a, "alpha", 1) * mp.expm1(x)


def _celu(x, a):
    alpha = attr(a, "alpha", 1)
    return x if x > 0 else alpha * mp.expm1(x / alpha)


def _selu(x, a):
    alpha, gamma = attr(a, "alpha", 1.67326319217681884765625), attr(a, "gamma", 1.05070102214813232421875)
    return gamma * (x if x > 0 else alpha * mp.expm1(x))


def _sigmoid(x, _=None):
    return 1 / (1 + mp.exp(-x))


def _softplus(x, _=None):
    if x == mp.inf:
        return x
    return mp.log1p(mp.exp(x)) if x < 100 else x + mp.exp(-x)


def _gated(x, gate):
    """x * gate with the limit at -inf, where inf * 0 stands."""
    return mp.mpf(0) if x == -mp.inf else x * gate


def _mish(x, _):
    return x if x == mp.inf else _gated(x, mp.tanh(_softplus(x)))


def _swish(x, a):
    return _gated(x, _sigmoid(attr(a, "alpha", 1) * x))


def _gelu(x, a):
    if x in (mp.inf, -mp.inf):
        return x if x > 0 else mp.mpf(0)
    if a.get("approximate", "none") == "tanh":
        return x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x ** 3)))
    return x / 2 * mp.erfc(-x / mp.sqrt(2))


def _asinh(x, _):
    return x if x in (mp.inf, -mp.inf) else mp.asinh(x)


def _atanh(x, _):
    return mp.atanh(x) if abs(x) < 1 else (x * mp.inf if abs(x) == 1 else mp.nan)


def _tanh(x, _):
    return mp.sign(x) if abs(x) > 1000 else mp.tanh(x)


def _trig(fn):
    return lambda x, _: mp.nan if x in (mp.inf, -mp.inf) else fn(x)


def _inside(fn):
    return lambda x, _: fn(x) if abs(x) <= 1 else mp.nan


def _softsign(x, _):
    return mp.sign(x) if abs(x) == mp.inf else x / (1 + abs(x))


# Operator, where its ordinary operands lie, class, ulps (U) or products (R), the function, the terms whose rounding
# counts (R), forms of its attributes. The ulps are those of the OpenCL C specification where it has the function, else
# WebNN's; a sum of terms that cancel is judged against the terms (docs: README.md, classes).
FUNCTIONS = (
    ("Exp", (-20, 20), "U", 3, lambda x, _: mp.exp(x), None, ({},)),
    ("Log", (1e-3, 1e3), "U", 3, _log, None, ({},)),
    ("Tanh", (-5, 5), "U", 5, _tanh, None, ({},)),
    ("Sigmoid", (-15, 15), "U", 34, _sigmoid, None, ({},)),
    ("Erf", (-3, 3), "U", 16, lambda x, _: mp.erf(x), None, ({},)),
    ("Softplus", (-15, 15), "U", 18, _softplus, None, ({},)),
    ("Softsign", (-9, 9), "U", 4, _softsign, None, ({},)),
    ("Elu", (-9, 9), "R", 8, _elu, lambda x, a: np.where(x > 0, x, 1 + abs(a.get("alpha", 1))), ({}, {"alpha": 0.3})),
    ("Celu", (-9, 9), "R", 8, _celu, lambda x, a: np.where(x > 0, x, 1 + abs(a.get("alpha", 1))), ({}, {"alpha": 2.5})),
    ("Selu", (-9, 9), "R", 8, _selu, lambda x, a: np.where(x > 0, x * 1.05, 2) * abs(a.get("gamma", 1)),
     ({}, {"alpha": 2.0, "gamma": 3.0})),
    ("Mish", (-9, 9), "R", 8, _mish, lambda x, _: np.abs(x), ({},)),
    ("Swish", (-9, 9), "R", 8, _swish, lambda x, _: np.abs(x), ({}, {"alpha": 1.702})),
    ("Gelu", (-5, 5), "R", 8, _gelu, lambda x, _: np.abs(x), ({}, {"approximate": "tanh"})),
    ("Sin", (-9, 9), "U", 4, _trig(mp.sin), None, ({},)),
    ("Cos", (-9, 9), "U", 4, _trig(mp.cos), None, ({},)),
    ("Tan", (-9, 9), "U", 5, _trig(mp.tan), None, ({},)),
    ("Asin", (-1, 1), "U", 4, _inside(mp.asin), None, ({},)),
    ("Acos", (-1, 1), "U", 4, _inside(mp.acos), None, ({},)),
    ("Atan", (-9, 9), "U", 5, lambda x, _: mp.atan(x), None, ({},)),
    ("Sinh", (-9, 9), "U", 4, lambda x, _: mp.sinh(x), None, ({},)),
    ("Cosh", (-9, 9), "U", 4, lambda x, _: mp.cosh(x), None, ({},)),
    ("Asinh", (-9, 9), "U", 4, _asinh, None, ({},)),
    ("Acosh", (1, 20), "U", 4, lambda x, _: mp.acosh(x) if x >= 1 else mp.nan, None, ({},)),
    ("Atanh", (-0.99, 0.99), "U", 5, _atanh, None, ({},)),
)


def numpy_unary(fn):
    return lambda inputs, attrs: [fn(inputs[0], attrs)]


def f32(attrs, name, default):
    return float(np.float32(attrs.get(name, default)))


def _clip(inputs, _):
    x, low, high = (list(inputs) + [None, None])[:3]
    if low is not None:
        x = np.maximum(x, low)
    return [np.minimum(x, high) if high is not None else x]


# Operator, types, class, ulps, function in double (or on the integers themselves), forms of attributes.
PLAIN = (
    ("Abs", REAL, "E", 0, lambda x, a: np.abs(x), ({},)),
    ("Neg", SIGNED + FLOAT, "E", 0, lambda x, a: np.negative(x), ({},)),
    ("Sign", REAL, "E", 0, lambda x, a: np.sign(x), ({},)),
    ("Relu", SIGNED + FLOAT, "E", 0, lambda x, a: np.maximum(x, np.zeros((), x.dtype)), ({},)),
    ("Floor", FLOAT, "E", 0, lambda x, a: np.floor(x), ({},)),
    ("Ceil", FLOAT, "E", 0, lambda x, a: np.ceil(x), ({},)),
    ("Round", FLOAT, "E", 0, lambda x, a: np.rint(x), ({},)),
    ("Sqrt", FLOAT, "U", 1, lambda x, a: np.sqrt(x), ({},)),
    ("Reciprocal", FLOAT, "U", 2.5, lambda x, a: 1 / x, ({},)),
    ("LeakyRelu", FLOAT, "U", 1, lambda x, a: np.where(x >= 0, x, x * f32(a, "alpha", 0.01)), ({}, {"alpha": 0.2})),
    ("ThresholdedRelu", FLOAT, "E", 0, lambda x, a: np.where(x > f32(a, "alpha", 1), x, np.where(np.isnan(x), x, 0.0)),
     ({}, {"alpha": 0.5}, {"alpha": -0.5})),
    ("HardSigmoid", FLOAT, "R", 3, lambda x, a: np.minimum(1.0, np.maximum(0.0, f32(a, "alpha", 0.2) * x + f32(a, "beta", 0.5))),
     ({}, {"alpha": 0.5, "beta": 0.6})),
    ("HardSwish", FLOAT, "R", 4, lambda x, a: x * np.minimum(1.0, np.maximum(0.0, x / 6 + 0.5)), ({},)),
    ("IsNaN", FLOAT, "E", 0, lambda x, a: np.isnan(x), ({},)),
    ("IsInf", FLOAT, "E", 0, lambda x, a: (x == np.inf) & bool(a.get("detect_positive", 1)) |
     (x == -np.inf) & bool(a.get("detect_negative", 1)),
     ({}, {"detect_positive": 0}, {"detect_negative": 0}, {"detect_positive": 0, "detect_negative": 0})),
)
PLAIN_BOUNDS = {"HardSigmoid": lambda inputs, a: [np.minimum(1.0, np.abs(inputs[0]) * f32(a, "alpha", 0.2) + f32(a, "beta", 0.5))],
                "HardSwish": lambda inputs, a: [np.abs(inputs[0])]}
# At these values the operator's own text says nothing, or two readings of it differ: not asked.
UNASKED = {"HardSigmoid": np.isnan, "HardSwish": lambda x: ~(np.abs(x) < 1e30), "Sign": np.isnan,
           "ThresholdedRelu": np.isnan, "Relu": np.isnan, "Mish": lambda x: ~np.isfinite(x),
           "Swish": lambda x: ~np.isfinite(x), "Gelu": lambda x: ~(np.abs(x) < 1e10),
           "Softsign": np.isinf}


def asked(op, x):
    return x[~UNASKED[op](x.astype(np.float64))] if op in UNASKED and x.dtype.kind not in "iu" else x


def suffix(attrs):
    return "".join(f"_{k}_{v}" for k, v in sorted(attrs.items())).replace(".", "p").replace("-", "minus")


def unary(op, types, span, klass, amount, own, bound, forms):
    """The cases of an operator of one operand."""
    base = {"klass": klass, "ulp": amount if klass == "U" else 0, "products": amount if klass == "R" else 1, "own": own,
            "bound": bound}
    for dtype in with_half(op, types):
        base["ulp"] = ulps(dtype, amount) if klass == "U" else 0
        for attrs in forms:
            tag = f"{dtype.name}{suffix(attrs)}"
            random = rng(f"{op}/{tag}")
            low, high = span if span and dtype not in REAL[:8] else (None, None)
            yield Case(op, f"{tag}_plain", [[values(random, (3, 7, 11), dtype, low, high)]], attrs,
                       note="ordinary values, three prime sizes", **base)
            yield Case(op, f"{tag}_special", [[asked(op, special(dtype))]], attrs,
                       note="zeros, subnormals, extremes, infinities, NaN, ties", **base)
    dtype = F32 if F32 in types else types[0]
    base["ulp"] = amount if klass == "U" else 0
    random = rng(f"{op}/lengths")
    low, high = span or (None, None)
    yield Case(op, f"{dtype.name}_lengths", [[values(random, (n,), dtype, low, high)] for n in LENGTHS],
               note="one session, every length around a vector's width", **base)
    yield Case(op, f"{dtype.name}_scalar", [[values(random, (), dtype, low, high)]], note="rank 0", **base)
    yield Case(op, f"{dtype.name}_rank6", [[values(random, (1, 2, 1, 3, 2, 3), dtype, low, high)],
                                          [values(random, (2, 2, 0, 3, 2, 3), dtype, low, high)],
                                          [values(random, (1, 2, 3, 3, 2, 3), dtype, low, high)]],
               note="rank 6, symbols, an empty one in between", **base)


def all_unary():
    for op, span, klass, amount, fn, bound, forms in FUNCTIONS:
        apply = precise(fn)
        yield from unary(op, FLOAT, span, klass, amount, lambda inputs, attrs, f=apply: [f(inputs[0], attrs)],
                         (lambda inputs, attrs, b=bound: [b(inputs[0], attrs)]) if bound else None, forms)
    for op, types, klass, amount, fn, forms in PLAIN:
        yield from unary(op, types, None, klass, amount, numpy_unary(fn), PLAIN_BOUNDS.get(op), forms)
    for shape in SHAPES:
        yield Case("Relu", f"float32_shape_{'x'.join(map(str, shape)) or 'scalar'}",
                   [[values(rng(f"relu/{shape}"), shape, F32)]], note="a shape")


def clip():
    for dtype in REAL:
        random = rng(f"clip/{dtype.name}")
        x = values(random, (4, 33), dtype)
        low, high = np.array(3 if dtype.kind == "u" else -1, dtype), np.array(20 if dtype.kind in "iu" else 1.5, dtype)
        for tag, inputs in (("both", [x, low, high]), ("low", [x, low]), ("high", [x, None, high]), ("none", [x])):
            yield Case("Clip", f"{dtype.name}_{tag}", [inputs], inits=(1, 2), own=_clip, note=f"bounds: {tag}")
        yield Case("Clip", f"{dtype.name}_computed", [[x, low, high]], own=_clip, note="bounds as inputs")
    yield Case("Clip", "float32_reversed", [[x.astype(F32), np.float32(2), np.float32(-2)]], inits=(1, 2), own=_clip,
               note="the lower bound above the upper one: the upper one")
    yield Case("Clip", "float32_infinite", [[special(F32), np.float32(-np.inf), np.float32(np.inf)]], inits=(1, 2),
               own=_clip, note="infinite bounds let everything through")


def _divide(a, b):
    """ONNX Div-14: integers are cut towards zero."""
    if a.dtype.kind == "f":
        return a / b
    wide = np.array([_cut(int(x), int(y)) for x, y in zip(*(v.reshape(-1) for v in np.broadcast_arrays(a, b)))],
                    dtype=object)
    return np.array([_wrap(v, a.dtype) for v in wide], dtype=a.dtype).reshape(np.broadcast_shapes(a.shape, b.shape))


def _cut(x, y):
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def _wrap(value, dtype):
    bits = dtype.itemsize * 8
    value &= (1 << bits) - 1
    return value - (1 << bits) if dtype.kind == "i" and value >> (bits - 1) else value


def prelu(x, slope):
    return np.where(x < 0, x * slope, x)


HALF = [F16, BF16]


def ulps(dtype, amount):
    """Short floats are computed in float32 and rounded: one unit is much."""
    return min(amount, 1) if dtype in HALF else amount


def with_half(op, types):
    """The types of the table and the short floats that the operator's schema has: not every provider computes them."""
    allowed = defs.get_schema(op, NEWEST, "").type_constraints[0].allowed_type_strs
    return types + [t for t in HALF if f"tensor({t.name})" in allowed and t not in types]


ARITHMETIC = (
    ("Add", REAL, "U", 0, np.add),
    ("Sub", REAL, "U", 0, np.subtract),
    ("Mul", REAL, "U", 0, np.multiply),
    ("Div", REAL, "U", 2.5, _divide),
    ("PRelu", [t for t in REAL if t.name in ("int32", "int64", "uint32", "uint64", "float32", "float64")], "U", 1, prelu),
    ("Equal", REAL + [BOOL], "E", 0, np.equal),
    ("Less", REAL, "E", 0, np.less),
    ("LessOrEqual", REAL, "E", 0, np.less_equal),
    ("Greater", REAL, "E", 0, np.greater),
    ("GreaterOrEqual", REAL, "E", 0, np.greater_equal),
    ("And", [BOOL], "E", 0, np.logical_and),
    ("Or", [BOOL], "E", 0, np.logical_or),
    ("Xor", [BOOL], "E", 0, np.logical_xor),
)


def operand(op, random, shape, dtype, index):
    x = values(random, shape, dtype)
    if op == "Div" and index == 1 and dtype.kind in "iu":
        x = np.where(x == 0, np.array(7, dtype), x)
    return x


def every_pair(op, dtype):
    """All pairs of special values, as a column and a row; what ONNX leaves undefined is left out."""
    x = special(dtype)
    y = x
    if op == "Div" and dtype.kind in "iu":  # by 0, and the least by -1: undefined
        y = y[(y != 0) & (y != np.array(-1).astype(dtype))]
    if op == "PRelu":  # a slope never makes its operand larger
        y = y[np.isfinite(y)]
        return np.repeat(x.reshape(-1, 1), len(y), 1), y
    return x.reshape(-1, 1), y


def binary():
    for op, types, klass, ulp, fn in ARITHMETIC:
        own = lambda inputs, attrs, f=fn: [f(inputs[0], inputs[1])]
        base = {"klass": klass, "ulp": ulp, "own": own}
        for dtype in with_half(op, types):
            base = {**base, "ulp": ulps(dtype, ulp)}
            random = rng(f"{op}/{dtype.name}")
            pair = [operand(op, random, (5, 13), dtype, i) for i in (0, 1)]
            yield Case(op, f"{dtype.name}_plain", [pair], note="ordinary values", **base)
            yield Case(op, f"{dtype.name}_constant", [pair], inits=(1,), note="the second operand is a weight", **base)
            wide = [operand(op, random, s, dtype, i) for i, s in enumerate(((2, 3, 4 if op == "PRelu" else 1, 17), (3, 4, 1)))]
            yield Case(op, f"{dtype.name}_broadcast", [wide], note="broadcast", **base)
            if dtype != BOOL:
                yield Case(op, f"{dtype.name}_special", [list(every_pair(op, dtype))], note="all pairs of special values",
                           **base)
        dtype = F32 if F32 in types else BOOL
        random = rng(f"{op}/shapes")
        for left, right in BROADCASTS:
            if op == "PRelu" and np.broadcast_shapes(left, right) != left:  # slopes spread to x, never back
                continue
            tag = "_".join("x".join(map(str, s)) or "scalar" for s in (left, right))
            yield Case(op, f"{dtype.name}_shapes_{tag}", [[operand(op, random, left, dtype, 0),
                                                         operand(op, random, right, dtype, 1)]], note="shapes", **base)
        yield Case(op, f"{dtype.name}_lengths", [[operand(op, random, (n,), dtype, i) for i in (0, 1)] for n in LENGTHS],
                   note="one session, every length", **base)
        yield Case(op, f"{dtype.name}_rows", [[operand(op, random, s, dtype, i) for i, s in enumerate(((n, m), (m,)))]
                                             for n, m in ((3, 9), (1, 5), (7, 1), (2, 40))],
                   note="a vector along rows, symbols", **base)


POW_BASES = [t for t in REAL if t.name in ("float32", "float64", "int32", "int64")]


def _power(inputs, _):
    """Pow-15: the base's type. Whole powers of integers wrap; below 0 they are one over the power, cut towards zero."""
    base, exponent = inputs
    if base.dtype.kind == "f":
        pairs = np.broadcast_arrays(base, exponent.astype(np.float64))  # one exponent alone takes numpy's way by sqrt
        return [np.power(*(np.array(v, ndmin=1) for v in pairs)).reshape(pairs[0].shape)]
    flat = [_wrap(int(a) ** int(b), base.dtype) if b >= 0 and float(b).is_integer() else np.trunc(float(a) ** float(b)).astype(base.dtype)
            for a, b in zip(*(v.reshape(-1) for v in np.broadcast_arrays(base, exponent)))]
    return [np.array(flat, base.dtype).reshape(np.broadcast_shapes(base.shape, exponent.shape))]


def power():
    for dtype in POW_BASES:
        random = rng(f"Pow/{dtype.name}")
        base = values(random, (4, 9), dtype, 1, 6)
        for kind in REAL:
            klass = {"klass": "U", "ulp": 16} if dtype.kind == "f" else {"klass": "E"}
            exponent = values(random, (4, 9), kind, 0, 5) if kind.kind in "iu" else values(random, (4, 9), kind, -2, 4)
            if dtype.kind != "f" and kind.kind == "f":
                exponent = np.round(exponent).clip(0)
            yield Case("Pow", f"{dtype.name}_{kind.name}", [[base, exponent]], own=_power, out_types=(dtype,), note="an exponent of its own type",
                       **klass)
        for number in (2, 3, 1, 0):
            yield Case("Pow", f"{dtype.name}_by_{number}", [[values(random, (n, 13), dtype, -6, 6), np.array(number, dtype)] for n in (1, 3)], inits=(1,),
                       own=_power, klass="U" if dtype.kind == "f" else "E", ulp=2 if dtype.kind == "f" else 0, note="one whole exponent")
    for number in (2, 3, 0.5, -1, 0, 1, -0.5, 1.5):
        tag = str(number).replace("-", "minus").replace(".", "p")
        yield Case("Pow", f"float32_special_by_{tag}", [[special(F32), np.float32(number)]], inits=(1,), own=_power, klass="U", ulp=4,
                   note="zeros, infinities, negative numbers by one exponent")
    yield Case("Pow", "float32_special", [[special(F32).reshape(-1, 1), special(F32)]], own=_power, klass="U", ulp=16, note="all pairs of special values")
    yield Case("Pow", "float32_lengths", [[values(rng(f"pow/{n}"), (n,), F32, 0.1, 9), np.array([0.5], F32)] for n in LENGTHS], inits=(1,),
               own=_power, klass="U", ulp=2, note="one session, every length")
    for left, right in BROADCASTS:
        tag = "_".join("x".join(map(str, s)) or "scalar" for s in (left, right))
        random = rng(f"Pow/{tag}")
        yield Case("Pow", f"float32_shapes_{tag}", [[values(random, left, F32, 0.1, 5), values(random, right, F32, -3, 3)]], own=_power,
                   klass="U", ulp=16, note="shapes")


def variadic():
    def fold(fn):
        def apply(inputs, _):
            out = inputs[0]
            for x in inputs[1:]:
                out = fn(out, x)
            return [out]
        return apply

    def mean(inputs, _):
        return [sum(inputs[1:], inputs[0]) / len(inputs)]
    table = (("Max", REAL, "E", fold(np.maximum)), ("Min", REAL, "E", fold(np.minimum)),
             ("Sum", FLOAT, "R", fold(np.add)), ("Mean", FLOAT, "R", mean))
    for op, types, klass, own in table:
        for dtype in types:
            random = rng(f"{op}/{dtype.name}")
            for count, shapes in ((1, [(3, 5)]), (2, [(3, 5)] * 2), (3, [(2, 1, 5), (3, 1), (5,)]),
                                  (4, [(), (7,), (2, 7), (1,)]), (7, [(17,)] * 7)):
                yield Case(op, f"{dtype.name}_{count}", [[values(random, s, dtype) for s in shapes]], klass=klass,
                           products=count, own=own, note=f"{count} operands")
            if dtype.kind != "f" or klass == "E":
                pair = list(every_pair(op, dtype))
                if dtype.kind == "f":  # the sign of the greater of two zeros is open
                    pair = [p[(p != 0) | ~np.signbit(p)] for p in (pair[0].reshape(-1), pair[1])]
                    pair[0] = pair[0].reshape(-1, 1)
                yield Case(op, f"{dtype.name}_special", [pair], klass=klass, own=own, note="all pairs of special values")


def logic():
    random = rng("Not")
    for shape in ((), (0,), (7,), (3, 33), (2, 3, 1, 5)):
        yield Case("Not", f"bool_{'x'.join(map(str, shape)) or 'scalar'}", [[values(random, shape, BOOL)]],
                   own=lambda inputs, _: [~inputs[0]], note="a shape")
    own = lambda inputs, _: [np.where(*inputs)]
    for dtype in MOVED:
        random = rng(f"Where/{dtype.name}")
        for tag, shapes in (("plain", ((3, 17),) * 3), ("spread", ((3, 1), (1, 17), (2, 1, 1))), ("scalar", ((), (5,), ()))):
            yield Case("Where", f"{dtype.name}_{tag}", bits=True, sets=[[values(random, shapes[0], BOOL)] + [values(random, s, dtype) for s in shapes[1:]]], own=own,
                       note=tag)
    x = special(F32)
    yield Case("Where", "float32_special", [[values(random, x.shape, BOOL), x, x[::-1].copy()]], own=own, bits=True,
               note="special values move bit by bit")


def _cast(x, to):
    """Cast-28 where it is defined. Fractions are cut off, high bits of integers fall away."""
    if to == BOOL:
        return x != 0
    if x.dtype.kind == "f" or x.dtype == BF16:
        return x.astype(to) if to.kind == "f" or to == BF16 else np.trunc(x.astype(np.float64)).astype(to)
    if to in (F16, BF16, F32) and x.dtype.kind in "iu":  # once, not by way of double
        return np.array([_round_int(int(v), to) for v in x.reshape(-1)], dtype=to).reshape(x.shape)
    return x.astype(to)


def _round_int(value, to):
    """An integer to the nearest value of a short float, ties to even."""
    bits = {F16: 11, BF16: 8, F32: 24}[to]
    length = abs(value).bit_length()
    if length > bits:
        unit = 1 << (length - bits)
        quotient, rest = divmod(abs(value), unit)
        quotient += rest * 2 > unit or (rest * 2 == unit and quotient & 1)
        value = (quotient * unit) * (1 if value > 0 else -1)
    return float(value)


CASTS = REAL + [BOOL, F16, BF16]


def castable(source, to):
    """Values of `source` whose cast is defined."""
    x = special(source) if source != BOOL else np.array([False, True, True])
    if source == BOOL or to == BOOL or to.kind == "f" or to == BF16:
        return x
    if source.kind in "iu":
        return x
    low, high = (float(v) for v in (np.iinfo(to).min, np.iinfo(to).max))
    wide = np.trunc(x.astype(np.float64))
    return x[np.isfinite(wide) & (wide >= low) & (wide < high)]


def cast():
    own = lambda to: (lambda inputs, attrs: [_cast(inputs[0], to)])
    from case import tensor_type
    for source in CASTS:
        for to in CASTS:
            random = rng(f"Cast/{source.name}/{to.name}")
            low, high = (0, 100) if to.kind == "u" and source.kind != "b" else (None, None)
            x = np.concatenate([castable(source, to), values(random, (19,), source, low, high)])
            # float16 and bfloat16 reach the reference as they are; float32 as float64, which holds the same values.
            yield Case("Cast", f"{source.name}_{to.name}", [[x]], {"to": tensor_type(to)}, own=own(to), out_types=(to,),
                       note="every value at which the cast changes, where ONNX defines it")
    for to in CASTS:
        x = values(rng(f"CastLike/{to.name}"), (3, 5), F32, 0, 100)
        yield Case("CastLike", f"float32_{to.name}", [[x, np.zeros((2,), to)]], own=own(to), out_types=(to,),
                   note="the type of another value")
        x = values(rng(f"CastLike/from/{to.name}"), (3, 5), to, 0, 100)
        yield Case("CastLike", f"{to.name}_like_float32", [[x, np.zeros((), F32)]], own=own(F32), out_types=(F32,),
                   note="the type of another value")


def cases():
    for family in (all_unary, power, clip, binary, variadic, logic, cast):
        yield from family()
