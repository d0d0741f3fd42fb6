"""The README's coverage table, generated from the catalogue of the package: `python -m tests.theory.coverage --write`.

A test named test_A_FIX_6_... with `@pytest.mark.theory("derived")` covers A-FIX-6 with that status. The table is that of
`rnnsym.catalogue_of_results`, and test_coverage holds it to the tests.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from rnnsym.theory import STATUSES, catalogue_of_results

HERE = Path(__file__).parent
README = HERE.parent.parent / "README.md"


def covered() -> dict[str, str]:
    """ID -> status, from the names and marks of the tests."""
    found: dict[str, str] = {}
    for file in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and (match := re.match(r"test_([AB])_([A-Z]+)_(\d+)_", node.name)):
                marks = [
                    d for d in node.decorator_list if isinstance(d, ast.Call) and ast.unparse(d.func).endswith("theory")
                ]
                if len(marks) != 1:
                    raise ValueError(f"{node.name} needs one mark theory(status)")
                status = ast.literal_eval(marks[0].args[0])
                key = "-".join(match.groups())
                if status not in STATUSES or key in found:
                    raise ValueError(f"{node.name}: status {status!r}, or a second test for {key}")
                found[key] = status
    unknown = set(found) - {entry.key for entry in catalogue_of_results()}
    if unknown:
        raise ValueError(f"no such results in the catalogue: {sorted(unknown)}")
    return found


def table() -> str:
    """The table in Markdown: a row a status, with the IDs."""
    rows = ["| status | results | IDs |", "|---|---|---|"]
    for status in STATUSES:
        keys = [entry.key for entry in catalogue_of_results(status)]
        rows.append(f"| {status} | {len(keys)} | {', '.join(keys) or 'none'} |")
    reasons = [f"- {e.key} ({e.status}): {e.note}" for e in catalogue_of_results() if e.status != "derived"]
    return "\n".join([*rows, *([""] + reasons if reasons else [])])


def written(readme: str) -> str:
    """The README with the table between its markers."""
    begin, end = "<!-- coverage:begin -->", "<!-- coverage:end -->"
    head, rest = readme.split(begin)
    _, tail = rest.split(end)
    return f"{head}{begin}\n{table()}\n{end}{tail}"


if __name__ == "__main__":
    text = written(README.read_text())
    if "--write" in sys.argv:
        README.write_text(text)
    print(table())
