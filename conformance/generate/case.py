"""What a case is: one small model, its data sets, and how its answer is judged."""
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import defs

NEWEST = defs.onnx_opset_version()
ML, MICROSOFT = "ai.onnx.ml", "com.microsoft"  # of the last onnx has no schemas: it has one version
NEWEST_OF = {"": NEWEST, ML: 5, MICROSOFT: 1}
MICROSOFT_TYPES = {"f": "T", "V": "T", "i": "M", "b": "B"}  # its type variables, by numpy's kinds; bfloat16 is of kind V


def newest_schema(op, domain=""):
    """Of the last version that is no notice of withdrawal."""
    schema = defs.get_schema(op, NEWEST_OF[domain], domain)
    return defs.get_schema(op, schema.since_version - 1, domain) if schema.deprecated else schema


@dataclass
class Case:
    """One operator's case. `sets` holds a list of inputs for each data set; an input is an array, or None when it is
    left out. Dimensions that differ between sets are symbols of the model; inputs in `inits` are initializers."""
    op: str
    corner: str                      # becomes part of the folder's name
    sets: list
    attrs: dict = field(default_factory=dict)
    inits: tuple = ()
    outputs: int = 1
    out_types: tuple = ()            # numpy types, where they are not those of the reference
    opset: int = 0                   # 0: the newest version of the operator
    klass: str = "E"
    ulp: float = 0
    products: int = 1
    zero_mean: bool = False
    own: object = None               # function(inputs, attrs) -> outputs in place of onnx's evaluator
    bound: object = None             # function(inputs, attrs) -> outputs; None for D and R: the reference of |x|
    rtol: float = 0
    atol: float = 0
    note: str = ""
    expect: str = ""                 # an error's code: the model must be refused
    graph: object = None             # level 4: an onnx GraphProto's parts (see graphs.py)
    level: int = 3
    domain: str = ""
    bits: bool = False               # E: also the sign of zero and the payload of NaN, for what only moves

    @property
    def schema(self):
        return defs.get_schema(self.op, self.opset, self.domain) if self.opset else newest_schema(self.op, self.domain)

    @property
    def since(self):
        if self.domain == MICROSOFT:
            return NEWEST_OF[MICROSOFT]
        return self.schema.since_version

    @property
    def name(self):
        prefix = "microsoft_" if self.domain == MICROSOFT else ""
        return f"{prefix}{self.op.lower()}_{self.corner}"


def dtype_name(dtype):
    return "string" if np.dtype(dtype).kind == "O" else str(np.dtype(dtype))


def signature(case):
    """The type variables of the operator's schema and the types that this case gives them: {"T=float32"}."""
    if not case.sets:
        return []
    if case.domain == MICROSOFT:
        return sorted({f"{MICROSOFT_TYPES[a.dtype.kind]}={dtype_name(a.dtype)}" for a in case.sets[0] if a is not None})
    schema = case.schema
    variables = {c.type_param_str for c in schema.type_constraints}
    found = set()

    def note(formals, arrays):
        for i, array in enumerate(arrays):
            formal = formals[min(i, len(formals) - 1)]
            if array is not None and formal.type_str in variables:
                found.add(f"{formal.type_str}={dtype_name(array.dtype)}")

    note(schema.inputs, case.sets[0])
    note(schema.outputs, (getattr(case, "expected", None) or [[]])[0])
    return sorted(found)


def tensor_type(dtype):
    return onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
