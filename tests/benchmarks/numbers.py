"""Systems of numbers: our exact answers beside floats of SciPy, python-control and NumPy, who answer another question.

Ours are rational numbers or proved enclosures, theirs are floats without an error bound; they are faster, and the ratio
says what exactness costs. Each float answer is compared with ours before its time counts. No target speaks of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from rnnsym import exact
from tests.benchmarks.families import System, family, z
from tests.benchmarks.timing import Row, against


def floats(M: Any) -> Any:
    return np.array(sp.Matrix(M).tolist(), dtype=float)


def stable(n: int) -> System:
    """The rational family, scaled into the unit circle."""
    A, B, C = family("rational", n)
    size = max(sum(abs(e) for e in A[i, :]) for i in range(n))
    return sp.ImmutableDenseMatrix(A / (size + 1)), B, C


def coefficients(system: System) -> tuple[list[float], list[float]]:
    """Numerator and denominator of H(z), highest first, from our exact ones."""
    above, below = sp.fraction(sp.together(exact.resolvent(*system).matrix(z)[0]))
    lead = sp.Poly(below, z).LC()
    return tuple([float(c / lead) for c in sp.Poly(p, z).all_coeffs()] for p in (above, below))  # type: ignore[return-value]


def by_scipy(system: System) -> Any:
    from scipy.signal import ss2tf

    A, B, C = map(floats, system)
    above, below = ss2tf(A, B, C, np.zeros((1, 1)))
    return above[0], below


def by_python_control(system: System) -> Any:
    import control

    A, B, C = map(floats, system)
    found = control.ss2tf(control.ss(A, B, C, np.zeros((1, 1)), True))
    return found.num[0][0], found.den[0][0]


def stein_by_scipy(A: Any, Q: Any) -> Any:
    from scipy.linalg import solve_discrete_lyapunov

    return solve_discrete_lyapunov(A, Q)


def stein_by_control(A: Any, Q: Any) -> Any:
    import control

    return control.dlyap(A, Q)


def rank_by_numpy(table: Any) -> int:
    return int(np.linalg.matrix_rank(table))


def _same(expected: Any, found: Any) -> bool:
    return all(
        np.allclose(np.trim_zeros(np.round(f, 12), "f"), e, rtol=1e-6, atol=1e-9)
        for e, f in zip(expected, found, strict=True)
    )


def rows(quick: bool) -> Iterator[Row]:
    for n in (4, 8) if quick else (4, 8, 16):
        system = stable(n)
        ours: Callable[[], Any] = lambda s=system: exact.resolvent(*s).matrix(z)  # noqa: E731
        check = partial(_same, coefficients(system))
        labels = {"group": "H(z), numbers", "n": n}
        for name, peer in (("SciPy, floats", by_scipy), ("python-control, floats", by_python_control)):
            yield against(f"H(z), numbers, n = {n}", ours, partial(peer, system), name, check=check, **labels)
        A, B, _ = system
        if n <= 8:
            Q = sp.ImmutableDenseMatrix(B * B.T)
            X, below = exact.stein(A, Q)
            expected = floats(X / below)
            near = lambda found, e=expected: bool(np.allclose(found, e, rtol=1e-8, atol=1e-10))  # noqa: E731
            labels = {"group": "Stein, numbers", "n": n}
            for name, peer in (("SciPy, floats", stein_by_scipy), ("python-control, floats", stein_by_control)):
                yield against(f"Stein, numbers, n = {n}", partial(exact.stein, A, Q), partial(peer, floats(A), floats(Q)), name, check=near, **labels)  # fmt: skip
    for n in (50, 200):
        table = sp.ImmutableDenseMatrix(
            n, n, lambda i, j, n=n: sp.Rational((7 * i * i + 3 * j + i * j) % 23 - 11, i % 5 + 1)
        )
        expected_rank = exact.rank_strata(table)[0][0]
        yield against(f"rank, numbers, n = {n}", partial(exact.rank_strata, table), partial(rank_by_numpy, floats(table)), "NumPy, floats",
                      check=lambda found, e=expected_rank: found == e, group="rank, numbers", n=n)  # fmt: skip
