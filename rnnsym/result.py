"""The words that all rooms speak: Result, Step, Source, Check, Array, and the errors.

May import: SymPy only. A Result is a claim (left side, relation, right side, hypotheses) together with what a paper
prints beside it; it holds SymPy objects and text, nothing else, so it pickles and compares by value. How it becomes
array code or LaTeX lives in `code` and `latex`, reached when called. A new field of a record is added at its end with
a default, so that old pickles and positional uses keep their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean

RELATIONS = ("=", "<=>", "=>", "<=", "<", "~")
STATUSES = ("derived", "proved", "asymptotic", "numeric", "heuristic", "claimed")
ROLES = ("state", "next", "input", "output", "intermediate", "parameter")


class RnnsymError(Exception):
    """Base of every error that rnnsym raises on purpose: the fact, what was given, what would do."""


class ShapeError(RnnsymError, ValueError):
    """Sizes that do not fit each other."""


class NoClosedForm(RnnsymError):
    """There is no formula; the message says why and what to use instead."""


class SpecError(RnnsymError):
    """A model, formula, file or name that cannot be read."""


class LimitReached(RnnsymError):
    """A size, time or memory limit was reached; the message says which and what to try. `stage`: where, if that is known."""

    stage = ""


class KinkError(RnnsymError):
    """A derivative was asked where the function has none."""


@dataclass(frozen=True)
class Source:
    """Where a statement stands in print: citation key, authors, title, year, doi or arXiv number, place."""

    key: str
    authors: str = ""
    title: str = ""
    year: int | None = None
    doi: str = ""
    arxiv: str = ""
    at: str = ""


@dataclass(frozen=True)
class Step:
    """One line of a derivation: an expression equal to the left side, and the reason why."""

    expression: sp.Basic
    reason: str


@dataclass(frozen=True)
class Array:
    """A named array of a result: a MatrixSymbol of any size, or a matrix of its entries; `role` is one of ROLES.

    The role decides the time index on the page: the state h is h_{t-1}, what is new is h_t.
    """

    name: str
    role: str
    value: Any

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise RnnsymError(f"unknown role {self.role!r} of array {self.name!r}; known: {', '.join(ROLES)}")

    @property
    def entries(self) -> sp.ImmutableDenseMatrix | None:
        """The matrix of entries, or None where the size is symbolic."""
        return self.value if isinstance(self.value, sp.MatrixBase) else None


@dataclass(frozen=True)
class Check:
    """What came out when both sides of a claim were evaluated where its hypotheses hold.

    verdict: "agrees", "refuted", "not refuted" (an implication or bound over all trajectories: sampling cannot prove it)
    or "nothing tried". A Check is true only if something was tried and nothing disagreed.
    """

    verdict: str
    trials: int
    skipped: int
    max_error: float
    worst: Mapping[str, Any] | None
    seed: int
    dims: tuple[int, ...] = ()
    part: str = ""
    tolerance: float = 0.0
    lhs_value: Any = field(default=None, compare=False)
    rhs_value: Any = field(default=None, compare=False)
    digits: int | None = None

    def __bool__(self) -> bool:
        return self.trials > 0 and self.verdict in ("agrees", "not refuted")

    def __str__(self) -> str:
        sizes = f", n = {', '.join(map(str, self.dims))}" if self.dims else ""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        digits = f", {self.digits} digits" if self.digits else ""
        text = (
            f"{self.verdict}: {self.trials} draws{skipped}{sizes}, max error {self.max_error:.1g}{digits}, "
            f"seed {self.seed}"
        )
        if self.verdict == "refuted" and self.worst is not None:
            given = ", ".join(f"{name} = {_plain(value)}" for name, value in self.worst.items())
            text += f"\n  in {self.part or 'the claim'} at {given}"
            if self.lhs_value is not None:
                text += f"\n  left side {_plain(self.lhs_value)}, right side {_plain(self.rhs_value)}"
        return text


def is_condition(value: Any) -> bool:
    """A truth value rather than a number; SymPy's symbols are Booleans too, and are numbers here."""
    return isinstance(value, Boolean) and not isinstance(value, sp.Expr)


def _plain(value: Any) -> str:
    """A number or array in one line, rationals as p/q."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_plain(v) for v in value) + "]"
    return format(value, ".6g") if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Result:
    """A claim: lhs (a definition kept unevaluated), relation, rhs in closed form, and the hypotheses `given`.

    where:  ordered pairs (symbol, expression): the named quantities that rhs speaks of; each may use those before it.
    steps:  the derivation, lhs = e1 = e2 = rhs, each line with its reason.
    status: how we know: derived, proved, asymptotic, numeric, heuristic; claimed for a user's own formula.
    arrays: the named arrays that the two sides are functions of; calling the result takes them by name.

    >>> p = sp.Symbol("p", real=True)
    >>> Result("geometric", sp.Symbol("S"), "=", 1 / (1 - p), given=abs(p) < 1).subs({p: sp.Rational(1, 2)}).rhs
    2
    """

    name: str
    lhs: Any
    relation: str
    rhs: Any
    given: Boolean = sp.true
    where: tuple[tuple[Any, Any], ...] = ()
    steps: tuple[Step, ...] = ()
    status: str = "derived"
    source: tuple[Source, ...] = ()
    arrays: tuple[Array, ...] = ()

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise RnnsymError(f"unknown relation {self.relation!r}; known: {', '.join(RELATIONS)}")
        if self.status not in STATUSES:
            raise RnnsymError(f"unknown status {self.status!r}; known: {', '.join(STATUSES)}")
        for name in ("lhs", "rhs", "given"):
            if isinstance(getattr(self, name), str):
                raise SpecError(
                    f"{self.name}: {name} is text, {getattr(self, name)[:40]!r}; pass a SymPy object (SymPy would run text)"
                )
        for name in ("lhs", "rhs"):
            value = getattr(self, name)
            if isinstance(value, sp.MatrixBase):
                value = value.as_immutable()
            object.__setattr__(self, name, value if isinstance(value, sp.Basic) else sp.S(value))
        given = self.given
        object.__setattr__(self, "given", given if isinstance(given, sp.Basic) else sp.S(bool(given)))
        if isinstance(self.source, Source):
            object.__setattr__(self, "source", (self.source,))
        left, right = getattr(self.lhs, "shape", None), getattr(self.rhs, "shape", None)
        if left and right and tuple(left) != tuple(right):
            raise ShapeError(f"{self.name}: the left side is {left}, the right side {right}; the shapes must agree")

    @property
    def explicit(self) -> Any:
        """The right side with every named quantity of `where` put in."""
        return self._put_in(self.rhs)

    def _put_in(self, expression: Any) -> Any:
        for symbol, value in reversed(self.where):
            expression = expression.xreplace({symbol: value})
        return expression

    @cached_property
    def free_symbols(self) -> set[Any]:
        """Symbols that the claim depends on, those defined in `where` excluded."""
        found: set[Any] = set()
        for part in (self.lhs, self.rhs, self.given, *(value for _, value in self.where)):
            found |= part.free_symbols
        return found - {symbol for symbol, _ in self.where}

    def subs(self, values: Mapping[Any, Any] | Any, new: Any = None) -> Result:
        """The result for special values; keys are symbols or the names of symbols and arrays.

        A value for a matrix of symbolic size fixes the sizes everywhere. A substitution that contradicts `given`,
        or a name that is not in the result, is an error.
        """
        from rnnsym.vectors import substitute

        mapping = dict(values) if isinstance(values, Mapping) else {values: new}
        scalars, matrices = self._resolve(mapping)

        def put(expression: Any) -> Any:
            return substitute(expression, scalars, matrices)

        given = put(self.given)
        if given == sp.false and self.given != sp.false:
            what = ", ".join(f"{key} = {value}" for key, value in mapping.items())
            raise RnnsymError(
                f"{what} contradicts a hypothesis of {self.name}: {self.given}; this formula does not hold there"
            )
        gone = {key for key in (*scalars, *matrices)}
        return replace(
            self,
            lhs=put(self.lhs),
            rhs=put(self.rhs),
            given=given,
            where=tuple((put(s), put(e)) for s, e in self.where if s not in gone),
            steps=tuple(Step(put(step.expression), step.reason) for step in self.steps),
            arrays=tuple(replace(a, value=put(a.value)) for a in self.arrays),
        )

    def _resolve(self, mapping: Mapping[Any, Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """Keys by name or symbol -> ({scalar symbol: value}, {MatrixSymbol: matrix})."""
        symbols = self.free_symbols | {s for s, _ in self.where}
        by_name: dict[str, list[Any]] = {}
        for s in symbols:
            by_name.setdefault(getattr(s, "name", str(s)), []).append(s)
        arrays = {array.name: array for array in self.arrays}
        scalars: dict[Any, Any] = {}
        matrices: dict[Any, Any] = {}
        for key, value in mapping.items():
            name = key if isinstance(key, str) else getattr(key, "name", str(key))
            entries = arrays[name].entries if name in arrays else None
            if isinstance(key, str) and len(by_name.get(name, ())) > 1:
                raise SpecError(f"two symbols print as {name!r}; pass the symbol itself, not its name")
            if (isinstance(key, str) and name in by_name) or key in symbols:
                symbol = by_name[name][0] if isinstance(key, str) else key
                value = _exact(value, symbols)
                (matrices if isinstance(symbol, sp.MatrixSymbol) else scalars)[symbol] = value
            elif entries is not None:
                given = _exact(value, symbols)
                table = given if _is_table(given) else sp.ImmutableMatrix([[given]])
                if table.shape != entries.shape:
                    raise ShapeError(f"{name} is {entries.shape} here, got {table.shape}")
                pairs = zip(entries, table, strict=True)
                scalars.update({e: v for e, v in pairs if e.is_Symbol})
            else:
                known = ", ".join(sorted(by_name))
                raise SpecError(f"{name!r} is not in this result; free symbols: {known} (nothing would change)")
        return scalars, matrices

    def lambdify(self, modules: str = "numpy", *, kink: str = "error") -> Any:
        """Array code of the right side, called with named arrays; modules: numpy, jax, torch or mpmath.

        kink: where a slope has no value (a ReLU exactly at 0), "error" raises KinkError naming the unit, "left" and
        "right" take the slope of that side, "nan" marks it; jax and torch give nan for "error".
        """
        from rnnsym.code import array_function

        return array_function(self, modules=modules, kink=kink)

    def __call__(self, **arrays: Any) -> Any:
        return _evaluator(self)(**arrays)

    def latex(self, **options: Any) -> str:
        """The claim as LaTeX: env, label, steps, notation, verified ... are options of `latex.page`."""
        from rnnsym.latex import page

        return page(self, **options)

    def _repr_latex_(self) -> str:
        from rnnsym.latex import page

        return page(self, env="display")

    def __str__(self) -> str:
        from rnnsym.latex.readable import readable

        return readable(self)

    def __repr__(self) -> str:
        return f"<Result {self.name}: {self}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def _is_table(value: Any) -> bool:
    return isinstance(value, sp.MatrixBase | sp.MatrixExpr | list | tuple) or hasattr(value, "tolist")


def _exact(value: Any, symbols: set[Any]) -> Any:
    """A value as SymPy has it; text goes through the safe reader, because SymPy would run it."""
    if isinstance(value, str):
        from rnnsym.reader import read

        return read(value, {s.name: s for s in symbols if isinstance(s, sp.Symbol)})
    if hasattr(value, "tolist") and not isinstance(value, sp.MatrixBase):
        value = value.tolist()
    if isinstance(value, list | tuple):
        rows = [list(row) if isinstance(row, list | tuple) else [row] for row in value]
        return sp.ImmutableMatrix([[_exact(entry, symbols) for entry in row] for row in rows])
    return value.as_immutable() if isinstance(value, sp.MatrixBase) else sp.S(value)


_evaluators: dict[Result, Callable[..., Any]] = {}


def _evaluator(result: Result) -> Callable[..., Any]:
    """The NumPy function of a result, made once."""
    if result not in _evaluators:
        if len(_evaluators) > 256:
            _evaluators.clear()
        _evaluators[result] = result.lambdify()
    return _evaluators[result]
