"""Which signatures (operator, type variable, type: of the newest schema) the cases touch, of those that First light's
provider takes. CLAIMED is written from the provider's tables and is itself checked: see README.md."""
import json

from case import MICROSOFT, ML, newest_schema
from operators.elementwise import CASTS, POW_BASES
from corners import BOOL, F32, FLOAT, MOVED, REAL, SIGNED, UNSIGNED
from operators.indexed import HALVES
from operators.moves import ONE_HOT
from operators.others import CUMULATED, ORDERED as RANKED
from operators.reductions import ORDERED, SUMMED


def names(types):
    return {t.name for t in types}


FIRST = {  # operator's first type variable: the element types of its kernels
    **dict.fromkeys("Abs Sign Add Sub Mul Div PRelu Less LessOrEqual Greater GreaterOrEqual".split(), names(REAL + HALVES)),
    **dict.fromkeys("Clip Max Min ArgMax ArgMin".split(), names(REAL)),
    **dict.fromkeys("Neg Relu".split(), names(SIGNED + FLOAT + HALVES)),
    **dict.fromkeys("""IsInf IsNaN LeakyRelu Floor Ceil Round Sqrt Reciprocal Exp Log Tanh Sigmoid Erf Softplus Softsign Elu Celu
                       Selu ThresholdedRelu HardSigmoid HardSwish Mish Swish Gelu Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh
                       Atanh""".split(), names(FLOAT + HALVES)),
    **dict.fromkeys("Sum Mean ReduceLogSum ReduceLogSumExp".split(), names(FLOAT)),
    "Equal": names(REAL + [BOOL] + HALVES),
    **dict.fromkeys("And Or Xor Not Where".split(), {"bool"}),
    **dict.fromkeys("Cast CastLike".split(), names(CASTS)),
    **dict.fromkeys("ReduceSum ReduceMean ReduceProd ReduceSumSquare ReduceL1 ReduceL2".split(), names(SUMMED)),
    **dict.fromkeys("ReduceMax ReduceMin".split(), names(ORDERED)),
    **dict.fromkeys("""Softmax LogSoftmax BatchNormalization LayerNormalization InstanceNormalization RMSNormalization MatMul Gemm""".split(), {"float32"}),
    **dict.fromkeys("Conv ConvTranspose AveragePool GlobalAveragePool GlobalMaxPool".split(), names(FLOAT)),
    "MaxPool": names(FLOAT) | {"int8", "uint8"},
    **dict.fromkeys("""Reshape Flatten Squeeze Unsqueeze Identity Transpose Expand Tile Slice Concat Split DepthToSpace SpaceToDepth
                       Pad Gather GatherElements Shape Size Resize""".split(), names(MOVED)),
    **dict.fromkeys("ScatterND ScatterElements".split(), names(MOVED)),
    "Pow": names(POW_BASES),
    **dict.fromkeys("BitwiseAnd BitwiseOr BitwiseXor BitwiseNot".split(), names(SIGNED + UNSIGNED)), "BitShift": names(UNSIGNED), "Mod": names(REAL),
    **dict.fromkeys("CumSum CumProd".split(), names(CUMULATED)), **dict.fromkeys("Hardmax LpNormalization Det".split(), names(FLOAT)),
    **dict.fromkeys("ReverseSequence GatherND Trilu".split(), names(MOVED)), "TopK": names(RANKED), "EyeLike": names([t for t in MOVED if t.kind != "c"]),
    "Dropout": names(FLOAT + HALVES), **dict.fromkeys("GridSample LpPool GlobalLpPool MaxUnpool".split(), names(FLOAT)),
    **dict.fromkeys("RoiAlign LRN GroupNormalization".split(), {"float32"}),
    "Einsum": names(FLOAT) | {"int32", "int64"}, **dict.fromkeys("HannWindow HammingWindow BlackmanWindow".split(), {"int32", "int64"}),
    "TensorScatter": names(MOVED), **dict.fromkeys("DFT STFT NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss".split(), names(FLOAT)),
    "NonZero": names(REAL + [BOOL] + HALVES), "Compress": names(MOVED), "Unique": names(REAL), "NonMaxSuppression": {"float32"},
    **dict.fromkeys("RNN GRU LSTM".split(), {"float32"}),
    "OneHot": names(ONE_HOT),
    "ConstantOfShape": {"int64"},
    **dict.fromkeys("StringConcat StringSplit StringNormalizer RegexFullMatch".split(), {"string"}),
    "TfIdfVectorizer": {"string", "int32", "int64"},
    "Range": {"float32", "float64", "int16", "int32", "int64"},
}
SHORT = {"float32", "float16", "bfloat16"}
FIRST |= dict.fromkeys(("Attention", "RotaryEmbedding"), SHORT)
OTHERS = {  # further type variables that a kernel's conditions narrow; those not here: all types of the schema
    ("Where", "T"): names(MOVED), ("Pow", "T1"): names(REAL),
    ("EyeLike", "T2"): names([t for t in MOVED if t.kind != "c"]), ("Dropout", "T1"): {"float32"}, ("DFT", "T2"): {"int64"}, ("STFT", "T2"): {"int64"},
    **{(op, "T2"): {"float32", "float64"} for op in ("HannWindow", "HammingWindow", "BlackmanWindow")}, ("GridSample", "T2"): names(FLOAT), ("Cast", "T2"): names(CASTS), ("CastLike", "T2"): names(CASTS),
    ("BatchNormalization", "T1"): {"float32"}, ("BatchNormalization", "T2"): {"float32"},
    ("LayerNormalization", "U"): {"float32"}, ("RMSNormalization", "V"): {"float32"},
    ("Attention", "T2"): SHORT, ("Attention", "U"): SHORT | {"bool"},
    ("OneHot", "T3"): names(MOVED), ("OneHot", "T2"): names(REAL), ("ConstantOfShape", "T2"): names(MOVED),
}
ROWS = {"float32", "float64", "int32", "int64"}
FIRST_ML = {  # the same for ai.onnx.ml
    **dict.fromkeys("""FeatureVectorizer Binarizer Imputer Normalizer Scaler LinearClassifier LinearRegressor SVMClassifier
                       SVMRegressor TreeEnsembleClassifier TreeEnsembleRegressor""".split(), ROWS),
    **dict.fromkeys("ArrayFeatureExtractor OneHotEncoder".split(), ROWS | {"string"}),
    "LabelEncoder": ROWS | {"int16", "string"},
    "CategoryMapper": {"int64", "string"},
    "TreeEnsemble": {"float32", "float64"},
}
DOMAINS = {"": FIRST, ML: FIRST_ML}
MICROSOFTS = {  # com.microsoft has no schemas: the whole list, by case.py's variables
    **dict.fromkeys("Attention MultiHeadAttention EmbedLayerNormalization".split(), {"T": SHORT, "M": {"int32"}}),
    **dict.fromkeys("SkipLayerNormalization SkipSimplifiedLayerNormalization".split(), {"T": SHORT}),
    "RotaryEmbedding": {"T": SHORT, "M": {"int64"}},
}
ONNX_NAMES = {"float": "float32", "double": "float64"}


def qualified(op, domain):
    """As the suite's report names it: Attention is an operator of two domains."""
    return f"{domain}.{op}" if domain else op


def claimed():
    """{(operator, variable, type)}: the denominator."""
    out = set()
    for op, first, domain in ((o, f, d) for d, rows in DOMAINS.items() for o, f in rows.items()):
        schema = newest_schema(op, domain)
        for i, constraint in enumerate(schema.type_constraints):
            allowed = {t[7:-1] for t in constraint.allowed_type_strs if t.startswith("tensor(")}
            allowed = {ONNX_NAMES.get(t, t) for t in allowed}
            taken = first if i == 0 and (op, constraint.type_param_str) not in OTHERS else \
                OTHERS.get((op, constraint.type_param_str), allowed)
            out |= {(qualified(op, domain), constraint.type_param_str, t) for t in allowed & taken}
    return out | {(qualified(op, MICROSOFT), variable, t) for op, rows in MICROSOFTS.items() for variable, types in rows.items() for t in types}


def of(case):
    """The signatures that a case touches; older forms of an operator count for nothing here."""
    if case.level != 3 or case.expect:
        return set()
    domain, op = case.facts["domain"], case.facts["op"]
    if domain != case.domain or domain != MICROSOFT and case.since != newest_schema(op, domain).since_version:
        return set()  # said in ONNX's own words, or an older form
    return {(qualified(op, domain), *text.split("=")) for text in case.facts["types"]}


# Their results follow from shapes: a core computes them itself, and a provider is never asked.
NEVER_ASKED = ("Shape", "Size")


def compare(path):
    """CLAIMED against a run of the suite (its --json): what ran on the provider and passed, by signature."""
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    ran = set()
    for case in cases:
        if case["level"] == 3 and case["verdict"] == "passed" and "_opset" not in case["id"]:  # older forms: other variables
            for text in (case["ran"] or "").split():
                op, rest = text.split(":")
                ran |= {(op, *rest.split("="))} if "=" in rest else set()  # an operator may have no type variable
    wanted = {row for row in claimed() if row[0] not in NEVER_ASKED}
    for what, rows in (("claimed here, ran nowhere", wanted - ran), ("ran, claimed nowhere", ran - claimed())):
        for op, variable, dtype in sorted(rows):
            print(f"{what}: {op} {variable}={dtype}")
    return 1 if wanted - ran or ran - claimed() else 0


def report(touched):
    wanted = claimed()
    missed = sorted(wanted - touched)
    share = len(wanted & touched) / len(wanted)
    print(f"signatures touched: {len(wanted & touched)} of {len(wanted)} ({share:.1%}); {len(touched - wanted)} beyond the claims")
    for op, variable, dtype in missed:
        print(f"  not touched: {op} {variable}={dtype}")
    return 0 if share >= 0.95 else 1
