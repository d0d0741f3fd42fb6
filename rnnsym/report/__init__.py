"""Documents: every question that applies to a model, derived, verified and written as .tex, .md, .html, .pdf or .json.

`report` asks and checks; a Report holds what came out; `to_tex` and `to_markdown` walk over it in the same order, so
that equation (3) is the same in both. The bytes depend on the model, the seed and the options only (and on whether
there is matplotlib). Files are written all or none, never over an existing one unless forced.

asking   report, and how a claim is checked      parts     Section, Table, Figure        record  Report, FORMATS
figures  the pictures of a report                layout    numbers, labels, tables       files   all or none
tex, markdown, html, pdf (by TeX or `typst`), data (JSON and its schema)   the formats

May import: everything but cli. A new section is a line in `questions`; a new format is a function of a Report and its
figures, and a line in record.FORMATS.
"""

from rnnsym.report.asking import DRAWS, checked, report
from rnnsym.report.data import to_json
from rnnsym.report.files import refuse_existing, write_files
from rnnsym.report.html import to_html
from rnnsym.report.markdown import math, plain, to_markdown
from rnnsym.report.parts import Section, fixed_point_table
from rnnsym.report.pdf import to_pdf
from rnnsym.report.record import FORMATS, VERDICTS, Report, targets
from rnnsym.report.tex import to_tex

__all__ = [
    "DRAWS", "FORMATS", "VERDICTS", "Report", "Section", "checked", "fixed_point_table", "math", "plain",
    "refuse_existing", "report", "targets", "to_html", "to_json", "to_markdown", "to_pdf", "to_tex", "write_files",
]  # fmt: skip
