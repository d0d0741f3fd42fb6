"""Models with numbers: which parameters of a map still are symbols, and what a search finds once none is.

At zero input the weights of the input and of the output do not matter: they need no numbers. A constant input other than
zero is a bias. May import: inside functions only.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rnnsym.cells import Cell


def unset(cell: Cell) -> tuple[str, ...]:
    """The names of the symbols that the map at zero input depends on, in the order of the parameters."""
    from sympy import S

    table = dict(cell.binding)
    silent = {e: S.Zero for s in cell.input for e in table[s]}
    named = {e for s, _ in cell.equations for e in table[s]}
    left = {e for s in cell.state for e in table[s]} | named
    found = set()
    for name, value in cell.where:
        if name in named:
            found |= value.xreplace(silent).free_symbols - left
    return tuple(s.name for s in cell.parameters if s in found)


def settled(cell: Cell, *, but: tuple[str, ...] = ()) -> Cell:
    """The cell with every parameter that does not matter at zero input set to zero.

    Raises: SpecError if the sizes or a parameter that matters (except those of `but`) have no numbers.
    """
    from rnnsym.result import SpecError

    if not cell.is_explicit:
        raise SpecError(f"{cell.name} needs numbers for its sizes: --set n=2 --set m=1, or .at(n=2, m=1)")
    needed = unset(cell)
    missing = [name for name in needed if name not in but]
    if missing:
        names = ", ".join(missing[:6]) + (", ..." if missing[6:] else "")
        raise SpecError(f"{cell.name} needs numbers for {names}; for example --set {missing[0]}=1/2")
    idle = {s.name: 0 for s in cell.parameters if s.name not in needed}
    return cell.subs(idle) if idle else cell


def fixed_points(cell: Cell, *, deadline: float | None = None) -> Any:
    """All fixed points of a cell whose numbers are known, at zero input."""
    from rnnsym.analysis.search import fixed_points as search

    return search(settled(cell), {}, deadline=deadline)
