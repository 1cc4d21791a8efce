"""Names of the program's own that a runtime or a database puts into its messages, and status codes.

``'NoneType' object has no attribute 'price'``, ``relation "orders" does not exist``, ``(reading 'total')``: what is
quoted there stands in the program's source. It tells two bugs apart and is no value, so it stays while other quoted
words are masked.
"""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = r"[A-Za-z_$@][\w$@.\\:?!=<>\[\]()]*?"
_QUOTED: Final = rf"[\"'`]({_NAME})[\"'`]"

_SYMBOL: Final = re.compile(
    "|".join(
        (
            # Python
            rf"\bno attribute {_QUOTED}",
            rf"{_QUOTED}(?= object (?:has no|is not|does not|cannot|of type))",
            rf"\b[Nn]ame {_QUOTED}(?= is not defined)|\bvariable {_QUOTED}(?= (?:referenced|where|is not))|\bimport name {_QUOTED}",
            rf"\b(?:[Aa]ttribute|[Aa]rguments?:?|[Mm]odule(?: named)?|[Pp]arameter|[Pp]roperty|[Mm]ethod|[Mm]ember) {_QUOTED}",
            # arguments and options, which programmers quote
            rf"{_QUOTED}(?=(?: \([^()]{{1,30}}\))? (?:arguments?|parameters?|option|keyword|flag|field|attribute|column|property|key|method|function|module|engine|statement|decorator|hook|must|should|cannot|may not)\b)",
            rf"{_QUOTED}(?= (?:(?:is|are) (?:not |no longer )?|isn't |aren't )(?:required|implemented|callable|supported|deprecated|mutually|valid (?:with|when|if|for))\b)",
            rf"\b(?:[Oo]ption|[Kk]eyword|[Ff]lag|[Pp]arameters?:?|[Uu]se|[Uu]sing|[Bb]oth|[Ee]ither|[Ss]pecify|[Pp]ass|[Pp]rovide|[Ss]et|[Ss]upply|[Cc]all|[Aa]ccess|with|without|OR|AND|one of|doesn't support) {_QUOTED}",
            rf"(?<=[\ue000-\ue03f] and ){_QUOTED}|(?<=[\ue000-\ue03f] or ){_QUOTED}|(?<=[\ue000-\ue03f], ){_QUOTED}|(?<=[\ue000-\ue03f], or ){_QUOTED}",
            r"`([^`\d]{1,60})`",
            r"(?<!\w)[\"']([A-Za-z_][\w. ]*\([\w, .]*\)|__\w+__|\w+=(?:True|False|None|\w+)|[^\w\s\"']{1,3})[\"'](?!\w)",
            # JavaScript
            rf"\((?:reading|setting|evaluating) {_QUOTED}|[Cc]annot find module {_QUOTED}|[Cc]annot find module ['\"](@?\w[\w@/.\-]*)['\"]",
            rf"[Cc]annot (?:read|set) propert(?:y|ies) {_QUOTED}",
            # Ruby and PHP
            rf"\b[Uu]ndefined (?:local variable or )?(?:method|array key|index|variable|property|constant|function|offset)s?:? {_QUOTED}",
            r"\b[Uu]ndefined (?:array key|index|variable|property|constant|function|offset)s?:? (\$?[A-Za-z_]\w*)",
            rf"(?<!<)\b(?:[Cc]lass|[Ii]nterface|[Tt]rait|[Cc]onstant) {_QUOTED}",
            # databases and decoders
            rf"\b(?:[Rr]elation|[Tt]able|[Cc]olumn|[Vv]iew|[Ss]chema|[Ff]unction|[Ss]equence|[Cc]onstraint|[Ff]ield|[Kk]eyspace|[Cc]ollection|[Vv]ariant) {_QUOTED}",
            r"\bno such (?:table|column|function|index|module): ([A-Za-z_][\w.]*)",
            # the JVM
            rf"\bCannot (?:invoke|read|assign|load|store|throw|enter)[^\"]{{0,40}} {_QUOTED}",
            rf"\b(?:because|value of) {_QUOTED}",
        )
    )
)
_MAY_HOLD: Final = re.compile(r"[\"'`]|ndefined|no such")
_ONLY_A_NAME: Final = re.compile(r"[\"']([A-Za-z_][A-Za-z_.\-]{0,60})[\"']")
_STATUS: Final = re.compile(
    r"\b(?:[Ss]tatus(?:[ _]?[Cc]ode)?|HTTP(?:/[\d.]+)?(?: [Ss]tatus)?(?: [Ee]rror)?|[Rr]esponse(?: [Cc]ode)?)[\"']?(?:[ :=]{1,3}| of )([45]\d\d)\b"
)
_CODE: Final = re.compile(r"\b((?:ORA|PLS|TNS|RMAN|AADSTS|MSB|TS|CS)-?\d{3,7}|SQLSTATE\[\w{5}\])(?=[\s:,.)]|$)")
_DIGITS: Final = re.compile(r"\d+")

MAX_KEPT: Final = 64
_FIRST_MARK: Final = 0xE000  # private use
_MARK: Final = re.compile(f"[\ue000-\ue03f]")


def keep_symbols(text: str, *, with_codes: bool) -> tuple[str, list[str]]:
    """Put a mark in place of each name that has to stay; return the text and the names.

    Args:
        text: one line.
        with_codes: whether status codes (``status code 404``) and codes of databases (``ORA-01017``) stay too.
    """
    kept: list[str] = []
    if _ONLY_A_NAME.fullmatch(text):
        kept.append(text)
        return chr(_FIRST_MARK), kept
    if _MAY_HOLD.search(text):
        before = -1
        while len(kept) != before:  # a name in a list is known by the one before it
            before = len(kept)
            text = _SYMBOL.sub(lambda match: _mark(match, kept), text)
    if with_codes and _DIGITS.search(text):
        text = _STATUS.sub(lambda match: _mark(match, kept, digits=True), text)
        text = _CODE.sub(lambda match: _mark(match, kept, digits=True), text)
    return text, kept


def put_back(text: str, kept: list[str]) -> str:
    """Put the names back where their marks are."""
    return _MARK.sub(lambda mark: kept[at] if (at := ord(mark[0]) - _FIRST_MARK) < len(kept) else mark[0], text)


def _mark(match: re.Match[str], kept: list[str], *, digits: bool = False) -> str:
    at = match.lastindex
    if at is None or len(kept) >= MAX_KEPT:
        return match[0]
    whole, text = match[0], match.string
    start, end = match.span(at)
    name = match[at] if digits else _DIGITS.sub("<num>", match[at])
    if start > match.start() and text[start - 1] in "\"'`" and text[end : end + 1] in "\"'`":
        name, start, end = f"'{name}'", start - 1, end + 1
    kept.append(name)
    begin = match.start()
    return f"{whole[: start - begin]}{chr(_FIRST_MARK + len(kept) - 1)}{whole[end - begin :]}"
