"""What was uploaded to one exporter on a database serves all of them."""

from __future__ import annotations

import hashlib
import signal
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.exporter.databases import POSTGRES, address_of
from tests.exporter.postgres import Server, data_folder

from errtally.errors import StoreError, TooLargeError
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import Artifact
from errtally.exporter.artifacts.contents import YOUNG_SECONDS
from errtally.exporter.artifacts.index import DAY_SECONDS
from errtally.exporter.store.postgres import archive as module
from errtally.exporter.store.postgres.archive import SharedArchive
from errtally.exporter.store.postgres.chunks import SharedChunks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID = "e0e6b0e5-4c1f-4d52-9d5a-7d5b8a5c0a11"
NO_LIMIT = 1 << 60


@pytest.fixture
def address(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(POSTGRES, postgres)
    return address_of(tmp_path)


def _archive(folder: Path, name: str, address: str) -> SharedArchive:
    (folder / name).mkdir(exist_ok=True)
    return SharedArchive(folder / name, address)


@pytest.fixture
def one(tmp_path: Path, address: str) -> Iterator[SharedArchive]:
    made = _archive(tmp_path, "one", address)
    yield made
    made.close()


@pytest.fixture
def other(tmp_path: Path, address: str) -> Iterator[SharedArchive]:
    made = _archive(tmp_path, "other", address)
    yield made
    made.close()


def _put(archive: Archive, content: bytes = b"a map", url: str = "~/a.js.map", **more: str) -> Artifact:
    made = Artifact(
        "shop", "source_map", archive.keep(content), len(content), more.get("debug_id", ID), more.get("release", "1.0"),
        url=url, uploaded=time.time(),
    )  # fmt: skip
    archive.add([made])
    return made


def _contents(address: str) -> int:
    with psycopg.connect(address) as db:
        row = db.execute("SELECT count(*) FROM artifact_contents").fetchone()
        assert row is not None
        return int(row[0])


def test_what_one_took_is_found_and_read_by_the_other(one: SharedArchive, other: SharedArchive) -> None:
    made = _put(one)
    other.refresh()
    assert other.by_debug_id("shop", ID) == one.by_debug_id("shop", ID) == [made]
    assert other.by_url("shop", "1.0", "", ["~/a.js.map"]) == [made]
    assert other.content(made.sha1) == b"a map"


def test_a_content_of_many_parts_is_the_same_at_the_other(
    one: SharedArchive, other: SharedArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_BYTES", 1000)
    content = b"".join(hashlib.sha256(bytes([number % 251])).digest() for number in range(9000))
    made = _put(one, content)
    other.refresh()
    assert other.content(made.sha1) == content


def test_it_is_taken_when_the_database_has_it(tmp_path: Path, one: SharedArchive, address: str) -> None:
    made = _put(one)
    one.close()
    late = _archive(tmp_path, "late", address)  # the one that took it never comes back
    late.refresh()
    assert (late.of_project("shop"), late.content(made.sha1)) == ([made], b"a map")
    late.close()


def test_the_newer_one_takes_the_place_of_the_older(one: SharedArchive, other: SharedArchive) -> None:
    _put(one, b"old")
    newer = _put(other, b"new")
    one.refresh()
    assert one.of_project("shop") == other.of_project("shop") == [newer]
    assert one.content(newer.sha1) == b"new"


@pytest.mark.parametrize(
    "remove",
    [
        pytest.param(lambda archive, _: archive.remove_release("shop", "1.0"), id="a release"),
        pytest.param(lambda archive, _: archive.remove_debug_id("shop", ID), id="a debug id"),
        pytest.param(lambda archive, made: archive.remove(made), id="one file"),
    ],
)
def test_what_one_removes_is_gone_at_the_other(one: SharedArchive, other: SharedArchive, remove: object) -> None:
    made = _put(one)
    kept = _put(one, url="~/b.js.map", debug_id="", release="2.0")
    other.refresh()
    assert callable(remove)
    assert remove(other, made) == 1
    one.refresh()
    assert one.of_project("shop") == other.of_project("shop") == [kept]


def test_an_upload_that_one_put_together_is_known_to_the_other_until_something_goes(
    one: SharedArchive, other: SharedArchive
) -> None:
    made = _put(one)
    one.note_assembled("shop", "0" * 40, "1.0", "")
    assert other.is_assembled("shop", "0" * 40, "1.0", "")
    assert not other.is_assembled("shop", "0" * 40, "2.0", "")
    other.remove(made)
    assert not one.is_assembled("shop", "0" * 40, "1.0", "")


def test_what_any_of_them_uses_is_kept_by_all(
    one: SharedArchive, other: SharedArchive, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = _put(one)
    _put(one, b"idle", "~/b.js.map", debug_id="")
    other.refresh()
    later = time.time() + 50 * DAY_SECONDS
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: later)
        assert other.by_debug_id("shop", ID) == [used]
        other.refresh()
    assert one.sweep(later + 50 * DAY_SECONDS, kept_days=90, stored_limit_bytes=NO_LIMIT) == 1
    other.refresh()
    assert one.of_project("shop") == other.of_project("shop") == [used]
    assert _contents(address) == 1


def test_beyond_the_limit_what_was_used_longest_ago_goes_for_all(
    one: SharedArchive, other: SharedArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time()
    for number in range(5):
        monkeypatch.setattr(time, "time", lambda number=number: start + number)
        _put(one, hashlib.sha512(bytes([number])).digest() * 2, f"~/{number}.js.map", debug_id="")
    monkeypatch.undo()
    size = one._contents.size(one.index.digests()[0])
    assert other.sweep(start, kept_days=90, stored_limit_bytes=2 * size) == 3
    one.refresh()
    assert {found.url for found in one.of_project("shop")} == {"~/3.js.map", "~/4.js.map"}


def test_a_content_that_was_sent_a_moment_ago_waits_for_its_entry(one: SharedArchive, address: str) -> None:
    one._send(one.keep(b"its entry comes in a moment"))
    one.sweep(time.time(), kept_days=90, stored_limit_bytes=NO_LIMIT)
    assert _contents(address) == 1
    one.sweep(time.time() + YOUNG_SECONDS + 60, kept_days=90, stored_limit_bytes=NO_LIMIT)
    assert _contents(address) == 0


def test_what_exporters_had_before_they_shared_a_database_is_of_all(tmp_path: Path, address: str) -> None:
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        alone = Archive(tmp_path / name)
        made.append(_put(alone, name.encode(), f"~/{name}.js.map", debug_id=""))
        alone.close()
    archives = [_archive(tmp_path, name, address) for name in ("one", "other")]
    for archive in (*archives, *archives):
        archive.refresh()
    for archive in archives:
        assert {found.url for found in archive.of_project("shop")} == {one.url for one in made}
        assert {archive.content(found.sha1) for found in made} == {b"one", b"other"}
        archive.close()


def test_a_copy_that_is_gone_or_damaged_comes_again(one: SharedArchive, other: SharedArchive) -> None:
    made = _put(one)
    other.refresh()
    [copy] = other.directory.rglob("*.zst")
    copy.write_bytes(b"no content at all")
    assert other.content(made.sha1) == b"a map"
    copy.unlink()
    assert other.content(made.sha1) == b"a map"


def test_a_full_disk_gets_no_copies(tmp_path: Path, one: SharedArchive, address: str) -> None:
    _put(one)
    (tmp_path / "full").mkdir()
    full = SharedArchive(tmp_path / "full", address, min_free_bytes=1 << 60)
    with pytest.raises(StoreError, match="bytes left"):
        full.refresh()
    full.close()


def test_many_that_upload_at_once_lose_nothing(tmp_path: Path, address: str) -> None:
    archives = [_archive(tmp_path, f"exporter{number}", address) for number in range(4)]

    def upload(archive: SharedArchive, number: int) -> None:
        for file in range(8):
            _put(archive, b"the same in all" * (file % 3), f"~/{number}-{file}.js.map", debug_id="")

    threads = [threading.Thread(target=upload, args=(archive, number)) for number, archive in enumerate(archives)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for archive in archives:
        archive.refresh()
        assert {found.url for found in archive.of_project("shop")} == {
            f"~/{number}-{file}.js.map" for number in range(4) for file in range(8)
        }
        archive.close()


def test_while_the_database_is_away_nothing_is_taken_and_what_is_here_is_read(tmp_path: Path) -> None:
    with data_folder() as folder:
        server = Server(folder)
        server.start()
        archive = _archive(tmp_path, "one", server.address)
        made = _put(archive)
        server.stop(signal.SIGQUIT)
        with pytest.raises(StoreError):
            _put(archive, b"lost?", "~/b.js.map", debug_id="")
        assert archive.by_debug_id("shop", ID) == [made]
        assert archive.content(made.sha1) == b"a map"
        server.start()
        again = _put(archive, b"lost?", "~/b.js.map", debug_id="")
        assert archive.of_project("shop") == [again, made]
        archive.close()
        server.stop(signal.SIGQUIT)


def _digest(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def test_pieces_that_one_took_are_put_together_by_the_other(tmp_path: Path, address: str) -> None:
    one, other = (SharedChunks(tmp_path / name, 10_000, address) for name in ("one", "other"))
    parts = [b"first ", b"second"]
    digests = [_digest(part) for part in parts]
    one.keep(digests[0], parts[0])
    assert other.missing(digests) == [digests[1]]
    other.keep(digests[1], parts[1])
    other.keep(digests[1], parts[1])
    joined = one.join(digests, _digest(b"".join(parts)), 100)
    assert joined.read_bytes() == b"first second"
    with pytest.raises(TooLargeError, match="no room"):
        one.keep(_digest(b"x" * 10_000), b"x" * 10_000)
    one.release(digests)
    other.sweep(time.time())
    assert one.missing(digests) == []
    other.sweep(time.time() + 3600)
    assert one.missing(digests) == digests
    with pytest.raises(StoreError, match="has to come again"):
        one.join(digests, _digest(b"".join(parts)), 100)
    for chunks in (one, other):
        chunks.close()
