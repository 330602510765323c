"""Softmax and normalizations."""
import numpy as np

from case import Case
from corners import F32, rng, values


def softmax(is_log):
    def apply(inputs, attrs):
        x, axis = inputs[0], attrs.get("axis", -1)
        shifted = x - (np.max(x, axis=axis, keepdims=True) if x.size else 0)
        total = np.sum(np.exp(shifted), axis=axis, keepdims=True)
        return [shifted - np.log(total) if is_log else np.exp(shifted) / total]
    return apply


def softmaxes():
    for op, is_log in (("Softmax", False), ("LogSoftmax", True)):
        own = softmax(is_log)
        base = {"own": own, "klass": "R", "products": 40,
                "bound": lambda inputs, attrs, f=own, log=is_log: [np.abs(f(inputs, attrs)[0]) + (1 if log else 0)]}
        random = rng(op)
        for shape, axis in (((3, 5), None), ((3, 5), 0), ((2, 3, 4), 1), ((2, 3, 4), -2), ((7,), 0), ((2, 65), 1), ((1, 1), 1), ((33, 2), 0),
                            ((2, 3, 2, 1, 2, 5), 4), ((2, 0, 3), 2), ((4, 129), -1)):
            tag = "x".join(map(str, shape)) + (f"_axis_{axis}".replace("-", "m") if axis is not None else "")
            yield Case(op, f"float32_{tag}", [[values(random, shape, F32)]], {} if axis is None else {"axis": axis}, note="axis", **base)
        yield Case(op, "float32_large", [[np.array([[1e4, 1e4 - 1, 0], [-1e4, -1e4, -1e4]], F32)]], note="exp would overflow unless the largest is taken off", **base)
        yield Case(op, "float32_masked", [[np.array([[-np.inf, 1, 2], [0, -np.inf, -np.inf]], F32)]], note="masked by -inf", **base)
        yield Case(op, "float32_symbols", [[values(random, (n, m), F32)] for n, m in ((1, 3), (5, 17), (2, 64))], note="one session, three sizes", **base)


def batch_norm(inputs, attrs):
    x, scale, bias, mean, var = inputs
    spread = lambda v: v.reshape(1, -1, *[1] * (x.ndim - 2))
    return [(x - spread(mean)) / np.sqrt(spread(var) + float(np.float32(attrs.get("epsilon", 1e-5)))) * spread(scale) + spread(bias)]


def batch_bound(inputs, attrs):
    x, scale, bias, mean, var = inputs
    return batch_norm([np.abs(x), np.abs(scale), np.abs(bias), -np.abs(mean), var], attrs)


def batch_norms():
    for shape, attrs in (((1, 3, 4, 5), {}), ((2, 17, 3, 3), {"epsilon": 0.01}), ((4, 5), {}), ((2, 3, 7), {}), ((1, 33, 1, 1), {}), ((0, 3, 2, 2), {}), ((1, 2, 2, 3, 2), {})):
        random = rng(f"BN/{shape}")
        rest = [values(random, (shape[1],), F32) for _ in range(3)] + [values(random, (shape[1],), F32, 0.1, 3)]
        for tag, inits in (("", (1, 2, 3, 4)), ("_computed", ())):
            yield Case("BatchNormalization", f"float32_{'x'.join(map(str, shape))}{tag}", [[values(random, shape, F32), *rest]], attrs, inits=inits, klass="R",
                       products=6, own=batch_norm, bound=batch_bound, note="statistics " + ("at run" if tag else "as weights"))


def centred(x, axes, eps, is_centred=True):
    mean = np.mean(x, axis=axes, keepdims=True) if is_centred else 0
    var = np.mean((x - mean) ** 2, axis=axes, keepdims=True)
    return mean, var, 1 / np.sqrt(var + eps)


def epsilon(attrs):
    return float(np.float32(attrs.get("epsilon", 1e-5)))


def layer_norm(inputs, attrs):
    x, scale, bias = (list(inputs) + [None])[:3]
    axes = tuple(range(attrs.get("axis", -1) % x.ndim, x.ndim))
    mean, _, inverse = centred(x, axes, epsilon(attrs))
    out = (x - mean) * inverse * scale
    return [out if bias is None else out + bias, mean, inverse]


def rms_norm(inputs, attrs):
    x, scale = inputs
    axes = tuple(range(attrs.get("axis", -1) % x.ndim, x.ndim))
    return [x * centred(x, axes, epsilon(attrs), False)[2] * scale]


def instance_norm(inputs, attrs):
    x, scale, bias = inputs
    mean, _, inverse = centred(x, tuple(range(2, x.ndim)), epsilon(attrs))
    spread = lambda v: v.reshape(1, -1, *[1] * (x.ndim - 2))
    return [(x - mean) * inverse * spread(scale) + spread(bias)]


def other_norms():
    for shape, attrs in (((3, 5), {}), ((2, 3, 17), {"axis": -1}), ((2, 3, 4), {"axis": 1}), ((2, 3, 4), {"axis": -2, "epsilon": 0.1}), ((4, 65), {}), ((2, 3, 2), {"axis": 0}), ((0, 5), {})):
        random = rng(f"LN/{shape}")
        inner = shape[attrs.get("axis", -1) % len(shape):]
        x, scale, bias = values(random, shape, F32), values(random, inner, F32), values(random, inner, F32)
        tag = "x".join(map(str, shape)) + "".join(f"_{k}_{v}" for k, v in attrs.items()).replace("-", "m").replace(".", "p")
        base = {"klass": "C", "own": layer_norm}
        for name, inputs, inits in (("", [x, scale, bias], (1, 2)), ("_no_bias", [x, scale], (1,)), ("_computed", [x, scale, bias], ())):
            yield Case("LayerNormalization", f"float32_{tag}{name}", [inputs], attrs, inits=inits, note="axis", **base)
        yield Case("RMSNormalization", f"float32_{tag}", [[x, scale]], attrs, inits=(1,), klass="C", own=rms_norm, note="axis")
    random = rng("LN/outputs")
    yield Case("LayerNormalization", "float32_three_outputs", [[values(random, (3, 9), F32), values(random, (9,), F32), values(random, (9,), F32)]], klass="C",
               outputs=3, own=layer_norm, note="mean and deviation as outputs")
    weights = values(random, (9,), F32)
    for op, own in (("LayerNormalization", layer_norm), ("RMSNormalization", rms_norm)):
        yield Case(op, "float32_symbols", [[values(random, (n, m, 9), F32), weights] for n, m in ((1, 2), (3, 5))], inits=(1,), klass="C", own=own, note="one session, two sizes")
    for shape, attrs in (((1, 3, 4, 5), {}), ((2, 17, 3, 3), {"epsilon": 0.01}), ((2, 3, 9), {}), ((1, 2, 2, 3, 4), {})):
        random = rng(f"IN/{shape}")
        rest = [values(random, (shape[1],), F32) for _ in range(2)]
        for tag, inits in (("", (1, 2)), ("_computed", ())):
            yield Case("InstanceNormalization", f"float32_{'x'.join(map(str, shape))}{tag}", [[values(random, shape, F32), *rest]], attrs, inits=inits, klass="C",
                       own=instance_norm, note="a shape")


def cases():
    yield from softmaxes()
    yield from batch_norms()
    yield from other_norms()
