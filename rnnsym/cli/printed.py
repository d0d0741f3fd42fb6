"""What commands print: results, reports, cells and fixed points as text, cells as JSON too (the rest: report.data).

May import: inside functions only.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rnnsym.analysis.search import FixedPointSet
    from rnnsym.cells import Cell
    from rnnsym.report import Report
    from rnnsym.result import Result


def result_text(result: Result, steps: bool) -> str:
    from rnnsym.latex.readable import readable, text

    lines = [f"{result.name}:", *("  " + line for line in readable(result).splitlines())]
    if steps:
        lines += [f"  step: {text(step.expression)}   ({step.reason})" for step in result.steps]
    return "\n".join(lines)


def cell_text(cell: Cell, *, in_full: bool) -> str:
    lines = [cell.name, *(f"  {name} = {expression}" for name, expression in cell.all_equations)]
    if in_full:
        lines += [f"  {a.name}: {a.role}, {a.value.shape[0]} x {a.value.shape[1]}" for a in cell.arrays]
        lines += [f"  {s.name}: parameter, scalar" for s in cell.parameters if s.is_Symbol]
        lines += [f"  source: {s.authors} {s.title}, {s.year}" for s in cell.source]
    return "\n".join(lines)


def _rows(found: Report) -> list[tuple[str, str, str, str, str]]:
    """Claim, draws, sizes, worst error, verdict of every claim."""
    rows = []
    for section in found.sections:
        for result, check in zip(section.results, section.checks, strict=True):
            if check is not None:
                sizes = ",".join(map(str, check.dims)) or "-"
                error = f"{check.max_error:.1g}" if check.trials else "-"
                rows.append((f"{section.question.name}: {result.name}", str(check.trials), sizes, error, check.verdict))
    return rows


def table(found: Report, color: bool) -> str:
    head = ("claim", "draws", "sizes n", "worst error", "verdict")
    rows = [head, *_rows(found)]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    tints = {"agrees": "32", "not refuted": "32", "refuted": "31;1", "nothing tried": "33"}
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in range(1, 4)), row[4]]
        if color and row[4] in tints:
            cells[4] = f"\x1b[{tints[row[4]]}m{row[4]}\x1b[0m"
        lines.append("  ".join(cells).rstrip())
    for result, check in found.checks:
        if not check:
            lines += [f"{result.name}: {line}" for line in (str(check).splitlines()[1:] or [check.part]) if line]
    for section in found.sections:
        lines += [f"{section.question.name}: {made.text}" for made in section.tables]
    reasons: dict[str, list[str]] = {}
    for section in found.sections:
        if section.skipped:
            reasons.setdefault(section.skipped, []).append(section.question.name)
    lines += [f"left out: {reason} ({', '.join(names)})" for reason, names in reasons.items()]
    lines += [f"left out: {text}" for text in found.left_out]
    counts = f"{sum(bool(c) for _, c in found.checks)} of {len(found.checks)} claims agree, seed {found.seed}"
    return "\n".join([*lines, f"{found.verdict}: {counts}"])


def found_text(found: FixedPointSet) -> str:
    """Fixed points as a table."""
    from rnnsym.report import fixed_point_table

    made = fixed_point_table(found)
    rows = [made.headings, *made.rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(made.headings))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([made.text, *(f"  {line}" for line in lines if made.rows)])


def cell_data(cell: Cell) -> dict[str, Any]:
    return {
        "name": cell.name, "equations": [[str(name), str(expression)] for name, expression in cell.all_equations],
        "arrays": [{"name": a.name, "role": a.role, "shape": [str(d) for d in a.value.shape]} for a in cell.arrays],
        "scalars": [s.name for s in cell.parameters if s.is_Symbol], "source": [s.key for s in cell.source],
    }  # fmt: skip


SYSTEM_LINES = (
    ("h_t", "A @ h + B @ x"),
    ("y_t", "C @ h_t + D @ x"),
)


def system_text() -> str:
    """What a linear system of a model file is."""
    lines = ["system (a linear system, given by its matrices in a model file)"]
    lines += [f"  {name} = {expression}" for name, expression in SYSTEM_LINES]
    return "\n".join([*lines, '  readout = "previous": y_t = C @ h + D @ x; time = "continuous": h\' = A h + B x'])


def system_data() -> dict[str, Any]:
    """The same for JSON."""
    return {"name": "system", "equations": [list(line) for line in SYSTEM_LINES], "matrices": ["A", "B", "C", "D"]}


def as_json(data: Any) -> str:
    from rnnsym.report.data import as_json as printed

    return printed(data)
