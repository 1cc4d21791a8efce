"""Bodies: what comes in with which length and encoding, and what is refused at which limit."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib

import brotli
import cramjam
import pytest
import zstandard

from errtally.errors import MalformedError, RejectedError, TooLargeError
from errtally.exporter.ingest import body

PLAIN = b'["an event", "and another one"]' * 40
LIMIT = len(PLAIN)


def raw_deflate(plain: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(plain) + deflater.flush()


def zstd(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(plain)


def zstd_without_size(plain: bytes) -> bytes:
    compressor = zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compressobj()
    return compressor.compress(plain) + compressor.flush()


ENCODERS = [
    pytest.param("gzip", gzip.compress, id="gzip"),
    pytest.param("x-gzip", gzip.compress, id="gzip under its old name"),
    pytest.param(" GZIP ", gzip.compress, id="gzip in capitals and with blanks"),
    pytest.param("deflate", zlib.compress, id="deflate as zlib"),
    pytest.param("zlib", zlib.compress, id="zlib as the Collector calls it"),
    pytest.param("deflate", raw_deflate, id="deflate without a zlib header"),
    pytest.param("br", brotli.compress, id="brotli"),
    pytest.param("lz4", lambda plain: bytes(cramjam.lz4.compress(plain)), id="lz4 in frames"),
    pytest.param("snappy", lambda plain: bytes(cramjam.snappy.compress_raw(plain)), id="a block of snappy"),
    pytest.param("snappy", lambda plain: bytes(cramjam.snappy.compress(plain)), id="frames under snappy's name"),
    pytest.param("x-snappy-framed", lambda plain: bytes(cramjam.snappy.compress(plain)), id="frames of snappy"),
    pytest.param("zstd", zstd, id="zstd"),
    pytest.param("zstd", zstd_without_size, id="zstd that does not say how long it is"),
]


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
def test_an_encoded_body_comes_out_as_it_was(encoding, encode):
    assert body.decompress(encode(PLAIN), encoding, 10 * LIMIT) == PLAIN


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
def test_exactly_the_limit_is_taken(encoding, encode):
    assert body.decompress(encode(PLAIN), encoding, LIMIT) == PLAIN


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
def test_one_byte_more_than_the_limit_is_too_large(encoding, encode):
    with pytest.raises(TooLargeError) as caught:
        body.decompress(encode(PLAIN), encoding, LIMIT - 1)
    assert (caught.value.reason, caught.value.status) == ("decompressed_too_large", 413)


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
@pytest.mark.parametrize("kept", [1, 0.5, -1], ids=["its first byte", "half of it", "all but the last byte"])
def test_a_torn_body_is_malformed(encoding, encode, kept):
    whole = encode(PLAIN)
    end = int(len(whole) * kept) if isinstance(kept, float) else kept
    with pytest.raises(MalformedError) as caught:
        body.decompress(whole[:end], encoding, 10 * LIMIT)
    assert caught.value.reason == "bad_compression"


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
def test_a_bomb_costs_no_more_than_its_limit(encoding, encode):
    bomb = encode(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            body.decompress(bomb, encoding, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "lz4", "x-snappy-framed"])
def test_what_is_not_compressed_at_all_is_malformed(encoding):
    with pytest.raises(MalformedError, match="not valid"):
        body.decompress(b"\xff\xfe this is text", encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "zz-unknown"])
def test_a_header_that_a_proxy_left_behind_is_ignored(encoding):
    assert body.decompress(b'{"message": "m"}', encoding, LIMIT) == b'{"message": "m"}'


@pytest.mark.parametrize("encoding", ["", "identity", "UTF-8", "utf8", "none", "  "])
def test_names_that_stand_for_no_encoding_leave_the_body_as_it_is(encoding):
    assert body.decompress(b"\x1f\x8b", encoding, LIMIT) == b"\x1f\x8b"


@pytest.mark.parametrize("encoding", ["compress", "gzip, br", "bzip2"])
def test_an_unknown_encoding_is_415_and_says_what_is_known(encoding):
    with pytest.raises(MalformedError, match="known are gzip, x-gzip, deflate, zlib, br, zstd, lz4, snappy") as caught:
        body.decompress(b"x", encoding, LIMIT)
    assert (caught.value.status, caught.value.reason) == (415, "unknown_encoding")


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_several_members_are_one_body(encoding, encode):
    assert body.decompress(encode(b"[1,") + encode(b"") + encode(b"2]"), encoding, LIMIT) == b"[1,2]"


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_a_limit_counts_over_all_members(encoding, encode):
    assert body.decompress(encode(b"ab") * 4, encoding, 8) == b"abababab"
    with pytest.raises(TooLargeError):
        body.decompress(encode(b"ab") * 4, encoding, 7)


class Sliced(bytes):
    """A body that notes how large the pieces are that are taken out of it."""

    largest = 0

    def __getitem__(self, key):
        piece = super().__getitem__(key)
        if isinstance(key, slice):
            Sliced.largest = max(Sliced.largest, len(piece))
        return piece


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_many_empty_members_cost_no_more_than_their_number(encoding, encode):
    """A decoder copies what is left of its piece at each member's end, so a piece must not be the whole body."""
    Sliced.largest = 0
    assert body.decompress(Sliced(encode(b"") * 10_000), encoding, LIMIT) == b""
    assert 0 < Sliced.largest <= 65_536


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_an_empty_body_is_empty_or_malformed_but_never_a_crash(encoding):
    if encoding == "br":
        with pytest.raises(MalformedError, match="it ends too early"):
            body.decompress(b"", encoding, LIMIT)
    else:
        assert body.decompress(b"", encoding, LIMIT) == b""


def test_a_body_of_several_chunks_is_whole():
    plain = bytes(range(256)) * 4000
    for encoding, encode in [("gzip", gzip.compress), ("zstd", zstd), ("deflate", raw_deflate)]:
        assert body.decompress(encode(plain), encoding, len(plain)) == plain


class Dribble(io.RawIOBase):
    """An input that gives one byte at a time and counts what was asked of it."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)
        self.given = 0

    def read(self, size=-1, /):
        piece = self._rest.read(min(size, 1))
        self.given += len(piece)
        return piece


@pytest.mark.parametrize("length", [5, None], ids=["with Content-Length", "chunked"])
def test_a_body_in_pieces_is_read_to_its_end(length):
    assert body.read(Dribble(b"abcde"), length, 5) == b"abcde"


def test_what_follows_the_length_is_not_read():
    stream = Dribble(b"abcdeNEXT")
    assert body.read(stream, 5, 100) == b"abcde"
    assert stream.given == 5


@pytest.mark.parametrize(
    ("content", "length", "reason"),
    [
        pytest.param(b"x" * 6, 6, "body_too_large", id="a length beyond the limit is refused"),
        pytest.param(b"x" * 6, None, "body_too_large", id="a chunked body beyond the limit is refused"),
        pytest.param(b"x" * 3, 4, "body_truncated", id="a body that ends before its length is refused"),
    ],
)
def test_a_body_that_can_not_be_taken(content, length, reason):
    with pytest.raises(RejectedError) as caught:
        body.read(io.BytesIO(content), length, 5)
    assert caught.value.reason == reason


def test_a_length_beyond_the_limit_is_refused_before_anything_is_read():
    stream = Dribble(b"x" * 10)
    with pytest.raises(TooLargeError):
        body.read(stream, 10, 5)
    assert stream.given == 0


def test_an_endless_body_is_read_no_further_than_the_limit():
    stream = Dribble(b"x" * 1000)
    with pytest.raises(TooLargeError):
        body.read(stream, None, 5)
    assert stream.given == 6
