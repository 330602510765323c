"""RNN, GRU and LSTM, step by step in double (ONNX RNN-22, GRU-22, LSTM-22)."""
import numpy as np

from case import Case
from corners import F32, rng

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
USUAL = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
HAS_ALPHA = {"Affine": 1, "LeakyRelu": 0.01, "ThresholdedRelu": 1, "ScaledTanh": 1, "HardSigmoid": 0.2, "Elu": 1}
HAS_BETA = {"Affine": 0, "ScaledTanh": 1, "HardSigmoid": 0.5}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FUNCTIONS = {
    "Sigmoid": lambda x, a, b: sigmoid(x), "Tanh": lambda x, a, b: np.tanh(x), "Relu": lambda x, a, b: np.maximum(x, 0),
    "Affine": lambda x, a, b: a * x + b, "LeakyRelu": lambda x, a, b: np.where(x < 0, a * x, x),
    "ThresholdedRelu": lambda x, a, b: np.where(x >= a, x, 0), "ScaledTanh": lambda x, a, b: a * np.tanh(b * x),
    "HardSigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1), "Elu": lambda x, a, b: np.where(x < 0, a * np.expm1(x), x),
    "Softsign": lambda x, a, b: x / (1 + np.abs(x)), "Softplus": lambda x, a, b: np.log1p(np.exp(x)),
}


def activations(op, attrs, directions):
    """[direction][function]: alphas and betas go to those functions that have them, in order."""
    names = attrs.get("activations") or USUAL[op] * directions
    alphas, betas = list(attrs.get("activation_alpha", ())), list(attrs.get("activation_beta", ()))
    clip = attrs.get("clip", np.inf)
    made = []
    for name in names:
        alpha = (alphas.pop(0) if alphas else HAS_ALPHA[name]) if name in HAS_ALPHA else 0
        beta = (betas.pop(0) if betas else HAS_BETA[name]) if name in HAS_BETA else 0
        made.append(lambda x, f=FUNCTIONS[name], a=np.float64(np.float32(alpha)), b=np.float64(np.float32(beta)): f(np.clip(x, -clip, clip), a, b))
    each = len(USUAL[op])
    return [made[i:i + each] for i in range(0, each * directions, each)]


def rnn_step(x, h, c, r, bias, fns, attrs, peepholes):
    return fns[0](x + h @ r.T + bias), c


def gru_step(x, h, c, r, bias, fns, attrs, peepholes):
    f, g = fns
    xz, xr, xh = np.split(x, 3, -1)
    rz, rr, rh = np.split(r, 3)
    bz, br, bh = np.split(bias, 3)
    z, reset = f(xz + h @ rz.T + bz), f(xr + h @ rr.T + br)
    new = g(xh + reset * (h @ rh.T + bh)) if attrs.get("linear_before_reset", 0) else g(xh + (reset * h) @ rh.T + bh)
    return (1 - z) * new + z * h, c


def lstm_step(x, h, c, r, bias, fns, attrs, peepholes):
    f, g, last = fns
    i, o, forget, cell = np.split(x + h @ r.T + bias, 4, -1)
    pi, po, pf = np.split(peepholes, 3)
    i = f(i + pi * c)
    forget = 1 - i if attrs.get("input_forget", 0) else f(forget + pf * c)
    c = forget * c + i * g(cell)
    return f(o + po * c) * last(c), c


STEPS = {"RNN": rnn_step, "GRU": gru_step, "LSTM": lstm_step}


def reference(op):
    def apply(inputs, attrs):
        x, w, r, b, lengths, h0, c0, p = (list(inputs) + [None] * 8)[:8]
        first = attrs.get("layout", 0)
        swap = (lambda a: np.swapaxes(a, 0, 1)) if first else (lambda a: a)
        x = swap(x)
        steps, batch, _ = x.shape
        directions, hidden = w.shape[0], attrs["hidden_size"]
        state = lambda a: np.zeros((directions, batch, hidden)) if a is None else swap(a).astype(np.float64)
        h, c, y = state(h0), state(c0), np.zeros((steps, directions, batch, hidden))
        lengths = np.full(batch, steps) if lengths is None else lengths
        b = np.zeros((directions, 2 * w.shape[1])) if b is None else b
        p = np.zeros((directions, 3 * hidden)) if p is None else p
        fns = activations(op, attrs, directions)
        for d in range(directions):
            wb, rb = np.split(b[d], 2)
            order = range(steps)[::-1] if d == 1 or attrs.get("direction") == "reverse" else range(steps)
            for t in order:
                new_h, new_c = STEPS[op](x[t] @ w[d].T + wb, h[d], c[d], r[d], rb, fns[d], attrs, p[d])
                live = (t < lengths)[:, None]
                h[d], c[d] = np.where(live, new_h, h[d]), np.where(live, new_c, c[d])
                y[t, d] = np.where(live, new_h, 0)
        y = np.transpose(y, (2, 0, 1, 3)) if first else y
        return [y, swap(h), swap(c)][:3 if op == "LSTM" else 2]
    return apply


def tensors(op, tag, steps, batch, size, hidden, directions, attrs, take):
    """The inputs, of which `take` names the optional ones that are there: b, l, h, c, p."""
    random = rng(f"{op}/{tag}/weights")
    gates = GATES[op]
    draw = lambda source, *shape: (source.standard_normal(shape) * 0.5).astype(F32)
    w = draw(random, directions, gates * hidden, size)
    r = draw(random, directions, gates * hidden, hidden) / F32.type(hidden ** 0.5)  # a long walk forgets its roundings
    b, p = draw(random, directions, 2 * gates * hidden), draw(random, directions, 3 * hidden)
    random = rng(f"{op}/{tag}/{steps}/{batch}")
    first = attrs.get("layout", 0)
    x = draw(random, batch, steps, size) if first else draw(random, steps, batch, size)
    state = (batch, directions, hidden) if first else (directions, batch, hidden)
    lengths = random.integers(0, steps + 1, batch).astype(np.int32)
    optional = [("b", b), ("l", lengths), ("h", draw(random, *state))]
    if op == "LSTM":
        optional += [("c", draw(random, *state)), ("p", p)]
    return [x, w, r] + [a if key in take else None for key, a in optional]


# Name, ((steps, batch), ...: one session), input size, hidden size, attributes, optional inputs.
FORMS = (
    ("plain", ((5, 3),), 4, 7, {}, "b"), ("no_bias", ((4, 2),), 3, 5, {}, ""), ("reverse", ((5, 2),), 4, 8, {"direction": "reverse"}, "bh"),
    ("bidirectional", ((6, 3),), 5, 9, {"direction": "bidirectional"}, "bhc"), ("lengths", ((6, 5),), 3, 4, {"direction": "bidirectional"}, "blhc"),
    ("lengths_reverse", ((5, 4),), 3, 4, {"direction": "reverse"}, "bl"), ("batch_first", ((4, 3),), 5, 6, {"layout": 1}, "bhc"),
    ("batch_first_both", ((4, 3),), 5, 6, {"layout": 1, "direction": "bidirectional"}, "blhc"), ("clip", ((5, 3),), 4, 7, {"clip": 0.25}, "bh"),
    ("one_step", ((1, 1),), 8, 16, {}, "bhc"), ("wide", ((3, 1),), 33, 65, {"direction": "bidirectional"}, "bhc"),
    ("many_rows", ((3, 37),), 9, 18, {}, "bhc"), ("many_steps", ((301, 2),), 6, 40, {}, "bh"),
    ("symbols", ((4, 2), (1, 7), (9, 1), (70, 5)), 5, 16, {"direction": "bidirectional"}, "bhc"),
)
OWN_FORMS = {
    "RNN": (("relu", {"activations": ["Relu"]}, "b"), ("affine", {"activations": ["Affine"], "activation_alpha": [0.5], "activation_beta": [0.1]}, "bh")),
    "GRU": (("before_reset", {"linear_before_reset": 1}, "bh"), ("before_reset_both", {"linear_before_reset": 1, "direction": "bidirectional"}, "blh"),
            ("before_reset_no_bias", {"linear_before_reset": 1}, ""),
            ("functions", {"activations": ["HardSigmoid", "Softsign"], "activation_alpha": [0.3], "activation_beta": [0.4]}, "bh")),
    "LSTM": (("peepholes", {}, "bhcp"), ("peepholes_both", {"direction": "bidirectional"}, "blhcp"), ("coupled", {"input_forget": 1}, "bhcp"),
             ("functions", {"activations": ["HardSigmoid", "ScaledTanh", "LeakyRelu"], "activation_alpha": [0.2, 0.9, 0.1], "activation_beta": [0.5, 0.7]}, "bhc"),
             ("functions_both", {"direction": "bidirectional", "activations": ["Sigmoid", "Elu", "Softplus", "Sigmoid", "ThresholdedRelu", "Relu"],
                                 "activation_alpha": [0.5, 0.1]}, "bhc")),
}


def cases():
    for op in GATES:
        forms = FORMS + tuple((name, ((5, 3),), 4, 7, attrs, take) for name, attrs, take in OWN_FORMS[op])
        for name, sizes, size, hidden, attrs, take in forms:
            attrs = {"hidden_size": hidden, **attrs}
            directions = 2 if attrs.get("direction") == "bidirectional" else 1
            sets = [tensors(op, name, steps, batch, size, hidden, directions, attrs, take) for steps, batch in sizes]
            outputs = 3 if op == "LSTM" else 2
            yield Case(op, f"float32_{name}", sets, attrs, inits=(1, 2, 3, 7), outputs=outputs, own=reference(op), klass="C", note=name)
            if name in ("plain", "bidirectional", "before_reset", "peepholes"):
                yield Case(op, f"float32_{name}_computed", sets, attrs, outputs=1, own=reference(op), klass="C", note="weights known at run only")
