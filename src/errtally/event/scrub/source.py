"""Source lines are code: in ``token = next(tokens)`` nothing is secret, in ``password = "x"`` the literal is."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from errtally.event.scrub.keys import KeyKind
from errtally.event.scrub.spans import is_harmless, quoted

if TYPE_CHECKING:
    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.spans import LineEnds

_LINE_LIMIT = 1024
_STRINGS = re.compile(r"""[^"'`\\]++|\\.|(["'`])""")
_LITERAL = re.compile(r"""(?:[bBuUrRfF@$L]{1,2})?(\\{0,4}["'`])""")
_NUMBER = re.compile(r"[0-9]{4,}+(?![\w.(])")
_SHELL = re.compile(r"[^\s\"'`$(){}<>|&;,]{3,512}+(?=\s|;|$)")
_SHELL_KEY = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_-]*\Z")
_NAMES_A_FIELD = re.compile(r"(?:field|name|key|type|param|parameter|header|column|attr|attribute|label|id)s?\Z")


class Place(IntEnum):
    """What a text is."""

    TEXT = 0
    SOURCE = 1
    NAME = 2
    VERSION = 3


def literal(text: str, start: int, key: str, keys: KeyMatcher, lines: LineEnds) -> tuple[int, int] | None:
    """Where the literal that stands at ``start`` of a source line lies.

    Returns:
        The place, empty when there is none that needs to go; None within a string, where the rules for texts hold.
    """
    if text[start - 1 : start] == "=" and text[start - len(key) - 2 : start - len(key) - 1] in {"?", "&"}:
        return None  # the query of an address, also in a comment
    open_quote = _open_quote(text, start)
    if open_quote:
        return (start, start) if text.startswith(open_quote, start) else None
    opening = _LITERAL.match(text, start)
    if opening is not None:
        begin, end = quoted(text, opening.end(), opening[1], lines)
        value = text[begin:end]
        is_name = _IDENTIFIER.match(value) is not None and (
            (key.isupper() and value == key.lower())  # an enumeration of names
            or ("_" in value and keys.kind(value) is KeyKind.SECRET)
            or _NAMES_A_FIELD.search(key.lower()) is not None
        )
        return (begin, begin) if is_name or is_harmless(value) else (begin, end)
    number = _NUMBER.match(text, start)
    if number is not None:
        return start, number.end()
    if text[start - 1 : start] == "=":
        # As a shell or a file of settings has it; an argument by name is followed by a comma or a bracket.
        shell = _SHELL.match(text, start)
        if shell is not None and (_SHELL_KEY.search(key) or not shell.group().islower()):
            return start, shell.end()
    return start, start


def _open_quote(text: str, end: int) -> str:
    """The quote that is open at a place of a line; ""."""
    start = max(text.rfind("\n", max(0, end - _LINE_LIMIT), end) + 1, end - _LINE_LIMIT, 0)
    open_quote = ""
    for piece in _STRINGS.finditer(text, start, end):
        quote = piece[1]
        if quote and (not open_quote or quote == open_quote):
            open_quote = "" if open_quote else quote
    return open_quote
