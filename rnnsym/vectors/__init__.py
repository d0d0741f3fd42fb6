"""Column vectors of symbolic size, and the derivative of one with respect to another.

One normal form: a column is `Entrywise(body, size, a1, ..., ak)`, a scalar expression `body` in slots _1 ... _k applied
to each row of the columns a1 ... ak, and these are symbols or a matrix times a column. So tanh(W h + U x + b),
z * h + (1 - z) * g and 3 h are all one kind of node, the scalar algebra is SymPy's own, and the rules of the derivative
are: chain rule through the slots, matrix times column, and stacked blocks. SymPy's `.diff` on such expressions returns
the transpose or raises; its HadamardProduct, HadamardPower and ElementwiseApplyFunction are read and written as this form.

Jacobians are in numerator layout, J[i, j] = d f_i / d h_j, and vec(W) stacks the columns of W.

May import: result, SymPy. A new kind of matrix factor needs a branch in `calculus`, a line in `defined.numbers` (its
value) and one in `code` (its array code).
"""

from rnnsym.vectors.calculus import Equations, chain, cotangents, differential, slopes
from rnnsym.vectors.columns import (
    Diagonal,
    Entrywise,
    Slot,
    Written,
    column,
    diagonal,
    entrywise,
    factors_of,
    linear,
    slot,
    stack,
    total,
    transposed,
    written_column,
)
from rnnsym.vectors.entries import explicit, substitute

__all__ = [
    "Diagonal", "Entrywise", "Equations", "Slot", "Written", "chain", "column", "cotangents", "diagonal", "differential",
    "entrywise", "explicit", "factors_of", "linear", "slopes", "slot", "stack", "substitute", "total", "transposed",
    "written_column",
]  # fmt: skip
