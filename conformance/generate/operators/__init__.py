"""The tables, a module a family. Each has cases(): an iterator of Case."""
from operators import elementwise, forms, moves, networks, norms, reductions, refused

FAMILIES = (elementwise, reductions, moves, networks, norms, forms, refused)
