"""ai.onnx.ml's operators on rows of features. The evaluator of onnx computes what is expected, in the case's own types; where it has
no such operator, or another idea, it is computed here."""
import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from case import ML, NEWEST, Case, tensor_type
from corners import F32, F64, rng

I16, I32, I64 = np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64)
STRING = np.dtype(object)
ROWS = (F32, F64, I32, I64)


def as_is(op, domain, opset, dtypes, outputs):
    """The evaluator on inputs of the case's types: what is fed to it here has come as float64. Integers become float32: it would cut
    coefficients to integers."""
    def run(inputs, attrs):
        arrays = [np.asarray(a).astype(d) for a, d in zip(inputs, dtypes)]
        arrays[0] = arrays[0].astype(F32) if arrays[0].dtype.kind == "i" else arrays[0]
        names = [f"x{i}" for i in range(len(arrays))]
        results = [f"y{i}" for i in range(outputs)]
        node = helper.make_node(op, names, results, domain=domain, **attrs)
        graph = helper.make_graph([node], "reference", [helper.make_tensor_value_info(n, tensor_type(a.dtype), a.shape)
                                                        for n, a in zip(names, arrays)],
                                  [helper.make_tensor_value_info(n, onnx.TensorProto.UNDEFINED, None) for n in results])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", NEWEST), helper.make_opsetid(ML, opset)])
        found = ReferenceEvaluator(model).run(None, dict(zip(names, arrays)))
        return [a.astype(object) if a.dtype.kind == "U" else a for a in map(np.asarray, found)]
    return run


def numbers(random, shape, dtype):
    drawn = random.normal(0, 2, shape)
    return drawn.astype(dtype) if dtype.kind == "f" else np.rint(drawn * 2).astype(dtype)


def strings(*words):
    return np.array(words, STRING)


def floats(random, *shape):
    return [float(v) for v in random.normal(0, 1, shape).astype(F32).ravel()]


def plain(op, corner, x, attrs, own=None, more=(), outputs=1, opset=0, tolerance=1e-4, out_types=(F32,)):
    dtypes = [a.dtype for a in (x, *more)]
    sets = [[x, *more]]
    own = own or as_is(op, ML, opset or 5, dtypes, outputs)
    return Case(op, corner, sets, attrs, own=own, outputs=outputs, out_types=out_types, opset=opset, domain=ML, klass="O",
                rtol=tolerance, atol=tolerance / 10, inits=tuple(range(1, len(sets[0]))), note=corner)


def normalize(inputs, attrs):
    """Normalizer-1: MAX is the largest element, not magnitude; where the divisor is 0 the row stays."""
    x = np.asarray(inputs[0], np.float64)
    sums = {"MAX": lambda a: a.max(-1, keepdims=True), "L1": lambda a: np.abs(a).sum(-1, keepdims=True),
            "L2": lambda a: np.sqrt((a * a).sum(-1, keepdims=True))}[attrs.get("norm", "MAX")](x)
    return [x / np.where(sums == 0, 1, sums)]


def join(inputs, attrs):
    return [np.concatenate([np.asarray(a, np.float64).reshape(a.shape[0], -1) for a in inputs], axis=1)]


def impute(inputs, attrs):
    x = np.asarray(inputs[0])
    kind = "f" if x.dtype.kind == "f" else "i"
    old = attrs.get("replaced_value_float" if kind == "f" else "replaced_value_int64", 0)
    new = np.array(attrs["imputed_value_floats" if kind == "f" else "imputed_value_int64s"]).astype(x.dtype)
    found = np.isnan(x) if kind == "f" and np.isnan(old) else x == np.array(old).astype(x.dtype)
    return [np.where(found, np.broadcast_to(new, x.shape), x)]


def spread(inputs, attrs):
    cats = attrs.get("cats_int64s") or attrs["cats_strings"]
    x = inputs[0]
    keys = x if "cats_strings" in attrs else np.trunc(np.asarray(x, np.float64)).astype(I64)
    return [np.stack([(keys == c).astype(F32) for c in cats], axis=-1)]


def rows():
    for dtype in ROWS:
        random = rng(f"ml/{dtype.name}")
        x = numbers(random, (5, 4), dtype)
        yield plain("Scaler", f"{dtype.name}_columns", x, {"offset": floats(random, 4), "scale": floats(random, 4)})
        yield plain("Scaler", f"{dtype.name}_one", x, {"offset": [0.5], "scale": [2.0]})
        for norm in ("MAX", "L1", "L2"):
            zero = x.copy()
            zero[2] = 0
            yield plain("Normalizer", f"{dtype.name}_{norm.lower()}", zero, {"norm": norm}, own=normalize)
        yield plain("Binarizer", f"{dtype.name}_half", x, {"threshold": 0.5},
                    own=lambda inputs, attrs: [(np.asarray(inputs[0]) > 0.5).astype(np.asarray(inputs[0]).dtype)], out_types=(dtype,))
        attrs = {"imputed_value_floats": [7.0, 8.0, 9.0, 10.0], "replaced_value_float": float("nan")} if dtype.kind == "f" else \
            {"imputed_value_int64s": [7], "replaced_value_int64": int(x[0, 0])}
        if dtype.kind == "f":
            x = x.copy()
            x[1, 2] = np.nan
        yield plain("Imputer", f"{dtype.name}", x, attrs, own=impute, out_types=(dtype,))
        x = numbers(random, (3, 6), dtype)
        yield plain("ArrayFeatureExtractor", f"{dtype.name}", x, {}, more=(np.array([5, 0, 0, 2], I64),), out_types=(dtype,))
        yield plain("FeatureVectorizer", f"{dtype.name}", x, {"inputdimensions": [6, 2]}, own=join, more=(numbers(random, (3, 2), dtype),))
        yield plain("OneHotEncoder", f"{dtype.name}", np.array([[1, 4], [2, 3]], dtype), {"cats_int64s": [4, 2, 1]}, own=spread)
    yield plain("ArrayFeatureExtractor", "string", strings("a", "bb", "", "dddd").reshape(2, 2), {}, more=(np.array([1, 0, 1], I64),),
                own=lambda inputs, attrs: [inputs[0][..., np.asarray(inputs[1]).astype(I64)]], out_types=(STRING,))
    yield plain("OneHotEncoder", "string", strings("b", "x", "a"), {"cats_strings": ["a", "b", ""]}, own=spread)


# What LabelEncoder maps: attributes of keys and of values by type.
def listed(kind, words, dtype):
    name = {STRING: "strings", I64: "int64s", F32: "floats"}.get(dtype)
    if name:
        return {f"{kind}_{name}": [w if dtype == STRING else dtype.type(w).item() for w in words]}
    return {f"{kind}_tensor": helper.make_tensor(kind, tensor_type(dtype), [len(words)], [dtype.type(w).item() for w in words])}


def default_of(dtype):
    if dtype == STRING:
        return {"default_string": "none"}
    if dtype == I64:
        return {"default_int64": -9}
    if dtype == F32:
        return {"default_float": -9.5}
    return {"default_tensor": helper.make_tensor("default", tensor_type(dtype), [1], [dtype.type(-9).item()])}


def encoders():
    keys = {STRING: ["a", "bb", "", "ccc"], **{d: [3, -1, 200, 0] for d in (I16, I32, I64, F32, F64)}}
    values = {STRING: ["w", "", "yy", "z"], **{d: [10, 20, -30, 40] for d in (I16, I32, I64, F32, F64)}}
    asked = {STRING: strings("bb", "x", "a", ""), **{d: np.array([-1, 7, 3, 0], d) for d in (I16, I32, I64, F32, F64)}}
    for k in keys:
        for v in values:
            if STRING not in (k, v) and k != v and I64 not in (k, v):
                continue
            fallback = {STRING: "none", I64: -9, F32: -9.5}.get(v, -9)

            def mapped(inputs, attrs, k=k, v=v, fallback=fallback):
                table = dict(zip(keys[k], values[v]))
                return [np.array([table.get(w if k == STRING else float(w), fallback) for w in inputs[0].ravel()], v).reshape(inputs[0].shape)]
            name = f"{'string' if k == STRING else k.name}_{'string' if v == STRING else v.name}"
            yield plain("LabelEncoder", name, asked[k].reshape(2, 2), {**listed("keys", keys[k], k), **listed("values", values[v], v), **default_of(v)},
                        own=mapped, out_types=(v,), tolerance=0)
    cats = {"cats_int64s": [1, 2, 3], "cats_strings": ["x", "y", ""]}
    yield plain("CategoryMapper", "to_int64", strings("y", "q", ""), {**cats, "default_int64": -5},
                own=lambda inputs, attrs: [np.array([2, -5, 3], I64)], out_types=(I64,), tolerance=0)
    yield plain("CategoryMapper", "to_string", np.array([3, 4, 1], I64), {**cats, "default_string": "?"},
                own=lambda inputs, attrs: [strings("", "?", "x")], out_types=(STRING,), tolerance=0)


def linear():
    for dtype in ROWS:
        random = rng(f"ml/linear/{dtype.name}")
        x = numbers(random, (6, 9), dtype)
        for post in ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO") if dtype == F32 else ("NONE",):
            attrs = {"coefficients": floats(random, 3, 9), "intercepts": floats(random, 3), "post_transform": post}
            yield plain("LinearClassifier", f"{dtype.name}_{post.lower()}", x, {**attrs, "classlabels_ints": [7, -1, 3]}, outputs=2, out_types=(I64, F32))
            if dtype == F32:
                yield plain("LinearClassifier", f"string_{post.lower()}", x, {**attrs, "classlabels_strings": ["a", "", "ccc"]}, outputs=2,
                            out_types=(STRING, F32))
        yield plain("LinearRegressor", f"{dtype.name}", x, {"coefficients": floats(random, 2, 9), "intercepts": floats(random, 2), "targets": 2})


def coupled(pairs):
    """Probabilities of classes from those of pairs, until nothing moves: Wu, Lin and Weng (2004), second method, as libsvm has it."""
    count = len(pairs)
    q = np.array([[sum(pairs[j, t] ** 2 for j in range(count) if j != t) if s == t else -pairs[s, t] * pairs[t, s] for s in range(count)]
                  for t in range(count)])
    system = np.block([[q, np.ones((count, 1))], [np.ones((1, count)), np.zeros((1, 1))]])
    return np.linalg.solve(system, [0.0] * count + [1.0])[:count]


def probable(run):
    """The evaluator takes a sum of products where each pair has its own: classes and pairs by it, probabilities here."""
    def probabilities(inputs, attrs):
        plain_attrs = {k: v for k, v in attrs.items() if k not in ("prob_a", "prob_b")}
        labels, scores = run(inputs, plain_attrs)
        count, out = len(attrs["classlabels_ints"]), []
        for row in np.asarray(scores, np.float64):
            pairs, at = np.zeros((count, count)), 0
            for i in range(count):
                for j in range(i + 1, count):
                    one = 1 / (1 + np.exp(row[at] * attrs["prob_a"][at] + attrs["prob_b"][at]))
                    pairs[i, j] = np.clip(one, 1e-7, 1 - 1e-7)
                    pairs[j, i] = 1 - pairs[i, j]
                    at += 1
            out.append(coupled(pairs))
        return [labels, np.array(out)]
    return probabilities


def machines():
    for dtype in ROWS:
        random = rng(f"ml/svm/{dtype.name}")
        x = numbers(random, (4, 3), dtype)
        for kernel in ("LINEAR", "POLY", "RBF", "SIGMOID") if dtype == F32 else ("RBF",):
            attrs = {"kernel_type": kernel, "kernel_params": [0.25, 0.5, 2.0]}
            yield plain("SVMRegressor", f"{dtype.name}_{kernel.lower()}", x,
                        {**attrs, "support_vectors": floats(random, 5, 3), "coefficients": floats(random, 5), "n_supports": 5, "rho": [0.125]})
            pairs = {**attrs, "support_vectors": floats(random, 6, 3), "coefficients": floats(random, 2, 6), "vectors_per_class": [2, 3, 1],
                     "rho": floats(random, 3), "classlabels_ints": [4, 5, 6]}
            yield plain("SVMClassifier", f"{dtype.name}_{kernel.lower()}", x, pairs, outputs=2, out_types=(I64, F32))
            yield plain("SVMClassifier", f"{dtype.name}_{kernel.lower()}_probabilities", x,
                        {**pairs, "prob_a": [-1.0, -0.5, -2.0], "prob_b": [0.0, 0.25, 0.5]}, outputs=2, out_types=(I64, F32), tolerance=2e-2,
                        own=probable(as_is("SVMClassifier", ML, 5, [dtype], 2)))
        yield plain("SVMRegressor", f"{dtype.name}_liblinear", x, {"coefficients": floats(random, 3), "rho": [0.5], "kernel_type": "LINEAR"})
    words = {k: v for k, v in pairs.items() if k != "classlabels_ints"}
    yield plain("SVMClassifier", "string", numbers(rng("ml/svm/string"), (3, 3), F32), {**words, "classlabels_strings": ["x", "yy", ""]}, outputs=2,
                out_types=(STRING, F32))


MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")


def grow(random, trees, features, targets, modes):
    """Random trees in the named form: nodes, and one or two votes a leaf."""
    nodes, votes = [], []
    for tree in range(trees):
        waiting, next_id = [(0, 0)], 1
        while waiting:
            at, depth = waiting.pop(0)
            if depth < 4 and (depth == 0 or random.random() < 0.7):
                nodes.append((tree, at, int(random.integers(features)), modes[int(random.integers(len(modes)))], float(np.rint(random.normal(0, 2))),
                              next_id, next_id + 1, int(random.integers(2))))
                waiting += [(next_id, depth + 1), (next_id + 1, depth + 1)]
                next_id += 2
            else:
                nodes.append((tree, at, 0, "LEAF", 0.0, 0, 0, 0))
                for target in random.choice(targets, int(random.integers(1, min(targets, 2) + 1)), replace=False):
                    votes.append((tree, at, int(target), float(np.float32(random.normal()))))
    return nodes, votes


def tree_attrs(nodes, votes, vote):
    names = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true")
    out = {f"nodes_{name}": [n[i] for n in nodes] for i, name in enumerate(names)}
    out |= {f"{vote}_{name}": [v[i] for v in votes] for i, name in enumerate(("treeids", "nodeids", "ids", "weights"))}
    return out


def trees():
    for dtype in ROWS:
        random = rng(f"ml/trees/{dtype.name}")
        x = np.rint(random.normal(0, 2, (11, 5))).astype(dtype)
        if dtype.kind == "f":
            x[3, 2] = x[7, 0] = np.nan
        for name, modes in (("leq", MODES[:1]), ("all", MODES)):
            nodes, votes = grow(random, 9, 5, 3, modes)
            for post in ("NONE", "SOFTMAX"):
                yield plain("TreeEnsembleClassifier", f"{dtype.name}_{name}_{post.lower()}", x,
                            {**tree_attrs(nodes, votes, "class"), "classlabels_int64s": [9, 8, 7], "post_transform": post,
                             "base_values": [0.5, 0.25, 0.0]}, outputs=2, opset=3, out_types=(I64, F32))
            nodes, votes = grow(random, 5, 5, 2, modes)
            for join_by in ("SUM", "AVERAGE", "MIN", "MAX") if dtype == F32 else ("SUM",):
                yield plain("TreeEnsembleRegressor", f"{dtype.name}_{name}_{join_by.lower()}", x,
                            {**tree_attrs(nodes, votes, "target"), "n_targets": 2, "aggregate_function": join_by}, opset=3)
        words = {**tree_attrs(*grow(random, 3, 5, 3, MODES[:1]), "class"), "classlabels_strings": ["a", "", "ccc"]}
        yield plain("TreeEnsembleClassifier", f"{dtype.name}_string", x, words, outputs=2, opset=3, out_types=(STRING, F32))
        if dtype.kind == "f":
            yield placed(dtype, x)


def placed(dtype, x):
    """TreeEnsemble-5: two trees, one with a set of members."""
    def tensor(name, numbers_):
        return helper.make_tensor(name, tensor_type(dtype), [len(numbers_)], numbers_)
    attrs = {"n_targets": 2, "aggregate_function": 1, "post_transform": 0, "tree_roots": [0, 2],
             "nodes_featureids": [0, 1, 2], "nodes_modes": helper.make_tensor("modes", onnx.TensorProto.UINT8, [3], [0, 6, 3]),
             "nodes_splits": tensor("splits", [0.5, 0.0, -1.0]), "membership_values": tensor("members", [1.0, 2.0, float("nan")]),
             "nodes_truenodeids": [1, 0, 2], "nodes_trueleafs": [0, 1, 1], "nodes_falsenodeids": [1, 2, 3], "nodes_falseleafs": [1, 1, 1],
             "leaf_targetids": [0, 1, 0, 1], "leaf_weights": tensor("weights", [1.5, -2.0, 3.25, 0.5]),
             "nodes_missing_value_tracks_true": [1, 0, 1]}

    def walked(inputs, _attrs):
        found = np.zeros((len(inputs[0]), 2))
        for i, row in enumerate(np.asarray(inputs[0], np.float64)):
            leaf = 1
            if np.isnan(row[0]) or row[0] <= 0.5:
                leaf = 0 if row[1] in (1.0, 2.0) else 2
            for at in (leaf, 2 if np.isnan(row[2]) or row[2] > -1 else 3):
                found[i, (0, 1, 0, 1)[at]] += (1.5, -2.0, 3.25, 0.5)[at]
        return [found]
    return plain("TreeEnsemble", f"{dtype.name}", x, attrs, own=walked, out_types=(dtype,))


def cases():
    yield from rows()
    yield from encoders()
    yield from linear()
    yield from machines()
    yield from trees()
