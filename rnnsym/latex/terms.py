r"""Sums, products, powers and functions, of scalars and of columns, in the order in which a paper writes them.

An Entrywise is printed by its body, in which a Slot prints as its column: so one rule serves scalars and columns, and
asks only whether a Slot is inside. May import: vectors, notation. A function that a paper writes otherwise than
SymPy is a line of FUNCTIONS.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

from rnnsym.defined.runs import At
from rnnsym.latex.notation import GREEK, Notation
from rnnsym.vectors import Entrywise, Slot

FUNCTIONS = {
    **{name: "\\" + name for name in ["sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "log"]},
    **{name: rf"\operatorname{{{name}}}" for name in ["sech", "csch", "erf", "erfc"]},
    **{"a" + name: rf"\arc{name}" for name in ["sin", "cos", "tan"]},
    **{"a" + name: rf"\operatorname{{ar{name}}}" for name in ["sinh", "cosh", "tanh", "coth", "sech", "csch"]},
    "sign": r"\operatorname{sign}",
    "re": r"\operatorname{Re}",
    "im": r"\operatorname{Im}",
    "arg": r"\arg",
    "gamma": r"\Gamma",
    "LambertW": "W",
    "Min": r"\min",
    "Max": r"\max",
}
RANKS = {"state": 1, "next": 1, "intermediate": 1, "output": 1, "input": 2, "parameter": 3}
_UNKNOWN = 2.5
TALL = re.compile(r"\\frac|\\begin|\\sum|\\prod|\\int|\\left")


def parens(tex: str, left: str = "(", right: str = ")") -> str:
    """Parentheses, stretched only around what is taller than a line."""
    if TALL.search(tex):
        return rf"\left{left} {tex} \right{right}"
    return f"{left}{tex}{right}"


class TermPrinter(LatexPrinter):
    """What `PagePrinter` knows of terms; `_ranks` of symbols and `_roles` of arrays decide the order."""

    def __init__(self, notation: Notation) -> None:
        super().__init__({"imaginary_unit": notation.imaginary, "adjoint_style": "hermitian"})
        self.notation = notation
        self._columns: list[Sequence[Any]] = []
        self._roles: dict[str, str] = {}
        self._ranks: dict[Any, float] = {}

    def _column(self, slot: Any) -> Any:
        return self._columns[-1][int(slot.name[1:]) - 1]

    # Sums, products, powers: of scalars and, where a Slot is inside, of columns

    def _print_Add(self, expr: Any, order: Any = None) -> str:
        return self._sum(self._ordered_terms(expr))

    def _ordered_terms(self, expr: Any) -> list[Any]:
        terms = list(expr.as_ordered_terms())
        if expr.has(Slot):
            return positive_first(sorted(terms, key=self._column_term))
        main = [s for s in expr.free_symbols if s.name in self.notation.variables and s not in self._ranks]
        if main:
            main.sort(key=lambda s: self.notation.variables.index(s.name))
            terms.sort(key=lambda term: [-_degree(term, s) for s in main])
            return terms if len(terms) > 2 else positive_first(terms)
        terms.sort(key=lambda term: 9.0 if term.is_number else self._rank(term))
        return positive_first(terms)

    def _rank(self, term: Any) -> float:
        """Recurrent terms (1), input terms (2), then the bias and all else (3)."""
        return min((self._ranks.get(s, 3.0) for s in term.free_symbols), default=3.0)

    def _column_term(self, term: Any) -> tuple[Any, ...]:
        """Constants, recurrent terms, input terms, bias; multiples before functions; in the order of the slots."""
        slots = sorted(term.atoms(Slot), key=lambda s: int(s.name[1:]))
        if not slots:
            return (0.0, False, ())
        rank = min(self._column_rank(self._column(s)) if self._columns else _UNKNOWN for s in slots)
        return (rank, term.has(sp.Function), tuple(int(s.name[1:]) for s in slots))

    def _column_rank(self, column: Any) -> float:
        if isinstance(column, Entrywise):
            return min((self._column_rank(c) for c in column.columns), default=3.0)
        if isinstance(column, sp.MatMul):
            return min(_UNKNOWN, self._column_rank(column.args[-1]))
        return float(RANKS.get(self._roles.get(getattr(column, "name", ""), "parameter"), 3))

    def _sum(self, terms: Sequence[Any]) -> str:
        tex = ""
        for term in terms:
            negative, rest = signed(term)
            sign = ("- " if negative else "") if not tex else (" - " if negative else " + ")
            body = self._print(rest)
            if rest.is_Add or (rest.is_MatAdd if rest.is_Matrix else rest.is_Piecewise and len(terms) > 1):
                body = parens(body)
            tex += sign + body
        return tex

    def _print_Mul(self, expr: Any) -> str:
        if expr.args and (expr.args[0] == 1 or any(a.is_Number for a in expr.args[1:])):
            return str(super()._print_Mul(expr))
        negative, rest = signed(expr)
        if negative:
            tex = self._print(rest)
            return "- " + (parens(tex) if rest.is_Add else tex)
        if expr.has(Slot):
            return self._column_product(expr)
        factors = sorted(expr.as_ordered_factors(), key=self._factor_order)
        above, below = [], []
        for f in factors:
            if f.is_Rational and not f.is_Integer:
                above += [sp.Integer(f.p)] if f.p != 1 else []
                below.append(sp.Integer(f.q))
            elif f.is_Pow and f.exp.is_number and f.exp.is_negative and not self._is_variable(f.base):
                below.append(f.base if f.exp == -1 else sp.Pow(f.base, -f.exp, evaluate=False))
            else:
                above.append(f)
        if not below:
            return self._juxtaposed(above)
        return rf"\frac{{{self._juxtaposed(above)}}}{{{self._juxtaposed(below)}}}"

    def _is_variable(self, base: Any) -> bool:
        return bool(base.is_Symbol and base.name in self.notation.variables and base not in self._ranks)

    def _factor_order(self, factor: Any) -> int:
        """Numbers, parameters, what carries a time index, functions, sums."""
        base = factor.base if factor.is_Pow else factor
        if factor.is_number:
            return 0
        if base.is_Add and not (factor.is_Pow and factor.exp.is_Rational and not factor.exp.is_Integer):
            return 5
        if not base.is_Symbol:
            return 4
        return 3 if self._ranks.get(base, 3) < 3 else 1

    def _juxtaposed(self, factors: Sequence[Any]) -> str:
        if not factors:
            return "1"
        found: list[str] = []
        for f in factors:
            tex = self._print(f)
            if len(factors) > 1 and (f.is_Add or f.is_Piecewise or f.is_Relational or signed(f)[0]):
                tex = parens(tex)
            between = (
                r" \cdot " if re.match(r"\d|\\frac\{\d", tex) and found and re.search(r"\d\}?$", found[-1]) else " "
            )
            found.append((between if found else "") + tex)
        return "".join(found)

    def _column_product(self, expr: Any) -> str:
        scalars = [f for f in expr.args if not f.has(Slot)]
        columns = sorted((f for f in expr.args if f.has(Slot)), key=self._column_factor)
        above = [f for f in columns if not (f.is_Pow and f.exp.is_number and f.exp.is_negative)]
        below = [f.base if f.exp == -1 else sp.Pow(f.base, -f.exp, evaluate=False) for f in columns if f not in above]
        tex = self._hadamard(above)
        if scalars:
            factor = sp.Mul(*scalars)
            coefficient = parens(self._print(factor)) if factor.is_Add else self._print(factor)
            single = len(above) == 1 and above[0].is_Add
            tex = coefficient if not above else f"{coefficient} {parens(tex) if single else tex}"
        if below:
            return rf"\frac{{{tex or '1'}}}{{{self._hadamard(below)}}}"
        return tex

    def _column_factor(self, factor: Any) -> tuple[bool, bool, int, bool]:
        """Columns and 1 - column in the order of the slots, then sums of columns, then functions."""
        slots = [int(s.name[1:]) for s in factor.atoms(Slot)]
        return (factor.has(sp.Function), factor.is_Add and len(slots) > 1, min(slots), factor.is_Add)

    def _hadamard(self, factors: Sequence[Any]) -> str:
        found = []
        for f in factors:
            tex = self._print(f)
            product = isinstance(f, Slot) and isinstance(self._column(f), sp.MatMul)
            if len(factors) > 1 and (f.is_Add or f.is_Piecewise or product):
                tex = parens(tex)
            found.append(tex)
        return r" \odot ".join(found)

    def _print_Pow(self, expr: Any) -> str:
        base, exp = expr.base, expr.exp
        if exp.is_Rational and exp.is_negative and not self._is_variable(base):
            positive = base if exp == -1 else sp.Pow(base, -exp, evaluate=False)
            return rf"\frac{{1}}{{{self._print(positive)}}}"
        if exp.is_Rational and exp.p == 1 and exp.q > 1:
            root = "" if exp.q == 2 else f"[{exp.q}]"
            return rf"\sqrt{root}{{{self._print(base)}}}"
        power = self._print(exp)
        if base.is_Function and not base.is_Piecewise:
            return self._print(base, exp=power)
        own = getattr(base, self.printmethod, None)
        if own is not None and "exp" in inspect.signature(own).parameters:
            return str(own(self, exp=power))
        tex = self._print(base)
        column = base.has(Slot)
        if column and isinstance(base, Slot):
            plain = isinstance(self._column(base), sp.MatrixSymbol | At)
        else:
            plain = base.is_Symbol or (base.is_Integer and base.is_nonnegative)
        if not plain or "^" in tex:
            tex = parens(tex)
        return rf"{tex}^{{\odot {power}}}" if column else f"{tex}^{{{power}}}"

    # Functions

    def _print_Function(self, expr: Any, exp: str | None = None) -> str:
        name = type(expr).__name__
        own = getattr(self, f"_print_{name}", None)
        if own is not None and not isinstance(expr, AppliedUndef):
            return str(own(expr, exp))
        inside = ", ".join(self._print(a) for a in expr.args)
        space = r"\!" if TALL.search(inside) else ""
        return f"{self._function_name(expr.func)}{f'^{{{exp}}}' if exp else ''}{space}{parens(inside)}"

    def _function_name(self, function: Any) -> str:
        name = str(getattr(function, "__name__", function))
        if name in self.notation.names:
            return self.notation.names[name]
        if name in FUNCTIONS and not issubclass(function, AppliedUndef):
            return FUNCTIONS[name]
        if name.isascii() and name.isalpha() and len(name) > 1 and name not in GREEK:
            return rf"\operatorname{{{name}}}"
        return self.notation.symbol(name)

    def _print_FunctionClass(self, expr: Any) -> str:
        return self._function_name(expr)

    _print_UndefinedFunction = _print_FunctionClass

    def _print_log(self, expr: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\log{power}{parens(self._print(expr.args[0]))}"

    def _print_Min(self, expr: Any, exp: str | None = None) -> str:
        inside = ", ".join(
            self._print(a) for a in sorted(expr.args, key=lambda a: (not a.is_number, sp.default_sort_key(a)))
        )
        power = f"^{{{exp}}}" if exp else ""
        return f"{FUNCTIONS[type(expr).__name__]}{power}{parens(inside)}"

    _print_Max = _print_Min

    def _print_re(self, expr: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return f"{FUNCTIONS[type(expr).__name__]}{power}{parens(self._print(expr.args[0]))}"

    _print_im = _print_re

    def _print_Abs(self, expr: Any, exp: str | None = None) -> str:
        tex = self._print(expr.args[0])
        tall = TALL.search(tex)
        tex = rf"\left\lvert {tex} \right\rvert" if tall else rf"\lvert {tex} \rvert"
        return f"{tex}^{{{exp}}}" if exp else tex

    def _print_ExpBase(self, expr: Any, exp: str | None = None) -> str:
        inside = self._print(expr.args[0])
        if expr.has(Slot) or "\\frac" in inside:
            power = f"^{{{exp}}}" if exp else ""
            return rf"\exp{power}{parens(inside)}"
        tex = f"e^{{{inside}}}"
        return f"{parens(tex)}^{{{exp}}}" if exp else tex

    _print_exp = _print_ExpBase

    def _print_Exp1(self, expr: Any, exp: str | None = None) -> str:
        return "e"

    def _print_Heaviside(self, expr: Any, exp: str | None = None) -> str:
        tex = rf"\mathbf{{1}}[{self._print(expr.args[0])} > 0]"
        return f"{tex}^{{{exp}}}" if exp else tex


def signed(term: Any) -> tuple[bool, Any]:
    """Whether a term is written with a minus, and the term without it."""
    if term.is_Matrix:
        coefficient, matrices = term.as_coeff_matrices() if isinstance(term, sp.MatMul) else (sp.S.One, [term])
        negative, positive = signed(coefficient)
        if not negative:
            return False, term
        if positive == 1:
            return True, matrices[0] if len(matrices) == 1 else sp.MatMul(*matrices, evaluate=False)
        return True, sp.MatMul(positive, *matrices, evaluate=False)
    if not isinstance(term, sp.Expr) or term.is_Add:
        return False, term
    if term.as_coeff_Mul()[0].is_extended_negative:
        return True, -term
    for factor in term.args if term.is_Mul else ():
        if factor.is_Add and all(t.as_coeff_Mul()[0].is_extended_negative for t in factor.args):
            return True, sp.Mul(*(-f if f is factor else f for f in term.args))
    return False, term


def positive_first(terms: list[Any]) -> list[Any]:
    """1 - a rather than -a + 1."""
    if signed(terms[0])[0]:
        spot = next((k for k, term in enumerate(terms) if not signed(term)[0]), 0)
        terms.insert(0, terms.pop(spot))
    return terms


def _degree(term: Any, symbol: Any) -> Any:
    """The exponent of a symbol in a product; zero where it is inside a function."""
    exponent = term.as_powers_dict().get(symbol, sp.S.Zero) if term.is_Mul or term.is_Pow or term == symbol else 0
    return exponent if sp.S(exponent).is_Rational else 0
