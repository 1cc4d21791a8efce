"""Which names hold secrets, by the words that they are made of."""

from __future__ import annotations

_SECRET = {"password", "passwd", "passphrase", "secret", "pwd", "credential", "credentials", "apikey", "bearer"}
_SECRET_PAIRS = {
    ("api", "key"), ("private", "key"), ("secret", "key"), ("access", "key"), ("encryption", "key"), ("signing", "key"),
    ("access", "token"), ("auth", "token"), ("refresh", "token"), ("api", "token"), ("session", "token"),
    ("bearer", "token"), ("id", "token"), ("client", "secret"), ("secret", "token"), ("jwt", "token"),
}  # fmt: skip
"""A bare `token` or `key` is more often a parser's or a dictionary's than a secret."""


_ABOUT = {"err", "error", "no", "invalid", "missing", "has", "is", "num", "with", "without", "use"}
"""`ErrNoSuchSecret` and `hasPassword` are about a secret and do not hold it."""


_NAMES = {"tpl", "template", "route", "event", "permission", "page", "title", "label", "forgot", "to", "fallback"}
"""`TplForgotPassword` is the name of something that is about a password."""


_MASKED = {
    "masked", "mask", "redacted", "hidden", "censored", "sanitized", "sanitised", "scrubbed", "obfuscated", "hashed",
    "encrypted", "shortened", "truncated", "dummy", "fake", "placeholder", "hint",
}  # fmt: skip
"""Words for what is no longer the secret."""
_FILE_WORDS = ("file", "path", "from", "filename", "read", "open", "directory", "folder")
"""What a message says before the name of a file that holds a secret."""


def names_file(before: str) -> bool:
    """Whether the words of a message right before a value say that it is the name of a file."""
    plain = before.rstrip(" :='\"`(").lower()
    return plain.endswith(_FILE_WORDS)


def words(name: str) -> list[str]:
    """Split a name at underscores and capitals: ["api", "key"] of `apiKey`, `API_KEY` and `api_key`."""
    found: list[str] = []
    current = ""
    previous = ""
    for char in name:
        if not char.isalnum():
            if current:
                found.append(current)
            current = ""
        elif char.isupper() and previous.islower():
            found.append(current)
            current = char
        else:
            current += char
        previous = char
    if current:
        found.append(current)
    return [word.lower() for word in found]


def is_secret(name: str) -> bool:
    """Whether a variable's last word or words say that it holds a secret."""
    parts = words(name)
    if parts and (parts[0] in _ABOUT or not _MASKED.isdisjoint(parts) or not _NAMES.isdisjoint(parts[:-1])):
        return False
    return bool(parts) and (parts[-1] in _SECRET or tuple(parts[-2:]) in _SECRET_PAIRS)
