"""Tells sentences about a secret from the secret: ``password: required``, ``failed to refresh token: timeout``."""

from __future__ import annotations

import re

from errtally.event.scrub.catalogue import rules
from errtally.event.scrub.keys import words

_TEXT = rules()["text"]
_PROSE = frozenset(_TEXT["prose"]) | frozenset(_TEXT["harmless_values"])
_WINDOW = 48
_SHORTEST_PIN = 4
_SHORTEST_CODE = 6
_CODES = frozenset({"otp", "totp"})
_MISSING = re.compile(rf"(?:\b(?:{_TEXT['names_of_missing']})(?:[ ]\w{{1,20}}){{0,2}}[ ])(?:[\w]{{1,20}}[ _-])?\w*\Z")
_FAILING = re.compile(
    r"\b(?:failed|failing|unable|refused|error|cannot|can't|couldn't|could not|trying|while)(?: to)?"
    r"(?: \w{1,20}){1,3} \w*\Z"
)
_LETTERS = re.compile(r"[A-Za-z]{1,24}+(?![^\s.,;:!?)])")
_SENTENCE = re.compile(r"[A-Za-z][a-z']{0,24}(?:[ ][A-Za-z'-]{1,24}|[ ][0-9]{1,4}){2,40}[.!]?\Z")
_SENTENCES = re.compile(
    r"""\[\s{0,4}(?:(["'])[A-Za-z][a-z']{0,24}(?:[ ](?:[A-Za-z'-]{1,24}|[0-9]{1,4})){2,40}[.!]?\1"""
    r"""(?:,\s{0,4})?){1,8}\s{0,4}\]"""
)
_SCHEMA = re.compile(r"""\{\s{0,8}["']type["']\s{0,4}:\s{0,4}["'](?:string|number|integer|boolean|object|array)["']""")
_TEST = re.compile(r"[\w./:-]{0,64}[Tt]est[\w./:-]{0,64}\Z")
_TYPES = ("string", "number", "integer", "boolean", "object", "array")
_SAMPLES = frozenset({"value", "default", "example", "examples", "const", "enum"})
_COMPONENTS = frozenset({"auth", "oauth", "oauth2", "sso", "saml", "jwt", "csrf", "bearer", "sid", "sig", "otp"})
_SURE = re.compile("pass|secret|token|key|cred|pwd|code")
_SETTING = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z")
_ABOUT_A_NAME = re.compile(
    r"[\"'` ]{1,2}(?:not found|does not exist|is (?:missing|required|unknown|type)|already exists|cannot|can't|requires"
    r"|must|should)\b"
)
_WORDS_BEFORE = re.compile(r"[a-z]{2,24}[ ](?:[\w-]{1,24}[ ])?\Z")
_WORD_AFTER = re.compile(r"[ ][a-z]{2,24}(?![^\s.,;:!?)])")


def is_sentences(value: object) -> bool:
    """Whether a value is a list of sentences, as forms answer: ``"password": ["This field is required."]``."""
    return type(value) is list and bool(value) and all(type(part) is str and _SENTENCE.match(part) for part in value)


def is_schema(value: object) -> bool:
    """Whether a value is what a JSON Schema says of a field: ``"password": {"type": "string", "minLength": 8}``."""
    return type(value) is dict and value.get("type") in _TYPES and not _SAMPLES & value.keys()


def is_description(text: str, start: int) -> bool:
    """Whether brackets hold what is said of a field, not its value: sentences, or a JSON Schema."""
    return _SENTENCES.match(text, start) is not None or _SCHEMA.match(text, start) is not None


def is_component(key: str, value: str) -> bool:
    """Whether a key is a part of a program that reports something: ``auth: info: started``, ``PASS: TestLogin``."""
    if key == "PASS" and _TEST.match(value):
        return True
    if key.lower() in {"pass", "pin"}:
        return value.isdigit() and len(value) < _SHORTEST_PIN
    is_count = value.isdigit() and len(value) < _SHORTEST_CODE and _CODES.isdisjoint(words(key))
    return says_little(key) and (is_count or not any(map(str.isdigit, value)))


def says_little(key: str) -> bool:
    """Whether a key is as often a part of a program, or a verb, as the name of a secret: ``auth``, ``pass``."""
    parts = words(key)
    return parts == ("pass",) or (not _COMPONENTS.isdisjoint(parts) and not _SURE.search("".join(parts)))


def is_unlike_words(value: str) -> bool:
    """Whether a value has digits and letters, as names and words of sentences seldom have both."""
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def is_prose_before(text: str, key_start: int, start: int) -> bool:
    """Whether the words in front of a key say that what follows it is a name or a reason, not its value."""
    before = text[max(0, key_start - _WINDOW) : key_start].rpartition("\n")[2].lower()
    if _MISSING.search(before):
        return True
    letters = _LETTERS.match(text, start)
    if letters is None:
        return False
    # `invalid private key: connection refused`: a sentence before and words behind
    is_within = _WORDS_BEFORE.search(text, max(0, key_start - _WINDOW), key_start) is not None
    return _FAILING.search(before) is not None or (is_within and _WORD_AFTER.match(text, letters.end()) is not None)


def is_a_name(text: str, begin: int, end: int) -> bool:
    """Whether a quoted value is a name that something is said about: ``'isSecret' cannot be combined``."""
    return text[begin:end].isalpha() and _ABOUT_A_NAME.match(text, end) is not None


def is_prose(text: str, begin: int, end: int) -> bool:
    """Whether a value is the beginning of a sentence, or the name of a setting."""
    if end - begin > _WINDOW * 2:
        return False
    value = text[begin:end]
    first = value.partition(" ")[0].rstrip(".,!?:;").lower()
    return first in _PROSE or _SETTING.match(value) is not None or _ABOUT_A_NAME.match(text, end) is not None
