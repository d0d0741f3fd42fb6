"""The record of a linear system h_t = A h_{t-1} + B x_t with its output map, its time axis, and how systems connect.

Two readouts exist and differ in phase, delay, zeros at 0 and Markov parameters, so every system says which it has:
    "current"   y_t = C h_t     + D x_t,   H(z) = C (I - A z^-1)^-1 B + D      (the default)
    "previous"  y_t = C h_{t-1} + D x_t,   H(z) = C (z I - A)^-1 B + D         (control textbooks)
A system in continuous time, h' = A h + B x, y = C h + D x, has H(s) = C (s I - A)^-1 B + D: the form "previous".

May import: everything to the left of `systems`. The record carries no analysis; its methods make systems of systems.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean

from rnnsym import exact
from rnnsym.cells.record import as_table
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import NoClosedForm, RnnsymError, ShapeError, SpecError

READOUTS = ("current", "previous")


@dataclass(frozen=True)
class Time:
    """The time axis: "discrete" with transform variable z, or "continuous" with s; `step` is the sampling time dt.

    A step of None means steps are counted and not measured; it agrees with every other.

    >>> Time("discrete", sp.Rational(1, 10)).variable
    z
    """

    kind: str = "discrete"
    step: Any = None

    def __post_init__(self) -> None:
        if self.kind not in ("discrete", "continuous"):
            raise SpecError(f"unknown time {self.kind!r}; known: discrete, continuous")
        if self.step is None:
            return
        if self.kind == "continuous":
            raise SpecError(f"continuous time has no sampling time, got {self.step}; use Time('discrete', {self.step})")
        object.__setattr__(self, "step", positive(self.step, "dt"))

    @property
    def is_discrete(self) -> bool:
        return self.kind == "discrete"

    @property
    def variable(self) -> sp.Symbol:
        """z in discrete time, s in continuous time."""
        return sp.Symbol("z" if self.is_discrete else "s")

    @property
    def given(self) -> Boolean:
        """dt > 0, where its sign is not known."""
        return sp.true if self.step is None or self.step.is_positive else sp.Gt(self.step, 0)


DISCRETE = Time("discrete")
CONTINUOUS = Time("continuous")


@dataclass(frozen=True)
class LinearSystem:
    """h_t = A h_{t-1} + B x_t, y_t = C h_t + D x_t (readout "current") or y_t = C h_{t-1} + D x_t ("previous").

    Scalars, lists, arrays and matrices are taken; a flat list is a column for B and a row for C. C is the identity and
    D zero if left out; floats become the decimal fractions they are written as.
    Shapes: A (n, n), B (n, m), C (p, n), D (p, m). n = 0 (a gain D without state) and m = 0 are allowed.
    Given:  `given` holds the hypotheses under which the matrices are what they are said to be.
    Raises: ShapeError if B, C or D do not fit A; SpecError for an unknown readout or time.

    >>> a, b = sp.symbols("a b")
    >>> LinearSystem(a, b).with_readout("previous").C
    Matrix([[a]])
    """

    A: Any
    B: Any
    C: Any = None
    D: Any = None
    readout: str = "current"
    time: Time = DISCRETE
    given: Boolean = sp.true

    def __init__(
        self, A: Any, B: Any, C: Any = None, D: Any = None, *, readout: str = "current", time: Time | None = None,
        given: Any = True,
    ) -> None:  # fmt: skip
        if readout not in READOUTS:
            raise SpecError(f"unknown readout {readout!r}; known: current (y_t = C h_t), previous (y_t = C h_(t-1))")
        if time is not None and not isinstance(time, Time):
            raise SpecError(f"time is {time!r}; use rnnsym.Time('discrete', dt) or rnnsym.Time('continuous')")
        A = _table(A, "A")
        if A.rows != A.cols:
            raise ShapeError(f"A is {A.rows} x {A.cols}; the matrix of a recurrence must be square")
        n = A.rows
        B = _table(B, "B", row=n == 1)
        if B.rows != n:
            raise ShapeError(f"B has {B.rows} rows, A has {n}; B must have as many rows as A")
        C = sp.ImmutableMatrix(sp.eye(n)) if C is None else _table(C, "C", row=n != 1)
        if C.cols != n:
            raise ShapeError(f"C has {C.cols} columns, A has {n} rows; C must have a column for each state")
        p, m = C.rows, B.cols
        D = sp.ImmutableMatrix(sp.zeros(p, m)) if D is None else _table(D, "D", row=p == 1)
        if D.shape != (p, m):
            if D.shape == (1, 1) and is_zero(D[0, 0]):
                D = sp.ImmutableMatrix(sp.zeros(p, m))
            else:
                raise ShapeError(f"D is {D.rows} x {D.cols}; C has {p} rows and B {m} columns, so D must be {p} x {m}")
        time = DISCRETE if time is None else time
        hypotheses = given if isinstance(given, sp.Basic) else sp.S(bool(given))
        if hypotheses == sp.false:
            raise SpecError("the hypotheses of this system contradict each other; it exists for no parameters")
        _refuse_lookalikes(A, B, C, D)
        fields = {
            "A": A, "B": B, "C": C, "D": D, "readout": readout if time.is_discrete else "previous", "time": time,
            "given": sp.And(hypotheses, time.given),
        }  # fmt: skip
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    # what it is

    @property
    def name(self) -> str:
        return f"linear system with {self.n} state{'s' * (self.n != 1)}"

    @property
    def n(self) -> int:
        """The number of states."""
        return int(self.A.rows)

    @property
    def m(self) -> int:
        """The number of inputs."""
        return int(self.B.cols)

    @property
    def p(self) -> int:
        """The number of outputs."""
        return int(self.C.rows)

    @property
    def free_symbols(self) -> set[Any]:
        """The symbols of the four matrices."""
        found: set[Any] = set()
        return found.union(*(M.free_symbols for M in self.matrices))

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The symbols of the four matrices, in the order in which a reader meets them."""
        entries = [e for M in self.matrices for e in M]
        return tuple(dict.fromkeys(s for e in entries for s in sorted(e.free_symbols, key=str)))

    @property
    def matrices(self) -> tuple[Any, Any, Any, Any]:
        """A, B, C, D."""
        return self.A, self.B, self.C, self.D

    def variable(self, symbol: Any = None) -> Any:
        """The transform variable: z (s in continuous time), or the symbol given; never one of the parameters.

        Raises: SpecError if a parameter has its name: H(z) would mix two different quantities.
        """
        chosen = (
            self.time.variable
            if symbol is None
            else sp.sympify(symbol, strict=True)
            if not isinstance(symbol, str)
            else None
        )
        chosen = sp.Symbol(symbol) if chosen is None else chosen
        if not isinstance(chosen, sp.Symbol):
            return chosen  # a number or an expression: the value of H there
        for parameter in (*self.parameters, *sorted(self.given.free_symbols, key=str)):
            if getattr(parameter, "name", "") == chosen.name:
                raise SpecError(
                    f"the parameter {parameter.name!r} of the system has the name of the transform variable "
                    f"{chosen.name!r}; pass another variable (z=Symbol('q')) or rename the parameter"
                )
        return chosen

    # other forms of the same system

    def subs(self, values: Any, new: Any = None) -> LinearSystem:
        """The system for special values of its parameters; keys are symbols or their names.

        Raises: SpecError for a name it does not have; RnnsymError if the values contradict `given`.
        """
        mapping = dict(values) if isinstance(values, Mapping) else {values: new}
        symbols = self.free_symbols | self.given.free_symbols
        if isinstance(self.time.step, sp.Expr):
            symbols = symbols | self.time.step.free_symbols
        by_name = {s.name: s for s in sorted(symbols, key=str) if hasattr(s, "name")}
        table = {}
        for key, value in mapping.items():
            symbol = by_name.get(key) if isinstance(key, str) else key
            if symbol not in symbols:
                known = ", ".join(sorted(by_name)) or "none"
                raise SpecError(f"{str(key)!r} is not in this system; its symbols: {known} (nothing would change)")
            table[symbol] = as_table(value, (1, 1), str(key))[0, 0]
        given = self.given.subs(table, simultaneous=True)
        if given == sp.false:
            what = ", ".join(f"{key} = {value}" for key, value in mapping.items())
            raise RnnsymError(f"{what} contradicts a hypothesis of the system: {self.given}")
        step = self.time.step
        time = self.time if step is None else Time(self.time.kind, step.subs(table, simultaneous=True))
        parts = [M.subs(table, simultaneous=True) for M in self.matrices]
        return LinearSystem(*parts, readout=self.readout, time=time, given=given)

    def with_readout(self, readout: str) -> LinearSystem:
        """The same map from inputs to outputs, and the same states, with the other readout.

        current -> previous: C' = C A, D' = C B + D, always. previous -> current: C' = C A^-1, D' = D - C A^-1 B, given
        det A is not 0 (or C = C' A has a solution).
        Raises: NoClosedForm if there is no such output map on the same states.
        """
        if readout not in READOUTS:
            raise SpecError(f"unknown readout {readout!r}; known: {', '.join(READOUTS)}")
        if readout == self.readout:
            return self
        if not self.time.is_discrete:
            raise SpecError("continuous time has one readout, y = C h + D x; discretize first")
        if readout == "previous":
            return replace_parts(self, C=self.C * self.A, D=self.C * self.B + self.D, readout=readout)
        if all(is_zero(e) for e in self.C):
            return replace_parts(self, readout=readout)
        top, bottom = _inverse(self.A)
        if is_zero(bottom) is not False:
            raise NoClosedForm(
                "A is singular, so y_t = C h_(t-1) + D x_t is no function of h_t and x_t; keep the readout 'previous'"
            )
        C = (self.C * top / bottom).applyfunc(normal)
        D = (self.D - C * self.B).applyfunc(normal)
        return replace_parts(self, C=C, D=D, readout=readout, given=sp.And(self.given, _nonzero(bottom)))

    @property
    def dual(self) -> LinearSystem:
        """The system (A^T, C^T, B^T, D^T): its H is the transpose, controllability and observability change places."""
        return replace_parts(self, A=self.A.T, B=self.C.T, C=self.B.T, D=self.D.T)

    def similar(self, T: Any) -> LinearSystem:
        """The system in the coordinates g of h = T g: T^-1 A T, T^-1 B, C T, D; the columns of T are the new basis.

        Given:  det T is not 0.
        Raises: ShapeError if T is not (n, n); SpecError if it is singular for all parameters.
        """
        T = _table(T, "T")
        if T.shape != (self.n, self.n):
            raise ShapeError(f"T is {T.rows} x {T.cols}, A is {self.n} x {self.n}; T must have the shape of A")
        top, bottom = _inverse(T)
        if is_zero(bottom):
            raise SpecError(f"T is singular (det T = 0): {T} is no change of coordinates")
        back = top / bottom
        A, B, C = (M.applyfunc(normal) for M in (back * self.A * T, back * self.B, self.C * T))
        return replace_parts(self, A=A, B=B, C=C, given=sp.And(self.given, _nonzero(bottom)))

    # connections

    def series(self, other: LinearSystem) -> LinearSystem:
        """First this system, then the other: H = H_other H_self; the states are stacked, this one's first.

        Raises: ShapeError if the other has not as many inputs as this one has outputs; SpecError if readouts or
                sampling times differ.
        """
        time = self._joined(other, "series")
        if other.m != self.p:
            raise ShapeError(
                f"series: the first system has {self.p} outputs, the second {other.m} inputs; they must agree"
            )
        (A1, B1, C1, D1), (A2, B2, C2, D2) = self.matrices, other.matrices
        seen = (C1 * A1, C1 * B1 + D1) if self.readout == "current" else (C1, D1)
        return LinearSystem(
            _blocks([[A1, sp.zeros(self.n, other.n)], [B2 * seen[0], A2]]), _blocks([[B1], [B2 * seen[1]]]),
            _blocks([[D2 * C1, C2]]), D2 * D1, readout=self.readout, time=time, given=sp.And(self.given, other.given),
        )  # fmt: skip

    def parallel(self, other: LinearSystem) -> LinearSystem:
        """Both systems on one input, outputs added: H = H_self + H_other.

        Raises: ShapeError if inputs or outputs differ in number; SpecError if readouts or sampling times differ.
        """
        time = self._joined(other, "parallel")
        if (other.m, other.p) != (self.m, self.p):
            raise ShapeError(
                f"parallel: the first system has {self.m} inputs and {self.p} outputs, the second {other.m} and {other.p}; "
                "they must agree"
            )
        (A1, B1, C1, D1), (A2, B2, C2, D2) = self.matrices, other.matrices
        return LinearSystem(
            sp.diag(A1, A2), _blocks([[B1], [B2]]), _blocks([[C1, C2]]), D1 + D2, readout=self.readout, time=time,
            given=sp.And(self.given, other.given),
        )  # fmt: skip

    def feedback(self, other: LinearSystem | None = None, sign: int = -1) -> LinearSystem:
        """The loop u = x + sign * other(y), y = self(u): H = (I - sign H_self H_other)^-1 H_self; other = None is y itself.

        Given:  the loop is well posed, det(I - sign P Q) is not 0, with P and Q the instantaneous gains H(oo) of the two:
                D in the readout "previous", C B + D in "current" (there also det(I - sign D_1 D_2) is not 0, so that the
                output can be read from the new states).
        Raises: ShapeError, SpecError as for `series`; SpecError if the loop is ill posed for all parameters.
        """
        if sign not in (1, -1):
            raise SpecError(f"sign must be 1 or -1, got {sign!r}")
        if other is None:
            if self.p != self.m:
                raise ShapeError(
                    f"feedback: {self.p} outputs cannot be added to {self.m} inputs; give the system in the loop"
                )
            empty = sp.zeros(0, 0)
            other = LinearSystem(
                empty, sp.zeros(0, self.p), sp.zeros(self.m, 0), sp.eye(self.m), readout=self.readout, time=self.time
            )
        time = self._joined(other, "feedback")
        if (other.m, other.p) != (self.p, self.m):
            raise ShapeError(
                f"feedback: the system has {self.m} inputs and {self.p} outputs, the one in its loop must have {self.p} and "
                f"{self.m}, it has {other.m} and {other.p}"
            )
        forward = self.with_readout("previous") if self.time.is_discrete else self
        backward = other.with_readout("previous") if other.time.is_discrete else other
        A, B, C, D, conditions = _loop(forward, backward, sign)
        if self.readout == "current":
            # the output read from the new states: y_t = (I - sign D_1 D_2)^-1 (C_1 h_t + sign D_1 C_2 g_t + D_1 x_t)
            solved, condition = _solved(sp.eye(self.p) - sign * self.D * other.D, "det(I - sign D_1 D_2)")
            C, D = solved * _blocks([[self.C, sign * self.D * other.C]]), solved * self.D
            conditions = sp.And(conditions, condition)
        A, B, C, D = (M.applyfunc(normal) for M in (A, B, C, D))
        given = sp.And(self.given, other.given, conditions)
        return LinearSystem(A, B, C, D, readout=self.readout, time=time, given=given)

    def _joined(self, other: LinearSystem, what: str) -> Time:
        """The common time axis of two systems, or why there is none."""
        if not isinstance(other, LinearSystem):
            raise SpecError(f"{what}: a LinearSystem is needed, got {type(other).__name__}")
        if self.time.kind != other.time.kind:
            raise SpecError(
                f"{what}: one system is in {self.time.kind} time, the other in {other.time.kind}; use rnnsym.discretize"
            )
        steps = [t for t in (self.time.step, other.time.step) if t is not None]
        if len(steps) == 2 and is_zero(steps[0] - steps[1]) is not True:
            raise SpecError(f"{what}: the sampling times {steps[0]} and {steps[1]} differ; resample one of the systems")
        if self.readout != other.readout:
            raise SpecError(
                f"{what}: one system reads out {self.readout} states, the other {other.readout}; "
                f"use .with_readout({self.readout!r}) on one"
            )
        _refuse_lookalikes(*self.matrices, *other.matrices)
        return Time(self.time.kind, steps[0]) if steps else self.time

    def __str__(self) -> str:
        state = "h_t = A h_(t-1) + B x_t" if self.time.is_discrete else "h' = A h + B x"
        seen = "h" if not self.time.is_discrete else "h_t" if self.readout == "current" else "h_(t-1)"
        letters = ", ".join(f"{k} = {M.tolist()}" for k, M in zip("ABCD", self.matrices, strict=True))
        return f"{state}, y = C {seen} + D x with {letters}"


def replace_parts(system: LinearSystem, **parts: Any) -> LinearSystem:
    """The system with some of its matrices, its readout, time or hypotheses replaced."""
    fields = {k: getattr(system, k) for k in ("A", "B", "C", "D", "readout", "time", "given")}
    return LinearSystem(**{**fields, **parts})


def positive(value: Any, name: str) -> Any:
    """A sampling time as an exact number or symbol that may be positive."""
    number = as_table(value, (1, 1), name)[0, 0]
    if number.is_positive is False or number.is_real is False:
        raise SpecError(f"{name} must be > 0, got {value}")
    return number


def _table(value: Any, name: str, row: bool = False) -> Any:
    """A table of exact entries; a flat list or array is a row or a column."""
    if isinstance(value, sp.MatrixExpr) and not isinstance(value, sp.MatrixBase):
        if not all(d.is_Integer for d in value.shape):
            raise ShapeError(
                f"{name} is {value.shape[0]} x {value.shape[1]}; a linear system needs numbers for its sizes"
            )
        value = value.as_explicit()
    if hasattr(value, "tolist") and not isinstance(value, sp.MatrixBase):
        value = value.tolist()
    if isinstance(value, list | tuple):
        nested = [isinstance(r, list | tuple) or (hasattr(r, "tolist") and getattr(r, "ndim", 0) > 0) for r in value]
        if any(nested):
            rows = [list(r) if flag else [r] for r, flag in zip(value, nested, strict=True)]
            widths = {len(r) for r in rows}
            if len(widths) > 1:
                raise ShapeError(f"the rows of {name} have {sorted(widths)} entries; all must have the same number")
            value = rows
        elif row:
            value = [list(value)]
    if isinstance(value, sp.MatrixBase) and 0 in value.shape:
        return sp.ImmutableMatrix(value)
    try:
        table = as_table(value, None, name)
    except (sp.SympifyError, TypeError) as fault:
        raise SpecError(f"{name} holds something that is no number or expression: {value!r}") from fault
    for entry in table:
        if not isinstance(entry, sp.Expr) or isinstance(entry, sp.MatrixExpr):
            raise SpecError(f"an entry of {name} is {entry!r}; numbers and expressions are needed")
    return sp.ImmutableMatrix(table)


def _refuse_lookalikes(*matrices: Any) -> None:
    """Two different symbols with one name would be mixed up on the page and in code."""
    seen: dict[str, Any] = {}
    for M in matrices:
        for s in sorted(M.free_symbols, key=str):
            name = getattr(s, "name", str(s))
            if seen.setdefault(name, s) != s:
                raise SpecError(f"two symbols of the system print as {name!r}, with different assumptions; rename one")


def _blocks(rows: list[list[Any]]) -> Any:
    """A block matrix; blocks without rows or columns keep their sizes."""
    bands = []
    for row in rows:
        height, width = row[0].rows, sum(M.cols for M in row)
        band = sp.zeros(height, width)
        start = 0
        for M in row:
            band[:, start : start + M.cols] = M
            start += M.cols
        bands.append(band)
    whole = sp.zeros(sum(b.rows for b in bands), bands[0].cols)
    start = 0
    for b in bands:
        whole[start : start + b.rows, :] = b
        start += b.rows
    return whole


def _loop(forward: LinearSystem, backward: LinearSystem, sign: int) -> tuple[Any, Any, Any, Any, Any]:
    """The closed loop of two systems with readout "previous", and the condition under which it exists."""
    (A1, B1, C1, D1), (A2, B2, C2, D2) = forward.matrices, backward.matrices
    # y = C_1 h + D_1 u, v = C_2 g + D_2 y, u = x + sign v  =>  y = E (C_1 h + sign D_1 C_2 g + D_1 x)
    E, condition = _solved(sp.eye(forward.p) - sign * D1 * D2, "det(I - sign P Q)")
    y = E * _blocks([[C1, sign * D1 * C2, D1]])
    v = _blocks([[sp.zeros(forward.m, forward.n), C2, sp.zeros(forward.m, forward.m)]]) + D2 * y
    u = _blocks([[sp.zeros(forward.m, forward.n + backward.n), sp.eye(forward.m)]]) + sign * v
    h = _blocks([[A1, sp.zeros(forward.n, backward.n + forward.m)]]) + B1 * u
    g = _blocks([[sp.zeros(backward.n, forward.n), A2, sp.zeros(backward.n, forward.m)]]) + B2 * y
    n = forward.n + backward.n
    both = _blocks([[h], [g]])
    return both[:, :n], both[:, n:], y[:, :n], y[:, n:], condition


def _solved(matrix: Any, what: str) -> tuple[Any, Any]:
    """The inverse of a matrix and the condition that it exists."""
    if matrix == sp.eye(matrix.rows):
        return matrix, sp.true
    top, bottom = _inverse(matrix)
    if is_zero(bottom):
        raise SpecError(f"the loop is ill posed: {what} = 0, so the output is not determined by the input")
    return top / bottom, _nonzero(bottom)


def _inverse(matrix: Any) -> tuple[Any, Any]:
    """Adjugate and determinant."""
    if matrix.rows == 0:
        return sp.Matrix(matrix), sp.Integer(1)
    return exact.inverse(sp.ImmutableMatrix(matrix))


def _nonzero(expression: Any) -> Any:
    return sp.Ne(factored(expression), 0)
