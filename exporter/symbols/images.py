"""What an event says of the files that its frames are read by: Sentry's ``debug_meta.images``.

Source: https://develop.sentry.dev/sdk/data-model/event-payloads/debugmeta/.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from errtally.exporter.symbols.source_map import debug_id

MAX_IMAGES: Final = 2000
KEPT: Final = ("type", "code_file", "debug_id", "uuid", "image_addr", "image_size", "image_vmaddr")
"""Of each image, what resolving an event later takes."""


@dataclass(frozen=True, slots=True)
class NativeImage:
    """A program or library in memory."""

    debug_id: str
    code_file: str
    start: int
    end: int


@dataclass(slots=True)
class Images:
    """The images of one event.

    Attributes:
        scripts: debug ids by the scripts' addresses, as the frames have them.
        mappings: UUIDs of ProGuard's mappings.
        native: in order of their addresses.
    """

    scripts: dict[str, str] = field(default_factory=dict)
    mappings: list[str] = field(default_factory=list)
    native: list[NativeImage] = field(default_factory=list)

    def at(self, address: int) -> NativeImage | None:
        """Return the image that an address lies in."""
        return next((image for image in self.native if image.start <= address < image.end), None)


def read(debug_meta: object) -> Images:
    """Read images.

    Args:
        debug_meta: the attribute, or its JSON; of any shape.
    """
    found = Images()
    for image in sent(debug_meta):
        kind, file = image.get("type"), image.get("code_file")
        own = debug_id(image.get("debug_id")) or debug_id(image.get("uuid"))
        if not own:
            continue
        if kind == "sourcemap":
            if isinstance(file, str):
                found.scripts[file] = own
        elif kind == "proguard":
            found.mappings.append(own)
        else:
            start, size = number(image.get("image_addr")), number(image.get("image_size"))
            if start is not None and size:
                found.native.append(NativeImage(own, file if isinstance(file, str) else "", start, start + size))
    return found


def sent(debug_meta: object) -> list[dict[str, Any]]:
    """Return the images as sent, [] for what has none."""
    if isinstance(debug_meta, bytes | msgspec.Raw):
        if not memoryview(debug_meta):
            return []
        try:
            debug_meta = msgspec.json.decode(debug_meta)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return []
    images = debug_meta.get("images") if isinstance(debug_meta, dict) else None
    return [image for image in images[:MAX_IMAGES] if isinstance(image, dict)] if isinstance(images, list) else []


def number(value: object) -> int | None:
    """Return an address or a size, which clients send as ``0x…`` or as a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        return int(value, 16 if value.lower().startswith("0x") else 10) if isinstance(value, str) else None
    except ValueError:
        return None
