"""The writer's half for scalars: names, helpers, sums, products, powers, functions, cases and tests.

`writer` adds columns and matrices. May import: result, reader, code.helpers, code.text, code.cancellation. A function
class of rnnsym's own brings `array_helper` (its name and source as a function of `x`, with `xp` for the module).
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from rnnsym.code.cancellation import Column, Sech2
from rnnsym.code.helpers import ALIAS, ELEMENTARY, HELPERS, SPELLING
from rnnsym.code.text import bracketed, number, reading_order
from rnnsym.reader import check_name
from rnnsym.result import NoClosedForm

TOTAL = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.Abs, sp.sign, sp.erf, sp.erfc, sp.floor, sp.ceiling, sp.re, sp.im, sp.conjugate)  # fmt: skip


class ScalarWriter:
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
        if not (base.isascii() and base.isidentifier()):
            check_name(base)  # a name of `where`, which the user may have given: it would be run
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

    # what the writer of columns and matrices knows
    def value(self, symbol: Any) -> str:
        """The text of an input or of a named quantity."""
        raise NotImplementedError

    def column(self, e: Any) -> str:
        """The text of a column, shape (..., n)."""
        raise NotImplementedError

    def matrix(self, e: Any) -> str:
        """The text of a matrix, shape (..., rows, columns)."""
        raise NotImplementedError

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
        if isinstance(e, Column) and e in self.inputs:
            return self.inputs[e]
        text = self.column(e.column) if isinstance(e, Column) else self.value(e)
        if rank == 0 or isinstance(e, Column):
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
            writer = type(self)(self.modules, self.where, inputs, uses)
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
            if isinstance(e, Sech2):
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
