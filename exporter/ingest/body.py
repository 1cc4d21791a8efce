"""Bodies: read and decompressed with a bound on what comes out, so that a bomb costs no more than its limit."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Protocol

import brotli
import cramjam
import zstandard

from errtally.errors import MalformedError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

_inflating: Any
try:  # takes two thirds of the time; where there is no wheel of it, Python's own does
    from zlib_ng import zlib_ng as _inflating
except ImportError:
    _inflating = zlib

LARGE_BYTES = 1024 * 1024
"""Bodies above this are few, and only some of them are in memory at a time."""

MAX_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_PIECE_BYTES = 64 * 1024
SHORT_JSON_BYTES = 64 * 1024
_GZIP_WINDOW = 31
_ZLIB_WINDOW = 15
_RAW_WINDOW = -15
_ZSTD_MAX_WINDOW_BYTES = 1 << 25
"""32 MiB: more than levels up to 20 use; a frame that asks for more memory is refused."""

_CHUNK_BYTES = 16 * 1024
_ZSTD_CHUNK_BYTES = 64
"""So little zstd input makes at most a few MiB beyond the limit, whatever it claims."""

_SNAPPY_FRAMES = b"\xff\x06\x00\x00sNaPpY"
"""How a stream of frames begins (snappy's framing_format.txt, 4.1)."""
_OVERFLOW = "failed to write whole buffer"
"""What cramjam says when more comes out than there is room for."""

_PLAIN = frozenset({"", "identity", "utf-8", "utf8", "none"})


class Readable(Protocol):
    """The part of ``wsgi.input`` that is used."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes, b"" at the end."""
        ...


def _anyway() -> None:
    """Let a large body in."""


def read(
    stream: Readable, content_length: int | None, limit_bytes: int, on_large: Callable[[], None] = _anyway
) -> bytes:
    """Read a request's body.

    Args:
        stream: the input, terminated by the server when ``content_length`` is None (chunked bodies).
        content_length: what the header says, None without one.
        limit_bytes: the largest body to take.
        on_large: called before more than `LARGE_BYTES` are read.

    Raises:
        TooLargeError: the body is longer than the limit.
        MalformedError: the body ended before ``content_length`` bytes.
    """
    if content_length is not None and content_length > limit_bytes:
        raise TooLargeError("body_too_large", f"the body has {content_length} bytes; the limit is {limit_bytes}")
    wanted = limit_bytes + 1 if content_length is None else content_length
    body = stream.read(min(wanted, LARGE_BYTES))
    if len(body) >= LARGE_BYTES and wanted > LARGE_BYTES:
        on_large()
    while len(body) < wanted and (more := stream.read(wanted - len(body))):
        body += more
    if len(body) > limit_bytes:
        raise TooLargeError("body_too_large", f"the body has more than {limit_bytes} bytes")
    if content_length is not None and len(body) < content_length:
        raise MalformedError("body_truncated", f"the body ended after {len(body)} of {content_length} bytes")
    return body


def drain(stream: Readable) -> None:
    """Read what is left of a refused body and drop it.

    Many clients look for an answer only when they have sent everything; a server that closes before shows them a
    broken connection instead of the reason. A body beyond the limit is not worth the time.
    """
    left = MAX_DRAIN_BYTES
    while left > 0 and (piece := stream.read(_DRAIN_PIECE_BYTES)):
        left -= len(piece)


def decompress(body: bytes, encoding: str, limit_bytes: int, on_large: Callable[[], None] = _anyway) -> bytes:
    """Undo a request's ``Content-Encoding``.

    Args:
        body: the body as sent.
        encoding: the header's value; empty, ``identity`` and ``utf-8`` stand for none.
        limit_bytes: the most that may come out.
        on_large: called before more than `LARGE_BYTES` come out.

    Raises:
        TooLargeError: more than the limit comes out.
        MalformedError: the body is not what the header says, or the encoding is not known (415).
    """
    name = encoding.strip().lower()
    if name in _PLAIN or (body[:1] == b"{" and name != "snappy"):
        # A proxy may have decompressed the body and left the header; no compressed stream starts with "{", but for a
        # block of snappy that holds 123 bytes.
        return body
    decoder = _DECODERS.get(name)
    if decoder is None:
        raise MalformedError(
            "unknown_encoding", f"Content-Encoding {encoding!r}: known are {', '.join(_DECODERS)}", status=415
        )
    try:
        plain = decoder(body, min(limit_bytes, LARGE_BYTES))
        if limit_bytes > LARGE_BYTES and len(plain) > LARGE_BYTES:
            on_large()
            plain = decoder(body, limit_bytes)
    except (
        zlib.error,
        _inflating.error,
        brotli.error,
        zstandard.ZstdError,
        cramjam.DecompressionError,
        EOFError,
    ) as exc:
        raise MalformedError("bad_compression", f"the body is not valid {name}: {exc}") from exc
    if len(plain) > limit_bytes:
        raise TooLargeError("decompressed_too_large", f"the body decompresses to more than {limit_bytes} bytes")
    return plain


def check_json(document: bytes, limit_values: int) -> None:
    """Refuse a JSON document that would take far more memory than its bytes, such as millions of empty lists.

    Every value but the first in its container has a comma in front of it, so commas and brackets bound their number.
    Short documents are not looked at: they can't hold many.

    Raises:
        TooLargeError: there may be more values than the limit.
    """
    if len(document) > SHORT_JSON_BYTES:
        values = document.count(b",") + document.count(b"[") + document.count(b"{")
        if values > limit_values:
            raise TooLargeError("too_many_values", f"JSON of {values} values; the limit is {limit_values}")


def _inflate(body: bytes, limit_bytes: int, window: int) -> bytes:
    if len(body) <= _CHUNK_BYTES:  # nearly always one small member
        inflater = _inflating.decompressobj(window)
        whole: bytes = inflater.decompress(body, limit_bytes + 1)
        if inflater.eof and not inflater.unused_data:
            return whole
    # In chunks: each end of a member copies what is left of the input, so many small members would cost its square.
    plain, offset = bytearray(), 0
    while offset < len(body):  # a gzip file may have several members
        inflater = _inflating.decompressobj(window)
        while not inflater.eof:
            chunk = body[offset : offset + _CHUNK_BYTES]
            if not chunk:
                raise EOFError("it ends too early")
            plain += inflater.decompress(chunk, limit_bytes + 1 - len(plain))
            if len(plain) > limit_bytes:
                return bytes(plain)
            offset += len(chunk) - len(inflater.unused_data)
        if window != _GZIP_WINDOW:
            break
    return bytes(plain)


def _gzip(body: bytes, limit_bytes: int) -> bytes:
    return _inflate(body, limit_bytes, _GZIP_WINDOW)


def _deflate(body: bytes, limit_bytes: int) -> bytes:
    """Inflate both forms that clients send: zlib's (RFC 1950), told by its header's checksum, and raw (RFC 1951)."""
    is_zlib = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0  # noqa: PLR2004 (RFC 1950 2.2)
    return _inflate(body, limit_bytes, _ZLIB_WINDOW if is_zlib else _RAW_WINDOW)


def _brotli(body: bytes, limit_bytes: int) -> bytes:
    decoder = brotli.Decompressor()
    plain: bytes = decoder.process(body, output_buffer_limit=limit_bytes + 1)
    while len(plain) <= limit_bytes and not decoder.can_accept_more_data():
        more = decoder.process(b"", output_buffer_limit=limit_bytes + 1 - len(plain))
        if not more:
            break
        plain += more
    if len(plain) <= limit_bytes and not decoder.is_finished():
        raise EOFError("it ends too early")
    return plain


def _zstd(body: bytes, limit_bytes: int) -> bytes:
    # Not by a stream reader: it takes a stream that ends in the middle of a frame for whole.
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_MAX_WINDOW_BYTES)
    plain, offset = bytearray(), 0
    while offset < len(body):  # several frames may follow each other
        decoder = decompressor.decompressobj()
        while not decoder.eof:
            chunk = body[offset : offset + _ZSTD_CHUNK_BYTES]
            if not chunk:
                raise EOFError("it ends too early")
            plain += decoder.decompress(chunk)
            if len(plain) > limit_bytes:
                return bytes(plain)
            offset += len(chunk) - len(decoder.unused_data)
    return bytes(plain)


def _lz4(body: bytes, limit_bytes: int) -> bytes:
    return _filled(cramjam.lz4.decompress_into, body, limit_bytes)


def _snappy_frames(body: bytes, limit_bytes: int) -> bytes:
    return _filled(cramjam.snappy.decompress_into, body, limit_bytes)


def _snappy(body: bytes, limit_bytes: int) -> bytes:
    """Decompress one block, as Collectors send it today; those before 0.123 sent frames under this name."""
    if body.startswith(_SNAPPY_FRAMES):
        return _snappy_frames(body, limit_bytes)
    if cramjam.snappy.decompress_raw_len(body) > limit_bytes:
        return bytes(limit_bytes + 1)  # what it claims is enough to refuse it
    return bytes(cramjam.snappy.decompress_raw(body))


def _filled(decompress_into: Callable[[bytes, bytearray], int], body: bytes, limit_bytes: int) -> bytes:
    """Decompress into a buffer that holds one byte more than the limit; one that overflows comes back full."""
    plain = bytearray(limit_bytes + 1)
    try:
        size = decompress_into(body, plain)
    except cramjam.DecompressionError as exc:
        if str(exc) == _OVERFLOW:
            return bytes(plain)
        raise
    return bytes(memoryview(plain)[:size])


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zlib": _deflate,  # the Collector's name for it
    "br": _brotli,
    "zstd": _zstd,
    "lz4": _lz4,
    "snappy": _snappy,
    "x-snappy-framed": _snappy_frames,
}
