"""What stands for one word of a message: a mask where it is a value, else the word itself.

A word is judged alone, and what was said of it is remembered. What only its neighbours tell (``Jan 2``, ``17 ms``) is
left as a mark for the step after.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Final

from errtally.exporter.grouping.wordlike import bits_of_a_letter, is_wordlike

CACHE_LIMIT: Final = 20_000
CACHED_LENGTH_LIMIT: Final = 64

_WORDS: Final[dict[str, list[str]]] = json.loads(
    resources.files(__package__).joinpath("data/masking.json").read_text(encoding="utf-8")
)
_KEEP: Final = frozenset(_WORDS["keep"])
_UNITS: Final = frozenset(_WORDS["units"])
_OUTCOMES: Final = frozenset(_WORDS["outcomes"])
_CALENDAR: Final = frozenset(_WORDS["calendar"])
_TOP_LEVEL_DOMAINS: Final = frozenset(_WORDS["top_level_domains"])
_FILE_EXTENSIONS: Final = frozenset(_WORDS["file_extensions"])

# Marks that a token may leave for the second step, which sees its neighbours. Neither occurs in text.
UNIT_MARK: Final = "\x01"
CALENDAR_MARK: Final = "\x02"
MARKS: Final = {ord(UNIT_MARK): None, ord(CALENDAR_MARK): None}

_SEPARATORS: Final = re.compile(r"([\s,;=()\[\]{}<>|\"'`]+)")
_DIGIT: Final = re.compile(r"\d")
_HEX: Final = re.compile(r"[0-9a-fA-F]{8,}")
NO_SPACES: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
"""Thai, Burmese, Khmer, Japanese, Chinese and Korean: written without spaces, or with words that hang on numbers."""
_LATIN_VALUE: Final = re.compile(r"[A-Za-z0-9_\-./:@]*\d[A-Za-z0-9_\-./:@]*")
_CASE_CHANGES: Final = re.compile(r"[a-z][A-Z]")
_PREFIXED: Final = re.compile(r"[a-z]{2,5}_([a-z]{8,}|[A-Za-z]{12,})")
_SIZED: Final = re.compile(
    r"(?:u?int|float|long|complex|base|utf|sha|bz|bzip|crc|aes|ipv)\d{1,3}|\d{1,3}-(?:bit|byte|tuple|dimensional|digit|way)",
    re.IGNORECASE,
)
_NAME_WITH_DIGITS: Final = re.compile(
    r"(?P<name>[A-Z][A-Za-z]*[a-z][A-Z][A-Za-z]*)\d{1,3}|[A-Z]\d(?P<rest>[A-Za-z]*[a-z][A-Z][A-Za-z]+)"
)
"""A name of a class or a call that has a number: ``ServerAlive2``, ``L2ListenSocket``."""
_COUNTED: Final = re.compile(r"\d{1,3}((?:-[a-z]{3,})+)")
_ALTERNATIVES: Final = re.compile(r"[A-Z]{2,}(?:/[A-Z]{2,})+|/[A-Z][A-Za-z]+")
"""``RTU/ASCII/TLS`` is a choice, and ``/AcroForm`` a name, as PDF has them."""
_JOINTS: Final = re.compile(r"[\-_]")
HEX_LETTERS: Final = 8
RANDOM_LETTERS: Final = 10
RANDOM_BITS: Final = 4.9
RANDOM_NAME_BITS: Final = 4.2
CASE_CHANGES_OF_AN_ID: Final = 3

_MAC: Final = re.compile(r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}")
_EMAIL: Final = re.compile(r"[^@\s:/]+@[^@\s:/]+\.[A-Za-z]{2,}")
_PATH: Final = re.compile(r"(?:[A-Za-z]:)?\\.*\w.*|[A-Za-z]:/.+|(?:~|\.{1,2})?/[^/].*|[^/:]+/[^/:]+/.+")
_FORMS: Final = (
    ("<num>", r"[+\-]?(?:\d[\d,_]*(?:\.\d+)?|\.\d+)(?:[eE][+\-]?\d+)?(?:%|[A-Za-zµ]{1,3})?"),
    ("<ip>", r"/?\d{1,3}(?:\.\d{1,3}){3}(?::\d+|/\d{1,2})?"),
    ("<time>", r"\d{4}[\-/.]\d\d?[\-/.]\d\d?(?:[T_ ].*)?|\d\d?[\-/.]\d\d?[\-/.]\d{4}"),
    ("<time>", r"\d{8}T\d{6}.*|\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+\-]\d\d:?\d\d)?"),
    ("<uuid>", r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"),
    ("<addr>", r"0[xX][0-9a-fA-F]+"),
    ("<hex>", _HEX.pattern),
    ("<email>", _EMAIL.pattern),
    ("<path>", _PATH.pattern),
    ("<ip>", r"[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,}(?:%\w+|/\d+)?"),
)
"""What a token with a digit in it may be, as masks and forms; the first that fits."""
_VALUE: Final = re.compile("|".join([f"({form})" for _, form in _FORMS]))
_MASK_OF_GROUP: Final = ("", *(mask for mask, _ in _FORMS))
_HOST: Final = re.compile(r"(?:[\w\-]+\.)+[A-Za-z]\w*")
_LABELS_OF_A_NAME: Final = 3


class TokenMasks(dict[str, str]):
    """What stands between two spaces, to what stands for it in the pattern; bounded, because values never end."""

    def __missing__(self, token: str) -> str:
        parts = _SEPARATORS.split(token)
        if len(parts) == 1:
            masked = _mask_token(token)
        else:
            parts[::2] = [self[part] for part in parts[::2]]
            masked = "".join(parts)
        if len(token) <= CACHED_LENGTH_LIMIT:
            if len(self) >= CACHE_LIMIT:
                self.clear()
            self[token] = masked
        return masked


masks: Final = TokenMasks()


def is_outcome(word: str) -> bool:
    """Return whether a word says what happened ("timeout", "refused"), so that it tells two messages apart."""
    return word.rstrip(".!?").lower() in _OUTCOMES


def _mask_token(token: str) -> str:
    """Return what stands for one token, which holds no separator."""
    core = token.rstrip(".!?:")
    tail = token[len(core) :]
    if core.isascii() and core.isalpha():
        return _mask_letters(core, token)
    if not core or core.lower() in _KEEP or _SIZED.fullmatch(core):
        return token
    if not core.isascii() and NO_SPACES.search(core):
        return _LATIN_VALUE.sub("<num>", core) + tail
    if _DIGIT.search(core):
        return _mask_digits(core) + tail
    if core in _CALENDAR:
        return CALENDAR_MARK + token
    if core in _UNITS or core.lower() in _UNITS:
        return UNIT_MARK + token
    return _mask_word(core) + tail


def _mask_letters(core: str, token: str) -> str:
    """Return what stands for a token that is letters and maybe an end of a sentence, as most are."""
    if core in _CALENDAR:
        return CALENDAR_MARK + token
    lower = core.lower()
    if lower in _KEEP:
        return token
    if core in _UNITS or lower in _UNITS:
        return UNIT_MARK + token
    if len(core) < HEX_LETTERS:
        return token
    if _HEX.fullmatch(core):
        return f"<hex>{token[len(core) :]}"
    return f"<str>{token[len(core) :]}" if len(core) >= RANDOM_LETTERS and _is_random(core) else token


def _mask_digits(core: str) -> str:
    """Return the mask of a token with a digit in it."""
    if (found := _VALUE.fullmatch(core)) and found.lastindex:
        return _MASK_OF_GROUP[found.lastindex]
    if ":" in core:
        return _mask_joined(core)
    return core if _is_known_name(core) else "<str>"


def _mask_joined(core: str) -> str:
    """Return the mask of parts with colons between them, each judged alone unless the whole is a name of a resource."""
    if core.startswith(("arn:", "urn:")):
        return "<str>"
    return "<addr>" if _MAC.fullmatch(core) else ":".join([masks[part] for part in core.split(":")])


def _is_known_name(core: str) -> bool:
    """Return whether each part with a digit is a name that has one: ``crypto-sha256sum``, ``2-edge-augmentation``."""
    if found := _NAME_WITH_DIGITS.fullmatch(core):
        return bits_of_a_letter(found["name"] or found["rest"]) <= RANDOM_NAME_BITS
    if counted := _COUNTED.fullmatch(core):
        return all(map(is_wordlike, counted[1][1:].split("-")))
    parts = _JOINTS.split(core)
    return (
        len(parts) > 1
        and "." not in core
        and all(
            part.isalpha() or part.lower() in _KEEP or (part[-3:] == "sum" and part[:-3].lower() in _KEEP)
            for part in parts
        )
    )


def _mask_word(core: str) -> str:
    """Return the mask of a token without digits, or the token where it is a word."""
    if "@" in core and _EMAIL.fullmatch(core):
        return "<email>"
    if ("/" in core or "\\" in core) and _PATH.fullmatch(core):
        return core if _ALTERNATIVES.fullmatch(core) else "<path>"
    if ":" in core:
        return _mask_joined(core)
    if "." in core and _HOST.fullmatch(core):
        return _mask_dotted(core)
    if "/" in core and core.rpartition(".")[2].lower() in _FILE_EXTENSIONS and not core.endswith("/"):
        return "<path>"
    if _HEX.fullmatch(core):
        return "<hex>"
    return "<str>" if len(core) >= RANDOM_LETTERS and _is_random(core) else core


def _is_random(core: str) -> bool:
    """Return whether letters are an id: ``kMtdgDcgGaZq``, ``sub_kqzxwvbn``."""
    if core.isalpha():
        return len(_CASE_CHANGES.findall(core)) >= CASE_CHANGES_OF_AN_ID and bits_of_a_letter(core) > RANDOM_BITS
    prefixed = _PREFIXED.fullmatch(core)
    return prefixed is not None and bits_of_a_letter(prefixed[1]) > RANDOM_BITS


def _mask_dotted(core: str) -> str:
    """Return the mask of a dotted name: host, file or package; names of exceptions and constants are text."""
    labels = core.split(".")
    last = labels[-1]
    if last.endswith(("Error", "Exception")) or (last.isupper() and "_" in last):
        return core
    if last.lower() in _TOP_LEVEL_DOMAINS:
        return "<addr>"
    if last.lower() in _FILE_EXTENSIONS:
        return "<path>"
    return "<str>" if len(labels) >= _LABELS_OF_A_NAME else core
