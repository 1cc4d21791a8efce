"""``INSERT INTO users (name, password) VALUES ('bob', 'x')``: the column says what is secret, by its position.

So it is where the values stand apart from the statement, as database libraries log them: ``VALUES (?, ?) with params
['bob', 'x']``, ``UPDATE users SET password = ? ... bindings: ['x', 4]``.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import PLACEHOLDER
from errtally.event.scrub.keys import KeyKind
from errtally.event.scrub.spans import is_harmless

if TYPE_CHECKING:
    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.values import Counts

NEEDLE = "insert into"
BOUND_NEEDLES = ("param", "bind", "args", "argument", "values:")
_INSERT = re.compile(
    r"\binsert\s{1,8}into\s{1,8}[^\s(]{1,200}\s{0,8}\(([^()]{1,4000})\)\s{0,8}(?:output[^()]{0,200})?values\s{0,8}\(",
    re.IGNORECASE,
)
_PART = re.compile(
    r"""\s*+([NEBX]?'(?:[^'\\]|''|\\.)*+'|"(?:[^"\\]|\\.)*+"|[^,()'"\s][^,()'"]{0,1024}+)?\s*+([,()]?)"""
)
_BOUND = re.compile(
    r"\b(?:param(?:eter)?s?|bindings?|binds|bound|arg(?:ument)?s|values(?=:))[\"']?[ ]?[:=]?\s{0,4}"
    r"[\[(](?![\"'][\w.]{1,64}[\"']\s{0,4}:)",
    re.IGNORECASE,
)
_GAP = r"(?:\?|%s|\$[0-9]{1,3}|@p[0-9]{1,3})"
_GAPS = re.compile(rf"[\s,(]+{_GAP}(?=[\s,)])")
_COMPARED = re.compile(rf"""(\w{{1,64}})[`"\]]?\s{{0,4}}=\s{{0,4}}{_GAP}(?!\w)""")
_COLUMNS = re.compile(rf"\(([^()]{{1,2000}})\)\s{{0,8}}values\s{{0,8}}\((?=\s{{0,8}}{_GAP})", re.IGNORECASE)
_STATEMENT_CHARACTERS = 2000
_COMPARED_BY_NAME = re.compile(r"""\b(\w{1,64})[`"\]]?\s{0,4}=\s{0,4}(@\w{1,64})""")
_INSERTED_BY_NAME = re.compile(r"\(([^()]{1,2000})\)\s{0,8}values\s{0,8}\((\s{0,8}@\w[^()]{0,2000})\)", re.IGNORECASE)
_NAMED_VALUE = re.compile(r"(@\w{1,64})(\s{0,4}=\s{0,4})([NEBX]?'(?:[^'\\\n]|''|\\.){1,512}')")
_AROUND_COLUMN = ' \t\n`"[]'
_TYPED_LINE = re.compile(r"==>\s{1,4}Parameters: ")
_TYPED_VALUE = re.compile(
    r"(?:^|(?<=[ ]))([^\n]{0,256}?)\((?:String|Integer|Long|Boolean|BigDecimal|Timestamp|Date|LocalDateTime)\)(?:, |$)",
    re.MULTILINE,
)
_LIST_LIMIT = 20
_FIRST_ROW = re.compile(r"\s{0,4}[(\[]")
_NEXT_ROW = re.compile(r"\s{0,8},\s{0,8}\(")


def scrub_insert(text: str, keys: KeyMatcher, counts: Counts) -> str:
    """Redact the values of secret columns in every row."""
    pieces: list[str] = []
    done = at = 0
    while (found := _INSERT.search(text, at)) is not None:
        secret = [keys.kind(column.strip(' \t\n`"[]')) is KeyKind.SECRET for column in found[1].split(",")]
        at = found.end()
        while any(secret) and (part := _PART.match(text, at)) is not None and part.end() > at:
            column = 0
            while part is not None and part.end() > at:
                if part[1] and column < len(secret) and secret[column] and _is_value(part[1]):
                    begin, end = part.span(1)
                    begin, end = (begin + 1, end - 1) if part[1][0] in "'\"" else (begin, end)
                    pieces += (text[done:begin], PLACEHOLDER)
                    done = end
                    counts["sql"] = counts.get("sql", 0) + 1
                at = part.end()
                if part[2] != ",":
                    break
                column += 1
                part = _PART.match(text, at)
            row = _NEXT_ROW.match(text, at)
            if row is None:
                break
            at = row.end()
    return "".join([*pieces, text[done:]]) if pieces else text


def _is_value(part: str) -> bool:
    """A literal, not a gap of a template, a parameter, or NULL."""
    bare = part.strip("'\" ")
    return bool(bare) and not is_harmless(bare) and part[0] not in "$:?@" and bare.lower() not in {"null", "default"}


def scrub_bound(text: str, keys: KeyMatcher, counts: Counts) -> str:
    """Redact what stands in a list of a statement's values for a secret column."""
    pieces: list[str] = []
    done = 0
    for number, found in enumerate(_BOUND.finditer(text)):
        if number >= _LIST_LIMIT:
            break
        names = _gaps(text[max(done, found.start() - _STATEMENT_CHARACTERS) : found.start()])
        secret = [keys.kind(name) is KeyKind.SECRET for name in names]
        if not any(secret):
            continue
        row = _FIRST_ROW.match(text, found.end())
        at = row.end() if row else found.end()
        for _ in range(_LIST_LIMIT):
            at, done = _scrub_row(text, at, done, secret, pieces, counts)
            row = _NEXT_ROW.match(text, at) if row else None
            if row is None:
                break
            at = row.end()
    return "".join([*pieces, text[done:]]) if pieces else text


def scrub_named(text: str, keys: KeyMatcher, counts: Counts) -> str:
    """Redact parameters by their name whose column is secret: ``[@p1='x'] ... INSERT INTO users (pw) VALUES (@p1)``."""
    secret = {name for column, name in _COMPARED_BY_NAME.findall(text) if keys.kind(column) is KeyKind.SECRET}
    for inserted in islice(_INSERTED_BY_NAME.finditer(text), _LIST_LIMIT):
        columns, names = (part.split(",") for part in inserted.groups())
        for column, name in zip(columns, names, strict=False):
            if keys.kind(column.strip(_AROUND_COLUMN)) is KeyKind.SECRET:
                secret.add(name.strip())
    if not secret:
        return text

    def redacted(match: re.Match[str]) -> str:
        if match[1] not in secret or not _is_value(match[3]):
            return match.group()
        counts["sql"] = counts.get("sql", 0) + 1
        return f"{match[1]}{match[2]}{PLACEHOLDER}"

    return _NAMED_VALUE.sub(redacted, text)


def scrub_typed(text: str, keys: KeyMatcher, counts: Counts) -> str:
    """Redact values that stand with their types on the line below a statement, as MyBatis logs them."""
    found = _TYPED_LINE.search(text)
    if found is None:
        return text
    names = _gaps(text[max(0, found.start() - _STATEMENT_CHARACTERS) : found.start()])
    values = list(_TYPED_VALUE.finditer(text, found.end(), found.end() + _STATEMENT_CHARACTERS))
    for name, value in reversed(list(zip(names, values, strict=False))):
        if keys.kind(name) is KeyKind.SECRET and _is_value(value[1]):
            counts["sql"] = counts.get("sql", 0) + 1
            text = text[: value.start(1)] + PLACEHOLDER + text[value.end(1) :]
    return text


def _scrub_row(text: str, at: int, done: int, secret: list[bool], pieces: list[str], counts: Counts) -> tuple[int, int]:
    """Redact one row of values; return where it ends, and to where the text is in the pieces."""
    for is_secret in secret:
        part = _PART.match(text, at)
        if part is None or part.end() == at:
            break
        if part[1] and is_secret and _is_value(part[1]):
            begin, end = part.span(1)
            begin, end = (begin + 1, end - 1) if part[1][0] in "'\"" else (begin, end)
            pieces += (text[done:begin], PLACEHOLDER)
            done = end
            counts["sql"] = counts.get("sql", 0) + 1
        at = part.end()
        if part[2] != ",":
            break
    return at, done


def _gaps(statement: str) -> list[str]:
    """The columns that the gaps of a statement stand for, in their order."""
    inserted = _COLUMNS.search(statement)
    if inserted is None:
        return _COMPARED.findall(statement)
    columns = [column.strip(' \t\n`"[]') for column in inserted[1].split(",")]
    return columns * max(1, len(_GAPS.findall(statement, inserted.end() - 1)) // len(columns))
