"""Where an event comes from, and what a file of it is read by, or why it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from errtally.exporter.symbols.files import FileId


class Missing(NamedTuple):
    """A file whose frames could not be read.

    Attributes:
        file: as the frames name it; for a mapping or a program its own name, where it has one.
        debug_id: "" where the event names none.
        reason: one of `names.SYMBOL_OUTCOMES`.
        message: in words.
    """

    file: str
    debug_id: str
    reason: str
    message: str


class Located(NamedTuple):
    """What a file of an event is read by, or why it is not.

    Attributes:
        wanted: the file to read by, None where there is none.
        missing: why not.
        map_url: of the source map, to which its sources are relative.
    """

    wanted: FileId | None
    missing: Missing | None
    map_url: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event comes from."""

    project: str
    release: str
    dist: str
