"""Suppression comments: `# errtally: ignore[handlers/bare-except] reason`, `//` where that is how comments begin.

A comment on a finding's line suppresses it, and so does one that stands alone on the line above. One without a reason
or with a name that no check has is a finding itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.analyser.syntax.comments import Comment

MARKER = "errtally: ignore"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One suppression comment.

    Attributes:
        line: where it stands; ``target`` is the line that it is about.
        checks: the names between the brackets; empty when there are none.
        reason: the rest of the comment.
    """

    line: int
    target: int
    checks: tuple[str, ...]
    reason: str


def suppressions(comments: Iterable[Comment]) -> list[Suppression]:
    """Read the suppressions among a file's comments."""
    found = []
    alone = {}
    comments = list(comments)
    for comment in comments:
        if comment.is_alone:
            alone[comment.line] = comment
    for comment in comments:
        if not comment.text.startswith(MARKER):
            continue
        rest = comment.text.removeprefix(MARKER)
        names, reason = "", rest
        if rest.startswith("[") and "]" in rest:
            names, reason = rest[1:].split("]", 1)
        target = comment.line
        if comment.is_alone:
            # Further comments may stand between the suppression and the code that it is about.
            target += 1
            while target in alone:
                target += 1
        checks = tuple(name.strip() for name in names.split(",") if name.strip())
        found.append(Suppression(comment.line, target, checks, reason.strip(" -:")))
    return found
