"""What scripts and source maps say of themselves: the debug id that ties them together, and where a script's map is.

Both stand in comments at a script's end: ``//# sourceMappingURL=`` (ECMA-426) and ``//# debugId=`` (the proposal
"Source Map Debug ID"); in a map it is the key ``debugId``, for which older clients write ``debug_id``.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes, urljoin

import msgspec

from errtally.exporter.artifacts.artifact import debug_id_of

_TAIL_BYTES: Final = 64 * 1024
_DEBUG_ID: Final = re.compile(rb"^[ \t]*//[#@][ \t]*debugId=([0-9a-fA-F-]{32,36})[ \t]*\r?$", re.MULTILINE)
_MAP_URL: Final = re.compile(rb"^[ \t]*(?://|/\*)[#@][ \t]*sourceMappingURL=([^\s'\"]+)", re.MULTILINE)
_DATA: Final = b"data:"


class _MapHead(msgspec.Struct):
    """The part of a source map that says which one it is."""

    version: object = None
    debug_id: object = msgspec.field(default=None, name="debugId")
    debug_id_of_old_clients: object = msgspec.field(default=None, name="debug_id")


def debug_id_of_script(content: bytes) -> str:
    """Return the debug id of a script's last comment of one; "" without any."""
    found = _DEBUG_ID.findall(content[-_TAIL_BYTES:])
    return debug_id_of(found[-1].decode("ascii")) if found else ""


def debug_id_of_map(content: bytes) -> str:
    """Return the debug id of a source map; "" without one, and for what is no map."""
    try:
        head = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=_MapHead)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""  # whoever reads by it says what is wrong with it
    return debug_id_of(head.debug_id) or debug_id_of(head.debug_id_of_old_clients)


def is_map(content: bytes) -> bool:
    """Whether a content is a source map: JSON with a version, maybe behind a mark of its encoding or ``)]}'``."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    if text.startswith(b")]}"):
        text = text.partition(b"\n")[2]
    try:
        return msgspec.json.decode(text, type=_MapHead).version is not None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False


def map_url_of_script(content: bytes) -> str:
    """Return where a script says that its map is; "" where it says nothing, or holds the map itself."""
    found = _MAP_URL.findall(content[-_TAIL_BYTES:])
    return "" if not found or found[-1].startswith(_DATA) else found[-1].decode("utf-8", "replace")


def inline_map(content: bytes) -> bytes | None:
    """Return the map that a script holds as a ``data:`` address, None without one."""
    place = max(content.rfind(b"sourceMappingURL=data:"), -1)
    if place < 0:
        return None
    address = content[place + len(b"sourceMappingURL=") :].split(None, 1)[0]
    head, _, data = address.partition(b",")
    try:
        found = base64.b64decode(data, validate=True) if head.endswith(b";base64") else unquote_to_bytes(data)
    except (binascii.Error, ValueError):
        return None
    return found if is_map(found) else None


def joined(url: str, map_url: str) -> str:
    """Return the address of a script's map, as the index has addresses.

    Args:
        url: of the script.
        map_url: as the script says it; absolute, or relative to that.
    """
    if map_url.startswith("~") or "://" in map_url:
        return map_url
    if url.startswith("~"):
        return "~" + urljoin(url[1:], map_url)
    return urljoin(url, map_url)
