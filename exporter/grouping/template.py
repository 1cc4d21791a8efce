"""The message's pattern: what varies from one event to the next is masked, so that the rest names the issue.

Stateless: a message is split into tokens at separators, each token is judged on its own (and remembered), runs
of masks become one. So two replicas that never spoke agree on the pattern, and the cost is linear in the length.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Final

from errtally.event.scrub.catalogue import PLACEHOLDER
from errtally.exporter.grouping.message_lines import telling_text
from errtally.exporter.grouping.symbols import keep_symbols, put_back
from errtally.exporter.grouping.tokens import CALENDAR_MARK, MARKS, NO_SPACES, UNIT_MARK, is_outcome, masks
from errtally.exporter.grouping.written_values import mask_written_values

_MASK: Final = "<(?:num|uuid|url|path|addr|time|ip|email|hex|str)>"
_ANY_MASK: Final = re.compile(_MASK)
ANY_VALUE: Final = "<*>"
"""The mask of all kinds of values."""

_BOXED: Final = re.compile(r"(?<![\w\])>])[\"']?[\[{](?:<\*>(?:, ?(?:<\*>|\.\.\.))*)?[\]}][\"']?")
_PLURAL: Final = re.compile(r"(<\*> (?:[a-z]+ )?[a-z]{3,}?)s\b")

# What scrubbing took out is a value like any other, together with what hangs on it (a port, the rest of a path).
_REDACTED: Final = re.compile(r"[^\s,;=()\[\]{}<>|\"'`]*" + re.escape(PLACEHOLDER) + r"(?:[^\s,;=()\[\]{}<>|\"'`]*\w)?")

# A quoted string without a space is a value; one with spaces is mostly text ("GET /x", 'no such table').
# What stands before the quote is looked at after it: a search for one of three characters is fast, a look back is not.
# Scripts without spaces have quotes right beside words.
_LETTER: Final = f"[^\\W{NO_SPACES.pattern[1:]}"
_OPENING: Final = f"(?<!{_LETTER}.)(?<!['\"`].)"
_QUOTED: Final = re.compile(rf"(?:'{_OPENING}[^'\s]*'|\"{_OPENING}[^\"\s]*\"|`{_OPENING}[^`\s]*`)(?!{_LETTER})")
_QUOTED_TEXT: Final = re.compile(rf"(?:'{_OPENING}[^'\n]*'|\"{_OPENING}[^\"\n]*\"|`{_OPENING}[^`\n]*`)(?!{_LETTER})")
_USER: Final = re.compile(
    r"\b([Uu]ser(?:name)?|[Pp]assword for) (?!unknown\b|<)([\w.\-@\\$]+)"
    r"(?=\s*(?:$|by |from |on |at |via |\[|\(|[,.;:]))"
)
_UNIT: Final = re.compile(rf"(<num>)(?:\.?\s)?{UNIT_MARK}(?:\w+|%)")
_IP_IN_BRACKETS: Final = re.compile(r"\[<ip>\](?::<num>)?")
_DATE_REST: Final = rf"(?:[ ,\-/:]{{1,3}}(?:{CALENDAR_MARK}\w+|{_MASK}))*"
_DATE: Final = re.compile(
    rf"(?:{CALENDAR_MARK}\w+\.?[ ,\-/]{{1,3}}){{1,4}}{_MASK}{_DATE_REST}"
    rf"|{_MASK}[ ,\-/]{{1,3}}{CALENDAR_MARK}\w+{_DATE_REST}"
)
# Neighbouring values are one value: lists, "3 KB (3,072 bytes)", "10.0.0.1 ()" where a name did not resolve.
_RUN: Final = re.compile(rf"({_MASK})(?:[ ,;:/|+\-&#@.*%]*{_MASK}| ?\((?:{_MASK}%?)?\))+")
_COMPARED: Final = re.compile(rf" [<>~]=?({_MASK})")
_FIRST_GROUP: Final = itemgetter(1)
"""What ``\\1`` stands for in a replacement, in a tenth of the time: `re` fills templates in in Python."""

_MINIFIED_NAME: Final = re.compile(
    r"(?<![\w$.'\"`])[A-Za-z_$][\w$]?(?=(?:\.[\w$]+|\(\.{3}\))*\s(?:is (?:not|undefined|null)|has no)\b|\.\w+(?:\(|$))"
)
_CHUNK: Final = re.compile(r"\b((?:[Ll]oading )?(?:CSS )?[Cc]hunk) [\w\-.~@/]+(?= failed| \(|$|\.)")
_MINIFIED_IN_QUOTES: Final = re.compile(
    r"(?<=evaluating ')[A-Za-z_$][\w$]?(?=[.'\[(])|(?<=access ')[A-Za-z_$][\w$]?(?=')"
    r"|(?<=Class constructor )[A-Za-z_$][\w$]?(?= )"
)
_TYPOGRAPHIC: Final = {ord(quote): '"' for quote in "„“”«»「」『』‟"} | {ord(quote): "'" for quote in "‘’‚‹›"}  # noqa: RUF001
_NAME_OF_CODE: Final = re.compile(r"\w(?:::|#)\w|\w\(\)$|^[A-Z]\w*[a-z]\w*\.[a-z]+(?:[A-Z_][A-Za-z_]*)$")
_NO_VALUE: Final = re.compile(
    r"(?<=\b(?:got|not) )(?:None|null)\b|(?<=\b(?:found|value) )(?:None|null)\b|(?<=: )(?:None|null)$"
    r"|(?<=\breceived )(?:None|null)\b"
)


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
    if UNIT_MARK in text or CALENDAR_MARK in text:
        text = text.translate(MARKS)
    if PLACEHOLDER in text:
        text = _REDACTED.sub("<str>", text)
    if not text.isascii():
        text = text.translate(_TYPOGRAPHIC)
    kept: list[str] = []
    if exception:
        if is_minified:
            text = _MINIFIED_IN_QUOTES.sub("_", _MINIFIED_NAME.sub("<str>", text))
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
    text = mask_written_values(text, in_exception=quoted is _QUOTED_TEXT)
    if "'" in text or '"' in text or "`" in text:
        text = quoted.sub("<str>", text)
    text = " ".join(map(masks.__getitem__, text.split(" ")))
    if UNIT_MARK in text:
        text = _UNIT.sub(_FIRST_GROUP, text).replace(UNIT_MARK, "")
    if CALENDAR_MARK in text:
        text = _DATE.sub("<time>", text).replace(CALENDAR_MARK, "")
    if "<" in text:
        if "[<ip>]" in text:
            text = _IP_IN_BRACKETS.sub("<ip>", text)
        text = _RUN.sub(_FIRST_GROUP, text)
        if "<<" in text or "><" in text or "=<" in text or "~<" in text:
            text = _COMPARED.sub(r" \1", text)
    if "user" in text or "User" in text or "assword for" in text:
        text = _USER.sub(r"\1 <str>", text)
    return text


def untyped(pattern: str) -> str:
    """Return the pattern with one mask for all kinds: a value that is now a number, now a word, is one value."""
    if "<" not in pattern and "[]" not in pattern and "{}" not in pattern:
        return pattern
    text = _ANY_MASK.sub(ANY_VALUE, pattern)
    if "]" in text or "}" in text:
        text = _BOXED.sub(ANY_VALUE, text)
    return text


def countless(pattern: str) -> str:
    """Return an untyped pattern in which a noun after a value is singular: ``1 error`` and ``2 errors`` are one."""
    return _PLURAL.sub(_FIRST_GROUP, pattern) if ANY_VALUE in pattern else pattern


def _mask_last_word(text: str) -> str:
    """Mask one word, or a list of words, after the last colon, unless it says what happened."""
    before, colon, rest = text.rpartition(": ")
    if not colon or not rest or "<" in rest or (rest[-1] == "}" and "{" in before):  # a field that says what failed
        return text
    words = rest.split(", ")
    if any(" " in word or _says_what_happened(word) for word in words):
        return text
    return f"{before}: <str>"


def _says_what_happened(word: str) -> bool:
    core = word.rstrip(".!?")
    return (
        is_outcome(core)
        or core.endswith(("Error", "Exception"))
        or (core.isupper() and len(core) > 1)
        or ("_" in core.strip("_") and core.islower())  # a code: card_declined
        or _NAME_OF_CODE.search(core) is not None
        or not core[:1].isascii()
        or "\ue000" <= core[:1] <= "\ue03f"
    )
