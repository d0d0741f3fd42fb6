"""The built-in model, and the form of a cell for every size."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rnnsym.cells import Cell


def default_model() -> Cell:
    """Two tanh units, one input, one output, every weight a symbol: what the command line works on without a model."""
    from sympy import MatrixSymbol

    from rnnsym.cells.catalogue import elman, n, p

    return elman(output=MatrixSymbol("C", p, n)).at(n=2, m=1, p=1)


def general(cell: Cell) -> Cell | None:
    """The same cell with symbols for its sizes; None if it is not kept with the cell."""
    return cell.general if cell.is_explicit else cell
