"""Names of the program's own that a runtime or a database puts into its messages, and status codes.

``'NoneType' object has no attribute 'price'``, ``relation "orders" does not exist``, ``(reading 'total')``: what is
quoted there stands in the program's source. It tells two bugs apart and is no value, so it stays while other quoted
words are masked. Which quoted word is a name, the words around it tell.
"""

from __future__ import annotations

import re
from typing import Final

_QUOTED: Final = re.compile(r"[\"'`](?<!\w.)([A-Za-z_$@][\w$@.\\:?!=<>\[\]()]*)[\"'`]")
_CODE_IN_QUOTES: Final = re.compile(
    r"(?:[\"'](?<!\w.)((?:[A-Za-z_][\w. ]*\([\w, .]*\)|__\w+__|\w+=(?:True|False|None|\w+)|[^\w\s\"']{1,3}))[\"'](?!\w)"
    r"|`(?<!\w.)([^`\d]{1,60})`)"
)
_MARK_IN_QUOTES: Final = re.compile(r"[\"'][^\w\s\"']{1,3}[\"']")

_BEFORE: Final = frozenset((
    # arguments, members and options
    "attribute", "argument", "arguments", "parameter", "parameters", "property", "properties", "method", "member",
    "option", "keyword", "flag", "use", "using", "both", "either", "specify", "pass", "provide", "set", "supply",
    "call", "access", "with", "without", "OR", "AND", "support",
    # modules and types
    "module", "named", "class", "interface", "trait", "constant", "type", "enum", "bean", "component", "directive",
    "annotation", "template", "partial", "layout", "association", "migration", "variable",
    # JavaScript, Java
    "reading", "setting", "evaluating", "invoke", "because",
    # databases and decoders
    "relation", "table", "column", "view", "schema", "function", "sequence", "constraint", "field", "fields",
    "keyspace", "collection", "variant", "database", "procedure", "index", "trigger",
))  # fmt: skip
"""The word in front of a name; the first letter may be a capital one."""

_BEFORE_BOTH: Final = frozenset((
    "one of", "value of", "import name", "array key", "given key", "object name", "column name",
    "table name", "for key", "be a", "be an", "type for", "value for", "values for",
))  # fmt: skip
_AFTER: Final = frozenset((
    "argument", "arguments", "parameter", "parameters", "option", "keyword", "flag", "field", "attribute", "column",
    "property", "key", "method", "function", "module", "engine", "statement", "decorator", "hook", "must", "should",
    "cannot", "header", "setting",
))  # fmt: skip
_AFTER_ALL: Final = re.compile(
    r" (?:object (?:has no|is not|does not|cannot|of type)|may not|is not defined|referenced before|where it is not"
    r"|do not match"
    r"|(?:(?:is|are) (?:not |no longer )?|isn't |aren't )"
    r"(?:required|implemented|callable|supported|deprecated|mutually|valid (?:with|when|if|for)))\b"
)
_BETWEEN: Final = frozenset((", ", " and ", " or ", ", and ", ", or ", " OR ", " AND "))
_IN_BRACKETS: Final = re.compile(r" \([^()]{1,30}\)")
_WORD: Final = re.compile(r" (\w+)")

_ONLY_A_NAME: Final = re.compile(r"[\"']([A-Za-z_][A-Za-z_]{0,60})[\"']")
_UNQUOTED: Final = re.compile(
    r"\b(?:[Uu]ndefined (?:array key|index|variable|property|constant|function|offset)s?:? (\$?[A-Za-z_]\w*)"
    r"|no such (?:table|column|function|index|module): ([A-Za-z_][\w.]*)|key not found: (:[A-Za-z_]\w*))"
)
_PACKAGE: Final = re.compile(r"annot find (?:module|package) (['\"]@?\w[\w@/.\-]*['\"])")
_STATUS: Final = re.compile(
    r"\b(?:[Ss]tatus(?:[ _]?[Cc]ode)?|HTTP(?:/[\d.]+)?(?: [Ss]tatus)?(?: [Ee]rror)?|[Rr]esponse(?: [Cc]ode)?)"
    r"[\"']?(?:[ :=]{1,3}| of )([45]\d\d)\b"
)
_CODE: Final = re.compile(
    r"(?<![A-Za-z])((?=[A-Z]{2})(?:ORA|PLS|TNS|RMAN|AADSTS|MSB|TS|CS)-?\d{3,7}|SQLSTATE\[\w{5}\])(?=[\s:,.)]|$)"
)
_BARE_NAME: Final = re.compile(
    r"(?:[A-Za-z_$][A-Za-z_$\-]*[./\\])+(?:[A-Z][A-Za-z_$]*|[A-Za-z_\-]+\.(?:x?html?|j2|jinja2?|erb|haml|slim|twig|hbs|ejs"
    r"|liquid|mako|mustache|blade\.php|tmpl|jsp|ftl|vue|svelte|cshtml|eex|heex))"
)
"""A class (``com.acme.shop.Orders``) or a template (``orders/detail.html``) that is the whole message."""

_DOTTED: Final = re.compile(r"\.[A-Za-z_]+\.[A-Za-z_]")  # a search for one character is fast
_CUED: Final = re.compile(
    r"\b(?:[Cc]lass|[Mm]odule|[Pp]ackage|[Tt]ask|[Jj]ob|[Cc]ommand|[Hh]andler|[Bb]ean|[Tt]ype|[Tt]rait|[Ii]nterface|[Mm]ethod|[Ff]unction"
    r"|[Ee]xception|[Ss]ervlet|[Pp]lugin|[Ee]ntity|[Mm]odel|[Ss]ervice|[Aa]ctor|[Ww]orker|[Ll]istener|[Bb]y) "
    r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){2,}(?:[$#]\w+)?)(?=[\s,;:)\[(]|\.?$)"
)
_ENDPOINT: Final = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/[^\s\"'`?#,;:()<>]*)")
_VALUE_IN_ENDPOINT: Final = re.compile(r"(?<=/)(?!v\d{1,2}(?:/|$))[^/]*[^A-Za-z_\-/.][^/]*")
_SAID: Final = re.compile(
    r"\b((?:returned|reason|message|error|msg|err|cause|details?|desc|because|replied|answered|says?|said)[:=]? ?)"
    r"(?:\"([^\"\n]* [^\"\n]*)\"|'([^'\n]* [^'\n]*)')"
)
"""A text in quotes that says what failed, and is no value."""

_DIGITS: Final = re.compile(r"\d+")
_THREE_DIGITS: Final = re.compile("[0-9][0-9][0-9]")  # a search for one of a set is fast, for a count of them not
"""What all codes but SQLSTATE have in them, and is found faster than they are."""

MAX_KEPT: Final = 64
_FIRST_MARK: Final = 0xE000  # private use
_MARK: Final = re.compile("[\ue000-\ue03f]")


def keep_symbols(text: str, *, with_codes: bool) -> tuple[str, list[str]]:
    """Put a mark in place of each name that has to stay; return the text and the names.

    Args:
        text: one line.
        with_codes: whether status codes (``status code 404``) and codes of databases (``ORA-01017``) stay too.
    """
    kept: list[str] = []
    if " " not in text and _BARE_NAME.fullmatch(text):
        return chr(_FIRST_MARK), [text]
    if "'" in text or '"' in text or "`" in text:
        if _ONLY_A_NAME.fullmatch(text):
            kept.append(text)
            return chr(_FIRST_MARK), kept
        text = _SAID.sub(lambda match: f"{match[1]}{match[2] or match[3]}", text)
        text = _keep_quoted(text, kept)
        if "`" in text or "(" in text or "__" in text or "=" in text or _MARK_IN_QUOTES.search(text):
            text = _CODE_IN_QUOTES.sub(lambda match: _mark(match, kept), text)
    if "ndefined" in text or "no such" in text or "not found: :" in text:
        text = _UNQUOTED.sub(lambda match: _mark(match, kept), text)
    if "annot find" in text:
        text = _PACKAGE.sub(lambda match: _mark(match, kept, values=None), text)
    if _DOTTED.search(text):
        text = _CUED.sub(lambda match: _mark(match, kept), text)
    if with_codes:
        if "/" in text:
            text = _ENDPOINT.sub(lambda match: _mark(match, kept, values=_VALUE_IN_ENDPOINT), text)
        if "tatus" in text or "HTTP" in text or "esponse" in text:
            text = _STATUS.sub(lambda match: _mark(match, kept, values=None), text)
        if "SQLSTATE[" in text or _THREE_DIGITS.search(text):
            text = _CODE.sub(lambda match: _mark(match, kept, values=None), text)
    return text, kept


def put_back(text: str, kept: list[str]) -> str:
    """Put the names back where their marks are."""
    return _MARK.sub(lambda mark: kept[at] if (at := ord(mark[0]) - _FIRST_MARK) < len(kept) else mark[0], text)


def _keep_quoted(text: str, kept: list[str]) -> str:
    """Keep the quoted words that are names, and those that are listed after one."""
    parts: list[str] = []
    done, end_of_name = 0, -1
    for match in _QUOTED.finditer(text):
        start, end = match.span()
        is_listed = end_of_name >= 0 and text[end_of_name:start] in _BETWEEN
        if len(kept) < MAX_KEPT and (is_listed or match[1][0] == "$" or _is_name(text, start, end)):
            parts += (text[done:start], chr(_FIRST_MARK + len(kept)))
            kept.append(f"'{_DIGITS.sub('<num>', match[1])}'")
            done = end_of_name = end
    return "".join((*parts, text[done:])) if parts else text


def _is_name(text: str, start: int, end: int) -> bool:
    bracket = _IN_BRACKETS.match(text, end)
    after = _WORD.match(text, bracket.end() if bracket else end)
    if after and (after[1] in _AFTER or _AFTER_ALL.match(text, end)):
        return True
    front = text[max(start - 2, 0) : start]
    if front[-1:] == "[" and text[end : end + 1] == "]":
        return front[0] == "]" or front[0].isalnum()  # conf.contribs['XCP']
    if front[-1:] != " ":
        return False
    before = text[max(start - 40, 0) : start - 1].split()[-2:]
    if not before:
        return False
    last = before[-1].lstrip("([").rstrip(":")
    return last in _BEFORE or (last[:1].lower() + last[1:]) in _BEFORE or " ".join(before) in _BEFORE_BOTH


def _mark(match: re.Match[str], kept: list[str], *, values: re.Pattern[str] | None = _DIGITS) -> str:
    """Put a mark in place of the group that matched; keep what it holds, with what varies in it masked."""
    at = match.lastindex
    if at is None or len(kept) >= MAX_KEPT:
        return match[0]
    whole = match[0]
    begin, (start, end) = match.start(), match.span(at)
    name = values.sub("<num>", match[at]) if values else match[at]
    if whole[0] in "\"'`" and start == begin + 1:
        name, start, end = f"'{name}'", start - 1, end + 1
    kept.append(name)
    return f"{whole[: start - begin]}{chr(_FIRST_MARK + len(kept) - 1)}{whole[end - begin :]}"
