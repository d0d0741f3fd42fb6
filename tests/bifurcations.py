"""What the tests of bifurcations share: networks, named quantities, and the oscillator run."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rnnsym.analysis.normalforms import normal_form
from rnnsym.cells import elman, leaky
from rnnsym.result import Result

w = sp.Symbol("w", real=True)
TWO = elman().at(n=2, m=1)
LEAKY = leaky("sigmoid").at(n=2, m=1)
form = cache(normal_form)  # a normal form is made once for all tests


def names(result: Result, **values: Any) -> dict[Any, Any]:
    """The symbols of a result by name, with values."""
    return {s: sp.nsimplify(values[s.name]) for s in result.free_symbols if s.name in values}


def moved(result: Result, name: str, value: Any) -> Result:
    """The result with the definition of one named quantity replaced."""
    assert name in {str(s) for s, _ in result.where}
    return replace(result, where=tuple((s, value(v) if str(s) == name else v) for s, v in result.where))


def circle(alpha: float, angle: float, transient: int = 4000, count: int = 20000) -> tuple[float, float]:
    """(root mean square radius, mean turn) of the SO(2) oscillator h' = tanh(alpha R(angle) h) by running it."""
    R = (alpha * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])).tolist()
    (a, b), (c, d) = R
    x, y, squares, turn = 0.1, 0.0, 0.0, 0.0
    for k in range(transient + count):
        u, v = math.tanh(a * x + b * y), math.tanh(c * x + d * y)
        if k >= transient:
            squares += u * u + v * v
            turn += math.atan2(x * v - y * u, x * u + y * v)
        x, y = u, v
    return math.sqrt(squares / count), turn / count
