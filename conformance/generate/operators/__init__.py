"""The tables, a module a family. Each has cases(): an iterator of Case."""
from operators import elementwise, forms, indexed, moves, networks, norms, others, recurrent, reductions, refused

FAMILIES = (elementwise, reductions, moves, indexed, networks, norms, others, recurrent, forms, refused)
