"""Debug files: ProGuard mappings, and what Sentry's library symbolic reads of native programs.

A mapping's UUID stands in the name that it is sent under, ``proguard/<uuid>.txt``; else it is made of the content as
clients make it (a UUID of version 5 in the name space of ``guardsquare.com``). Native files (ELF, Mach-O, PE, PDB,
Breakpad) and bundles of their sources say their debug id themselves.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from errtally.errors import MalformedError, NotServedError
from errtally.exporter.artifacts.artifact import NATIVE, PROGUARD, SOURCE, debug_id_of

_GUARDSQUARE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "guardsquare.com")
_PROGUARD_NAME: Final = re.compile(r"(?:.*/)?proguard/([^/]+)\.txt")
_HEAD_BYTES: Final = 64 * 1024
_SOURCE_BUNDLE: Final = "sourcebundle"
_NO_ARCHITECTURE: Final = "unknown"
_ZIP_MARK: Final = b"PK\x03\x04"
_SOURCES_OF_JVM: Final = "bundles of JVM sources are not used: frames of Java and Kotlin have no source lines here"


@dataclass(frozen=True, slots=True)
class DebugFile:
    """What a debug file is.

    Attributes:
        kind: one of `artifact.KINDS`.
        debug_id: as `Artifact.debug_id`.
        cpu: architecture that it is for, such as ``x86_64``; ``any`` for a mapping.
        symbol_type: the format in Sentry's words.
        object_kind: what a native file is, in symbolic's words, such as ``lib``; "" for a mapping.
    """

    kind: str
    debug_id: str
    cpu: str
    symbol_type: str
    object_kind: str = ""


def proguard_uuid(content: bytes) -> str:
    """Return the UUID that clients give to a mapping that has none."""
    return str(uuid.UUID(bytes=_version_5(_GUARDSQUARE.bytes, content)))


def identify(name: str, content: bytes) -> list[DebugFile]:
    """Say what a debug file is; one of several architectures is several.

    Args:
        name: that it was sent under.
        content: the whole of it.

    Raises:
        MalformedError: it is none, or a damaged one.
        NotServedError: its kind is not used here, or symbolic is not installed.
    """
    named = _PROGUARD_NAME.fullmatch(name.replace("\\", "/"))
    if named is not None or is_mapping(content):
        if not is_mapping(content) and not content.startswith(b"#"):  # R8 writes its head alone when it renames nothing
            raise MalformedError("bad_mapping", f"{name[:200]!r} is no ProGuard mapping")
        debug_id = debug_id_of(named[1]) if named is not None else proguard_uuid(content)
        if not debug_id:
            raise MalformedError("bad_mapping", f"{name[:200]!r}: the file's name has to be a UUID")
        return [DebugFile(PROGUARD, debug_id, "any", "proguard")]
    return _native(name, content)


def _native(name: str, content: bytes) -> list[DebugFile]:
    """Say what a native debug file is.

    Raises:
        MalformedError, NotServedError: as `identify`.
    """
    try:
        from symbolic.debuginfo import Archive  # noqa: PLC0415 (an extra)
        from symbolic.exceptions import SymbolicError  # noqa: PLC0415
    except ImportError as exc:
        raise NotServedError(
            "no_symbolic", "native debug files need errtally's extra: pip install 'errtally[symbols]'", status=501
        ) from exc
    try:
        objects = list(Archive.from_bytes(content).iter_objects())
        found = [
            DebugFile(
                SOURCE if one.file_format == _SOURCE_BUNDLE else NATIVE,
                one.debug_id.lower(),
                one.arch,
                one.file_format,
                one.kind,
            )
            for one in objects
        ]
    except (SymbolicError, LookupError) as exc:
        kind = "an archive" if content.startswith(_ZIP_MARK) else "no debug file"
        reason = str(exc).partition("\n")[0]
        raise MalformedError("bad_debug_file", f"{name[:200]!r} is {kind} that can't be read: {reason}") from exc
    if any(one.symbol_type == _SOURCE_BUNDLE and one.cpu == _NO_ARCHITECTURE for one in found):
        raise NotServedError("jvm_sources", _SOURCES_OF_JVM, status=501)
    if not found or not all(debug_id_of(one.debug_id[:36]) for one in found):
        raise MalformedError("bad_debug_file", f"{name[:200]!r} has no debug id")
    return found


def is_mapping(content: bytes) -> bool:
    """Whether a text has a line that names a class, such as ``shop.Cart -> a.b:``."""
    head = content[:_HEAD_BYTES]
    return b"\0" not in head and any(
        b" -> " in line and line.rstrip().endswith(b":") and not line.startswith((b"#", b" ", b"\t"))
        for line in head.splitlines()
    )


def _version_5(namespace: bytes, name: bytes) -> bytes:
    """Hash a name as RFC 9562 has it in 5.5; Python's own takes texts alone before 3.12."""
    digest = bytearray(sha1(namespace + name, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)
