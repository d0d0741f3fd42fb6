"""The writer: expressions to the text of array code, one assignment for each value that is used twice.

May import: result, vectors, code.helpers, code.text. A function class of rnnsym's own brings `array_helper` (its name and source as
a function of `x`, with `xp` for the module) and may bring `without_cancellation`; a new kind of matrix node is one
branch of `_matrix` or `column`.
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from rnnsym.code.helpers import ALIAS, ELEMENTARY, HELPERS, SPELLING
from rnnsym.code.text import bracketed, bracketed_text, is_simple, matrix_scalar, number, reading_order
from rnnsym.result import NoClosedForm
from rnnsym.vectors import Diagonal, Entrywise, slot

TOTAL = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.Abs, sp.sign, sp.erf, sp.erfc, sp.floor, sp.ceiling, sp.re, sp.im, sp.conjugate)  # fmt: skip


class _Sech2(sp.Function):
    """1 - tanh(x)^2, computed without cancellation; lives only inside this room."""

    array_helper = ("_sech2", "")


class Writer:
    """One pass over expressions that writes assignments and returns the text of each value; `known` are its inputs."""

    def __init__(self, modules: str, where: Mapping[Any, Any], inputs: Mapping[Any, str], uses: Counter[Any]) -> None:
        self.modules, self.where, self.inputs, self.uses = modules, where, inputs, uses
        self.xp = ALIAS[modules]
        self.lines: list[str] = []
        self.helpers: dict[str, str] = {}
        self.names: dict[Any, str] = {}
        self.taken = set(inputs.values())
        self.seen: Counter[Any] = Counter()
        self.counting = not uses

    # names and helpers
    def fresh(self, base: str) -> str:
        name, k = base, 1
        while name in self.taken or keyword.iskeyword(name):
            k += 1
            name = f"{base}{k}"
        self.taken.add(name)
        return name

    def helper(self, name: str) -> str:
        texts = HELPERS[name]
        text = texts.get(self.modules) or texts["numpy"]
        module = "np" if self.modules == "mpmath" and name not in ("_sech2",) else self.xp
        self.helpers[name] = text.replace("np.", module + ".") if self.modules not in texts else text
        return name

    def again(self, key: Any) -> str | None:
        """The name of a value that was written before; while counting, anything met twice."""
        if key in self.names or (self.counting and self.seen[key]):
            self.seen[key] += 1
            return self.names.get(key, "_")
        return None

    def named(self, key: Any, text: str, base: str) -> str:
        """The text itself, or a name for it if the value is used again."""
        self.seen[key] += 1
        if self.uses[key] > 1 and key not in self.names:
            name = self.fresh(base)
            self.lines.append(f"{name} = {text}")
            self.names[key] = name
        return self.names.get(key, text)

    def text(self, value: Any) -> str:
        """Text of a scalar, a table of scalars, a column as an n by 1 matrix, or a matrix."""
        if isinstance(value, sp.MatrixBase):
            return self._table(value, None)
        if getattr(value, "is_Matrix", False):
            return self.matrix(value)
        return self.scalar(self.stable(value), 0)

    # scalars
    def scalar(self, expression: Any, rank: int) -> str:
        """Text of a scalar expression whose symbols are inputs; `rank` trailing axes are added to plain scalars."""
        return self._scalar(expression, rank, 0)

    def _scalar(self, e: Any, rank: int, level: int) -> str:
        if e.is_Symbol:
            return self._symbol(e, rank)
        if isinstance(e, MatrixElement):
            return self._element(e, rank)
        if e.is_Number or e.is_NumberSymbol or e is sp.I or e in (sp.oo, -sp.oo, sp.nan, sp.zoo):
            return bracketed(
                number(e, self.modules), 3 if e.is_Rational and not e.is_Integer or e.is_negative else 9, level
            )
        if e.is_number and e.is_real and self.modules != "mpmath" and not hasattr(e, "array_helper"):
            return bracketed(repr(float(e)), 3 if e.is_negative else 9, level)  # NumPy's sqrt(2) would be a float64
        key = (e, rank)
        if (before := self.again(key)) is not None:
            return before
        text, strength = self._operation(e, rank)
        name = self.named(key, text, "t")
        return name if name is not text else bracketed(text, strength, level)

    def _symbol(self, e: Any, rank: int) -> str:
        if isinstance(e, _Column) and e in self.inputs:
            return self.inputs[e]
        text = self.column(e.column) if isinstance(e, _Column) else self.value(e)
        if rank == 0 or isinstance(e, _Column):
            return text
        return f"{text}[..., None]"

    def _element(self, e: Any, rank: int) -> str:
        """An entry of a named matrix; a column is an array of one axis."""
        is_column = e.parent.shape[1] == 1
        name = self.column(e.parent) if is_column else self.matrix(e.parent)
        place = f"{e.i}" if is_column else f"{e.i}, {e.j}"
        return f"{name}[..., {place}]" + ("[..., None]" if rank else "")

    def _operation(self, e: Any, rank: int) -> tuple[str, int]:
        if e.is_Add:
            return self._sum(e, rank), 2
        if e.is_Mul:
            return self._product(e, rank), 3
        if e.is_Pow:
            return self._power(e, rank)
        if isinstance(e, sp.Piecewise) and self.modules in ("numpy", "mpmath") and not self._is_harmless(e):
            return self._cases(e, rank), 9
        if isinstance(e, sp.Piecewise):
            pairs = ", ".join(f"({self.test(c, rank)}, {self._scalar(b, rank, 0)})" for b, c in e.args)
            return f"{self.helper('_choose')}([{pairs}])", 9
        if isinstance(e, sp.Max | sp.Min):
            word = "maximum" if isinstance(e, sp.Max) else "minimum"
            return self._extreme(word, [self._scalar(a, rank, 0) for a in e.args]), 9
        if hasattr(e, "array_helper"):
            return self._own(e, rank), 9
        name = ELEMENTARY.get(type(e).__name__)
        arguments = [self._scalar(a, rank, 0) for a in e.args]
        if name is not None:
            return f"{self._function(name)}({', '.join(arguments)})", 9
        if hasattr(e, "elementary"):
            return f"({self._scalar(e.elementary(), rank, 0)})", 9
        raise NoClosedForm(f"no array code for {type(e).__name__}: {e}")

    # cases
    def _is_harmless(self, e: Any) -> bool:
        """Whether all branches may be computed where they are not chosen: none divides, takes a root or a logarithm."""
        return self.modules != "mpmath" and all(self.is_total(b) for b, _ in e.args)

    def is_total(self, e: Any) -> bool:
        """Whether an expression has a value for all numbers, so that computing it never warns or raises."""
        if isinstance(e, sp.Piecewise):
            return True  # its branches are computed only where they are chosen
        if isinstance(e, sp.Symbol):
            known = e in self.inputs or e in self.names or e not in self.where
            return known or self.is_total(self.where[e])
        if e.is_Pow and not (e.exp.is_Integer and e.exp.is_positive) and e.free_symbols:
            return False
        if isinstance(e, sp.Function) and not isinstance(e, TOTAL) and not hasattr(e, "array_helper"):
            return False
        return all(self.is_total(a) for a in e.args)

    def _cases(self, e: Any, rank: int) -> str:
        """Tests and branches as functions of what they depend on, each computed only where it is needed."""
        texts: dict[Any, str] = {}
        pending = sorted(e.free_symbols, key=str)
        while pending:
            s = pending.pop(0)
            if s in texts:
                continue
            lazy = s in self.where and s not in self.inputs and s not in self.names
            if lazy and not getattr(self.where[s], "is_Matrix", False) and not self.is_total(self.where[s]):
                pending += sorted(self.where[s].free_symbols, key=str)  # computed in the branches that use it
            else:
                texts[s] = self._symbol(s, rank)
        local: dict[Any, str] = {}
        taken = set(self.taken)
        for s, text in texts.items():
            name = text if text.isidentifier() else f"x{len(local) + 1}"
            while name in taken and name != text:
                name += "_"
            taken.add(name)
            local[s] = name
        rows = []
        for branch, condition in e.args:
            test = "None" if condition == sp.true else self._local("_if", local, taken, condition, is_test=True)
            rows.append(f"({test}, {self._local('_then', local, taken, branch, is_test=False)})")
        return f"{self.helper('_cases')}([{', '.join(rows)}], {', '.join(texts.values())})"

    def _local(self, base: str, inputs: Mapping[Any, str], taken: set[str], e: Any, is_test: bool) -> str:
        """Writes a local function of scalars and returns its name."""
        uses: Counter[Any] = Counter()
        for _ in range(2):
            writer = Writer(self.modules, self.where, inputs, uses)
            writer.helpers, writer.taken = self.helpers, taken | self.taken
            text = writer.test(e, 0) if is_test else writer.scalar(e, 0)
            uses = writer.seen
        name = self.fresh(base)
        self.lines += [f"def {name}({', '.join(inputs.values())}):", *("    " + line for line in writer.lines)]
        self.lines.append(f"    return {text}")
        return name

    def _function(self, name: str) -> str:
        name = SPELLING.get(self.modules, {}).get(name, name)
        if f"_{name}" in HELPERS and self.modules != "mpmath":
            return self.helper(f"_{name}")
        if self.modules == "mpmath":
            self.helpers[f"_{name}"] = f"_{name} = np.frompyfunc(mp.{name}, {2 if name == 'atan2' else 1}, 1)"
            return f"_{name}"
        return f"{self.xp}.{name}"

    def _extreme(self, word: str, texts: list[str]) -> str:
        if self.modules == "mpmath":
            self.helpers[f"_{word}"] = f"_{word} = np.frompyfunc({word[:3]}, 2, 1)"
            word = f"_{word}"
        elif self.modules == "torch":
            self.helpers[f"_{word}"] = (
                f"def _{word}(a, b):\n"
                f"    return torch.{word}(torch.as_tensor(a, dtype=_dtype), torch.as_tensor(b, dtype=_dtype))"
            )
            word = f"_{word}"
        else:
            word = f"{self.xp}.{word}"
        result = texts[0]
        for text in texts[1:]:
            result = f"{word}({result}, {text})"
        return result

    def _own(self, e: Any, rank: int) -> str:
        name, text = e.array_helper
        arguments = ", ".join(self._scalar(a, rank, 0) for a in e.args)
        if self.modules == "mpmath":
            if isinstance(e, _Sech2):
                return f"{self._function('sech')}({arguments})**2"
            if hasattr(e, "mpmath_helper"):
                self.helpers[name] = f"{name} = np.frompyfunc({e.mpmath_helper}, {len(e.args)}, 1)"
                return f"{name}({arguments})"
            return f"({self._scalar(e.elementary(), rank, 0)})"
        for needed in getattr(e, "array_needs", ()):
            self.helper(needed)
        if not text:
            return f"{self.helper(name)}({arguments})"
        self.helpers[name] = text.replace("xp.", self.xp + ".")
        return f"{name}({arguments})"

    def _sum(self, e: Any, rank: int) -> str:
        text = ""
        signs = {t: bool(t.could_extract_minus_sign() and not t.is_Add) for t in e.args}
        for k, term in enumerate(sorted(e.args, key=lambda t: (signs[t], *reading_order(t)))):
            negative = signs[term]
            part = self._scalar(-term if negative else term, rank, 3 if negative else 2)
            text += ("-" if negative else "") + part if k == 0 else (" - " if negative else " + ") + part
        return text

    def _product(self, e: Any, rank: int) -> str:
        above, below = [], []
        sign = ""
        for f in e.args:
            if f == -1:
                sign = "-"
            elif f.is_Rational and f.q != 1 and abs(f.p) == 1:
                sign = "-" if f.p < 0 else sign
                below.append(sp.Integer(f.q))
            elif f.is_Pow and f.exp.is_Rational and f.exp.is_negative:
                below.append(1 / f)
            else:
                above.append(f)
        text = " * ".join(self._scalar(f, rank, 3) for f in above) or "1"
        if below:
            text += " / " + " / ".join(self._scalar(f, rank, 4) for f in below)
        return sign + text

    def _power(self, e: Any, rank: int) -> tuple[str, int]:
        if e.exp == sp.Rational(1, 2):
            is_complex = self.modules == "numpy" and e.base.is_real is not True and bool(e.base.free_symbols)
            root = self.helper("_complex_sqrt") if is_complex else self._function("sqrt")
            return f"{root}({self._scalar(e.base, rank, 0)})", 9
        if e.exp.is_Rational and e.exp.is_negative:
            return f"1 / {self._scalar(1 / e, rank, 4)}", 3
        base = self._scalar(e.base, rank, 9)
        if e.exp == 2 and base.isidentifier():
            return f"{base} * {base}", 3
        return f"{base}**{self._scalar(e.exp, rank, 5)}", 4

    def test(self, condition: Any, rank: int) -> str:
        if condition in (sp.true, sp.false):
            return "True" if condition == sp.true else "False"
        if isinstance(condition, sp.And | sp.Or):
            return (
                "("
                + (" & " if isinstance(condition, sp.And) else " | ").join(self.test(c, rank) for c in condition.args)
                + ")"
            )
        if isinstance(condition, sp.Not):
            return f"~{self.test(condition.args[0], rank)}"
        if isinstance(condition, sp.core.relational.Relational):
            left, right = self._scalar(condition.lhs, rank, 2), self._scalar(condition.rhs, rank, 2)
            if self.modules == "mpmath" and condition.rel_op in ("<", "<=", ">", ">="):
                return f"{self.helper('_compare')}('{condition.rel_op}', {left}, {right})"
            return f"({left} {condition.rel_op} {right})" if condition.rel_op != "=" else f"({left} == {right})"
        raise NoClosedForm(f"no array code for the condition {condition}")

    # columns and matrices
    def value(self, symbol: Any) -> str:
        """The text of an input or of a named quantity, which is computed when first asked for."""
        if symbol in self.inputs:
            return self.inputs[symbol]
        if symbol in self.names:
            return self.names[symbol]
        if symbol not in self.where:
            raise NoClosedForm(f"{symbol} is neither an argument nor defined")
        definition = self.where[symbol]
        is_column = getattr(definition, "is_Matrix", False)
        if is_column and definition.shape[1] != 1:
            text = self.matrix(definition)
        else:
            text = self.column(definition) if is_column else self.scalar(self.stable(definition), 0)
        name = self.fresh(symbol.name)
        self.lines.append(f"{name} = {text}")
        self.names[symbol] = name
        return name

    def stable(self, expression: Any) -> Any:
        """1 - y^2 of a known y = tanh(a), and the like, written in a, where no digits are lost."""
        table = {}
        for y in expression.atoms(sp.Symbol, _Column):
            origin = y.column if isinstance(y, _Column) else y
            if origin in self.where and origin not in self.inputs:
                definition = self.where[origin]
                a = self.body(definition) if isinstance(definition, Entrywise) else definition
                table.update(_without_cancellation(a, y))
        for f in expression.atoms(sp.Function):
            table.update(_without_cancellation(f, f))
        if not table:
            return expression
        sums = {k: v for k, v in table.items() if k.is_Add}
        for e in expression.atoms(sp.Add) if sums else ():  # SymPy writes -2 (1 - y^2) as 2 y^2 - 2
            for key, value in sums.items():
                ratio = _ratio(e, key)
                if ratio is not None:
                    table[e] = ratio * value
        return expression.xreplace(table)

    def body(self, expression: Entrywise) -> Any:
        """The scalar expression of a column, its slots replaced by symbols that know their column."""
        return expression.body.xreplace({slot(k): _column_symbol(c) for k, c in enumerate(expression.columns, 1)})

    def column(self, e: Any) -> str:
        """Text of a column, shape (..., n)."""
        if isinstance(e, sp.MatrixSymbol):
            return self.value(e)
        if (before := self.again(e)) is not None:
            return before
        if isinstance(e, Entrywise):
            if not e.columns:
                return self.scalar(e.body, 1)
            return self.named(e, self.scalar(self.stable(self.body(e)), 1), "v")
        if isinstance(e, sp.MatMul):
            coefficient, factors = _split(e)
            text = self.column(factors[-1])
            for f in reversed(factors[:-1]):
                text = self._apply(f, text)
            if coefficient != 1:
                text = f"{self._scalar(coefficient, 1, 3)} * {bracketed_text(text)}"
            return self.named(e, text, "a")
        if isinstance(e, sp.MatrixBase):
            return self._table(e, 0)
        if isinstance(e, sp.ZeroMatrix | sp.OneMatrix):
            raise NoClosedForm("a constant column of unknown size")
        raise NoClosedForm(f"no array code for {type(e).__name__}: {e}")

    def _apply(self, matrix: Any, text: str) -> str:
        if isinstance(matrix, Diagonal):
            return f"{bracketed_text(self.column(matrix.arg))} * {bracketed_text(text)}"
        if isinstance(matrix, sp.Transpose) and matrix.shape[0] == 1:
            keep = "keepdim" if self.modules == "torch" else "keepdims"
            return f"({bracketed_text(self.column(matrix.arg))} * {bracketed_text(text)}).sum(-1, {keep}=True)"
        return f"{self.helper('_linear')}({self.matrix(matrix)}, {text})"

    def matrix(self, e: Any) -> str:
        """Text of a matrix, shape (..., rows, columns)."""
        if e.shape[1] == 1 and not isinstance(e, sp.MatrixBase | sp.Identity | sp.BlockMatrix):
            return f"{bracketed_text(self.column(e))}[..., :, None]"  # its name, if it has one, is that of the column
        if (before := self.again(e)) is not None:
            return before
        if isinstance(e, sp.MatrixSymbol):
            return self.value(e)
        return self.named(e, self._matrix(e), "M")

    def _matrix(self, e: Any) -> str:
        if isinstance(e, sp.MatMul):
            return self._matrix_product(e)
        if isinstance(e, sp.MatAdd):
            return self._matrix_sum(e)
        if isinstance(e, Diagonal):
            return f"{self.helper('_diagonal')}({self.column(e.arg)})"
        if isinstance(e, sp.Transpose):
            inner = e.arg
            if inner.shape[1] == 1:
                return f"{bracketed_text(self.column(inner))}[..., None, :]"
            return f"{self.matrix(inner)}.swapaxes(-1, -2)"
        if isinstance(e, sp.BlockMatrix):
            rows = [[self.matrix(b) for b in e.blocks[i, :]] for i in range(e.blocks.rows)]
            text = ", ".join("[" + ", ".join(row) + "]" for row in rows)
            return f"{self.helper('_blocks')}([{text}])"
        if isinstance(e, sp.KroneckerProduct):
            first, *rest = [self.matrix(a) for a in e.args]
            for part in rest:
                first = f"{self.helper('_kronecker')}({first}, {part})"
            return first
        if isinstance(e, sp.MatrixBase):
            return self._table(e, None)
        if isinstance(e, sp.Identity):
            return f"{'np' if self.modules == 'mpmath' else self.xp}.eye({self.size(e.shape[0])})"
        if isinstance(e, sp.ZeroMatrix):
            return f"{'np' if self.modules == 'mpmath' else self.xp}.zeros(({self.size(e.shape[0])}, {self.size(e.shape[1])}))"
        raise NoClosedForm(f"no array code for {type(e).__name__}: {e}")

    def size(self, size: Any) -> str:
        if size.is_Integer:
            return str(size)
        if size.is_Symbol:
            return f"_size_{size.name}"
        return "(" + str(size.xreplace({s: sp.Symbol(f"_size_{s.name}") for s in size.free_symbols})) + ")"

    def _matrix_product(self, e: Any) -> str:
        coefficient, factors = _split(e)
        text = ""
        pending = list(factors)
        right = pending.pop()
        if isinstance(right, Diagonal) and pending:
            text, dense = self.matrix(pending.pop()), True
            text = f"{text} * {bracketed_text(self.column(right.arg))}[..., None, :]"
        else:
            text, dense = self.matrix(right), isinstance(right, sp.MatrixSymbol | sp.Transpose)
        for f in reversed(pending):
            if isinstance(f, Diagonal) and self.modules == "numpy" and isinstance(right, sp.MatrixSymbol) and dense:
                text = f"{self.helper('_scaled')}({self.column(f.arg)}, {text})"
            elif isinstance(f, Diagonal):
                text = f"{bracketed_text(self.column(f.arg))}[..., :, None] * {text if dense else bracketed_text(text)}"
            elif f.shape[1] == 1 and isinstance(right, sp.Transpose):
                text = f"{bracketed_text(self.column(f))}[..., :, None] * {bracketed_text(text)}"
            else:
                text = f"{bracketed_text(self.matrix(f))} @ {bracketed_text(text)}"
            dense = False
        return (
            text
            if coefficient == 1
            else f"{matrix_scalar(self._scalar(coefficient, 0, 3), coefficient)} * {bracketed_text(text)}"
        )

    def _matrix_sum(self, e: Any) -> str:
        diagonals = [t for t in e.args if isinstance(t, Diagonal)]
        identities = [t for t in e.args if _scaled_identity(t) is not None]
        others = [t for t in e.args if t not in diagonals and t not in identities]
        if not others:
            parts = [self.matrix(t) for t in e.args]
            return " + ".join(map(bracketed_text, parts))
        text = " + ".join(self._matrix_or_name(t) for t in others)
        fresh = len(others) > 1 or isinstance(others[0], sp.MatMul)
        for t in diagonals:
            text, fresh = f"{self.helper('_plus_diagonal')}({text}, {self.column(t.arg)}, {fresh})", True
        for t in identities:
            c = self._scalar(_scaled_identity(t), 1, 0)
            array = {"numpy": "np.asarray", "jax": "jnp.asarray", "torch": "torch.as_tensor", "mpmath": "np.asarray"}
            kind = ", dtype=object" if self.modules == "mpmath" else ""
            # at rank 1 what depends on symbols has its trailing axis already
            wide = c if _scaled_identity(t).free_symbols else f"{array[self.modules]}({c}{kind})[..., None]"
            text, fresh = f"{self.helper('_plus_diagonal')}({text}, {wide}, {fresh})", True
        return text

    def _matrix_or_name(self, e: Any) -> str:
        text = self.matrix(e)
        return text if is_simple(text) or isinstance(e, sp.MatMul) else f"({text})"

    def _table(self, e: Any, axis: int | None) -> str:
        rows = ", ".join("[" + ", ".join(self.scalar(self.stable(v), 0) for v in e[i, :]) + "]" for i in range(e.rows))
        text = f"{self.helper('_table')}([{rows}])"
        return text if axis is None else f"{text}[..., {axis}]"


class _Column(sp.Symbol):
    """A scalar symbol that stands for a column in a scalar expression."""

    column: Any


@lru_cache(maxsize=4096)
def _column_symbol(column: Any) -> _Column:
    # The name says everything that the column is: SymPy takes symbols of one name for one symbol.
    symbol = sp.Symbol.__xnew__(_Column, sp.srepr(column), real=True)
    symbol.column = column
    return symbol


def _without_cancellation(function: Any, y: Any) -> dict[Any, Any]:
    """Subexpressions of y = function(a) that lose digits near saturation, and what to compute instead."""
    if isinstance(function, sp.tanh):
        return {1 - y**2: _Sech2(function.args[0])}
    if isinstance(function, sp.atan):
        return {sp.cos(y) ** 2: 1 / (1 + function.args[0] ** 2)}
    stable = getattr(function, "without_cancellation", None)
    return stable(y) if stable is not None else {}


def _ratio(e: Any, key: Any) -> Any:
    """The number c with e = c key, for two sums; or None."""
    if len(e.args) != len(key.args):
        return None
    ours, theirs = e.as_coefficients_dict(), key.as_coefficients_dict()
    ratios = {ours[k] / c if k in ours else None for k, c in theirs.items()}
    return ratios.pop() if len(ratios) == 1 else None


def _split(product: Any) -> tuple[Any, list[Any]]:
    scalars = [f for f in product.args if not f.is_Matrix]
    return sp.Mul(*scalars), [f for f in product.args if f.is_Matrix]


def _scaled_identity(term: Any) -> Any:
    if isinstance(term, sp.Identity):
        return sp.S.One
    if isinstance(term, sp.MatMul):
        coefficient, factors = _split(term)
        if len(factors) == 1 and isinstance(factors[0], sp.Identity):
            return coefficient
    return None
