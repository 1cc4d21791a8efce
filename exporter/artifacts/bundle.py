"""Artifact bundles: the archives that Sentry's clients put scripts, source maps and their sources in.

A ZIP whose ``manifest.json`` names each file, its kind, its address and its headers, mostly behind eight bytes of a
header (``SYSB`` and a version), as Sentry's symbolic-debuginfo describes it under "sourcebundle". The manifest's
addresses are used; the paths inside the archive only name its members, and nothing is ever written under them.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from errtally.errors import MalformedError, RejectedError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from errtally.exporter.artifact_settings import ArtifactSettings

MANIFEST: Final = "manifest.json"
MAX_MANIFEST_BYTES: Final = 32 * 1024 * 1024
MAX_EXPANSION: Final = 200
"""What all files of an archive may be larger than it; beyond `SMALL_BYTES`. Source maps come to 20."""

SMALL_BYTES: Final = 64 * 1024 * 1024
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
BROKEN: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    OSError,
)
"""What zipfile raises when it reads what is no archive, or a damaged one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that the manifest names.

    Attributes:
        path: in the archive.
        kind: as the manifest has it, such as ``source_map``.
        url: where browsers load it; "" where nothing is said.
        headers: by name in lower case.
    """

    path: str
    kind: str
    url: str
    headers: Mapping[str, str]


class Bundle:
    """An archive that was looked at: its names and sizes are what they may be.

    Args:
        path: of the archive.
        settings: what it may hold.

    Attributes:
        manifest: the whole of it.
        entries: what it names; each is in the archive.

    Raises:
        MalformedError: it is no bundle, or a damaged one; the message says why.
        TooLargeError: it holds too much.
    """

    def __init__(self, path: Path, settings: ArtifactSettings) -> None:
        self._settings = settings
        try:
            self._zip = zipfile.ZipFile(path)
        except BROKEN as exc:
            raise MalformedError("bad_archive", f"not a ZIP archive: {exc}") from exc
        try:
            members = self._zip.infolist()
            check(members, path.stat().st_size, settings)
            self._members = {member.filename: member for member in members}
            if MANIFEST not in self._members:
                raise MalformedError("no_manifest", f"the archive has no {MANIFEST}")
            if self._members[MANIFEST].file_size > MAX_MANIFEST_BYTES:
                raise TooLargeError("manifest_too_large", f"{MANIFEST} is larger than {MAX_MANIFEST_BYTES} bytes")
            self.manifest = _object(self.read(MANIFEST))
            self.entries = [
                _entry(name, sent)
                for name, sent in _mapping(self.manifest.get("files"), "$.files").items()
                if name != MANIFEST
            ]
            for entry in self.entries:
                if entry.path not in self._members:
                    raise MalformedError("missing_file", f"{MANIFEST} names {entry.path[:200]!r}, which is not there")
        except RejectedError:
            self._zip.close()
            raise

    def read(self, path: str) -> bytes:
        """Return a file's content.

        Raises:
            MalformedError: it is damaged.
        """
        try:
            return self._zip.read(self._members[path])
        except BROKEN as exc:
            raise MalformedError("bad_archive", f"{path[:200]!r} can't be unpacked: {exc}") from exc

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()


def check(members: list[zipfile.ZipInfo], packed_bytes: int, settings: ArtifactSettings) -> None:
    """Look at what an archive says of its members, before anything of it is unpacked.

    Args:
        members: of the archive.
        packed_bytes: its own size.
        settings: what it may hold.

    Raises:
        MalformedError: two have one name, or a name leads elsewhere, or it is packed in an unknown way.
        TooLargeError: there are too many, or they are too large, or far larger than the archive.
    """
    if len(members) > settings.bundle_files + 1:
        raise TooLargeError("too_many_files", f"{len(members)} files; the limit is {settings.bundle_files}")
    seen: set[str] = set()
    for member in members:
        name = member.filename
        if name in seen:
            raise MalformedError("duplicate_name", f"two files are called {name[:200]!r}")
        seen.add(name)
        if name.startswith(("/", "\\")) or name[1:3] in {":\\", ":/"} or ".." in name.replace("\\", "/").split("/"):
            raise MalformedError("bad_name", f"{name[:200]!r} leads out of the archive")
        if member.flag_bits & 1 or member.compress_type not in _METHODS:
            raise MalformedError("bad_archive", f"{name[:200]!r} is neither stored nor deflated")
        if member.file_size > settings.file_bytes:
            limit = settings.file_bytes
            raise TooLargeError("file_too_large", f"{name[:200]!r} has {member.file_size} bytes; the limit is {limit}")
    total = sum(member.file_size for member in members)
    if total > settings.bundle_bytes:
        raise TooLargeError("bundle_too_large", f"{total} bytes unpacked; the limit is {settings.bundle_bytes}")
    if total > SMALL_BYTES and total > packed_bytes * MAX_EXPANSION:
        raise TooLargeError("archive_bomb", f"{packed_bytes} bytes that unpack to {total}")


def _object(content: bytes) -> dict[str, Any]:
    try:
        return _mapping(msgspec.json.decode(content), "$")
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise MalformedError("bad_manifest", f"{MANIFEST} is not JSON: {exc}") from exc


def _mapping(sent: object, place: str) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise MalformedError("bad_manifest", f"{MANIFEST}: has to be an object - at `{place}`")
    return sent


def _entry(path: str, sent: object) -> Entry:
    found = _mapping(sent, f"$.files[{path[:100]!r}]")
    headers = found.get("headers")
    kind, url = found.get("type"), found.get("url")
    return Entry(
        path,
        kind if isinstance(kind, str) else "",
        url if isinstance(url, str) else "",
        {
            name.lower(): value
            for name, value in (headers.items() if isinstance(headers, dict) else ())
            if isinstance(value, str)
        },
    )
