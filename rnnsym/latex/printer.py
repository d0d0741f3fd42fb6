r"""SymPy's LaTeX printer, taught columns, the roles of arrays, and the order in which a paper writes terms and factors.

An Entrywise is printed by its body, in which a Slot prints as its column: so a scalar rule (sum, product, power,
function) serves columns as well, and asks only whether a Slot is inside. Own `_latex(printer)` methods of nodes are
reached by SymPy's mechanism. May import: vectors, result, notation. A new node gets a `_print_<Class>` here, or its own
`_latex` where it is defined.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any

import sympy as sp

from rnnsym.latex.notation import ROLE_TIME, Notation, escape
from rnnsym.latex.terms import RANKS, TermPrinter, parens, positive_first, signed
from rnnsym.latex.tree import relaxed
from rnnsym.result import Array
from rnnsym.vectors import Diagonal, Entrywise


class PagePrinter(TermPrinter):
    r"""LaTeX of expressions under a notation; `arrays` give the roles, and these the time indices.

    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> h = sp.MatrixSymbol("h", n, 1)
    >>> print(PagePrinter(arrays=[Array("h", "state", h)]).doprint(h))
    h_{t-1}
    """

    def __init__(self, notation: Notation = Notation.default, arrays: Iterable[Array] = ()) -> None:
        super().__init__(notation)
        self._entries: dict[Any, str] = {}
        for array in arrays:
            self._roles[array.name] = array.role
            if array.entries is None:
                self._roles[getattr(array.value, "name", array.name)] = array.role
            else:
                self._add_entries(array, array.entries)

    def _add_entries(self, array: Array, entries: Any) -> None:
        time = ROLE_TIME.get(array.role, "")
        rows, cols = entries.shape
        for i in range(rows):
            for j in range(cols):
                entry = entries[i, j]
                if not isinstance(entry, sp.Symbol):
                    continue
                self._ranks[entry] = RANKS[array.role]
                if rows * cols > 1 and entry.name.startswith(array.name + "_"):
                    tex = self.notation.symbol(array.name, time=time, index=_index(i, j, entry.name, array.name))
                else:
                    tex = self.notation.symbol(entry.name, time=time)
                self._entries[entry] = tex

    def doprint(self, expr: Any) -> str:
        """LaTeX of an expression; fences that other nodes stretch without need are relaxed."""
        return relaxed(super().doprint(expr))

    # Symbols

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if isinstance(expr, Entrywise):
            return self._entrywise(expr)
        return str(super()._print(expr, **kwargs))

    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
        return self._entries.get(expr) or self.notation.symbol(expr.name)

    _print_RandomSymbol = _print_Symbol

    def _print_MatrixSymbol(self, expr: Any) -> str:
        return self._matrix_symbol(expr)

    def _matrix_symbol(self, expr: Any, index: str = "") -> str:
        time = ROLE_TIME.get(self._roles.get(expr.name, ""), "")
        return self.notation.symbol(expr.name, time=time, index=index, bold=not index)

    def _print_Slot(self, expr: Any) -> str:
        if not self._columns:
            return self.notation.symbol(expr.name)
        return self._print(self._column(expr))

    def _deal_with_super_sub(self, string: str, style: str = "plain") -> str:
        return self.notation.symbol(string)

    def _print_Str(self, expr: Any) -> str:
        return rf"\text{{{escape(str(expr))}}}"

    def _print_MatrixElement(self, expr: Any) -> str:
        i, j = (str(k + 1) if k.is_Integer else self._print(k) for k in (expr.i, expr.j))
        if not isinstance(expr.parent, sp.MatrixSymbol):
            matrix = self._print(expr.parent)
            return rf"\left[ {matrix} \right]_{{{i},{j}}}"
        index = i if expr.parent.shape[1] == 1 else i + j if len(i + j) == 2 else f"{i},{j}"
        return self._matrix_symbol(expr.parent, index)

    # Conditions

    def _print_Piecewise(self, expr: Any) -> str:
        rows = []
        for value, condition in expr.args:
            words = r"\text{otherwise}" if condition == sp.true else rf"\text{{if }} {self._print(condition)}"
            rows.append(f"{self._print(value)} & {words}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def _print_Relational(self, expr: Any) -> str:
        signs = {"==": "=", "!=": r"\neq", "<": "<", ">": ">", "<=": r"\le", ">=": r"\ge"}
        left, right = (
            parens(self._print(a)) if isinstance(a, sp.logic.boolalg.Boolean) and not a.is_Symbol else self._print(a)
            for a in expr.args[:2]
        )
        return f"{left} {signs[expr.rel_op]} {right}"

    def conjuncts(self, condition: Any) -> list[str]:
        """The parts of a conjunction; bounds of the same quantity joined to a < x < b."""
        parts = list(sp.And.make_args(condition))
        parts.sort(key=sp.default_sort_key)
        bounds: dict[Any, dict[bool, Any]] = {}
        for part in parts:
            if isinstance(part, sp.core.relational._Inequality):
                upper = part.lts.free_symbols and part.gts.is_number
                lower = part.gts.free_symbols and part.lts.is_number
                if upper or lower:
                    bounds.setdefault(part.lts if upper else part.gts, {})[bool(upper)] = part
        found, done = [], set()
        for part in parts:
            pair = next((b for b in bounds.values() if len(b) == 2 and part in b.values()), None)
            if pair is None:
                tex = self._print(part)
                found.append(parens(tex) if isinstance(part, sp.Or) and len(parts) > 1 else tex)
            elif pair[True] not in done:
                done.add(pair[True])
                low, high = pair[False], pair[True]
                signs = [
                    "<" if isinstance(p, sp.StrictLessThan | sp.StrictGreaterThan) else r"\le" for p in (low, high)
                ]
                found.append(
                    f"{self._print(low.lts)} {signs[0]} {self._print(high.lts)} {signs[1]} {self._print(high.gts)}"
                )
        return found

    def _print_And(self, expr: Any) -> str:
        return r" \text{ and } ".join(self.conjuncts(expr))

    def _print_Or(self, expr: Any) -> str:
        parts = sorted(expr.args, key=_alternative)
        comma = "," if any(isinstance(p, sp.And) for p in parts) else ""
        return rf"\text{{{comma} or }} ".join(self._print(p) + " " for p in parts).rstrip()

    def _print_Not(self, expr: Any) -> str:
        return rf"\text{{not }} {parens(self._print(expr.args[0]))}"

    def _print_Implies(self, expr: Any, altchar: Any = None) -> str:
        return r" \implies ".join(self._operand(a) for a in expr.args)

    def _print_Equivalent(self, expr: Any, altchar: Any = None) -> str:
        return r" \iff ".join(self._operand(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _operand(self, condition: Any) -> str:
        tex = self._print(condition)
        return parens(tex) if isinstance(condition, sp.And | sp.Or | sp.Implies | sp.Equivalent) else tex

    def _print_BooleanTrue(self, expr: Any) -> str:
        return r"\text{always}"

    def _print_BooleanFalse(self, expr: Any) -> str:
        return r"\text{never}"

    # Matrices

    def _entrywise(self, expr: Any) -> str:
        if not expr.columns:
            ones = r"\mathbf{1}"
            return ones if expr.body == 1 else f"{self._juxtaposed([expr.body, sp.Symbol('i')])[:-1]}{ones}"
        self._columns.append(expr.columns)
        try:
            return self._print(expr.body)
        finally:
            self._columns.pop()

    def _print_Diagonal(self, expr: Any) -> str:
        return rf"\operatorname{{diag}}{parens(self._print(expr.args[0]))}"

    _print_DiagMatrix = _print_Diagonal

    def _print_MatAdd(self, expr: Any) -> str:
        return self._sum(positive_first(list(expr.args)))

    def _print_MatMul(self, expr: Any) -> str:
        coefficient, matrices = expr.as_coeff_matrices()
        negative, coefficient = signed(coefficient)
        kept = [m for m in matrices if not (isinstance(m, sp.MatrixBase) and m.shape == (1, 1) and m[0, 0] == 1)]
        parts = [self._matrix_factor(m) for m in kept or matrices[:1]]  # x_t rather than 1 x_t
        if coefficient != 1:
            scalar = self._print(coefficient)
            parts.insert(0, parens(scalar) if coefficient.is_Add or coefficient.is_Piecewise else scalar)
        tex = parts[0]
        for left, right in itertools.pairwise(parts):
            # layout may break a product at a thin space beside parentheses
            loose = left.startswith(r"\operatorname{diag}") or right.startswith(
                (r"(\operatorname", r"\left( \operatorname")
            )
            tex += (r"\, " if loose else " ") + right
        return "- " + tex if negative else tex

    def _matrix_factor(self, matrix: Any) -> str:
        tex = self._print(matrix)
        loose = isinstance(matrix, sp.MatAdd | sp.KroneckerProduct) or (
            isinstance(matrix, Entrywise) and (matrix.body.is_Add or matrix.body.is_Mul)
        )
        return parens(tex) if loose else tex

    def _print_KroneckerProduct(self, expr: Any) -> str:
        compound = (sp.MatAdd, sp.MatMul, Entrywise, sp.KroneckerProduct)
        return r" \otimes ".join(
            parens(self._print(a)) if isinstance(a, compound) else self._print(a) for a in expr.args
        )

    def _power_base(self, matrix: Any) -> str:
        tex = self._print(matrix)
        closed = isinstance(matrix, sp.MatrixSymbol | sp.MatrixBase | sp.BlockMatrix | Diagonal | sp.Identity)
        return tex if closed and "^" not in re.sub(r"\(.*\)|\\begin.*", "", tex) else parens(tex)

    def _print_Transpose(self, expr: Any) -> str:
        return f"{self._power_base(expr.arg)}^{{{self.notation.transpose}}}"

    def _print_MatPow(self, expr: Any) -> str:
        return f"{self._power_base(expr.base)}^{{{self._print(expr.exp)}}}"

    def _print_Inverse(self, expr: Any) -> str:
        return f"{self._power_base(expr.arg)}^{{-1}}"

    def _print_Trace(self, expr: Any) -> str:
        return rf"\operatorname{{tr}}{parens(self._print(expr.arg))}"

    def _print_Determinant(self, expr: Any) -> str:
        return rf"\det{parens(self._print(expr.arg))}"

    def _print_Identity(self, expr: Any) -> str:
        letter = r"\mathbf{I}" if self.notation.bold else "I"
        size = self._print(expr.shape[0])
        return f"{letter}_{size}" if len(size) == 1 and size.isalpha() else f"{letter}_{{{size}}}"

    def _print_ZeroMatrix(self, expr: Any) -> str:
        return r"\mathbf{0}" if self.notation.bold else "0"

    def _print_OneMatrix(self, expr: Any) -> str:
        return r"\mathbf{1}" if 1 in expr.shape else r"\mathbf{1} \mathbf{1}^{\top}"

    def _print_MatrixBase(self, expr: Any) -> str:
        if expr.shape == (1, 1) and (expr[0, 0].is_Symbol or (expr[0, 0].is_Integer and expr[0, 0] >= 0)):
            return self._print(expr[0, 0])  # w x_t rather than [w] x_t
        rows = [[self._print(entry) for entry in expr[i, :]] for i in range(expr.rows)]
        gap = r" \\[4pt] " if any("\\frac" in cell for row in rows for cell in row) else r" \\ "
        body = gap.join(" & ".join(row) for row in rows)
        if expr.cols > 10:
            # amsmath's bmatrix stops at MaxMatrixCols = 10
            return rf"\left[\begin{{array}}{{{'c' * expr.cols}}} {body} \end{{array}}\right]"
        return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"

    def _print_BlockMatrix(self, expr: Any) -> str:
        return self._print_MatrixBase(expr.blocks)

    # Sets without amssymb's blackboard letters

    def _print_Reals(self, expr: Any) -> str:
        return r"\mathbf{R}"

    def _print_Complexes(self, expr: Any) -> str:
        return r"\mathbf{C}"

    def _print_Integers(self, expr: Any) -> str:
        return r"\mathbf{Z}"

    def _print_Naturals(self, expr: Any) -> str:
        return r"\mathbf{N}"

    def _print_Naturals0(self, expr: Any) -> str:
        return r"\mathbf{N}_{0}"

    def _print_Tuple(self, expr: Any) -> str:
        """A tuple; pairs (value, multiplicity), as of poles, as a list that names multiple ones."""
        if expr.args and all(isinstance(a, sp.Tuple) and len(a) == 2 and a[1].is_Integer for a in expr.args):
            items = []
            for value, times in expr.args:
                # a polynomial in the transform variable stands for its roots, which have no closed form
                roots = any(s.name in self.notation.variables for s in value.free_symbols)
                many = rf" \text{{ (multiplicity {times})}}" if times > 1 else ""
                items.append((r"\text{roots of } " if roots else "") + self._print(value) + many)
            return r"\left\{ " + r",\; ".join(items) + r" \right\}"
        return parens(r",\; ".join(self._print(a) for a in expr.args))


def _alternative(condition: Any) -> tuple[Any, ...]:
    """b = e before b = -e, and conjunctions last."""
    negative = len(condition.args) == 2 and signed(condition.args[1])[0]
    return isinstance(condition, sp.And), negative, sp.default_sort_key(condition)


def _index(i: int, j: int, entry: str, array: str) -> str:
    """The index of an entry: one number where its name has one, as of a vector."""
    if entry == f"{array}_{i + j + 1}":
        return str(i + j + 1)
    return f"{i + 1}{j + 1}" if max(i, j) < 9 else f"{i + 1},{j + 1}"
