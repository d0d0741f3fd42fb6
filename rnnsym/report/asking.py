"""Asking and checking: every question that applies to a model, in order, each claim verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnnsym.latex import Notation
from rnnsym.limits import FORKS, check_limit, check_memory, supervised
from rnnsym.questions import QUESTIONS, Question, answers, as_model, is_definition
from rnnsym.questions import question as question_named
from rnnsym.report.figures import pictures_of
from rnnsym.report.files import refuse_existing
from rnnsym.report.layout import title
from rnnsym.report.parts import Section, Table, fixed_point_table
from rnnsym.report.record import Report, all_targets, targets
from rnnsym.result import Check, LimitReached, Result, RnnsymError, SpecError
from rnnsym.verify import verify

DRAWS = 40
"""Random draws for each claim of a report (`verify` alone takes 200): about a quarter of a second each."""
PATIENCE = 0.5
"""Seconds after the deadline that a claim in work is given to end."""
SEARCH = 20.0
"""Seconds after which the search for fixed points in a report hands back what is proved."""


def report(
    model: Any,
    path: str | Path | None = None,
    *,
    questions: Iterable[str | Question] | None = None,
    notation: Notation | None = None,
    seed: int = 0,
    trials: int | None = None,
    digits: int | None = None,
    max_ops: int | None = None,
    deadline: float | None = None,
    memory: float | None = None,
    figures: bool = True,
    progress: Callable[[str], None] | None = None,
    keep: Callable[[Report], None] | None = None,
    force: bool = False,
    formats: Sequence[str] = ("tex", "md"),
) -> Report:
    """Asks a model every question that applies, verifies each answer, and writes the report if a path is given.

    path:      ends in .tex, .md, .html, .pdf or .json, or in none: then one file for each of `formats`; the pictures of .tex and
               .md stand beside.
    questions: names or Questions; all by default.
    trials:    random draws for each claim, DRAWS by default.
    deadline:  seconds after which the report holds what is finished and says what is left out. The work is then done in a
               child process, which can be ended in the middle of a claim; without fork (macOS, Windows) no claim is begun
               after the deadline.
    memory:    megabytes that the work may take, likewise (Linux).
    figures:   False leaves the pictures out.
    progress:  called with a line of text at each stage.
    keep:      called after each claim with the report of what is finished so far.
    Raises: SpecError for an unknown question or format, or a file that exists (unless force), before any work is done.
    """
    if path is not None:
        refuse_existing(targets(path, formats), force)
    model = as_model(model)
    asked = [question_named(q) if isinstance(q, str) else q for q in (QUESTIONS if questions is None else questions)]
    pictures, missing = pictures_of(model) if figures else ((), ())
    if path is not None:
        refuse_existing(all_targets(path, formats, pictures), force)
    found = Report(title(model), model, (), seed, notation or Notation.default, pictures, missing)
    check_limit(deadline, "deadline", "seconds")
    check_memory(memory)
    end = None if deadline is None else time.monotonic() + deadline
    say = progress or (lambda stage: None)
    asking = _Asking(say, max_ops, end, dict(seed=seed, trials=trials or DRAWS, digits=digits))
    reasons = [q.applies(model) for q in asked]
    waiting = [_waiting(q, reason) for q, reason in zip(asked, reasons, strict=True)]

    def heard(k: int, section: Section) -> None:
        nonlocal found
        found = replace(found, sections=(*found.sections[:k], section))
        if keep is not None:
            keep(replace(found, sections=(*found.sections, *waiting[k + 1 :])))

    if memory is not None or (deadline is not None and FORKS):
        stopped = _in_child(asking, asked, model, reasons, heard, deadline, memory)
        rest = [replace(w, skipped=stopped) if w.limited and stopped else w for w in waiting[len(found.sections) :]]
        found = replace(found, sections=(*found.sections, *rest))
    else:
        for k, q in enumerate(asked):
            for section in asking.section(q, model, reasons[k]):
                heard(k, section)
    if path is not None:
        say("writing")
        found.write(path, force, formats)
    return found


def _in_child(
    asking: _Asking, asked: Sequence[Question], model: Any, reasons: Sequence[str | None],
    heard: Callable[[int, Section], None], deadline: float | None, memory: float | None,
) -> str:  # fmt: skip
    """All questions in a child process; why it was stopped, or "". Sections are handed over without their questions."""

    def work(hand_over: Callable[[Any], None]) -> None:
        told = replace(asking, say=hand_over)
        for k, q in enumerate(asked):
            for s in told.section(q, model, reasons[k]):
                hand_over((k, (s.results, s.checks, s.skipped, s.limited, s.tables)))

    def listen(item: Any) -> None:
        if isinstance(item, str):
            asking.say(item)
        else:
            k, parts = item
            heard(k, Section(asked[k], *parts))

    # the child stops of its own accord between claims, and is ended a moment later
    found = supervised(work, deadline=None if deadline is None else deadline + PATIENCE, memory=memory, listen=listen)
    if not found.stopped or "memory" not in found.stopped:
        return ""
    return f"{found.stopped} at {found.stage!r}; give numbers for some parameters, or raise memory="


def _waiting(question: Question, reason: str | None) -> Section:
    """The section of a question that was not asked; `reason` if it does not apply."""
    if reason is not None:
        return Section(question, skipped=reason)
    return Section(question, skipped="the time was up before it was asked", limited=True)


@dataclass(frozen=True)
class _Asking:
    """How questions are asked: whom to tell, limits, and the options of `verify`."""

    say: Callable[[str], None]
    max_ops: int | None
    end: float | None
    options: Mapping[str, Any]

    @property
    def is_over(self) -> bool:
        return self.end is not None and time.monotonic() >= self.end

    def section(self, question: Question, model: Any, reason: str | None) -> Iterator[Section]:
        """The section as it grows: after each claim, and at last whole. `reason`: why the question does not apply."""
        if reason is not None or self.is_over:
            yield _waiting(question, reason)
            return
        self.say(f"{question.name}: deriving")
        try:
            results = answers(question, model, max_ops=self.max_ops)
        except RnnsymError as error:
            yield Section(question, skipped=str(error), limited=isinstance(error, LimitReached))
            return
        checks: list[Check | None] = []
        for k, result in enumerate(results, 1):
            if not is_definition(result):
                if self.is_over:
                    break
                self.say(f"{question.name}: verifying {k} of {len(results)}, {result.name}")
                checks.append(checked(result, **self.options))
                yield self._unfinished(question, results, checks)
            else:
                checks.append(None)
        if len(checks) < len(results):
            yield self._unfinished(question, results, checks)
            return
        tables, reason = self._searched(question, model)
        yield Section(question, tuple(results), tuple(checks), reason, False, tables)

    @staticmethod
    def _unfinished(question: Question, results: Sequence[Result], checks: Sequence[Check | None]) -> Section:
        done, left = len(checks), len(results) - len(checks)
        what = f"{left} of {len(results)} answers, the time was up" if left else ""
        return Section(question, tuple(results[:done]), tuple(checks), what, bool(left))

    def _searched(self, question: Question, model: Any) -> tuple[tuple[Table, ...], str]:
        """What a search finds for a model with numbers; nothing while symbols are left."""
        if question.search is None or self.is_over:
            return (), ""
        try:
            self.say(f"{question.name}: searching")
            left = SEARCH if self.end is None else min(SEARCH, max(self.end - time.monotonic(), 0.1))
            return (fixed_point_table(question.search(model, deadline=left)),), ""
        except SpecError:
            return (), ""
        except RnnsymError as error:
            return (), f"the search: {error}"


def checked(result: Result, **options: Any) -> Check:
    """The check of a result; what cannot be evaluated at all is a check that tried nothing."""
    try:
        return verify(result, **options)
    except RnnsymError as error:
        return Check("nothing tried", 0, 0, float("nan"), None, options.get("seed", 0), part=str(error))
