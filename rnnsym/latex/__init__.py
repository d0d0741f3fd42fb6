r"""LaTeX of results, ready for a paper; what comes out compiles with amsmath (amssymb for \mathbb).

Files: `notation` (the one table of symbols), `terms` and `printer` (SymPy's LaTeX printer taught columns and time
indices), `tree` and `layout` (widths and line breaks of LaTeX source), `page` (a whole claim in its environment),
`sources` (bibliography).
May import: result, vectors, SymPy. A new kind of expression gets a `_print_<Class>` in `printer`, or a
`_latex(printer)` method of its own; a new symbol style gets a field of `Notation`.

Conventions on the page: functions, fractions and roots of columns act entrywise; products of columns are written
\odot, powers ^{\odot 2}; a number added to a column is added to each entry, as 1 in 1 - h_t^{\odot 2}.
"""

from rnnsym.latex.notation import Notation, escape
from rnnsym.latex.page import expression, page
from rnnsym.latex.printer import PagePrinter
from rnnsym.latex.sources import bibtex, citation_key, cite

CONVENTION = (
    r"Functions, fractions and roots of vectors act entrywise, $\odot$ is the entrywise product, "
    r"$v^{\odot k}$ the entrywise power, and a number added to a vector is added to each of its entries."
)

__all__ = ["CONVENTION", "Notation", "PagePrinter", "bibtex", "citation_key", "cite", "escape", "expression", "page"]
