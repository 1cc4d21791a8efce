"""Read one file and say why it can't be analysed."""

from __future__ import annotations

import io
import tokenize
from typing import TYPE_CHECKING

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from pathlib import Path


class SourceError(ErrtallyError):
    """A file can't be analysed.

    Attributes:
        kind: unreadable, too-large, or syntax.
        line: where, 0 for the whole file.
    """

    def __init__(self, kind: str, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.line = line


def read(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes.

    Raises:
        SourceError: it can't be read, or is larger than asked for.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise SourceError("too-large", f"{size} bytes are more than max_file_bytes, {max_bytes}")
        return path.read_bytes()
    except OSError as exc:
        raise SourceError("unreadable", str(exc.strerror or exc)) from exc


def decode_python(source: bytes) -> str:
    """Decode a Python file as its encoding comment says.

    Raises:
        SourceError: the encoding is not known or the bytes do not fit it.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError) as exc:
        raise SourceError("syntax", f"can't be decoded: {exc}") from exc
