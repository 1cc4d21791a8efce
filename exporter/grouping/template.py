"""The message's pattern: what varies from one event to the next is masked, so that the rest names the issue.

Stateless: a message is split into tokens at separators, each token is judged on its own (and remembered), runs
of masks become one. So two replicas that never spoke agree on the pattern, and the cost is linear in the length.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Final

from errtally.event.scrub.catalogue import PLACEHOLDER
from errtally.exporter.grouping.message_lines import telling_text
from errtally.exporter.grouping.symbols import keep_symbols, put_back
from errtally.exporter.grouping.wordlike import bits_of_a_letter

TOKEN_CACHE_LIMIT: Final = 20_000
TOKEN_CACHE_LENGTH_LIMIT: Final = 64

_WORDS: Final[dict[str, list[str]]] = json.loads(
    resources.files(__package__).joinpath("data/masking.json").read_text(encoding="utf-8")
)
_KEEP: Final = frozenset(_WORDS["keep"])
_UNITS: Final = frozenset(_WORDS["units"])
_OUTCOMES: Final = frozenset(_WORDS["outcomes"])
_CALENDAR: Final = frozenset(_WORDS["calendar"])
_TOP_LEVEL_DOMAINS: Final = frozenset(_WORDS["top_level_domains"])
_FILE_EXTENSIONS: Final = frozenset(_WORDS["file_extensions"])

_MASK: Final = "<(?:num|uuid|url|path|addr|time|ip|email|hex|str)>"
_ANY_MASK: Final = re.compile(_MASK)
ANY_VALUE: Final = "<*>"
_BOXED: Final = re.compile(r"(?<![\w\])>])[\"']?[\[{]<\*>(?:, ?(?:<\*>|\.\.\.))*[\]}][\"']?")
_PLURAL: Final = re.compile(r"(<\*> (?:[a-z]+ )?[a-z]{3,}?)s\b")
"""The mask of all kinds of values."""

# Marks that a token may leave for the second step, which sees its neighbours. Neither occurs in text.
_UNIT_MARK: Final = "\x01"
_CALENDAR_MARK: Final = "\x02"
_MARKS: Final = {ord(_UNIT_MARK): None, ord(_CALENDAR_MARK): None}

# What scrubbing took out is a value like any other, together with what hangs on it (a port, the rest of a path).
_REDACTED: Final = re.compile(r"[^\s,;=()\[\]{}<>|\"'`]*" + re.escape(PLACEHOLDER) + r"(?:[^\s,;=()\[\]{}<>|\"'`]*\w)?")

_SEPARATORS: Final = re.compile(r"([\s,;=()\[\]{}<>|\"'`]+)")
_URL: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s\"'`<>()\[\]{}]*[^\s\"'`<>()\[\]{}.,;:!?]")
# A path is looked at once, from where it begins: from each of its slashes the work would be the square of its length.
_QUERY: Final = re.compile(r"(?<![^\s?\"'`<>])((?>[^\s?\"'`<>/]*)/(?>[^\s?\"'`<>]*))\?[^\s\"'`<>()\[\]{},]+")
# A quoted string without a space is a value; one with spaces is mostly text ("GET /x", 'no such table').
_REPR: Final = re.compile(r"<(?:class '[^'\s<>]+'|[\w.<>]{1,120} (?:object|instance) at 0x[0-9a-fA-F]+)>")
# What stands before the quote is looked at after it: a search for one of three characters is fast, a look back is not.
_OPENING: Final = "(?<![\\w'\"`].)"
_QUOTED: Final = re.compile(rf"(?:'{_OPENING}[^'\s]*'|\"{_OPENING}[^\"\s]*\"|`{_OPENING}[^`\s]*`)(?!\w)")
_QUOTED_TEXT: Final = re.compile(rf"(?:'{_OPENING}[^'\n]*'|\"{_OPENING}[^\"\n]*\"|`{_OPENING}[^`\n]*`)(?!\w)")
_USER: Final = re.compile(
    r"\b([Uu]ser(?:name)?|[Pp]assword for) (?!unknown\b|<)([\w.\-@\\$]+)"
    r"(?=\s*(?:$|by |from |on |at |via |\[|\(|[,.;:]))"
)
_UNIT: Final = re.compile(rf"(<num>)\s?{_UNIT_MARK}\w+")
_DATE_REST: Final = rf"(?:[ ,\-/:]{{1,3}}(?:{_CALENDAR_MARK}\w+|{_MASK}))*"
_DATE: Final = re.compile(
    rf"(?:{_CALENDAR_MARK}\w+\.?[ ,\-/]{{1,3}}){{1,4}}{_MASK}{_DATE_REST}"
    rf"|{_MASK}[ ,\-/]{{1,3}}{_CALENDAR_MARK}\w+{_DATE_REST}"
)
# Neighbouring values are one value: lists, "3 KB (3,072 bytes)", "10.0.0.1 ()" where a name did not resolve.
_RUN: Final = re.compile(rf"({_MASK})(?:[ ,;:/|+\-&#@.*%]*{_MASK}| ?\((?:{_MASK}%?)?\))+")
_COMPARED: Final = re.compile(rf" [<>~]=?({_MASK})")

_DIGIT: Final = re.compile(r"\d")
_NUMBER: Final = re.compile(r"[+\-]?(?:\d[\d,_]*(?:\.\d+)?|\.\d+)(?:[eE][+\-]?\d+)?(?:%|[A-Za-zµ]{1,3})?")
_TIME: Final = re.compile(
    r"\d{4}[\-/.]\d\d?[\-/.]\d\d?(?:[T_ ].*)?|\d\d?[\-/.]\d\d?[\-/.]\d{4}|"
    r"\d{8}T\d{6}.*|\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+\-]\d\d:?\d\d)?"
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_ADDRESS: Final = re.compile(r"0[xX][0-9a-fA-F]+")
_HEX: Final = re.compile(r"[0-9a-fA-F]{8,}")
_NO_SPACES: Final = re.compile(
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
_JOINTS: Final = re.compile(r"[\-_]")
_MINIFIED_NAME: Final = re.compile(
    r"(?<![\w$.'\"`])[A-Za-z_$][\w$]?(?=(?:\.[\w$]+|\(\.{3}\))*\s(?:is (?:not|undefined|null)|has no)\b|\.\w+(?:\(|$))"
)
_CHUNK: Final = re.compile(r"\b((?:[Ll]oading )?(?:CSS )?[Cc]hunk) [\w\-.~@/]+(?= failed| \(|$|\.)")
_TYPOGRAPHIC: Final = {ord(quote): '"' for quote in "„“”«»「」『』‟"}
_WINDOWS_PATH: Final = re.compile(
    r"(?:\b[A-Za-z]:\\|\\\\[\w.$\-]+\\)(?:[^\\/:*?\"'<>|,;()]{1,80}\\)*[^\\/:*?\"'<>|,;()\s]*"
)
_XPATH: Final = re.compile(r"(?<![\w/])(?:/{1,2}[\w\-.:*@]+(?:\[[^\]\s]{1,60}\])*){2,}")
_PYTHON_DATE: Final = re.compile(r"\bdatetime\.(?:datetime|date|time|timedelta)\([^()]*(?:\([^()]*\)[^()]*){0,4}\)")
_ZONE_IN_WORDS: Final = re.compile(r"(GMT[+\-]\d{2}:?\d{2}) \([^()]{1,60}\)")
_BASE64: Final = re.compile(r"(?<![\w+/=\-])[A-Za-z0-9+/_\-]{6,}={1,2}(?![\w=])")
_ASSIGNED: Final = re.compile(
    r"(?<![\w.\-])((?:user|username|user_name|login|host|hostname|customer|account|tenant|session|email|\w{0,40}_?id|uid)=|\w{1,40}=(?=(?:[Tt]rue|[Ff]alse|None|null|nil)\b))"
    r"(?![\"'`<])[^\s,;()\[\]{}&]+"
)
_LOGFMT: Final = re.compile(r"(?:^| )(?:level|lvl|msg|severity)=")
_NO_VALUE: Final = re.compile(
    r"(?<=\b(?:got|not) )(?:None|null)\b|(?<=\b(?:found|value) )(?:None|null)\b|(?<=: )(?:None|null)$"
    r"|(?<=\breceived )(?:None|null)\b"
)
_CONSTANT_IN_JSON: Final = re.compile(
    r"(?<=[\"']: )(?:null|None|nil|[Tt]rue|[Ff]alse)\b|(?<=[\"']:)(?:null|true|false)\b"
)
HEX_LETTERS: Final = 8
RANDOM_LETTERS: Final = 10
RANDOM_BITS: Final = 4.9
CASE_CHANGES_OF_AN_ID: Final = 3

_IP: Final = re.compile(r"/?\d{1,3}(?:\.\d{1,3}){3}(?::\d+|/\d{1,2})?")
_COLON_HEX: Final = re.compile(r"[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,}(?:%\w+|/\d+)?")
_EMAIL: Final = re.compile(r"[^@\s:/]+@[^@\s:/]+\.[A-Za-z]{2,}")
_PATH: Final = re.compile(r"(?:[A-Za-z]:)?\\.*\w.*|[A-Za-z]:/.+|(?:~|\.{1,2})?/[^/].*|[^/:]+/[^/:]+/.+")
_HOST: Final = re.compile(r"(?:[\w\-]+\.)+[A-Za-z]\w*")
_LABELS_OF_A_NAME: Final = 3


class _TokenMasks(dict[str, str]):
    """Token to what stands for it in the pattern; bounded, because tokens with digits never end."""

    def __missing__(self, token: str) -> str:
        masked = _mask_token(token)
        if len(token) <= TOKEN_CACHE_LENGTH_LIMIT:
            if len(self) >= TOKEN_CACHE_LIMIT:
                self.clear()
            self[token] = masked
        return masked


_masks = _TokenMasks()


def mask(message: str, *, exception: bool = False, has_place: bool = False, is_minified: bool = False) -> str:
    """Return the message's pattern: what it tells on one line (`telling_text`), values masked.

    A mask names what it stands for: ``<num> <uuid> <url> <path> <addr> <time> <ip> <email> <hex> <str>``. Text
    beyond 4,096 characters is not looked at.

    Args:
        message: any text.
        exception: the message is an exception's, not a log line. Then quoted text is a value even with spaces in it,
            unless it is a name in the program (`symbols`), and so is one word after a last colon ("unknown format:
            foo"), unless it says what happened ("timeout").
        has_place: a frame says where it happened; else status codes stay.
        is_minified: the names of variables in it change with each build.
    """
    text = telling_text(message)
    if _UNIT_MARK in text or _CALENDAR_MARK in text:
        text = text.translate(_MARKS)
    if PLACEHOLDER in text:
        text = _REDACTED.sub("<str>", text)
    kept: list[str] = []
    if exception:
        if is_minified:
            text = _MINIFIED_NAME.sub("<str>", text)
        text, kept = keep_symbols(text, with_codes=not has_place)
        if "None" in text or "null" in text:
            text = _NO_VALUE.sub("<str>", text)
        if "hunk" in text:
            text = _CHUNK.sub(r"\1 <str>", text)
    text = _mask_text(text, _QUOTED_TEXT if exception else _QUOTED)
    if exception:
        text = _mask_last_word(text)
    return put_back(text, kept) if kept else text


def _mask_text(text: str, quoted: re.Pattern[str]) -> str:
    if "://" in text:
        text = _URL.sub("<url>", text)
    if "/" in text:
        if "?" in text:
            text = _QUERY.sub(r"\1", text)
        if "]" in text:
            text = _XPATH.sub("<path>", text)
    if "\\" in text:
        text = _WINDOWS_PATH.sub("<path>", text)
    if not text.isascii():
        text = text.translate(_TYPOGRAPHIC)
    text = _mask_written_values(text, in_exception=quoted is _QUOTED_TEXT)
    if "'" in text or '"' in text or "`" in text:
        text = quoted.sub("<str>", text)
    text = "".join(map(_masks.__getitem__, _SEPARATORS.split(text)))
    if _UNIT_MARK in text or _CALENDAR_MARK in text:
        text = _DATE.sub("<time>", _UNIT.sub(r"\1", text)).translate(_MARKS)
    if "<" in text:
        text = _COMPARED.sub(r" \1", _RUN.sub(r"\1", text))
    if "user" in text or "User" in text or "assword for" in text:
        text = _USER.sub(r"\1 <str>", text)
    return text


def _mask_written_values(text: str, *, in_exception: bool) -> str:
    """Mask values that are more than one token: how languages write objects, dates, constants and assignments."""
    if "<class '" in text or " at 0x" in text:
        text = _REPR.sub("<str>", text)
    if "datetime." in text:
        text = _PYTHON_DATE.sub("<time>", text)
    if "GMT" in text:
        text = _ZONE_IN_WORDS.sub(r"\1", text)
    if "=" in text:
        text = _BASE64.sub(_mask_base64, text)
        if in_exception or _LOGFMT.search(text):
            text = _ASSIGNED.sub(r"\1<str>", text)
    if "null" in text or "None" in text or "rue" in text or "alse" in text:
        text = _CONSTANT_IN_JSON.sub("<str>", text)
    return text


def _mask_base64(match: re.Match[str]) -> str:
    text = match[0]
    body = text.rstrip("=")
    is_code = len(text) % 4 == 0 and (
        any(map(str.isdigit, body)) or not (body.islower() or body.isupper() or body.istitle())
    )
    return "<str>" if is_code else text


def is_outcome(word: str) -> bool:
    """Return whether a word says what happened ("timeout", "refused"), so that it tells two messages apart."""
    return word.rstrip(".!?").lower() in _OUTCOMES


def untyped(pattern: str) -> str:
    """Return the pattern with one mask for all kinds: a value that is now a number, now a word, is one value."""
    if "<" not in pattern:
        return pattern
    text = _ANY_MASK.sub(ANY_VALUE, pattern)
    if "]" in text or "}" in text:
        text = _BOXED.sub(ANY_VALUE, text)
    return text


def countless(pattern: str) -> str:
    """Return an untyped pattern in which a noun after a value is singular: ``1 error`` and ``2 errors`` are one."""
    return _PLURAL.sub(r"\1", pattern) if ANY_VALUE in pattern else pattern


def _mask_last_word(text: str) -> str:
    """Mask one word, or a list of words, after the last colon, unless it says what happened."""
    before, colon, rest = text.rpartition(": ")
    if not colon or not rest or "<" in rest:
        return text
    words = rest.split(", ")
    if any(" " in word or _says_what_happened(word) for word in words):
        return text
    return f"{before}: <str>"


def _says_what_happened(word: str) -> bool:
    core = word.rstrip(".!?")
    return (
        core.lower() in _OUTCOMES
        or core.endswith(("Error", "Exception"))
        or (core.isupper() and len(core) > 1)
        or ("_" in core.strip("_") and core.islower())  # a code: card_declined
        or not core[:1].isascii()
        or "\ue000" <= core[:1] <= "\ue03f"
    )


def _mask_token(token: str) -> str:
    """Return what stands for one token, which holds no separator."""
    core = token.rstrip(".!?:")
    tail = token[len(core) :]
    if core.isascii() and core.isalpha():
        return _mask_letters(core, token)
    if not core or core.lower() in _KEEP or _SIZED.fullmatch(core):
        return token
    if not core.isascii() and _NO_SPACES.search(core):
        return _LATIN_VALUE.sub("<num>", core) + tail
    if _DIGIT.search(core):
        return _mask_digits(core) + tail
    if core in _CALENDAR:
        return _CALENDAR_MARK + token
    if core in _UNITS or core.lower() in _UNITS:
        return _UNIT_MARK + token
    return _mask_word(core) + tail


def _mask_letters(core: str, token: str) -> str:
    """Return what stands for a token that is letters and maybe an end of a sentence, as most are."""
    if core in _CALENDAR:
        return _CALENDAR_MARK + token
    lower = core.lower()
    if lower in _KEEP:
        return token
    if core in _UNITS or lower in _UNITS:
        return _UNIT_MARK + token
    if len(core) < HEX_LETTERS:
        return token
    if _HEX.fullmatch(core):
        return f"<hex>{token[len(core) :]}"
    return f"<str>{token[len(core) :]}" if len(core) >= RANDOM_LETTERS and _is_random(core) else token


def _mask_digits(core: str) -> str:
    """Return the mask of a token with a digit in it."""
    for pattern, name in (
        (_NUMBER, "<num>"),
        (_IP, "<ip>"),
        (_TIME, "<time>"),
        (_UUID, "<uuid>"),
        (_ADDRESS, "<addr>"),
        (_HEX, "<hex>"),
        (_EMAIL, "<email>"),
        (_PATH, "<path>"),
        (_COLON_HEX, "<ip>"),
    ):
        if pattern.fullmatch(core):
            return name
    if ":" in core:
        return ":".join(_masks[part] for part in core.split(":"))
    return core if _is_known_name(core) else "<str>"


def _is_known_name(core: str) -> bool:
    """Return whether each part with a digit is a name that has one: ``crypto-sha256sum``, ``utf8-decoder``."""
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
        return "<path>"
    if ":" in core:
        return ":".join(_masks[part] for part in core.split(":"))
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
