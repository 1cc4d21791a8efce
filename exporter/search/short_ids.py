"""Short ids of issues, such as ``SHOP-1A``: the project's name in capitals and the issue's number in base 32.

The digits are Crockford's (https://www.crockford.com/base32.html): no I, L, O and U, so that none is misread.
"""

from __future__ import annotations

import re

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {**{digit: value for value, digit in enumerate(_DIGITS)}, "I": 1, "L": 1, "O": 0}
_FORM = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)-([0-9A-Za-z]{1,13})")
_NO_SLUG = re.compile(r"[^A-Za-z0-9_-]+")
MAX_NUMBER = 2**63 - 1


def slug(project: str) -> str:
    """Return a project's name as it stands in addresses, of letters, digits, ``-``, ``_``; else ``project``."""
    return _NO_SLUG.sub("-", project).strip("-_").lower() or "project"


def encode(project: str, number: int) -> str:
    """Return the short id of an issue by its project's name and its number (from 0)."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 32)
        digits = _DIGITS[digit] + digits
    return f"{slug(project).upper()}-{digits}"


def number(text: str) -> int | None:
    """Return an issue's number from its decimal digits, None when the text is none or beyond what the store numbers."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_NUMBER))):
        return None
    found = int(text)
    return found if found <= MAX_NUMBER else None


def decode(text: str) -> tuple[str, int] | None:
    """Return the project's slug and the issue's number of a short id in any case, None when the text is none."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    number = 0
    for character in found[2].upper():
        digit = _READ.get(character)
        if digit is None:
            return None
        number = number * 32 + digit
    return (found[1].lower(), number) if number <= MAX_NUMBER else None
