"""Relations that hold for every cell of the catalogue whatever its formula: units renamed, one unit alone, time shifted, sizes
put in before or after deriving. A gate that took a wrong array, a transposed weight or a lost unit breaks them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

import rnnsym as rs
from rnnsym.cells import step_result

CELLS = sorted(rs.catalogue())
SIZES = {"n": 3, "m": 2, "k": 4, "p": 2, "r": 2}
Arrays = dict[str, Any]


def shape_of(array: Any) -> tuple[str, ...]:
    """The letters of an array's sizes; () for a scalar."""
    return tuple(str(d) for d in getattr(array.value, "shape", ()))


def drawn(cell: Any, seed: int = 0) -> Arrays:
    """Values of all parameters, states and inputs at SIZES, away from kinks; columns are vectors."""
    random = np.random.default_rng(seed)
    values: Arrays = {}
    for a in cell.arrays:
        if a.role not in ("parameter", "state", "input"):
            continue
        shape = tuple(SIZES.get(d, 1) for d in shape_of(a))
        value = (
            random.uniform(0.1, 0.9, size=shape) * random.choice([-1, 1], size=shape)
            if shape
            else random.uniform(0.1, 0.9)
        )
        values[a.name] = value[:, 0] if shape_of(a)[1:] == ("1",) else value
    scalars = {s.name for s in step_result(cell).free_symbols if isinstance(s, sp.Symbol) and not s.is_integer}
    return {**values, **{name: random.uniform(0.1, 0.9) for name in sorted(scalars - set(values))}}


def permuted(cell: Any, values: Arrays, letter: str, order: list[int]) -> Arrays:
    """The values with the units counted by a letter in another order."""
    found = dict(values)
    for a in cell.arrays:
        if a.name not in values:
            continue
        value = values[a.name]
        for axis, size in enumerate(shape_of(a)):
            if size == letter:
                value = np.take(value, order, axis=axis)
        found[a.name] = value
    return found


def blocks(cell: Any, order: list[int], letter: str = "n") -> list[int]:
    """The order of all states, block by block."""
    n = SIZES["n"]
    return (
        [k * n + i for k in range(len(cell.state)) for i in order]
        if letter == "n"
        else list(range(n * len(cell.state)))
    )


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("seed", [0, 1])
def test_units_in_another_order_have_the_jacobian_in_another_order(name: str, seed: int) -> None:
    cell = rs.catalogue()[name]()
    values, J, U = drawn(cell, seed), rs.jacobian(cell), rs.jacobian(cell, "input")
    used = {size for a in cell.arrays for size in shape_of(a)} & {"n", "k", "r"}
    for letter, order in (("n", [2, 0, 1]), ("k", [3, 1, 0, 2]), ("r", [1, 0])):
        if letter not in used:
            continue
        other = permuted(cell, values, letter, order)
        place = blocks(cell, order, letter)
        assert np.allclose(J(**other), J(**values)[np.ix_(place, place)], rtol=1e-12, atol=1e-13)
        assert np.allclose(U(**other), U(**values)[place], rtol=1e-12, atol=1e-13)
    inputs = permuted(cell, values, "m", [1, 0])
    assert np.allclose(J(**inputs), J(**values), rtol=1e-12, atol=1e-13)
    assert np.allclose(U(**inputs), U(**values)[:, [1, 0]], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_the_step_is_permuted_too_and_a_wrong_order_is_noticed(name: str) -> None:
    cell = rs.catalogue()[name]()
    values, order = drawn(cell), [2, 0, 1]
    step = step_result(cell)
    place = blocks(cell, order)
    assert np.allclose(step(**permuted(cell, values, "n", order)).ravel(), step(**values).ravel()[place], rtol=1e-12)
    assert not np.allclose(step(**permuted(cell, values, "n", order)).ravel(), step(**values).ravel(), rtol=1e-6)


@pytest.mark.parametrize("name", CELLS)
def test_a_run_continued_from_its_middle_is_the_run(name: str) -> None:
    cell = rs.catalogue()[name]()
    values = drawn(cell)
    moving = {s.name for s in (*cell.state, *cell.input)}
    parameters = {name: value for name, value in values.items() if name not in moving}
    start = {s.name: values[s.name] for s in cell.state}
    x = np.random.default_rng(2).normal(size=(6, SIZES["m"]))
    whole = rs.trajectory(cell, parameters, start, x)
    states = whole if isinstance(whole, dict) else {cell.state[0].name: whole}
    middle = {name: run[2] for name, run in states.items()}
    rest = rs.trajectory(cell, parameters, middle, x[3:])
    again = rest if isinstance(rest, dict) else {cell.state[0].name: rest}
    assert all(np.array_equal(run[3:], again[s]) for s, run in states.items())


@pytest.mark.parametrize("name", CELLS)
def test_the_product_of_two_jacobians_is_the_derivative_of_two_steps(name: str) -> None:
    """d(h_2)/d(h_0) by differences of two steps is the product of both Jacobians, the later one on the left."""
    cell = rs.catalogue()[name]()
    values = drawn(cell)
    J, step = rs.jacobian(cell), step_result(cell)
    names, n = [s.name for s in cell.state], SIZES["n"]

    def moved(h: Any, x: Any) -> Any:
        at = {**values, **{s: h[k * n : (k + 1) * n] for k, s in enumerate(names)}, cell.input[0].name: x}
        return step(**at).ravel(), J(**at)

    h0 = np.concatenate([values[s] for s in names])
    first, second = np.array([0.3, -0.2]), np.array([-0.5, 0.4])
    h1, J1 = moved(h0, first)
    _, J2 = moved(h1, second)
    size, differences = 1e-6, []
    for i in range(len(h0)):
        aside = np.eye(len(h0))[i] * size
        ends = [moved(moved(h0 + side * aside, first)[0], second)[0] for side in (1, -1)]
        differences.append((ends[0] - ends[1]) / (2 * size))
    assert np.allclose(J2 @ J1, np.array(differences).T, atol=1e-7)


@pytest.mark.parametrize("name", CELLS)
def test_numbers_put_in_before_deriving_or_after_give_the_same(name: str) -> None:
    cell = rs.catalogue()[name]()
    values = drawn(cell)
    letters = {size for a in cell.arrays for size in shape_of(a)} & set(SIZES)
    special = rs.jacobian(cell.at(**{letter: SIZES[letter] for letter in letters}))
    general = rs.jacobian(cell)
    assert np.allclose(special(**values), general(**values), rtol=1e-12, atol=1e-13)
    entries = special.explicit
    assert getattr(entries, "shape", None) == general(**values).shape and not entries.atoms(sp.MatrixSymbol)
