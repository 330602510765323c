"""Corners of shapes and values. Randomness is a function of the seed and the case's name alone."""
import hashlib

import ml_dtypes
import numpy as np

F16, BF16 = np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)
F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
SIGNED = [np.dtype(t) for t in (np.int8, np.int16, np.int32, np.int64)]
UNSIGNED = [np.dtype(t) for t in (np.uint8, np.uint16, np.uint32, np.uint64)]
FLOAT = [F32, F64]
REAL = SIGNED + UNSIGNED + FLOAT
BOOL = np.dtype(np.bool_)
MOVED = REAL + [BOOL, F16, BF16, np.dtype(np.complex64), np.dtype(np.complex128)]

# Around the widths of vectors, 4 to 16 elements, and their tails; one session, every length.
LENGTHS = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65)
SHAPES = ((), (1,), (0,), (13,), (3, 5), (2, 0, 3), (1, 1), (2, 3, 4), (2, 3, 1, 5), (2, 1, 2, 3, 2), (2, 1, 2, 1, 3, 2))
BROADCASTS = (((3, 1), (1, 4)), ((5,), (2, 3, 5)), ((), (2, 3)), ((2, 3), ()), ((1,), (1,)), ((2, 1, 4), (3, 1)),
              ((0, 3), (1,)), ((1,), (2, 0)), ((2, 17, 1), (2, 1, 9)), ((3, 4, 5), (5,)), ((3, 4, 5), (3, 4, 1)),
              ((1, 1, 2, 1, 1, 7), (2, 1, 1, 3, 1, 7)), ((7, 1), (33,)))

_seed = 1


def set_seed(seed):
    global _seed
    _seed = seed


def rng(name):
    digest = hashlib.sha256(f"{_seed}/{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def values(random, shape, dtype, low=None, high=None):
    """Ordinary values: floats around zero (or in [low, high]), small integers, a mix of truths."""
    dtype = np.dtype(dtype)
    if dtype == BOOL:
        return random.integers(0, 2, shape).astype(BOOL)
    if dtype.kind == "c":
        return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(dtype)
    if dtype.kind in "iu":
        low = (0 if dtype.kind == "u" else -100) if low is None else low
        return np.asarray(random.integers(int(low), int(100 if high is None else high) + 1, shape)).astype(dtype)
    if low is None:
        return np.asarray(random.standard_normal(shape) * 2).astype(dtype)
    return np.asarray(random.uniform(low, high, shape)).astype(dtype)


def special(dtype):
    """The values at which a type's arithmetic changes."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.array(sorted({info.min, info.min + 1, info.max, info.max - 1, info.max // 2, 0, 1, 2, 3, 7} |
                               ({-1, -2, -7} if info.min < 0 else set())), dtype=dtype)
    info = ml_dtypes.finfo(dtype)
    tiny, least, most = (float(v) for v in (info.smallest_normal, info.smallest_subnormal, info.max))
    magnitudes = [0.0, least, 3 * least, tiny / 2, tiny, tiny * (1 + float(info.eps)), 0.25, 0.5, 1.0, 1.5, 2.5, 3.5,
                  1 + float(info.eps), 10.0, most / 2, most, np.inf]
    return np.array([s * m for m in magnitudes for s in (1, -1)] + [np.nan], dtype=dtype)


def finite(array):
    return array[np.isfinite(array)]
