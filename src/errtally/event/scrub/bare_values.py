"""Values without quotes behind a key: a word, a container, an element of XML, or what a sentence says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import PLACEHOLDER, rules
from errtally.event.scrub.keys import KeyKind, words
from errtally.event.scrub.prose import is_component, is_description, is_prose, is_unlike_words, says_little
from errtally.event.scrub.spans import container_end, is_harmless, scheme_end, unquoted

if TYPE_CHECKING:
    from errtally.event.scrub.keys import KeyMatcher
    from errtally.event.scrub.spans import LineEnds

Span = tuple[int, int]
"""Where a value begins and ends; empty when nothing there needs to go."""

_ELEMENT_LIMIT = 512
_TEMPLATE = re.compile(rules()["text"]["templates"])
_CODES = frozenset({("otp",), ("totp",), ("pin",), ("cvv",), ("cvc",), ("passcode",)})
_IDENTIFIERS = re.compile(r"[A-Za-z_$][A-Za-z_$]*(?:\.[A-Za-z_$]+)+\Z")
_SHORTHAND = re.compile(r"\{\s{0,4}[A-Za-z_$]{1,32}(?:\s{0,4},\s{0,4}[A-Za-z_$]{1,32}){1,16}\s{0,4}\}")
_SHORT_NAMES = frozenset({"sid", "sig"})
_SHORTEST_SID = 6
_NO_VALUES = frozenset(rules()["text"]["harmless_values"])
_ROW_LIMIT = 256
_CELL = re.compile(r"([\w.-]{1,64})</\w{1,8}>\s{0,20}(?:<[^<>/][^<>]{0,127}>\s{0,20}){1,3}\Z")
_METHODS = frozenset(rules()["text"]["auth_methods"])
_DIRECTORY = re.compile(r"(?:/[\w.-]{1,64}|~(?=/)|[A-Z]:(?=\\))(?:[/\\][\w.-]{0,64}){0,20}\Z")
_WRAPPED = re.compile(r"(?:Some|Ok|Just|Optional|Secret|SecretStr|String)\((?=[^\s()]{1,512}\))")
_CODE_CALL = re.compile(
    r"[A-Z][a-z]{2,12}-[A-Z][A-Za-z]{2,40}(?=[ )|]|\Z)"  # PowerShell's
    r"|(?:(?:await|new)[ ]|(?:self|this|process\.env|os)\.)|[A-Za-z_$][\w.$]{0,64}+[(\[][^\s]"
)
_SIGNED = re.compile(r"[^\s\"'{}<>]{8,1024}+")
_BRACED = re.compile(r"""\{(?:[^{}\n]|\}\}){1,256}+\}(?=["';\s]|\Z)""")
_HASHED = re.compile(r"\{[A-Za-z0-9-]{3,16}\}(?=[A-Za-z0-9+/.$=]{8})")
_ANY_SCHEME = re.compile(r"[A-Za-z][\w-]{1,24}[ ]{1,4}(?=[^\s=:]{8})")


def bare_value(
    text: str, start: int, separator: str, key: str, keys: KeyMatcher, lines: LineEnds, *, is_spaced: bool
) -> Span:
    """Where a value without quotes lies.

    Args:
        text: all of it.
        start: where the value begins.
        separator: the sign between key and value.
        key: the key.
        keys: says which keys are secret.
        lines: the text's ends of lines.
        is_spaced: whether blanks stand between separator and value.
    """
    opened = _opened(text, start, separator)
    if opened is not None:
        return opened
    found = scheme_end(text, start, lines)
    if found is None:
        if separator == ">":
            return _element(text, start, keys)
        if separator == "=" and is_spaced and _CODE_CALL.match(text, start):
            return start, start
        found = unquoted(text, start, separator)
    elif is_prose(text, *found):  # `auth=basic for kafka`
        return found[0], found[0]
    begin, end = found
    return (begin, begin) if _is_no_value(text, begin, end, separator, key, keys) else _whole(text, begin, end, key)


def _opened(text: str, start: int, separator: str) -> Span | None:
    """The value that shows by what opens it: a gap of a template, braces, brackets; None for any other."""
    template = _TEMPLATE.match(text, start)
    after = text[template.end() : template.end() + 1] if template else ""
    if template is not None and not after.isalnum() and not (after == "}" and separator == "=" and text[start] == "{"):
        return template.end(), template.end()
    braced = _BRACED.match(text, start) if separator == "=" else None
    if braced is not None:  # as ODBC has values with a semicolon
        return start + 1, braced.end() - 1
    if _HASHED.match(text, start):  # as directories keep them
        return start, unquoted(text, text.index("}", start) + 1, separator)[1]
    if _SHORTHAND.match(text, start):
        return start, start
    if text[start] in "{[":
        return (start, start) if is_description(text, start) else (start, container_end(text, start))
    wrapped = _WRAPPED.match(text, start)
    return None if wrapped is None else (wrapped.end(), text.index(")", wrapped.end()))


def _whole(text: str, begin: int, end: int, key: str) -> Span:
    """The value with what belongs to it: the parts of a signature, the token behind the name of a scheme."""
    lowered = key.lower()
    if lowered.endswith("signature") and (signed := _SIGNED.match(text, begin)) is not None:
        return signed.span()
    if lowered.endswith("authorization") and (scheme := _ANY_SCHEME.match(text, begin)) is not None:
        begin, end = scheme.end(), unquoted(text, scheme.end(), "=")[1]
        # `bearer token expected`, and what another rule has read
        return (begin, begin) if text.startswith(PLACEHOLDER, begin) or is_prose(text, begin, end) else (begin, end)
    return begin, end


def _is_no_value(text: str, begin: int, end: int, separator: str, key: str, keys: KeyMatcher) -> bool:
    """Whether a word behind a key is a call, a directory, another key or the beginning of a sentence."""
    if text[end - 1 : end] == "(":  # its arguments are looked at by what is called
        return True
    if key.lower().endswith("pwd") and _DIRECTORY.match(text, begin, end):
        return True
    value = text[begin:end]
    is_compared = separator == "=" and text[max(0, begin - 3) : begin].rstrip().endswith("==")
    if is_compared and _IDENTIFIERS.match(value):  # `self.password == other.password`
        return True
    if key.lower() in _SHORT_NAMES and (value.isalpha() or (value.isdigit() and len(value) < _SHORTEST_SID)):
        return True
    if value.lower() in _METHODS and says_little(key):  # `auth=basic`
        return True
    if key.lower().endswith("tokens") and value.isdigit():
        return True
    if separator != ":":
        return False
    # `volume "token" : secret "x" not found`
    is_header = key.lower().endswith("authorization")
    is_key = not is_header and text[end : end + 1] == " " and keys.kind(value) is KeyKind.SECRET
    return is_key or is_prose(text, begin, end) or is_component(key, value)


def _element(text: str, start: int, keys: KeyMatcher) -> Span:
    """The text of an XML element; the label of a form's field (``<label for="password">Password``) is none."""
    end = text.find("<", start, start + _ELEMENT_LIMIT)
    end = start + _ELEMENT_LIMIT if end < 0 else end
    value = text[start:end]
    is_label = value.isalpha() and keys.kind(value) is KeyKind.SECRET
    row = _CELL.search(text, max(0, start - _ROW_LIMIT), start)
    if row is not None and (value.lower() in _NO_VALUES or not (row[1].isupper() or is_unlike_words(value))):
        return start, start  # a cell that says something of the secret, as a form's errors do
    return (start, start) if is_label or is_harmless(value) else (start, min(end, len(text)))


def said_value(text: str, start: int, key: str) -> Span:
    """The value in ``your password is x``: it has letters and digits, as no word of a sentence has."""
    begin, end = unquoted(text, start, " ")
    if _TEMPLATE.match(text, start):  # also a column's type: `password  varchar(255)`
        return begin, begin
    value = text[begin:end].rstrip(".!?,:")
    is_mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    is_code = value.isdigit() and words(key)[-1:] in _CODES
    return (begin, begin + len(value)) if is_mixed or is_code else (begin, begin)
