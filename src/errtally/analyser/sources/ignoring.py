"""The patterns of a .gitignore, as git itself takes them.

pathspec makes regular expressions of the patterns, and means by them what stands inside of a matched folder as well.
Git asks for each folder on the way down instead, so that `cd` and then `!a` leave `a/cd` out. A walk does that too, so
here a pattern counts only for the path itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

_INSIDE = "/**"
_FOLDERS_INSIDE = "/**/"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of a .gitignore.

    Attributes:
        text: without ``!``.
        expression: matches the beginning of the paths that the line is about.
        excludes: False for a line that begins with ``!``.
    """

    text: str
    expression: re.Pattern[str]
    excludes: bool

    def matches(self, path: str) -> bool:
        """Whether the line is about a path, whose folders are asked for before; a folder's ends in a slash."""
        if set(self.text.strip("/").split("/")) == {"**"}:
            return path.endswith("/") or not self.text.endswith("/")
        found = self.expression.match(path)
        if found is None:
            return False
        if self.text.endswith((_INSIDE, _FOLDERS_INSIDE)):
            # All that is inside of the folder, but not the folder.
            is_wanted = path.endswith("/") or not self.text.endswith("/")
            return is_wanted and found.end() < len(path)
        return found.end() == len(path)


def patterns(lines: Iterable[str]) -> tuple[Pattern, ...]:
    """Read the lines of a .gitignore; comments and empty lines are no patterns."""
    return tuple(
        Pattern(line.rstrip().removeprefix("!"), one.regex, bool(one.include))
        for line in lines
        for one in GitIgnoreSpec.from_lines([line]).patterns
        if one.include is not None and one.regex is not None
    )


def is_excluded(lines: Sequence[Pattern], path: str) -> bool | None:
    """Return what the last line about a path says, None when no line is about it."""
    return next((line.excludes for line in reversed(lines) if line.matches(path)), None)
