"""Quantities kept unevaluated and hypotheses: each with its sign, its numerical definition and, for a hypothesis, its sampler."""

from rnnsym.defined.numbers import Defined, Numbers, Undefined
from rnnsym.defined.predicates import (
    Approaches,
    Avoids,
    Diagonalizable,
    FixedPointOf,
    Invertible,
    Nilpotent,
    Orthogonal,
    PositiveDefinite,
    Predicate,
    Symmetric,
)
from rnnsym.defined.quantities import Gradient, Jacobian, OrderedProduct, Rank, Resolvent, SpectralNorm, SpectralRadius

__all__ = [
    "Approaches", "Avoids", "Defined", "Diagonalizable", "FixedPointOf", "Gradient", "Invertible", "Jacobian", "Nilpotent", "Numbers", "OrderedProduct",
    "Orthogonal", "PositiveDefinite", "Predicate", "Rank", "Resolvent", "SpectralNorm", "SpectralRadius", "Symmetric",
    "Undefined",
]  # fmt: skip
