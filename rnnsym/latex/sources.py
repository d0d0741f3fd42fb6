r"""The bibliography: BibTeX entries and citations of Source records.

May import: result and notation. A new field of Source is a line in `_entry`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields, replace

from rnnsym.latex.notation import escape
from rnnsym.result import Result, RnnsymError, Source, SpecError


def cite(source: Source) -> str:
    r"""The citation of a source, with the place in it.

    >>> print(cite(Source("pascanu2013", at="eq. 8")))
    \cite[eq.~8]{pascanu2013}
    """
    place = escape(source.at).replace("]", "{]}").replace("[", "{[}")
    place = re.sub(r"\b([Ee]qs?|[Tt]hms?|[Ss]ecs?|[Cc]hap|pp?|[Ff]ig|[Aa]pp)\. ", r"\1.~", place)
    return rf"\cite[{place}]{{{citation_key(source)}}}" if place else rf"\cite{{{citation_key(source)}}}"


def bibtex(sources: Result | Source | Iterable[Result | Source]) -> str:
    """BibTeX entries of sources, or of those that results cite; each key once.

    >>> print(bibtex(Source("pascanu2013", "Pascanu, R.; Mikolov, T.", "On the difficulty", 2013, arxiv="1211.5063")))
    @misc{pascanu2013,
      author        = {Pascanu, R. and Mikolov, T.},
      title         = {{On the difficulty}},
      year          = {2013},
      eprint        = {1211.5063},
      archiveprefix = {arXiv},
    }
    """
    entries: dict[str, Source] = {}
    for source in _sources(sources):
        key = citation_key(source)
        entries[key] = _merged(entries[key], source) if key in entries else source
    return "\n".join(_entry(key, source) for key, source in entries.items())


def _sources(item: Result | Source | Iterable[Result | Source]) -> list[Source]:
    if isinstance(item, Source):
        return [item]
    if isinstance(item, Result):
        return list(item.source)
    if isinstance(item, str) or not isinstance(item, Iterable):
        raise SpecError(f"a Source or a Result is needed, got {type(item).__name__}")
    return [source for part in item for source in _sources(part)]


def _merged(first: Source, second: Source) -> Source:
    """One record of two mentions of a work; the place in it is no part of the work."""
    values = {}
    for name in (f.name for f in fields(Source) if f.name not in ("key", "at")):
        one, two = getattr(first, name), getattr(second, name)
        if one and two and one != two:
            raise RnnsymError(
                f"two sources share the key {first.key!r} but differ in {name}: {one!r} and {two!r}; "
                "give them different keys"
            )
        values[name] = one or two
    return replace(first, **values)


def _entry(key: str, source: Source) -> str:
    rows = [
        ("author", escape(_authors(source.authors), unicode=True)),
        ("title", f"{{{escape(source.title, unicode=True)}}}" if source.title else ""),
        ("year", str(source.year or "")),
        ("doi", _address(source.doi)),
        ("eprint", _address(source.arxiv)),
        ("archiveprefix", "arXiv" if source.arxiv else ""),
    ]
    kind = "article" if source.doi else "misc"
    lines = [f"  {name:<13} = {{{value}}}," for name, value in rows if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def citation_key(source: Source) -> str:
    """The key of a source as LaTeX may have it."""
    return re.sub(r"[^A-Za-z0-9:_.+/-]", "", source.key) or "source"


def _address(text: str) -> str:
    """A DOI or arXiv number: printed as it stands, without what TeX or BibTeX would read."""
    text = re.sub(
        r"^(https?://(dx\.)?doi\.org/|https?://arxiv\.org/abs/|arxiv:|doi:)",
        "",
        text.strip(),
        flags=re.IGNORECASE,
    )
    return re.sub(r"[^A-Za-z0-9./()_:;<>+-]", "", text)


def _authors(text: str) -> str:
    """Authors joined by `and`, from "A. Last, B. Last", "Last, A.; Last, B." or "Last, A., Last, B."."""
    text = re.sub(r",?\s+et al\.?", " and others", text.strip())
    if ";" in text:
        names = text.split(";")
    else:
        names = []
        for chunk in re.split(r",?\s+(?:and|&)\s+", text):
            for part in chunk.split(","):
                initials = re.fullmatch(r"\s*(?:[^\W\d_]\.[\s-]*)+", part)
                if initials and names and "," not in names[-1]:
                    names[-1] = f"{names[-1].strip()}, {part.strip()}"
                else:
                    names.append(part)
    return " and ".join(name.strip() for name in names if name.strip())
