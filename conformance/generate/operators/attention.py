"""Attention and what stands around it in transformers: ONNX's operators and com.microsoft's. One reference, in double, serves all forms
of attention."""
import numpy as np

from case import Case, MICROSOFT
from corners import BF16, BOOL, F16, F32, rng, values

ROWS = (F32, F16, BF16)


def name_of(dtype):
    return str(dtype)


def attend(q, k, v, bias, scale=None, cap=0.0):
    """[batch, heads, rows, columns] each; `bias` broadcasts to the scores. Rows without a key are 0. (y, scores after each stage)"""
    groups = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, groups, axis=1), np.repeat(v, groups, axis=1)
    product = q @ np.swapaxes(k, 2, 3) * (scale or 1 / np.sqrt(q.shape[3]))
    capped = cap * np.tanh(product / cap) if cap else product
    biased = capped + bias
    top = np.max(biased, axis=-1, keepdims=True)
    weights = np.exp(biased - np.where(np.isneginf(top), 0, top))
    total = np.sum(weights, axis=-1, keepdims=True)
    weights = weights / np.where(total == 0, 1, total)
    return weights @ v, (product, capped, biased, weights)


def split_heads(x, heads):
    return x if x.ndim == 4 else np.swapaxes(x.reshape(*x.shape[:2], heads, -1), 1, 2)


def merge_heads(y):
    return np.swapaxes(y, 1, 2).reshape(y.shape[0], y.shape[2], -1)


def causal(rows, keys, first):
    """-inf where a query at `first` + its row comes before the key."""
    return np.where(np.arange(keys)[None, :] <= np.arange(rows)[:, None] + first, 0.0, -np.inf)


def window(rows, keys, first, left, right):
    ahead = np.arange(keys)[None, :] - np.arange(rows)[:, None] - first
    return np.where(((left < 0) | (-ahead <= left)) & ((right < 0) | (ahead <= right)), 0.0, -np.inf)


# ---- ONNX Attention ----
def standard(inputs, attrs):
    q, k, v, mask, past_k, past_v, lengths = (list(inputs) + [None] * 7)[:7]
    merged = q.ndim == 3
    q, k, v = (split_heads(x, attrs.get(name)) for x, name in ((q, "q_num_heads"), (k, "kv_num_heads"), (v, "kv_num_heads")))
    if past_k is not None:
        k, v = np.concatenate([past_k, k], axis=2), np.concatenate([past_v, v], axis=2)
    batch, rows, keys = q.shape[0], q.shape[2], k.shape[2]
    first = np.full(batch, past_k.shape[2] if past_k is not None else 0)
    bias = np.zeros((batch, 1, rows, keys))
    if lengths is not None:
        first = lengths - rows
        bias = bias + np.where(np.arange(keys) < lengths[:, None], 0.0, -np.inf)[:, None, None, :]
    if mask is not None:
        mask = np.where(mask, 0.0, -np.inf) if mask.dtype == BOOL else mask
        short = keys - mask.shape[-1]
        bias = bias + np.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, short)], constant_values=-np.inf)
    for b in range(batch):
        if attrs.get("is_causal"):
            bias[b] = bias[b] + causal(rows, keys, first[b])
        bias[b] = bias[b] + window(rows, keys, first[b], attrs.get("left_window_size", -1), attrs.get("right_window_size", -1))
    y, stages = attend(q, k, v, bias, attrs.get("scale"), attrs.get("softcap", 0.0))
    return [merge_heads(y) if merged else y, k, v, stages[attrs.get("qk_matmul_output_mode", 0)]]


def standard_cases():
    for dtype in ROWS:
        random, tag = rng(f"Attention/{dtype}"), name_of(dtype)
        base = {"klass": "C", "own": standard}
        draw = lambda *shape: values(random, shape, dtype, -1, 1)
        q, k, v = draw(2, 4, 5, 8), draw(2, 4, 7, 8), draw(2, 4, 7, 6)
        past = [draw(2, 4, 3, 8), draw(2, 4, 3, 6)]
        yield Case("Attention", f"{tag}_heads", [[q, k, v]], {}, note="by heads", **base)
        yield Case("Attention", f"{tag}_merged", [[draw(2, 5, 24), draw(2, 7, 12), draw(2, 7, 6)]], {"q_num_heads": 6, "kv_num_heads": 3}, note="fewer heads of keys", **base)
        yield Case("Attention", f"{tag}_past", [[q, k, v, None, *past]], {"is_causal": 1}, outputs=3, note="past, and what it becomes", **base)
        yield Case("Attention", f"{tag}_mask", [[q, k, v, draw(2, 1, 5, 7)]], {"scale": 0.25}, note="a mask that is added", **base)
        yield Case("Attention", f"{tag}_truths", [[q, k, v, values(random, (4, 5, 7), BOOL)]], {}, note="a mask of truths for each head", **base)
        yield Case("Attention", f"{tag}_cap", [[q, k, v]], {"softcap": 0.5}, note="capped scores", **base)
        yield Case("Attention", f"{tag}_window", [[draw(1, 2, 9, 4), draw(1, 2, 9, 4), draw(1, 2, 9, 4)]], {"is_causal": 1, "left_window_size": 2}, note="a window", **base)
        yield Case("Attention", f"{tag}_one_query", [[draw(1, 2, 1, 16), draw(1, 2, 1, 16), draw(1, 2, 1, 16), None, draw(1, 2, 40, 16), draw(1, 2, 40, 16)]], {}, outputs=3,
                   note="a decoder's step", **base)


def more_standard_cases():
    random = rng("Attention/more")
    base = {"klass": "C", "own": standard}
    draw = lambda *shape: values(random, shape, F32, -1, 1)
    q, k, v = draw(2, 2, 5, 8), draw(2, 2, 7, 8), draw(2, 2, 7, 8)
    for mode in range(4):
        yield Case("Attention", f"float32_scores_{mode}", [[q, k, v, values(random, (5, 7), BOOL)]], {"qk_matmul_output_mode": mode, "softcap": 2.0}, outputs=4, note="scores as an output", **base)
    yield Case("Attention", "float32_short_mask", [[q, k, v, draw(5, 4)]], {}, note="keys beyond the mask are hidden", **base)
    yield Case("Attention", "float32_lengths", [[q, k, v, None, None, None, np.array([7, 4], np.int64)]], {"is_causal": 1}, note="lengths of an outer cache", **base)
    yield Case("Attention", "float32_nobody", [[q, k, v, np.zeros((5, 7), BOOL)]], {}, note="rows that see no key", **base)
    many = [draw(1, 2, 70, 16), draw(1, 2, 600, 16), draw(1, 2, 600, 16)]
    yield Case("Attention", "float32_blocks", [[*many, draw(1, 1, 70, 600)]], {}, note="more keys than a block", **base)
    yield Case("Attention", "float32_growing", [[many[0][:, :, i:i + 1], many[1][:, :, i:i + 1], many[2][:, :, i:i + 1], None, many[1][:, :, :i], many[2][:, :, :i]] for i in (1, 2, 17, 33)],
               {"is_causal": 1}, outputs=3, note="one session, a growing past", **base)


# ---- com.microsoft ----
def padding(mask, batch, rows, keys, filtered):
    """Any form of com.microsoft's int32 masks as a bias."""
    if mask is None:
        return np.zeros((batch, 1, rows, keys))
    if mask.ndim == 1:
        begin = mask[batch:] if mask.size == 2 * batch else np.zeros(batch, np.int32)
        at = np.arange(keys)[None, :]
        truths = ((at >= begin[:, None]) & (at < mask[:batch, None]))[:, None, :]
    else:
        truths = mask[:, None, :] != 0 if mask.ndim == 2 else mask != 0
    return np.broadcast_to(np.where(truths, 0.0, filtered)[:, None], (batch, 1, rows, keys))


def contrib_bias(mask, added, attrs, batch, rows, keys, past):
    bias = padding(mask, batch, rows, keys, attrs.get("mask_filter_value", -10000.0))
    bias = bias + (added if added is not None else 0)
    return bias + causal(rows, keys, past) if attrs.get("unidirectional") else bias


def projected(inputs, attrs):
    x, weights, bias, mask, past, added = (list(inputs) + [None] * 6)[:6]
    heads, batch, rows = attrs["num_heads"], x.shape[0], x.shape[1]
    sizes = attrs.get("qkv_hidden_sizes", [weights.shape[1] // 3] * 3)
    whole = x @ weights + (bias if bias is not None else 0)
    q, k, v = (split_heads(part, heads) for part in np.split(whole, np.cumsum(sizes)[:2], axis=2))
    if past is not None:
        k, v = np.concatenate([past[0], k], axis=2), np.concatenate([past[1], v], axis=2)
    before = past.shape[3] if past is not None else 0
    y, _ = attend(q, k, v, contrib_bias(mask, added, attrs, batch, rows, k.shape[2], before), attrs.get("scale"))
    return [merge_heads(y)] + ([np.stack([k, v])] if k.shape == v.shape else [])


def projected_cases():
    for dtype in ROWS:
        random, tag = rng(f"microsoft/Attention/{dtype}"), name_of(dtype)
        draw = lambda *shape: values(random, shape, dtype, -0.5, 0.5)
        x, weights, bias = draw(2, 5, 12), draw(12, 24), draw(24)
        base = {"klass": "C", "own": projected, "domain": MICROSOFT, "inits": (1, 2)}
        yield Case("Attention", f"{tag}_plain", [[x, weights, bias]], {"num_heads": 2}, note="no mask", **base)
        yield Case("Attention", f"{tag}_past", [[x, weights, bias, np.array([[1] * 8, [1] * 6 + [0] * 2], np.int32), draw(2, 2, 2, 3, 4)]],
                   {"num_heads": 2, "unidirectional": 1}, outputs=2, note="a decoder with a padded batch", **base)
    random = rng("microsoft/Attention/more")
    draw = lambda *shape: values(random, shape, F32, -0.5, 0.5)
    x, weights, bias = draw(2, 5, 12), draw(12, 24), draw(24)
    base = {"klass": "C", "own": projected, "domain": MICROSOFT, "inits": (1, 2)}
    masks = {"lengths": np.array([5, 3], np.int32), "ends_and_begins": np.array([5, 4, 1, 0], np.int32),
             "keys": values(random, (2, 5), np.int32, 0, 1) | np.eye(2, 5, dtype=np.int32),
             "pairs": values(random, (2, 5, 5), np.int32, 0, 1) | np.eye(5, dtype=np.int32)}
    for form, mask in masks.items():
        yield Case("Attention", f"float32_mask_of_{form}", [[x, weights, bias, mask]], {"num_heads": 2}, note="a form of the mask", **base)
    yield Case("Attention", "float32_no_bias", [[x, weights]], {"num_heads": 4, "scale": 0.7}, note="no bias, a scale", **base)
    yield Case("Attention", "float32_bias_of_scores", [[x, weights, bias, None, None, draw(1, 2, 5, 5)]], {"num_heads": 2}, note="a bias of scores", **base)
    yield Case("Attention", "float32_wider_values", [[x, draw(12, 32), draw(32)]], {"num_heads": 2, "qkv_hidden_sizes": [8, 8, 16]}, note="values of another size", **base)
    yield Case("Attention", "float32_growing", [[draw(1, n, 12), weights, bias, None, draw(2, 1, 2, p, 4)] for n, p in ((5, 0), (1, 5), (1, 6), (3, 20))],
               {"num_heads": 2, "unidirectional": 1}, outputs=2, note="one session, a growing past", **base)


def of_many_heads(inputs, attrs):
    q, k, v, bias, mask, added, past_k, past_v = (list(inputs) + [None] * 8)[:8]
    heads = attrs["num_heads"]
    if q.ndim == 5:
        q, k, v = (np.swapaxes(q[:, :, :, i], 1, 2) for i in range(3))
    elif k.ndim == 5:
        q, k, v = split_heads(q, heads), np.swapaxes(k[:, :, :, 0], 1, 2), np.swapaxes(k[:, :, :, 1], 1, 2)
    else:
        hidden = q.shape[2]
        if bias is not None:
            q, k, v = q + bias[:hidden], k + bias[hidden:2 * hidden], v + bias[2 * hidden:]
        q, k, v = (split_heads(x, heads) for x in (q, k, v))
    before = 0
    if past_k is not None:
        before = past_k.shape[2]
        k, v = np.concatenate([past_k, k], axis=2), np.concatenate([past_v, v], axis=2)
    y, _ = attend(q, k, v, contrib_bias(mask, added, attrs, q.shape[0], q.shape[2], k.shape[2], before), attrs.get("scale"))
    return [merge_heads(y), k, v]


def many_heads_cases():
    for dtype in ROWS:
        random, tag = rng(f"MultiHeadAttention/{dtype}"), name_of(dtype)
        draw = lambda *shape: values(random, shape, dtype, -1, 1)
        q, k, v = draw(2, 5, 12), draw(2, 7, 12), draw(2, 7, 6)
        base = {"klass": "C", "own": of_many_heads, "domain": MICROSOFT}
        yield Case("MultiHeadAttention", f"{tag}_plain", [[q, k, v]], {"num_heads": 3}, note="three matrices", **base)
        yield Case("MultiHeadAttention", f"{tag}_padded", [[q, k, v, None, np.array([[1] * 7, [1] * 4 + [0] * 3], np.int32)]], {"num_heads": 3}, note="padding", **base)
        yield Case("MultiHeadAttention", f"{tag}_biased", [[q, k, v, draw(30), None, draw(1, 3, 5, 7)]], {"num_heads": 3, "scale": 0.3}, note="biases", **base)
        yield Case("MultiHeadAttention", f"{tag}_past", [[q, draw(2, 5, 12), draw(2, 5, 6), None, None, None, draw(2, 3, 4, 4), draw(2, 3, 4, 2)]], {"num_heads": 3, "unidirectional": 1},
                   outputs=3, note="past, and what it becomes", **base)
    random = rng("MultiHeadAttention/more")
    draw = lambda *shape: values(random, shape, F32, -1, 1)
    base = {"klass": "C", "own": of_many_heads, "domain": MICROSOFT}
    yield Case("MultiHeadAttention", "float32_packed", [[draw(2, 5, 3, 3, 4)]], {"num_heads": 3}, note="queries, keys and values in one", **base)
    yield Case("MultiHeadAttention", "float32_packed_keys", [[draw(2, 5, 12), draw(2, 7, 3, 2, 4)]], {"num_heads": 3}, note="keys and values in one", **base)
    yield Case("MultiHeadAttention", "float32_crossed", [[draw(2, 5, 12), draw(2, 3, 7, 4), draw(2, 3, 7, 4)]], {"num_heads": 3}, note="keys and values by heads", **base)
    yield Case("MultiHeadAttention", "float32_lengths", [[draw(2, 5, 12), draw(2, 7, 12), draw(2, 7, 12), None, np.array([7, 2], np.int32)]], {"num_heads": 3}, note="key counts", **base)


# ---- rotary embedding ----
def rotate(x, cosines, sines, rotary, interleaved):
    """x: [batch, sequence, heads, head]; the tables: [batch, sequence, pairs]."""
    turned, rest = x[..., :rotary], x[..., rotary:]
    a, b = (turned[..., 0::2], turned[..., 1::2]) if interleaved else np.split(turned, 2, axis=-1)
    c, s = cosines[:, :, None], sines[:, :, None]
    real, imaginary = a * c - b * s, a * s + b * c
    both = np.stack([real, imaginary], axis=-1).reshape(turned.shape) if interleaved else np.concatenate([real, imaginary], axis=-1)
    return np.concatenate([both, rest], axis=-1)


def rotary_reference(x, cosines, sines, positions, attrs):
    by_heads = np.swapaxes(x, 1, 2) if x.ndim == 4 else x.reshape(*x.shape[:2], -1, x.shape[2] // attrs["num_heads"] if attrs.get("num_heads") else 2 * cosines.shape[-1])
    if positions is not None:
        if positions.size == 1:
            positions = positions.reshape(-1)[0] + np.arange(by_heads.shape[1])[None, :].repeat(by_heads.shape[0], axis=0)
        cosines, sines = cosines[positions], sines[positions]
    y = rotate(by_heads, cosines, sines, attrs.get("rotary_embedding_dim") or by_heads.shape[3], attrs.get("interleaved", 0))
    return [np.swapaxes(y, 1, 2) if x.ndim == 4 else y.reshape(x.shape)]


def rotary_cases():
    standard_form = lambda inputs, attrs: rotary_reference(inputs[0], inputs[1], inputs[2], inputs[3] if len(inputs) > 3 else None, attrs)
    contrib_form = lambda inputs, attrs: rotary_reference(inputs[0], inputs[2], inputs[3], inputs[1], attrs)
    for dtype in ROWS:
        random, tag = rng(f"RotaryEmbedding/{dtype}"), name_of(dtype)
        draw = lambda *shape: values(random, shape, dtype, -1, 1)
        positions = values(random, (2, 5), np.int64, 0, 9)
        table = [draw(10, 4), draw(10, 4)]
        for between in (0, 1):
            base = {"klass": "C", "note": "interleaved" if between else "halves"}
            yield Case("RotaryEmbedding", f"{tag}_heads_{between}", [[draw(2, 3, 5, 8), *table, positions]], {"interleaved": between}, own=standard_form, **base)
            yield Case("RotaryEmbedding", f"{tag}_merged_{between}", [[draw(2, 5, 24), *table, positions]], {"interleaved": between, "num_heads": 3}, own=standard_form, **base)
            yield Case("RotaryEmbedding", f"{tag}_{between}", [[draw(2, 5, 24), positions, *table]], {"interleaved": between}, own=contrib_form, domain=MICROSOFT, **base)
        yield Case("RotaryEmbedding", f"{tag}_by_batch", [[draw(2, 3, 5, 8), draw(2, 5, 4), draw(2, 5, 4)]], {}, own=standard_form, klass="C", note="an angle for each position")
        yield Case("RotaryEmbedding", f"{tag}_part", [[draw(2, 3, 5, 12), *table, positions]], {"rotary_embedding_dim": 8}, own=standard_form, klass="C", note="the rest stays")
        yield Case("RotaryEmbedding", f"{tag}_from_one", [[draw(2, 3, 5, 8), np.array([3], np.int64), *table]], {}, own=contrib_form, domain=MICROSOFT, klass="C", note="a first position")


# ---- normalizations of sums ----
def skip_norm(is_centred):
    def apply(inputs, attrs):
        x, skip, gamma, *rest = list(inputs) + [None] * 2
        beta, bias = rest[:2] if is_centred else (None, rest[0])
        total = x + skip + (bias if bias is not None else 0)
        mean = np.mean(total, axis=-1, keepdims=True) if is_centred else np.zeros((*total.shape[:-1], 1))
        inverse = 1 / np.sqrt(np.mean((total - mean) ** 2, axis=-1, keepdims=True) + float(np.float32(attrs.get("epsilon", 1e-12))))
        return [(total - mean) * inverse * gamma + (beta if beta is not None else 0), mean, inverse, total]
    return apply


def skip_cases():
    for op, is_centred in (("SkipLayerNormalization", True), ("SkipSimplifiedLayerNormalization", False)):
        for dtype in ROWS:
            random, tag = rng(f"{op}/{dtype}"), name_of(dtype)
            draw = lambda *shape: values(random, shape, dtype, -1, 1)
            own, vectors = skip_norm(is_centred), [draw(17) for _ in range(3 if is_centred else 2)]
            base = {"klass": "C", "own": own, "domain": MICROSOFT}
            yield Case(op, f"{tag}_plain", [[draw(2, 3, 17), draw(2, 3, 17), vectors[0]]], {"epsilon": 1e-5}, inits=(2,), note="no bias", **base)
            yield Case(op, f"{tag}_sums", [[draw(2, 3, 17), draw(2, 3, 17), *vectors]], {"epsilon": 1e-5}, outputs=4, out_types=(dtype, F32, F32, dtype), note="all outputs", **base)
        random = rng(f"{op}/more")
        draw = lambda *shape: values(random, shape, F32, -1, 1)
        base = {"klass": "C", "own": skip_norm(is_centred), "domain": MICROSOFT}
        yield Case(op, "float32_repeats", [[draw(2, 3, 17), draw(1, 3, 17), draw(17)]], {"epsilon": 1e-5}, note="a skip for each batch", **base)
        yield Case(op, "float32_symbols", [[draw(n, 3, 33), draw(n, 3, 33), draw(33)] for n in (1, 2, 5)], {"epsilon": 1e-5}, note="one session, three sizes", **base)


def embed(inputs, attrs):
    ids, segments, words, places, segment_rows, gamma, beta, mask, position_ids = (list(inputs) + [None] * 9)[:9]
    positions = position_ids if position_ids is not None else np.arange(ids.shape[1])[None, :]
    total = words[ids] + places[positions] + (segment_rows[segments] if segments is not None else 0)
    mean = np.mean(total, axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(np.mean((total - mean) ** 2, axis=-1, keepdims=True) + float(np.float32(attrs.get("epsilon", 1e-12))))
    counts = np.sum(mask == 1, axis=1) if mask is not None else np.zeros(ids.shape[0])
    return [(total - mean) * inverse * gamma + beta, counts.astype(np.int32), total]


def embed_cases():
    for dtype in ROWS:
        random, tag = rng(f"EmbedLayerNormalization/{dtype}"), name_of(dtype)
        draw = lambda *shape: values(random, shape, dtype, -1, 1)
        ids, segments = values(random, (2, 5), np.int32, 0, 19), values(random, (2, 5), np.int32, 0, 1)
        tables, vectors = [draw(20, 17), draw(8, 17)], [draw(17), draw(17)]
        base = {"klass": "C", "own": embed, "domain": MICROSOFT, "out_types": (dtype, np.int32, dtype)}
        yield Case("EmbedLayerNormalization", f"{tag}_words", [[ids, None, *tables, None, *vectors]], {"epsilon": 1e-5}, outputs=3, inits=(2, 3, 5, 6), note="no segments", **base)
        yield Case("EmbedLayerNormalization", f"{tag}_segments", [[ids, segments, *tables, draw(2, 17), *vectors, np.array([[1] * 5, [1] * 3 + [0] * 2], np.int32)]],
                   {"epsilon": 1e-5}, outputs=2, inits=(2, 3, 4, 5, 6), note="segments and a mask", **base)
        yield Case("EmbedLayerNormalization", f"{tag}_positions", [[ids, None, *tables, None, *vectors, None, values(random, (2, 5), np.int32, 0, 7)]],
                   {"epsilon": 1e-5}, outputs=2, inits=(2, 3, 5, 6), note="positions of its own", **base)


# ---- what ONNX says in its own words ----
def gelu(inputs, attrs, by_tanh=False):
    x = inputs[0] + (inputs[1] if len(inputs) > 1 else 0)
    inner = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)) if by_tanh else np.vectorize(__import__("math").erf)(x / np.sqrt(2))
    return [0.5 * x * (1 + inner)]


def plain_cases():
    random = rng("microsoft/plain")
    draw = lambda *shape: values(random, shape, F32)
    base = {"klass": "C", "domain": MICROSOFT}
    fast = lambda inputs, attrs: gelu(inputs, attrs, True)
    yield Case("FastGelu", "float32_bias", [[draw(3, 17), draw(17)]], own=fast, note="a bias", **base)
    yield Case("FastGelu", "float32_plain", [[draw(3, 17)]], own=fast, note="no bias", **base)
    yield Case("BiasGelu", "float32", [[draw(3, 17), draw(17)]], own=gelu, note="a bias", **base)
    yield Case("Gelu", "float32", [[draw(3, 17)]], own=gelu, note="by erf", **base)
    yield Case("QuickGelu", "float32", [[draw(3, 17)]], own=lambda inputs, attrs: [inputs[0] / (1 + np.exp(-1.702 * inputs[0]))], note="by the default factor", **base)


def cases():
    yield from standard_cases()
    yield from more_standard_cases()
    yield from projected_cases()
    yield from many_heads_cases()
    yield from rotary_cases()
    yield from skip_cases()
    yield from embed_cases()
    yield from plain_cases()
