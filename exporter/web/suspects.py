"""Commits that may have brought an issue: of the release that it came with, those that changed a file of its stack.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.exporter.web import frame_view, stack_view
from errtally.exporter.web.shown_text import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_SUSPECTS = 3
MAX_FRAMES = 50
"""Calls that are compared, those nearest to the failure."""

_ALIKE = 2
"""Parts of two paths that have to be the same at their ends, where both have so many: ``views.py`` says little."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A commit that changed a file in which a call of the stack is.

    Attributes:
        commit: as the store has it.
        path: of the file, as the commit has it.
    """

    commit: Mapping[str, Any]
    path: str


def suspects(event: Mapping[str, Any], commits: Sequence[Mapping[str, Any]]) -> tuple[Suspect, ...]:
    """Return commits that changed what an event failed in.

    Args:
        event: a kept event, of any shape.
        commits: of the release that the issue came with, the newest first.

    Returns:
        The commit that changed the file nearest to the failure first; of one file the newest first.
    """
    if not any(one["paths"] for one in commits):
        return ()
    found: dict[str, Suspect] = {}
    for file in _files(event):
        for commit in commits:
            path = next((path for path in commit["paths"] if _is_same_file(file, path)), None)
            if path is not None:
                found.setdefault(commit["id"], Suspect(commit, path))
    return tuple(found.values())[:MAX_SUSPECTS]


def _files(event: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the files of the application's calls as parts of their paths, the one nearest to the failure first."""
    frames = [
        frame for _, sent in reversed(stack_view.kept_exceptions(event)) for frame in reversed(sent)
    ][:MAX_FRAMES]  # fmt: skip
    own = [frame for frame in frames if frame_view.is_in_app(frame)] or frames
    return [parts for parts in dict.fromkeys(map(_path, own)) if parts]


def _path(frame: Mapping[str, Any]) -> tuple[str, ...]:
    """Return where a call's file lies; of Java's and Kotlin's classes the package says it."""
    name, module = text_of(frame.get("filename")), text_of(frame.get("module"))
    if name.endswith((".java", ".kt", ".scala", ".groovy")) and "/" not in name and "." in module:
        return (*module.split(".")[:-1], name)
    return _parts(text_of(frame.get("abs_path")) or name)


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.replace("\\", "/").split("/") if part not in {"", ".", ".."})


def _is_same_file(file: Sequence[str], path: str) -> bool:
    other = _parts(path)
    alike = 0
    for one, another in zip(reversed(file), reversed(other), strict=False):
        if one != another:
            break
        alike += 1
    return alike >= min(_ALIKE, len(file), len(other)) and alike > 0
