"""Operators on strings. Their results are the evaluator's or are said here; strings are equal byte by byte."""
import numpy as np

from case import Case

STRING, I32, I64 = np.dtype(object), np.dtype(np.int32), np.dtype(np.int64)


def strings(*words):
    return np.array(words, STRING)


def said(*results):
    return lambda inputs, attrs: list(results)


def cases():
    yield Case("StringConcat", "same", [[strings("a", "", "ü"), strings("b", "c", "")]], own=said(strings("ab", "c", "ü")), note="same shape")
    yield Case("StringConcat", "row", [[strings("a", "b").reshape(2, 1), strings("x", "yy")]],
               own=said(np.array([["ax", "ayy"], ["bx", "byy"]], STRING)), note="broadcast")
    words = strings("a,b,,c", "", "no")
    yield Case("StringSplit", "delimiter", [[words]], {"delimiter": ","}, outputs=2, note="pieces between commas",
               own=said(np.array([["a", "b", "", "c"], ["", "", "", ""], ["no", "", "", ""]], STRING), np.array([4, 1, 1], I64)))
    yield Case("StringSplit", "space", [[strings("  two words ", "\tx\n", "")]], outputs=2, note="words between whitespace",
               own=said(np.array([["two", "words"], ["x", ""], ["", ""]], STRING), np.array([2, 1, 0], I64)))
    yield Case("StringSplit", "limit", [[strings("a-b-c")]], {"delimiter": "-", "maxsplit": 1}, outputs=2, note="at most one split",
               own=said(np.array([["a", "b-c"]], STRING), np.array([2], I64)))
    yield Case("StringNormalizer", "lower", [[strings("AbC", "ÄÖ", "")]], {"case_change_action": "LOWER"}, own=said(strings("abc", "äö", "")),
               note="letters beyond ASCII")
    yield Case("StringNormalizer", "stop", [[strings("Monday", "the", "THE", "end")]],
               {"case_change_action": "UPPER", "stopwords": ["The"]}, own=said(strings("MONDAY", "END")), note="stop words in any case")
    yield Case("StringNormalizer", "none_left", [[strings("a", "b").reshape(1, 2)]], {"is_case_sensitive": 1, "stopwords": ["a", "b"]},
               own=said(strings("").reshape(1, 1)), note="one empty string stays")
    yield Case("RegexFullMatch", "words", [[strings("ab1", "ab", "", "xab1")]], {"pattern": "[a-b]+[0-9]?"},
               own=said(np.array([True, True, False, False])), note="the whole element")
    pool = {"ngram_counts": [0, 4], "ngram_indexes": [0, 1, 2, 3, 4, 5, 6], "mode": "TF", "min_gram_length": 1, "max_gram_length": 2,
            "max_skip_count": 1}
    for dtype in (I32, I64):
        yield Case("TfIdfVectorizer", dtype.name, [[np.array([[2, 3, 5, 4], [5, 5, 7, 8]], dtype)]],
                   {**pool, "pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7]}, note="one and two, skipping one",
                   own=said(np.array([[1, 1, 1, 1, 0, 0, 0], [0, 0, 2, 0, 0, 1, 0]], np.float32)))
    yield Case("TfIdfVectorizer", "string", [[strings("a", "b", "a", "c")]],
               {**pool, "ngram_counts": [0], "ngram_indexes": [1, 0], "max_gram_length": 1, "max_skip_count": 0, "mode": "TFIDF",
                "weights": [2.0, 0.5], "pool_strings": ["a", "c"]}, note="weight i is that of n-gram i", own=said(np.array([0.5, 4.0], np.float32)))
