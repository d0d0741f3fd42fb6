"""A cell with numbers as straight-line programs: its map F, and a smaller map with the same fixed points.

At a fixed point a state s = A s + B (A a gate or a rate, 1 - A never 0) obeys s = B/(1 - A): of a leaky unit and a GRU
that is the candidate, h = g, and of an LSTM c = i g/(1 - f). Such an s is no unknown if B and A do not contain it; and if
all states enter through one narrower column (the factors of a low-rank network), that column is the unknown. So a leaky
network is searched as fast as a plain one, an LSTM in n unknowns instead of 2n, a low-rank network in its rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from rnnsym.activations.constants import SELU_ALPHA, SELU_SCALE
from rnnsym.activations.functions import sigmoid
from rnnsym.analysis.search.values import Values
from rnnsym.exact.intervals import FUNCTIONS
from rnnsym.exact.programs import Affine, Apply, Number, Product, Program, Reciprocal, Table, exact_number
from rnnsym.result import NoClosedForm
from rnnsym.vectors import Entrywise, Slot, column, factors_of, slot

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Model:
    """F on the n stacked states; `reduced` on the unknowns, which has the same fixed points; `lift`: unknowns -> states.

    slices: the places of the unknowns among the states, or None if the unknowns are no states.
    """

    name: str
    states: tuple[tuple[str, int], ...]
    map: Program
    reduced: Program
    lift: Program
    slices: tuple[int, ...] | None

    @property
    def n(self) -> int:
        return self.map.n


def model(values: Values) -> Model:
    """The programs of a cell with numbers."""
    cell = values.cell
    states = tuple((s.name, int(s.shape[0])) for s in cell.state)
    full = Builder(values, cell.equations, cell.state)
    forward = full.program(cell.next)
    equations, solved = _solved(values)
    star = dict(zip(cell.next, cell.state, strict=True))
    at_rest = {name: e.xreplace(star) for name, e in equations.items()}
    unknowns, outputs, meaning = _unknowns(cell.state, cell.next, at_rest)
    reduced = Builder(values, [(name, e) for name, e in at_rest.items()], unknowns, meaning)
    program = reduced.program(outputs)
    lifted = Builder(values, [(name, e) for name, e in at_rest.items()], unknowns, meaning)
    places: dict[Any, list[int]] = {}
    start = 0
    for s in cell.state:
        places[s] = list(range(start, start + int(s.shape[0])))
        start += int(s.shape[0])
    slices = tuple(i for s in unknowns for i in places[s]) if all(s in places for s in unknowns) else None
    return Model(cell.name, states, forward, program, lifted.program(cell.state), slices)


# ---------------------------------------------------------------------- the smaller map


def _solved(values: Values) -> tuple[dict[Any, Any], set[Any]]:
    """The equations with every new state s = A s + B replaced by s = B/(1 - A) where that is allowed."""
    cell = values.cell
    equations = dict(cell.equations)
    solved = set()
    for old, new in zip(cell.state, cell.next, strict=True):
        expression = column(equations[new])
        if isinstance(expression, Entrywise) and old in expression.columns:
            found = _without_itself(expression, old, equations, values)
            if found is not None:
                equations[new] = found
                solved.add(new)
    return equations, solved


def _without_itself(expression: Any, old: Any, equations: Mapping[Any, Any], values: Values) -> Any:
    """B/(1 - A) of an expression A old + B, or None."""
    own = slot(list(expression.columns).index(old) + 1)
    scalars = {s: values.scalar(s) for s in expression.body.free_symbols if not isinstance(s, Slot)}
    body = expression.body.xreplace(
        {s: sp.Rational(v.numerator, v.denominator) if isinstance(v, Fraction) else v for s, v in scalars.items()}
    )
    A = sp.expand(body).coeff(own, 1)
    B = sp.expand(body).coeff(own, 0)
    if (A.has(own) or B.has(own)) or sp.expand(body - A * own - B) != 0 or A == 0:
        return None
    rest = sp.cancel(1 - A)
    if rest.is_number:
        return None if rest.is_zero is not False else Entrywise(B / rest, expression.shape[0], *expression.columns)
    for k, gate in enumerate(expression.columns, 1):
        g = slot(k)
        if rest not in (g, 1 - g) or gate not in equations:
            continue
        inner = equations[gate]
        if not (isinstance(inner, Entrywise) and isinstance(inner.body, sigmoid)):
            continue
        # 0 < sigmoid < 1, so 1 - A is never 0; 1/sigmoid(a) = 1 + exp(-a), 1/(1 - sigmoid(a)) = 1 + exp(a)
        quotient = sp.cancel(B / rest)
        numerator, denominator = sp.fraction(quotient)
        if denominator.is_number:
            return Entrywise(quotient, expression.shape[0], *expression.columns)
        if sp.cancel(denominator / rest).is_number:
            count = len(expression.columns)
            argument = inner.body.args[0].xreplace({slot(i): slot(count + i) for i in range(1, len(inner.columns) + 1)})
            factor = 1 + sp.exp(-argument if rest == g else argument)
            scale = sp.cancel(rest / denominator)
            return Entrywise(scale * numerator * factor, expression.shape[0], *expression.columns, *inner.columns)
    return None


def _uses(name: Any, equations: Mapping[Any, Any], stop: Iterable[Any]) -> set[Any]:
    """The columns that an equation depends on, followed through other equations down to those in `stop`."""
    stops, found, todo = set(stop), set(), [name]
    seen = set()
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        for s in equations[current].atoms(sp.MatrixSymbol):
            if s in stops:
                found.add(s)
            elif s in equations:
                todo.append(s)
    return found


def _unknowns(
    state: Any, new: Any, equations: dict[Any, Any]
) -> tuple[tuple[Any, ...], tuple[Any, ...], dict[Any, Any]]:
    """(unknown columns, the columns that must equal them, state -> equation name for states that are no unknowns)."""
    pairs = dict(zip(state, new, strict=True))
    size = sum(int(s.shape[0]) for s in state)
    for name in equations:
        if name in new or int(name.shape[0]) >= size:
            continue
        if not any(_uses(s, equations, (*state, name)) & set(state) for s in new):
            return (name,), (name,), pairs
    meaning: dict[Any, Any] = {}
    for s in state:
        trial = {**meaning, s: pairs[s]}
        if len(trial) == len(state):
            break
        written = {name: e.xreplace(trial) for name, e in equations.items()}
        left = [t for t in state if t not in trial]
        if not _cyclic(pairs[s], written, left):
            meaning = trial
    unknowns = tuple(s for s in state if s not in meaning)
    return unknowns, tuple(pairs[s] for s in unknowns), meaning


def _cyclic(name: Any, equations: Mapping[Any, Any], stop: Iterable[Any]) -> bool:
    """Whether an equation leads back to itself without passing an unknown."""
    stops, todo, seen = set(stop), [name], set()
    while todo:
        current = todo.pop()
        for s in equations[current].atoms(sp.MatrixSymbol):
            if s == name:
                return True
            if s in equations and s not in stops and s not in seen:
                seen.add(s)
                todo.append(s)
    return False


# ---------------------------------------------------------------------- from expressions to operations


@dataclass
class Form:
    """sum of matrix (None: the identity) times program column, plus constants."""

    terms: dict[int, Table | None]
    constant: list[Number]


class Builder:
    """Programs of named equations in some unknown columns."""

    def __init__(
        self,
        values: Values,
        equations: Iterable[tuple[Any, Any]],
        unknowns: Iterable[Any],
        meaning: Mapping[Any, Any] | None = None,
    ) -> None:
        self.values, self.equations, self.meaning = values, dict(equations), dict(meaning or {})
        self.operations: list[Any] = []
        self.sizes: list[int] = []
        self.known: dict[Any, Form] = {}
        self.memo: dict[Any, int] = {}
        self.n = sum(int(s.shape[0]) for s in unknowns)
        self.sizes.append(self.n)
        start = 0
        for s in unknowns:
            k = int(s.shape[0])
            matrix = None
            if k != self.n:
                matrix = tuple(tuple(ONE if j == start + i else ZERO for j in range(self.n)) for i in range(k))
            self.known[s] = Form({0: matrix}, [ZERO] * k)
            start += k
        self.unknowns = set(unknowns)

    def program(self, outputs: Iterable[Any]) -> Program:
        nodes = []
        for name in outputs:
            nodes.append(self.node(self.equation(name) if name in self.equations else self.vector(name)))
        return Program(self.n, tuple(self.operations), tuple(nodes))

    def equation(self, name: Any) -> Form:
        """The value of an equation, which may define an unknown."""
        return self.vector(self.equations[name])

    def emit(self, operation: Any, size: int) -> int:
        if operation not in self.memo:
            self.operations.append(operation)
            self.sizes.append(size)
            self.memo[operation] = len(self.operations)
        return self.memo[operation]

    def node(self, form: Form) -> int:
        """The program column of a form."""
        if len(form.terms) == 1 and not any(form.constant):
            ((i, matrix),) = form.terms.items()
            if matrix is None:
                return i
        return self.emit(Affine(tuple(form.terms.items()), tuple(form.constant)), len(form.constant))

    def vector(self, expression: Any) -> Form:
        if expression in self.known:
            return self.known[expression]
        if expression in self.meaning:
            found = self.vector(self.meaning[expression])
        elif isinstance(expression, sp.MatrixSymbol):
            if expression in self.equations:
                found = self.vector(self.equations[expression])
            else:
                found = Form({}, [row[0] for row in self.values.table(expression)])
        elif isinstance(expression, Entrywise):
            size = int(expression.shape[0])
            value = self.body(expression.body, {slot(k): c for k, c in enumerate(expression.columns, 1)}, size)
            found = value if isinstance(value, Form) else Form({}, [value] * size)
        elif isinstance(expression, sp.MatAdd):
            found = self.vector(expression.args[0])
            for term in expression.args[1:]:
                found = self.add(found, self.vector(term))
        elif isinstance(expression, sp.ZeroMatrix | sp.OneMatrix):
            found = Form({}, [ONE if isinstance(expression, sp.OneMatrix) else ZERO] * int(expression.shape[0]))
        elif isinstance(expression, sp.MatMul):
            coefficient, factors = factors_of(expression)
            found = self.vector(factors[-1])
            for matrix in reversed(factors[:-1]):
                found = self.times(matrix, found)
            found = self.scale(found, [self.number(coefficient)] * len(found.constant))
        else:
            raise NoClosedForm(f"the search cannot read {type(expression).__name__}: {expression}")
        self.known[expression] = found
        return found

    def times(self, matrix: Any, form: Form) -> Form:
        rows = int(matrix.shape[0])
        if not form.terms and not any(form.constant):
            return Form({}, [ZERO] * rows)
        table = self.values.table(matrix)
        constant = [_sum(_times(a, v) for a, v in zip(row, form.constant, strict=True)) for row in table]
        return Form({i: table if M is None else _product(table, M) for i, M in form.terms.items()}, constant)

    def add(self, a: Form, b: Form) -> Form:
        terms = dict(a.terms)
        for i, M in b.terms.items():
            terms[i] = M if i not in terms else _plus(terms[i], M, self.sizes[i])
        return Form(terms, [_sum((u, v)) for u, v in zip(a.constant, b.constant, strict=True)])

    def scale(self, form: Form, factors: list[Number]) -> Form:
        if all(f == 1 for f in factors):
            return form
        if all(f == 0 for f in factors):
            return Form({}, [ZERO] * len(factors))
        terms: dict[int, Table | None] = {}
        for i, M in form.terms.items():
            rows = M if M is not None else _identity(self.sizes[i])
            terms[i] = tuple(tuple(_times(f, v) for v in row) for f, row in zip(factors, rows, strict=True))
        return Form(terms, [_times(f, v) for f, v in zip(factors, form.constant, strict=True)])

    def number(self, e: Any) -> Number:
        symbols = {s: _sympy(self.values.scalar(s)) for s in sp.S(e).free_symbols}
        return exact_number(sp.S(e).xreplace(symbols))

    def body(self, e: Any, columns: Mapping[Any, Any], size: int) -> Any:
        """The value of a scalar expression in slots: a Form, or a number."""
        if isinstance(e, Slot):
            return self.vector(columns[e])
        if not e.has(Slot):
            return self.number(e)
        if e.is_Add:
            total: Any = ZERO
            for term in e.args:
                total = self._plus(total, self.body(term, columns, size), size)
            return total
        if e.is_Mul:
            product: Any = ONE
            for factor in e.args:
                product = self._by(product, self.body(factor, columns, size))
            return product
        parts = [self.body(a, columns, size) for a in e.args]
        if e.is_Pow and parts[1] == -1:
            return self._reciprocal(parts[0])
        if e.is_Pow and isinstance(parts[1], Fraction) and parts[1].denominator == 1 and abs(parts[1]) <= 64:
            k = abs(int(parts[1]))
            base = parts[0]
            power = base if k == 1 else self._apply("power", base, (Fraction(k),), lambda v: v**k)
            return power if parts[1] > 0 else self._reciprocal(power)
        return self._function(e, parts, size)

    def _function(self, e: Any, parts: list[Any], size: int) -> Any:
        name = {"Abs": "absolute"}.get(type(e).__name__, type(e).__name__)
        if name in ("Max", "Min"):
            # max(a, b) = b + relu(a - b), min(a, b) = b - relu(b - a)
            result = parts[0]
            sign = ONE if name == "Max" else -ONE
            for other in parts[1:]:
                gap = self._plus(self._by(sign, result), self._by(-sign, other), size)
                result = self._plus(other, self._by(sign, self._apply("relu", gap, (), lambda v: sp.Max(0, v))), size)
            return result
        if name == "sigmoid_complement":
            return self._apply("sigmoid", self._by(-ONE, parts[0]), (), lambda v: sigmoid(v))
        if name == "selu":
            scale, alpha = (exact_number(v) for v in _selu())
            return self._by(
                scale,
                self._apply(
                    "elu", parts[0], (alpha,), lambda v: sp.Max(0, v) + _sympy(alpha) * (sp.exp(sp.Min(0, v)) - 1)
                ),
            )
        if name in ("gelu", "silu"):
            gate = "normal_cdf" if name == "gelu" else "sigmoid"
            return self._by(parts[0], self._apply(gate, parts[0], (), type(e)))
        if name == "mish":
            inner = self._apply("softplus", parts[0], (), type(e))
            return self._by(parts[0], self._apply("tanh", inner, (), type(e)))
        if name in FUNCTIONS and not any(isinstance(p, Form) for p in parts[1:]):
            if name == "elu" and parts[1] < 0:
                raise NoClosedForm(f"the search needs a positive alpha in ELU, got {parts[1]}")
            return self._apply(name, parts[0], tuple(parts[1:]), lambda v: type(e)(v, *map(_sympy, parts[1:])))
        if hasattr(e, "elementary"):
            names = [sp.Dummy(real=True) for _ in e.args]
            inner = {a: Slot(f"_{id(e)}_{k}", real=True) for k, a in enumerate(names)}
            rebuilt = e.func(*[a if k else inner[names[0]] for k, a in enumerate(e.args)]).elementary()
            self.known.setdefault(inner[names[0]], parts[0])
            return self.body(rebuilt, {inner[names[0]]: inner[names[0]]}, size)
        raise NoClosedForm(f"the search has no enclosure of {type(e).__name__}; it has: {', '.join(sorted(FUNCTIONS))}")

    def _apply(self, name: str, of: Any, parameters: tuple[Number, ...], exact: Any) -> Any:
        if not isinstance(of, Form):
            return exact_number(exact(_sympy(of)))
        if not of.terms:
            return Form({}, [exact_number(exact(_sympy(v))) for v in of.constant])
        size = len(of.constant)
        return Form({self.emit(Apply(name, self.node(of), parameters), size): None}, [ZERO] * size)

    def _plus(self, a: Any, b: Any, size: int) -> Any:
        if not isinstance(a, Form) and not isinstance(b, Form):
            return _sum((a, b))
        a, b = (v if isinstance(v, Form) else Form({}, [v] * size) for v in (a, b))
        return self.add(a, b)

    def _by(self, a: Any, b: Any) -> Any:
        if not isinstance(a, Form):
            a, b = b, a
        if not isinstance(a, Form):
            return _times(a, b)
        if not isinstance(b, Form):
            return self.scale(a, [b] * len(a.constant))
        if not a.terms:
            a, b = b, a
        if not b.terms:
            return self.scale(a, b.constant)
        size = len(a.constant)
        left, right = sorted((self.node(a), self.node(b)))
        return Form({self.emit(Product(left, right), size): None}, [ZERO] * size)

    def _reciprocal(self, a: Any) -> Any:
        if not isinstance(a, Form):
            return exact_number(1 / _sympy(a))
        if not a.terms:
            return Form({}, [exact_number(1 / _sympy(v)) for v in a.constant])
        size = len(a.constant)
        return Form({self.emit(Reciprocal(self.node(a)), size): None}, [ZERO] * size)


def _selu() -> tuple[Any, Any]:
    return SELU_SCALE, SELU_ALPHA


def _sympy(value: Number) -> Any:
    return sp.Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else value


def _times(a: Number, b: Number) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b
    return exact_number(_sympy(a) * _sympy(b))


def _sum(parts: Iterable[Number]) -> Number:
    exact, others = ZERO, []
    for v in parts:
        if isinstance(v, Fraction):
            exact += v
        else:
            others.append(v)
    return exact if not others else exact_number(sp.Add(_sympy(exact), *others))


def _identity(size: int) -> Table:
    return tuple(tuple(ONE if i == j else ZERO for j in range(size)) for i in range(size))


def _product(A: Table, B: Table) -> Table:
    columns = list(zip(*B, strict=True))
    return tuple(
        tuple(_sum(_times(a, b) for a, b in zip(row, c, strict=True) if a != 0 and b != 0) for c in columns)
        for row in A
    )


def _plus(A: Table | None, B: Table | None, size: int) -> Table:
    a, b = (_identity(size) if M is None else M for M in (A, B))
    return tuple(tuple(_sum((u, v)) for u, v in zip(r, s, strict=True)) for r, s in zip(a, b, strict=True))
