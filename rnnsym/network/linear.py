"""A network near a point: A, B, C, D in numbers, H(z), poles and time scales, and ranks that are certain.

May import: everything to the left of `network`, and `enclosures`, `running`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flint
import numpy as np
import sympy as sp

from rnnsym.code import array_function
from rnnsym.network.enclosures import UP, Spectrum, norm_bound, singular_values, spectrum
from rnnsym.network.running import at_states, stacked_state, step
from rnnsym.result import LimitReached, Result, ShapeError, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.vectors import differential
from rnnsym.weights import Network

SYSTEM = 32
"""States up to which a LinearSystem of exact numbers is made."""
PRIME = 2**61 - 1
EXACT = 10_000
"""Entries of a matrix up to which its rank is computed exactly."""


@dataclass(frozen=True)
class Linearization:
    """Small deviations d from a point: d_t = A d_(t-1) + B x_t, y_t = C d_t + D x_t (readout "current"), in float64.

    residual: the largest entry of |F(h*, x*) - h*|: 0 at a fixed point, up to rounding.
    """

    A: Any
    B: Any
    C: Any
    D: Any
    point: Any
    input: Any
    residual: float

    @property
    def system(self) -> LinearSystem:
        """The same as a LinearSystem, for every symbolic question. Raises: LimitReached above 32 states."""
        if len(self.A) > SYSTEM:
            raise LimitReached(
                f"{len(self.A)} states; a LinearSystem of exact numbers is made up to {SYSTEM}: use .transfer(z) and .poles"
            )
        return LinearSystem(self.A, self.B, self.C, self.D)

    def transfer(self, z: Any) -> Any:
        """H(z) = C (I - A z^-1)^-1 B + D at numbers z, (..., p, m) complex."""
        z = np.asarray(z, dtype=complex)
        inner = np.eye(len(self.A)) - self.A / z[..., None, None]
        return self.C @ np.linalg.solve(inner, np.broadcast_to(self.B, (*z.shape, *self.B.shape))) + self.D

    @property
    def poles(self) -> Spectrum:
        """The eigenvalues of A, largest first, with a proved radius."""
        return spectrum(self.A)


def linearization(network: Network, at: Any = None, *, x: Any = None) -> Linearization:
    """A = dF/dh, B = dF/dx, C = dy/dh_t, D = dy/dx at a state h* (stacked, by name, or a FixedPoint) and an input x*.

    C is the identity and D zero where the cell has no output map. The point need not be a fixed point; `residual` says.
    Raises: ShapeError if the point or the input do not fit.

    >>> from rnnsym.cells import elman
    >>> near = linearization(Network(elman(), {"W_h": [[0.5]], "W_x": [[2.0]]}))
    >>> near.transfer(1.0).real.tolist()
    [[4.0]]
    """
    exact = Network(network.cell, {k: v.astype(float) for k, v in network.values.items()})
    state = getattr(at, "array", at)
    h = stacked_state(
        exact, state if not isinstance(state, sp.MatrixBase) else np.array(state, dtype=float).reshape(-1)
    )
    drive = np.zeros(network.m) if x is None else np.asarray(x, dtype=float).reshape(-1)
    if drive.shape != (network.m,) or h.ndim != 1:
        raise ShapeError(
            f"one point and one input of {network.m} entries are needed, got shapes {h.shape} and {drive.shape}"
        )
    A = at_states(exact, h, drive).reshape(network.n, network.n)
    B = at_states(exact, h, drive, "input").reshape(network.n, -1) if network.m else np.zeros((network.n, 0))
    C, D = _output(exact, h, drive)
    return Linearization(A, B, C, D, h, drive, float(np.abs(step(exact, h, drive) - h).max(initial=0.0)))


def _output(network: Network, h: Any, x: Any) -> tuple[Any, Any]:
    cell = network.cell
    if cell.output is None:
        return np.eye(network.n), np.zeros((network.n, network.m))
    expression = cell.output[1]
    if expression.free_symbols & ({*cell.state} | {s for s, _ in cell.equations if s not in cell.next}):
        raise SpecError(f"the output of {cell.name} reads more than the new state and the input: {expression}")
    new = step(network, h, x)
    blocks = dict(zip(network.blocks, np.split(new, np.cumsum(list(network.blocks.values()))[:-1]), strict=True))
    given = {t.name: blocks[s.name] for s, t in zip(cell.state, cell.next, strict=True)} | {
        s.name: x for s in cell.input
    }
    parts = []
    p = None
    for variable in (*cell.next, *cell.input):
        slope = differential(expression, variable)
        made = Result("slope", sp.Symbol("s"), "=", slope, arrays=cell.arrays)
        needed = {s.name for s in made.free_symbols}
        values = {k: v for k, v in {**network.values, **given}.items() if k in needed}
        rows, columns = (int(d.subs(network._sizes)) for d in slope.shape)  # type: ignore[attr-defined]
        p = rows
        zero = slope.is_ZeroMatrix if hasattr(slope, "is_ZeroMatrix") else False
        parts.append(np.zeros((rows, columns)) if zero or not values else np.asarray(array_function(made)(**values)))
    states = len(cell.next)
    C = np.concatenate(parts[:states], axis=1)
    return C, np.concatenate(parts[states:], axis=1) if cell.input else np.zeros((p or len(C), 0))


@dataclass(frozen=True)
class Timescales:
    """For each eigenvalue, largest first: decay -1/ln|v| (inf on the unit circle, negative outside, 0 at 0), half_life, period."""

    values: Any
    decay: Any
    half_life: Any
    period: Any


def timescales(matrix: Any) -> Timescales:
    """tau = -1/ln|lambda|, half-life ln 2/(-ln|lambda|), period 2 pi/|arg lambda| of every mode, in steps.

    >>> timescales([[0.5]]).half_life.tolist()
    [1.0]
    """
    values = spectrum(np.asarray(matrix, dtype=float)).values
    size, angle = np.abs(values), np.abs(np.angle(values))
    with np.errstate(divide="ignore"):
        decay = np.where(size == 0, 0.0, -1 / np.log(np.where(size == 0, 1.0, size)))
        decay = np.where(size == 1, np.inf, decay)
        period = np.where(angle == 0, np.inf, 2 * np.pi / np.where(angle == 0, 1.0, angle))
    return Timescales(values, decay, decay * np.log(2), period)


@dataclass(frozen=True)
class NumericalRank:
    """The least rank of all matrices within `radius` (spectral norm) of one: least <= it <= most, both proved.

    rank: that number where both agree, else None. lower, upper: proved bounds of the singular values.
    """

    least: int
    most: int
    radius: float
    lower: Any
    upper: Any

    @property
    def rank(self) -> int | None:
        return self.least if self.least == self.most else None

    def __str__(self) -> str:
        word = str(self.least) if self.rank is not None else f"between {self.least} and {self.most}"
        return f"rank {word} within {self.radius:.3g}, proved; singular values {self.upper[0]:.4g} ... {self.upper[-1]:.4g}"


def numerical_rank(matrix: Any, *, radius: float | None = None) -> NumericalRank:
    """How many singular values certainly exceed `radius`: the rank that every matrix so near has, by an interval bound.

    radius: a distance in the spectral norm; left out, that of the rounding of the data, u |M| entry by entry, with
            u = 2^-53 (float64) or 2^-24 (float32): a least rank then holds for every matrix that rounds to this one.
    0 asks for the rank of the matrix itself. Up to EXACT entries the rank of the floats as exact numbers is computed too;
    beyond, modulo a prime, which proves "at least".

    >>> numerical_rank([[1.0, 2.0], [2.0, 4.0]]).rank
    1
    """
    M = np.asarray(matrix)
    if M.ndim != 2 or not M.size or M.dtype.kind not in "iuf":
        raise ShapeError(f"a real matrix is needed, got shape {M.shape} of {M.dtype}")
    unit = 2.0**-24 if M.dtype == np.float32 else 2.0**-53
    M = M.astype(float)
    bound = norm_bound(unit * M) if radius is None else float(radius)
    if not bound >= 0:
        raise SpecError(f"radius must be a number >= 0, got {radius}")
    found = singular_values(M)
    least, most = int((found.lower > bound).sum()), int((found.upper > bound).sum())
    if least < most and M.size <= EXACT:
        rank = _exact(M)
        least, most = (rank if bound == 0 else least), min(most, rank)
    elif least < most and bound == 0:
        least = max(least, _modular([[_residue(v) for v in row] for row in M]))
    return NumericalRank(least, most, bound, found.lower, found.upper)


def reachable_dimension(A: Any, B: Any) -> int:
    """A dimension that the reachable space of d_t = A d_(t-1) + B x_t certainly has: the rank of [B, AB, ...] modulo 2^61 - 1.

    The floats are taken exactly, as the dyadic numbers they are; n is a proof of controllability. Less than n is a lower
    bound only, which a prime that divides a minor might have made too small (one chance in about 10^18/n).

    >>> reachable_dimension([[0.5, 0.0], [0.0, 0.25]], [[1.0], [1.0]])
    2
    """
    A, B = np.asarray(A, dtype=float), np.asarray(B, dtype=float)
    n = len(A)
    if A.shape != (n, n) or B.ndim != 2 or len(B) != n:
        raise ShapeError(f"A is {A.shape}, B is {B.shape}; (n, n) and (n, m) are needed")
    if not B.shape[1]:
        return 0
    # rows span the space; with P = A^(2^k) the first 2^k powers become 2^(k+1)
    power = flint.nmod_mat(n, n, [_residue(v) for v in A.T.flat], PRIME)
    rows, rank = _reduced([[_residue(v) for v in column] for column in B.T])
    span = 1
    while span < n and 0 < rank < n:
        before = rank
        moved = flint.nmod_mat(rank, n, [v for row in rows for v in row], PRIME) * power
        rows, rank = _reduced(rows + [[int(v) for v in row] for row in moved.tolist()])
        if rank == before:  # A maps the space into itself
            break
        power, span = power * power, 2 * span
    return rank


def _reduced(rows: list[list[int]]) -> tuple[list[list[int]], int]:
    """A basis of the space of rows modulo PRIME, and its dimension."""
    table, rank = flint.nmod_mat(len(rows), len(rows[0]), [v for row in rows for v in row], PRIME).rref()
    return [[int(v) for v in row] for row in table.tolist()[:rank]], int(rank)


def _residue(value: float) -> int:
    """A float, a whole number times a power of 2, modulo PRIME."""
    top, bottom = float(value).as_integer_ratio()
    return top * pow(bottom, -1, PRIME) % PRIME


def _exact(M: Any) -> int:
    """The rank of a matrix of floats as the rational numbers they are."""
    ratios = [float(v).as_integer_ratio() for v in M.flat]
    scale = max(bottom for _, bottom in ratios)
    return int(flint.fmpz_mat(*M.shape, [top * (scale // bottom) for top, bottom in ratios]).rank())


def _modular(rows: list[list[int]]) -> int:
    return int(flint.nmod_mat(len(rows), len(rows[0]), [v for row in rows for v in row], PRIME).rank())


def stability_margin(found: Spectrum) -> float:
    """1 - (a proved upper bound of the spectral radius); inf of a matrix of no rows."""
    return float(1 - found.modulus[1] * UP) if len(found.values) else np.inf
