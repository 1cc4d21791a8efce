"""A gzip body whose event id can be changed without compressing it again.

Every event needs an id of its own, or the exporter counts it as a duplicate. Compressing 9 KB for each request costs
more than the exporter's own work. So the id stands in the deflate stream as stored blocks, at known offsets, with
compressed blocks around them; the checksum at the end is linear, so that each pair of hex digits contributes a
difference that can be made a table of once.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

ID_LENGTH = 32
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_CHUNKS = 4
_CHUNK_VALUES = 256
SERIALS = _CHUNK_VALUES**_CHUNKS
"""How many different ids one prefix gives."""


@dataclass(slots=True)
class PatchedGzip:
    """One body; ``patched`` gives it with another id.

    Attributes:
        prefix: the first 24 hex digits of every id.
    """

    prefix: str
    _body: bytearray
    _offsets: tuple[int, ...]
    _checksum: int
    _differences: tuple[tuple[int, ...], ...]

    def patched(self, serial: int) -> bytes:
        """Return the body whose id is the prefix and the serial number as 8 hex digits."""
        digits = b"%08x" % serial
        body = self._body
        for offset in self._offsets:
            body[offset : offset + 8] = digits
        first, second, third, fourth = self._differences
        checksum = (
            self._checksum
            ^ first[serial >> 24]
            ^ second[serial >> 16 & 255]
            ^ third[serial >> 8 & 255]
            ^ fourth[serial & 255]
        )
        body[-8:-4] = checksum.to_bytes(4, "little")
        return bytes(body)


def prepare(raw: bytes, event_id: bytes, prefix: str) -> PatchedGzip:
    """Compress a body once, every occurrence of its id apart.

    Args:
        raw: the body.
        event_id: the id in it, 32 hex digits.
        prefix: 24 hex digits that the ids of this run begin with.

    Raises:
        ValueError: the id is not in the body, or the prefix has not 24 digits.
    """
    if event_id not in raw or len(event_id) != ID_LENGTH or len(prefix) != ID_LENGTH - 2 * _CHUNKS:
        raise ValueError(f"no id {event_id!r} in the body, or {prefix!r} is not of 24 digits")
    parts = raw.split(event_id)
    stream = bytearray(_GZIP_HEADER)
    offsets = []
    for index, part in enumerate(parts):
        if index:
            # A stored block: its length, the length's complement, then the bytes themselves.
            stream += b"\x00" + ID_LENGTH.to_bytes(2, "little") + (ID_LENGTH ^ 0xFFFF).to_bytes(2, "little")
            offsets.append(len(stream) + len(prefix))
            stream += prefix.encode() + b"0" * 8
        compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
        stream += compressor.compress(part)
        stream += compressor.flush(zlib.Z_FINISH if index == len(parts) - 1 else zlib.Z_FULL_FLUSH)
    content = (prefix.encode() + b"0" * 8).join(parts)
    checksum = zlib.crc32(content)
    stream += checksum.to_bytes(4, "little") + len(content).to_bytes(4, "little")
    differences = []
    for chunk in range(_CHUNKS):
        head, tail = b"00" * chunk, b"00" * (_CHUNKS - chunk - 1)
        ids = (prefix.encode() + head + b"%02x" % value + tail for value in range(_CHUNK_VALUES))
        differences.append(tuple(zlib.crc32(id_.join(parts)) ^ checksum for id_ in ids))
    return PatchedGzip(prefix, stream, tuple(offsets), checksum, tuple(differences))
