"""Array code from expressions: NumPy, jax, torch and mpmath source that reads as if written by hand, and runs it.

The rules that make it fast: a linear map of a batch of states is one matrix product, diag(d) W is `d[..., :, None] * W`,
a diagonal is added in place, subexpressions used twice are named once, and what the answer does not need is not computed.
The rules that make it right: 1 - tanh(a)**2 is computed from a (at a = 20 it is 1.7e-17, not 0), whole numbers become
float64, every batch axis broadcasts, an array that does not fit is named in the error, a case that is not chosen is not computed
(NumPy, mpmath), and digits that a closed form by cases loses where cases meet are computed again.

May import: result, reader, vectors. The parts: `helpers` and `text` (texts), `cancellation` (what would lose
digits), `scalars` and `writer` (expressions to text), `precision` (lost digits), `function` and `plans` (calling it).
"""

from rnnsym.code.function import ArrayFunction, array_function
from rnnsym.code.helpers import MODULES

__all__ = ["MODULES", "ArrayFunction", "array_function"]
