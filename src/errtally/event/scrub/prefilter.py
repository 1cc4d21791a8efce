"""Says quickly of a long text that the guards for numbers and colons can't match: several times as fast as they are.

Each test is of a condition that every match fulfils, so that "no" is sure and "yes" is left to the guard.
"""

from __future__ import annotations

import string

LONG_CHARACTERS = 1024
"""Below, the guards themselves are as fast."""

_LETTERS = string.ascii_lowercase.encode()
_DIGITS = string.digits.encode()
_SHAPE = bytes.maketrans(_LETTERS + _DIGITS, b"a" * len(_LETTERS) + b"0" * len(_DIGITS))
_DASH_TO_COLON = bytes.maketrans(b"-", b":")
_HEX = string.hexdigits.encode()
_CARD, _ADDRESS, _SOCIAL_SECURITY, _ACCOUNT, _SEPARATORS = b"0" * 12, b"...", b"000-00-0000", b"aa00", b":" * 5


def may_have_numbers(lowered: str) -> bool:
    """Whether ``digit_guard`` of rules.json may match a text in lower case."""
    text = lowered.encode("ascii", "replace")
    shape = text.translate(_SHAPE)
    return (
        _ACCOUNT in shape
        or _SOCIAL_SECURITY in shape
        or _CARD in shape.translate(None, b" -_/?")
        or _ADDRESS in text.translate(None, _DIGITS)
    )


def may_have_colons(lowered: str) -> bool:
    """Whether ``colon_guard`` of rules.json may match a text in lower case."""
    return _SEPARATORS in lowered.encode("ascii", "replace").translate(_DASH_TO_COLON, _HEX)
