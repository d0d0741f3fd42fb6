"""What the operators mean: SymPy scalars, or another object with the methods of `Algebra`. May import: SymPy, `result`."""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

import sympy as sp

from rnnsym.result import SpecError


class Algebra(Protocol):
    """What the operators mean. Exact numbers meet each other in the reader and come here through `number`."""

    def number(self, value: sp.Rational, /) -> Any: ...
    def add(self, a: Any, b: Any, /) -> Any: ...
    def subtract(self, a: Any, b: Any, /) -> Any: ...
    def multiply(self, a: Any, b: Any, /) -> Any: ...
    def divide(self, a: Any, b: Any, /) -> Any: ...
    def power(self, a: Any, b: Any, /) -> Any: ...
    def matmul(self, a: Any, b: Any, /) -> Any: ...
    def negate(self, a: Any, /) -> Any: ...


class Scalars:
    """The operators on SymPy scalars; `@` is refused."""

    def number(self, value: sp.Rational) -> Any:
        return value

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def subtract(self, a: Any, b: Any) -> Any:
        return a - b

    def multiply(self, a: Any, b: Any) -> Any:
        return a * b

    def divide(self, a: Any, b: Any) -> Any:
        return a / b

    def power(self, a: Any, b: Any) -> Any:
        return a**b

    def matmul(self, a: Any, b: Any) -> NoReturn:
        raise SpecError("@ is the linear map; these are scalars, write *")

    def negate(self, a: Any) -> Any:
        return -a


SCALARS = Scalars()
