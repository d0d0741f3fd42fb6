"""Activation functions: what each is, its derivative, range, Lipschitz constant and flags, and the user's own.

A kink has no derivative: the slope functions are undefined there, never 1/2.

May import: result, reader, exact, vectors, SymPy. The parts: `functions` and `slopes` (the SymPy classes), `constants` (exact numbers
without a name), `record`, `table` (what rnnsym knows), `own` (a formula of the user's),
`segments` (corners and exact bounds), `enclosing` (intervals).
"""

from rnnsym.activations.functions import relu, sigmoid
from rnnsym.activations.own import activation
from rnnsym.activations.record import Activation
from rnnsym.activations.slopes import absolute, step
from rnnsym.activations.table import TABLE

__all__ = ["TABLE", "Activation", "absolute", "activation", "relu", "sigmoid", "step"]
