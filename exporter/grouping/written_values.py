"""Values in a message that are more than one word: addresses, paths with spaces, dates, how languages write objects."""

from __future__ import annotations

import re
from typing import Final

_URL: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s\"'`<>()\[\]{}]*[^\s\"'`<>()\[\]{}.,;:!?]")
# A path is looked at once, from where it begins: from each of its slashes the work would be the square of its length.
_QUERY: Final = re.compile(r"(?<![^\s?\"'`<>])((?>[^\s?\"'`<>/]*)/(?>[^\s?\"'`<>]*))\?[^\s\"'`<>()\[\]{},]+")
_XPATH: Final = re.compile(r"(?<![\w/])(?:/{1,2}[\w\-.:*@]+(?:\[[^\]\s]{1,60}\])*){2,}")
_WINDOWS_PATH: Final = re.compile(
    r"(?:\b[A-Za-z]:\\|\\\\[\w.$\-]+\\)(?:[^\\/:*?\"'<>|,;()]{1,80}\\)*[^\\/:*?\"'<>|,;()\s]*"
)
_REPR: Final = re.compile(r"<(?:class '[^'\s<>]+'|[\w.<>]{1,120} (?:object|instance) at 0x[0-9a-fA-F]+)>")
_PYTHON_DATE: Final = re.compile(r"\bdatetime\.(?:datetime|date|time|timedelta)\([^()]*(?:\([^()]*\)[^()]*){0,4}\)")
_ZONE_IN_WORDS: Final = re.compile(r"(GMT[+\-]\d{2}:?\d{2}) \([^()]{1,60}\)")
_ZONE: Final = re.compile(
    r"(?<=[\dZM]) ?(?:\[(?:UTC|GMT|Z|[A-Z][a-z]+/[A-Z][\w+\-/]*)\]"
    r"|(?<= )(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Z][\w+\-/]*)"
)
_OBJECTS: Final = re.compile(r"(\[object [A-Z]\w*\])(?:,\1)+")
_BASE64: Final = re.compile(r"(?<![\w+/=\-])[A-Za-z0-9+/_\-]{6,}={1,2}(?![\w=])")
_ASSIGNED: Final = re.compile(
    r"(?<![\w.\-])((?:user|username|user_name|login|host|hostname|customer|account|tenant|session|email|\w{0,40}_?id|uid)=|\w{1,40}=(?=(?:[Tt]rue|[Ff]alse|None|null|nil)\b))"
    r"(?![\"'`<])[^\s,;()\[\]{}&]+"
)
_LOGFMT: Final = re.compile(r"(?:^| )(?:level|lvl|msg|severity)=")
_CONSTANT_IN_JSON: Final = re.compile(
    r"(?<=[\"']: )(?:null|None|nil|[Tt]rue|[Ff]alse)\b|(?<=[\"']:)(?:null|true|false)\b"
)


def mask_written_values(text: str, *, in_exception: bool) -> str:
    """Mask values that are more than one word.

    Args:
        text: one line.
        in_exception: it is an exception's; else only log lines of the form ``name=value`` have assignments.
    """
    if "/" in text:
        if "://" in text:
            text = _URL.sub("<url>", text)
        if "?" in text:
            text = _QUERY.sub(r"\1", text)
        if "]" in text:
            text = _XPATH.sub("<path>", text)
        text = _ZONE.sub("", text)
    if "\\" in text:
        text = _WINDOWS_PATH.sub("<path>", text)
    if "=" in text:
        text = _BASE64.sub(_mask_base64, text)
        if in_exception or _LOGFMT.search(text):
            text = _ASSIGNED.sub(r"\1<str>", text)
    if "null" in text or "None" in text or "rue" in text or "alse" in text:
        text = _CONSTANT_IN_JSON.sub("<str>", text)
    # Looked for one by one: a search for all of them at once would take five times as long.
    if " at 0x" in text or "<class '" in text or "datetime." in text:
        text = _PYTHON_DATE.sub("<time>", _REPR.sub("<str>", text))
    if "GMT" in text or "[UTC]" in text:
        text = _ZONE.sub("", _ZONE_IN_WORDS.sub(r"\1", text))
    if "[object " in text:
        text = _OBJECTS.sub(r"\1", text)
    return text


def _mask_base64(match: re.Match[str]) -> str:
    text = match[0]
    body = text.rstrip("=")
    is_code = len(text) % 4 == 0 and (
        any(map(str.isdigit, body)) or not (body.islower() or body.isupper() or body.istitle())
    )
    return "<str>" if is_code else text
