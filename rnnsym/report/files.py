"""Files written whole or not at all, never over an existing one unless forced."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from rnnsym.result import SpecError


def refuse_existing(paths: Iterable[Path], force: bool) -> None:
    """SpecError for a path that cannot be written: it exists (unless forced), or its folder does not."""
    for path in paths:
        if path.is_dir():
            raise SpecError(f"{path} is a folder; give a file name")
        if not path.parent.is_dir():
            raise SpecError(f"no folder {path.parent} to write {path.name} in; make it first")
        if os.path.lexists(path) and not force:
            raise SpecError(f"{path} exists; use --force (force=True) to overwrite it")
        if path.exists() and not path.is_file():
            raise SpecError(f"{path} is no regular file; give another name")


def write_files(contents: Mapping[Path, str | bytes], *, force: bool = False) -> None:
    """Writes every text (UTF-8) and picture whole or none at all: to temporary files beside the targets first, then renamed."""
    refuse_existing(contents, force)
    waiting: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for path, content in contents.items():
            final = Path(os.path.realpath(path)) if force else path
            temporary = final.with_name(f".{final.name}.{os.getpid()}.tmp")
            with open(temporary, "xb") as file:
                waiting.append((temporary, final))
                file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        for temporary, final in waiting:
            if force:
                os.replace(temporary, final)
            else:
                _take_name(temporary, final)
                made.append(final)
        made.clear()
    except OSError as error:
        raise SpecError(
            f"cannot write {error.filename2 or error.filename}: {error.strerror}; nothing was written"
        ) from error
    finally:
        for leftover in (*(t for t, _ in waiting), *made):
            leftover.unlink(missing_ok=True)


def _take_name(temporary: Path, final: Path) -> None:
    """A rename that fails if the target came into being meanwhile."""
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        refuse_existing([final], force=False)
        os.replace(temporary, final)
