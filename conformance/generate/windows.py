"""Windows over images: convolution, its transpose and pooling in double, as the texts of Conv-22, ConvTranspose-22, MaxPool-22 and
AveragePool-22 have them."""
import itertools

import numpy as np


def geometry(sizes, kernel, attrs, is_ceil=False):
    """For each spatial axis (stride, dilation, pad before, pad after, output size)."""
    count = len(kernel)
    strides, dilations = attrs.get("strides", [1] * count), attrs.get("dilations", [1] * count)
    pads, auto = attrs.get("pads", [0] * 2 * count), attrs.get("auto_pad", "NOTSET")
    rows = []
    for i in range(count):
        span = (kernel[i] - 1) * dilations[i] + 1
        before, after = (pads[i], pads[i + count]) if auto == "NOTSET" else (0, 0)
        if auto.startswith("SAME"):
            size = -(-sizes[i] // strides[i])
            total = max((size - 1) * strides[i] + span - sizes[i], 0)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            after = total - before
        room = sizes[i] + before + after - span
        size = (-(-room // strides[i]) if is_ceil else room // strides[i]) + 1
        if is_ceil and (size - 1) * strides[i] >= sizes[i] + before:  # a window that begins behind the image is none
            size -= 1
        rows.append((strides[i], dilations[i], before, after, max(size, 0)))
    return rows


def taps(kernel):
    return itertools.product(*(range(k) for k in kernel))


def window(padded, tap, rows):
    """What one tap of the kernel sees, for every output pixel."""
    cut = tuple(slice(t * d, t * d + s * (n - 1) + 1, s) for t, (s, d, _, _, n) in zip(tap, rows))
    return padded[(Ellipsis, *cut)]


def padded(x, rows, fill, more=0):
    return np.pad(x, [(0, 0), (0, 0)] + [(b, a + more) for _, _, b, a, _ in rows], constant_values=fill)


def conv(inputs, attrs):
    x, w, bias = (list(inputs) + [None])[:3]
    kernel, groups = w.shape[2:], attrs.get("group", 1)
    rows = geometry(x.shape[2:], kernel, attrs)
    image = padded(x, rows, 0)
    out = np.zeros((x.shape[0], w.shape[0], *(r[4] for r in rows)))
    ins, outs = w.shape[1], w.shape[0] // groups
    for tap in taps(kernel) if out.size else ():
        seen = window(image, tap, rows)
        for g in range(groups):
            weights = w[(slice(g * outs, (g + 1) * outs), slice(None), *tap)]
            out[:, g * outs:(g + 1) * outs] += np.einsum("oi,ni...->no...", weights, seen[:, g * ins:(g + 1) * ins])
    return [out if bias is None else out + bias.reshape(1, -1, *[1] * len(kernel))]


def transpose_rows(x, kernel, attrs):
    """For each spatial axis (stride, dilation, pad before, output size)."""
    count = len(kernel)
    strides, dilations = attrs.get("strides", [1] * count), attrs.get("dilations", [1] * count)
    pads, more = attrs.get("pads", [0] * 2 * count), attrs.get("output_padding", [0] * count)
    wanted, auto = attrs.get("output_shape"), attrs.get("auto_pad", "NOTSET")
    rows = []
    for i in range(count):
        full = strides[i] * (x.shape[2 + i] - 1) + more[i] + (kernel[i] - 1) * dilations[i] + 1
        if wanted or auto.startswith("SAME"):
            size = wanted[i] if wanted else x.shape[2 + i] * strides[i]
            total = max(full - size, 0)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
        else:
            before = pads[i] if auto == "NOTSET" else 0
            size = full - (pads[i] + pads[i + count] if auto == "NOTSET" else 0)
        rows.append((strides[i], dilations[i], before, size))
    return rows


def conv_transpose(inputs, attrs):
    x, w, bias = (list(inputs) + [None])[:3]
    kernel, groups = w.shape[2:], attrs.get("group", 1)
    rows = transpose_rows(x, kernel, attrs)
    ins, outs = x.shape[1] // groups, w.shape[1]
    room = [max(s * (n - 1) + (k - 1) * d + 1, b + size)
            for n, k, (s, d, b, size) in zip(x.shape[2:], kernel, rows)]
    whole = np.zeros((x.shape[0], outs * groups, *room))
    for tap in taps(kernel):
        cut = tuple(slice(t * d, t * d + s * (n - 1) + 1, s) for t, n, (s, d, _, _) in zip(tap, x.shape[2:], rows))
        for g in range(groups):
            part = np.einsum("io,ni...->no...", w[(slice(g * ins, (g + 1) * ins), slice(None), *tap)],
                             x[:, g * ins:(g + 1) * ins])
            whole[(slice(None), slice(g * outs, (g + 1) * outs), *cut)] += part
    out = whole[(Ellipsis, *(slice(b, b + size) for _, _, b, size in rows))]
    return [out if bias is None else out + bias.reshape(1, -1, *[1] * len(kernel))]


def max_pool(inputs, attrs):
    x, kernel = inputs[0], attrs["kernel_shape"]
    rows = geometry(x.shape[2:], kernel, attrs, bool(attrs.get("ceil_mode", 0)))
    image = padded(x, rows, -np.inf, more=max(kernel) * 8)
    return [np.maximum.reduce([window(image, tap, rows) for tap in taps(kernel)])]


def average_pool(inputs, attrs):
    """What lies in the padding counts with count_include_pad; what lies behind it, by ceil_mode, never does."""
    x, kernel = inputs[0], attrs["kernel_shape"]
    rows = geometry(x.shape[2:], kernel, attrs, bool(attrs.get("ceil_mode", 0)))
    more = max(kernel) * 8
    ones = np.ones((1, 1, *x.shape[2:]))
    if attrs.get("count_include_pad", 0):
        counted = np.pad(padded(ones, rows, 1), [(0, 0), (0, 0)] + [(0, more)] * len(kernel))
    else:
        counted = padded(ones, rows, 0, more)
    image = padded(x, rows, 0, more)
    total = sum(window(image, tap, rows) for tap in taps(kernel))
    return [total / sum(window(counted, tap, rows) for tap in taps(kernel))]
