"""Cookie headers: the cookies that let somebody in are redacted by name, the others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import PLACEHOLDER

if TYPE_CHECKING:
    from errtally.event.scrub.keys import KeyMatcher


_RANDOM_LENGTH = 32
_MEASURING = ("GA1.", "GS1.", "GS2.", "fb.")


def _is_random(value: str) -> bool:
    """Whether a cookie's value is long and made by a machine: then it lets somebody in, unless it measures visits."""
    return (
        len(value) >= _RANDOM_LENGTH
        and not value.startswith(_MEASURING)
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
    )


def scrub_cookie_header(text: str, keys: KeyMatcher) -> tuple[str, int]:
    """Redact the secret cookies of a Cookie or Set-Cookie header's value.

    Returns:
        The value and how many cookies were redacted. A value that does not begin with ``name=`` can't be parsed and is
        redacted as a whole.
    """
    if not text or text == PLACEHOLDER:
        return text, 0
    parts = text.split(";")
    if "=" not in parts[0]:
        return PLACEHOLDER, 1
    count = 0
    for index, part in enumerate(parts):
        name, equals, value = part.partition("=")
        if (
            equals
            and value.strip() not in {"", PLACEHOLDER}
            and (keys.is_secret_cookie(name.strip()) or _is_random(value.strip()))
        ):
            parts[index] = f"{name}={PLACEHOLDER}"
            count += 1
    return (";".join(parts), count) if count else (text, 0)
