"""Random graphs by construction: every node is drawn among those that fit the values at hand, so that each draw is a valid model."""
import numpy as np

from corners import rng, values
from graphs.build import graph_case, node

COUNT = 60
UNARY = ("Relu", "Sigmoid", "Tanh", "Abs", "Neg", "HardSwish", "LeakyRelu", "Softplus", "Elu")
BINARY = ("Add", "Sub", "Mul", "Max", "Min")


class Draw:
    """Values at hand, by name: (n, c, h, w) float32."""

    def __init__(self, index):
        self.random = rng(f"drawn/{index}")
        self.shapes, self.rows, self.weights = {}, [], {}

    def pick(self, items):
        return items[int(self.random.integers(len(items)))]

    def weight(self, *shape):
        name = f"w{len(self.weights)}"
        self.weights[name] = values(self.random, shape, np.float32)
        return name

    def constant(self, *numbers):
        name = f"w{len(self.weights)}"
        self.weights[name] = np.array(numbers, np.int64)
        return name

    def add(self, op, inputs, shape, **attrs):
        name = f"v{len(self.rows)}"
        self.rows.append(node(op, inputs, name, **attrs))
        self.shapes[name] = tuple(shape)
        return name


def unary(d, x, s):
    d.add(d.pick(UNARY), x, s)


def binary(d, x, s):
    alike = [n for n, t in d.shapes.items() if t == s]
    other = d.pick(alike) if d.random.random() < 0.7 else d.weight(*d.pick([(s[1], 1, 1), (1,), (s[3],), (1, s[1], 1, 1)]))
    pair = [x, other] if d.random.random() < 0.5 else [other, x]
    d.add(d.pick(BINARY), " ".join(pair), s)


def conv(d, x, s):
    out, k = int(d.random.integers(1, 20)), d.pick([1, 3])
    w = d.weight(out, s[1], k, k)
    d.weights[w] = (d.weights[w] / np.float32(np.sqrt(s[1] * k * k))).astype(np.float32)
    inputs = f"{x} {w}" + (f" {d.weight(out)}" if d.random.random() < 0.5 else "")
    d.add("Conv", inputs, (s[0], out, s[2], s[3]), pads=[k // 2] * 4)


def depthwise(d, x, s):
    d.add("Conv", f"{x} {d.weight(s[1], 1, 3, 3)}", s, pads=[1] * 4, group=s[1])


def pool(d, x, s):
    if s[2] > 2 and s[3] > 2:
        d.add(d.pick(("MaxPool", "AveragePool")), x, (s[0], s[1], s[2] - 1, s[3] - 1), kernel_shape=[2, 2])


def transpose(d, x, s):
    perm = [int(p) for p in d.random.permutation(4)]
    d.add("Transpose", x, [s[p] for p in perm], perm=perm)


def concat(d, x, s):
    alike = [n for n, t in d.shapes.items() if t[:1] + t[2:] == s[:1] + s[2:]]
    other = d.pick(alike)
    d.add("Concat", f"{x} {other}", (s[0], s[1] + d.shapes[other][1], s[2], s[3]), axis=1)


def cut(d, x, s):
    axis = int(d.random.integers(1, 4))
    if s[axis] > 2:
        shape = list(s)
        shape[axis] -= 2
        d.add("Slice", f"{x} {d.constant(1)} {d.constant(s[axis] - 1)} {d.constant(axis)}", shape)


def reduce(d, x, s):
    axis = int(d.random.integers(1, 4))
    shape = list(s)
    shape[axis] = 1
    d.add(d.pick(("ReduceMean", "ReduceMax")), f"{x} {d.constant(axis)}", shape)


def matmul(d, x, s):
    out = int(d.random.integers(1, 20))
    w = d.weight(s[3], out)
    d.weights[w] = (d.weights[w] / np.float32(np.sqrt(s[3]))).astype(np.float32)
    d.add("MatMul", f"{x} {w}", (*s[:3], out))


def softmax(d, x, s):
    d.add("Softmax", x, s, axis=int(d.random.integers(1, 4)))


def pad(d, x, s):
    d.add("Pad", f"{x} {d.constant(0, 0, 1, 0, 0, 0, 0, 2)}", (s[0], s[1], s[2] + 1, s[3] + 2))


STEPS = (unary, unary, binary, binary, binary, conv, conv, depthwise, pool, transpose, concat, cut, reduce, matmul, softmax, pad)


def drawn(index):
    d = Draw(index)
    shape = tuple(int(v) for v in d.random.integers(1, [3, 18, 8, 9]))
    d.shapes["x"] = shape
    wanted = int(d.random.integers(2, 9))
    while len(d.rows) < wanted:
        # Mostly the newest value, so that graphs are deep; sometimes an older one, so that values are used twice.
        names = list(d.shapes)
        x = names[-1] if d.random.random() < 0.75 else d.pick(names)
        d.pick(STEPS)(d, x, d.shapes[x])
    read = {n for row in d.rows for n in row[1]}
    outputs = [n for n in d.shapes if n != "x" and (n not in read or d.random.random() < 0.1)]
    given = {"x": values(d.random, shape, np.float32)}
    return graph_case(f"drawn_{index:02}", d.rows, [given], d.weights, outputs, note="drawn at random")


def cases():
    for index in range(COUNT):
        yield drawn(index)
