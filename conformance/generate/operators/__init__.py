"""The tables, a module a family. Each has cases(): an iterator of Case."""
from operators import attention, elementwise, features, forms, indexed, moves, networks, norms, others, recurrent, reductions, refused, text

FAMILIES = (elementwise, reductions, moves, indexed, networks, norms, attention, others, recurrent, features, text, forms, refused)
