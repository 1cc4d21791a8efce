"""Checks that tell a token or a password from a word, a name and an id; each looks at one match of its pattern."""

from __future__ import annotations

import base64
import binascii
import re

from errtally.event.scrub.catalogue import rules

_ID_PREFIXES = frozenset(rules()["id_prefixes"])
_OTHER_KEYS = frozenset(rules()["other_keys"])
_QUALIFIER = re.compile(r"([A-Za-z0-9]{0,24})[ _.-]?\Z")
_COLOUR = re.compile(r"\[[0-9;]{1,8}m\Z")
_PLACEHOLDER_END = "xxxxxxxx"
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
_LEAST_OF_EACH = 2
_RANDOM_LENGTH = 16
_DIGEST_LENGTH = 32
_BEARER_SURE_LENGTH = 24
_METHOD_NAME = re.compile(
    r"(?i:md5|sha-?\d|base\d|o?auth\d|argon2|pbkdf2|bcrypt|scrypt|utf-?\d|v\d|http\d|x509|ipv\d|aes|user|line|step|field)"
)
_CODE = re.compile(r"[(){}<>=\\]|\.[a-z]|\w\.\w")
_NAME_WITH_NUMBER = re.compile(r"[A-Z]?[a-z]+(?:[A-Z][a-z]+)*[0-9]{1,3}(?:[A-Z][a-z]+)*\Z")
_SIGNS_OF_PASSWORDS = frozenset("!$%^&*#")
_NO_SETTER = re.compile(r"(?i)(?:get|has|find|is|remove|delete|read|load|lookup|request|no|missing|invalid)")


def jwt(match: re.Match[str]) -> bool:
    """A JSON web token: its first part is a JSON object that names an algorithm."""
    header = match.group().partition(".")[0]
    try:
        return b'"alg"' in base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
    except (binascii.Error, ValueError):
        return False


def basic(match: re.Match[str]) -> bool:
    """Basic credentials: base64 of something with a colon, which the word `authentication` is not."""
    token = match.group().split()[-1].rstrip("=")
    try:
        return b":" in base64.b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return False


def bearer(match: re.Match[str]) -> bool:
    """A bearer token, not the prose `bearer authentication`: it has a digit or is long."""
    token = match.group().split()[-1]
    return len(token) >= _BEARER_SURE_LENGTH or any(char.isdigit() for char in token)


def word_start(match: re.Match[str]) -> bool:
    """A token that does not begin in the middle of a word, as `task-...` has `sk-` in it."""
    return _begins_a_word(match) and not _is_placeholder(match.group())


def token_start(match: re.Match[str]) -> bool:
    """A token of a known form that does not begin within a word or a longer token."""
    before = match.string[max(0, match.start() - 1) : match.start()]
    return _begins_a_word(match) and before not in {"_", "-"} and not _is_placeholder(match.group())


def _begins_a_word(match: re.Match[str]) -> bool:
    """Whether no letter or digit stands in front, but of the code of a terminal's colour."""
    start = match.start()
    before = match.string[max(0, start - 1) : start]
    if not (before.isalnum() and before.isascii()):
        return True
    return before == "m" and _COLOUR.search(match.string, max(0, start - 10), start) is not None


def _is_placeholder(token: str) -> bool:
    """Whether a token is one of documentation: ``ghp_xxxxxxxx``."""
    return token.lower().endswith(_PLACEHOLDER_END)


def prefixed(match: re.Match[str]) -> bool:
    """A long random text behind a word or two, as most tokens are made, unless the word says that it is an id."""
    words = match.group().replace("-", "_").lower().split("_")
    return words[0] not in _ID_PREFIXES and is_random(re.split("[_-]", match.group())[-1])


def random(match: re.Match[str]) -> bool:
    """A part of an address that nobody made up: a long one with digits, or any that stands where only such stand."""
    value = match.group()[len(match.group(1)) :]
    if match.group(1).lower().startswith("/hooks/catch/"):
        return True
    return len(value) >= _RANDOM_LENGTH and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def called_with(match: re.Match[str]) -> bool:
    """The argument of ``setPassword("x")``, not the name in ``getToken("access_token")``."""
    if _NO_SETTER.match(match.group(1)):
        return False
    value = match.group()[len(match.group(1)) :].strip("'\"")
    return " " not in value and (any(map(str.isdigit, value)) or not value.replace("_", "").replace(".", "").isalpha())


def said_password(match: re.Match[str]) -> bool:
    """What stands behind the word as in ``connect Corp password x``: letters and digits, and no method's name."""
    value = match.group()[len(match.group(1)) :]
    return any(map(str.isdigit, value)) and _METHOD_NAME.match(value) is None


def said_strong(match: re.Match[str]) -> bool:
    """What stands behind the word in a sentence and is no word: digits beside signs, or beside letters of both cases.

    Names of secrets (`db-credentials-v2`) have digits and dashes alone.
    """
    value = match.group()[len(match.group(1)) :]
    if match.group(1).rstrip("\"'").endswith((" to ", " from ")):
        return any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return _is_strong(value)


def no_name(match: re.Match[str]) -> bool:
    """What is typed into a field, not a setting's name, a gap or nothing."""
    value = match.group()[len(match.group(1)) :].strip("\"'")
    return any(map(str.isalnum, value)) and value[0] not in "${<%[" and not value.isupper()


def compared(match: re.Match[str]) -> bool:
    """A literal that a secret is compared with, not a word such as the name of a token's kind."""
    value = match.group().strip("\"'")
    return (any(map(str.isdigit, value)) or not _SIGNS_OF_PASSWORDS.isdisjoint(value)) and any(map(str.isalpha, value))


def said_mixed(match: re.Match[str]) -> bool:
    """What stands behind a user's name in a sentence about credentials: letters and digits, or a sign."""
    value = match.group()[len(match.group(1)) :]
    return _is_strong(value) or (any(map(str.isdigit, value)) and any(map(str.isalpha, value)))


def _is_strong(value: str) -> bool:
    bare = value.rstrip(".!?,:;")
    if _METHOD_NAME.match(bare) or _CODE.search(bare) or not any(map(str.isalpha, bare)):
        return False
    has_sign = not _SIGNS_OF_PASSWORDS.isdisjoint(bare) or (value[-1:] == "!" and any(map(str.isdigit, bare)))
    has_both = bare.lower() != bare != bare.upper() and not _NAME_WITH_NUMBER.match(bare)
    return any(map(str.isdigit, bare)) and (has_sign or has_both)


def said_random(match: re.Match[str]) -> bool:
    """What is said to be a token and looks like one.

    It has small and capital letters and digits, or is long and of letters and digits alone. An argument in quotes needs
    no more than a digit or a sign in it.
    """
    value = match.group()[len(match.group(1)) :]
    if value[0] in "\"'":
        return mixed(match) and not value.strip("\"'").replace("_", "").isalpha()
    is_digest = len(value) >= _DIGEST_LENGTH and value.isalnum() and not value.isalpha() and not value.isdigit()
    return is_digest or (is_random(value) and "." not in value and "/" not in value[:-1])


def named_random(match: re.Match[str]) -> bool:
    """What is named a key, a licence or a nonce, and looks like one: ``facebook.key = "34ce..."``.

    A key of a cache, of a table or of an object is none.
    """
    value = match.group()[len(match.group(1)) :].strip("=")
    before = match.string[max(0, match.start() - 32) : match.start()]
    qualifier = _QUALIFIER.search(before)
    name = qualifier[1] if qualifier else ""
    last = re.split(r"(?<=[a-z0-9])(?=[A-Z])", name)[-1].lower()
    if last in _OTHER_KEYS or name.lower() in _OTHER_KEYS or "/" in value[:1] or "." in value:
        return False
    if before[-1:] in {"?", "&"} and not name:
        return any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    if match.group(1).lower().startswith("key") and not name:
        return is_random(value) and len(value) >= _DIGEST_LENGTH
    if _UUID.match(value):
        return bool(name) and match.group(1).lower().startswith(("key", "_api", "_pat"))
    digits = sum(map(str.isdigit, value))
    groups = value.split("-")
    if len(groups) > 1 and all(map(str.isdigit, groups)):
        return False
    longest = max(map(len, re.split("[-_/+]", value)))
    return is_random(value) if longest < _RANDOM_LENGTH else digits >= _LEAST_OF_EACH and not value.isdigit()


def long_random(match: re.Match[str]) -> bool:
    """A long token whose end looks random."""
    return is_random(match.group()[-_DIGEST_LENGTH:])


def encoded_key(match: re.Match[str]) -> bool:
    """The base64 of a private key in PEM, not of a certificate."""
    return b"PRIVATE KEY" in _decoded(match.group()[:128])


def encoded_jwt(match: re.Match[str]) -> bool:
    """The base64 of a JSON web token."""
    inner = _decoded(match.group()[:512]).partition(b".")[0]
    return b'"' in _decoded(inner.decode("latin-1"))


def _decoded(text: str) -> bytes:
    """The bytes of base64 in either alphabet; empty for what is none."""
    whole = text.rstrip("=")[: len(text.rstrip("=")) // 4 * 4]
    try:
        return base64.urlsafe_b64decode(whole.replace("+", "-").replace("/", "_"))
    except (binascii.Error, ValueError):
        return b""


def is_random(text: str) -> bool:
    """Small and capital letters and digits, some of each."""
    return all(sum(map(kind, text)) >= _LEAST_OF_EACH for kind in (str.isdigit, str.islower, str.isupper))


def mixed(match: re.Match[str]) -> bool:
    """A value that no word of a sentence is: letters with digits, or with capitals behind small ones."""
    value = match.group()[len(match.group(1)) :]
    letters = "".join(filter(str.isalpha, value))
    return bool(letters) and (any(map(str.isdigit, value)) or not (letters[1:].islower() or letters.isupper()))


def bot_token(match: re.Match[str]) -> bool:
    """A token of a Discord bot: its first part is the number of its account."""
    account = match.group().partition(".")[0]
    try:
        return base64.urlsafe_b64decode(account + "=" * (-len(account) % 4)).isdigit()
    except (binascii.Error, ValueError):
        return False


TOKEN_CHECKS = (
    jwt, basic, bearer, word_start, token_start, prefixed, random, called_with, said_random, said_password, mixed,
    bot_token, named_random, long_random, encoded_key, encoded_jwt, said_strong, said_mixed, compared, no_name,
)  # fmt: skip
"""All that rules.json names."""
