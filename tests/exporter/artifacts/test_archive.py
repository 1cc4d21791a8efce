"""The archive of uploaded files: each content once, found by debug id or address, kept while it is used."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import replace

import pytest

from errtally.errors import StoreError
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import SOURCE_MAP, Artifact, debug_id_of, url_of
from errtally.exporter.artifacts.contents import YOUNG_SECONDS
from errtally.exporter.artifacts.index import DAY_SECONDS

ID = "fae3685c-1d36-4f1c-a3d4-5a5b2a4f4f11"
NOW = 1_795_500_000.0
NO_LIMIT = 1 << 40


@pytest.fixture
def archive(tmp_path):
    made = Archive(tmp_path)
    yield made
    made.close()


def put(archive: Archive, content: bytes = b"{}", **known: object) -> Artifact:
    digest = archive.keep(content)
    one = Artifact("shop", SOURCE_MAP, digest, len(content), **{"uploaded": NOW, **known})
    archive.add([one])
    return one


def test_a_content_is_kept_once_and_read_back_by_nobody_else(archive) -> None:
    first, second = archive.keep(b"x" * 100_000), archive.keep(b"x" * 100_000)
    assert first == second
    assert archive.content(first) == b"x" * 100_000
    files = [path for path in archive.directory.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert files[0].stat().st_size < 1000
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


@pytest.mark.parametrize("digest", ["../../secret.key", "0" * 39, "", "x" * 40, "0" * 40])
def test_a_content_is_named_by_a_sha1_and_nothing_else(archive, digest) -> None:
    with pytest.raises(StoreError):
        archive.content(digest)


def test_nothing_is_made_by_looking(archive) -> None:
    assert archive.version() == 0
    assert archive.by_debug_id("shop", ID) == []
    assert archive.by_url("shop", "1", "", ["~/a.js"]) == []
    assert archive.sweep(NOW, kept_days=1, stored_limit_bytes=0) == 0
    assert archive.stored_bytes() == 0
    assert not archive.directory.exists()


def test_the_newest_upload_comes_first_and_another_project_s_never(archive) -> None:
    old = put(archive, b"old", debug_id=ID, url="~/a.js")
    new = put(archive, b"new", debug_id=ID, url="~/b.js", uploaded=NOW + 1)
    assert archive.by_debug_id("shop", ID) == [new, old]
    assert archive.by_debug_id("other", ID) == []


@pytest.mark.parametrize(
    ("kept", "asked", "is_found"),
    [
        pytest.param({"url": "~/a.js"}, ("1.0", "", "~/a.js"), True, id="by release and url"),
        pytest.param({"url": "~/a.js"}, ("1.1", "", "~/a.js"), False, id="another release"),
        pytest.param({"url": "~/a.js"}, ("1.0", "42", "~/a.js"), True, id="without dist it serves all"),
        pytest.param({"url": "~/a.js", "dist": "42"}, ("1.0", "42", "~/a.js"), True, id="its own dist"),
        pytest.param({"url": "~/a.js", "dist": "42"}, ("1.0", "43", "~/a.js"), False, id="another dist"),
        pytest.param({"url": "~/a.js", "dist": "42"}, ("1.0", "", "~/a.js"), False, id="an event without dist"),
        pytest.param({"url": "~/js/*.js"}, ("1.0", "", "~/js/a/b.js"), True, id="a star stands for anything"),
        pytest.param({"url": "~/js/*.js"}, ("1.0", "", "~/js/a.css"), False, id="the end counts"),
        pytest.param({"url": "~/*/app-*.js"}, ("1.0", "", "~/v2/app-77.js"), True, id="two stars"),
        pytest.param({"url": "~/*/app-*.js"}, ("1.0", "", "~/app-77.js"), False, id="no part is used twice"),
        pytest.param({"url": "~/a[1].js"}, ("1.0", "", "~/a1.js"), False, id="brackets are themselves"),
    ],
)
def test_a_file_is_found_by_release_distribution_and_address(archive, kept, asked, is_found) -> None:
    one = put(archive, release="1.0", **kept)
    release, dist, url = asked
    assert archive.by_url("shop", release, dist, [url]) == ([one] if is_found else [])


def test_an_address_comes_before_a_pattern_and_the_own_dist_before_none(archive) -> None:
    pattern = put(archive, release="1.0", url="~/*.js", uploaded=NOW + 9)
    anyone = put(archive, release="1.0", url="~/a.js", uploaded=NOW + 5)
    own = put(archive, release="1.0", url="~/a.js", dist="42")
    assert archive.by_url("shop", "1.0", "42", ["~/a.js"]) == [own, anyone, pattern]


def test_many_stars_take_no_time(archive) -> None:
    one = put(archive, release="1.0", url="~/" + "*a" * 400 + "b")
    assert archive.by_url("shop", "1.0", "", ["~/" + "a" * 4000]) == []
    assert archive.by_url("shop", "1.0", "", ["~/" + "a" * 4000 + "b"]) == [one]


def test_the_same_place_again_replaces(archive) -> None:
    before = archive.version()
    put(archive, b"first", debug_id=ID, url="~/a.js")
    between = archive.version()
    second = put(archive, b"second", debug_id=ID, url="~/a.js")
    assert archive.by_debug_id("shop", ID) == [second]
    assert before != between != archive.version()


def test_the_version_is_another_one_the_next_day_so_that_use_is_seen(archive, monkeypatch) -> None:
    put(archive, debug_id=ID)
    before = archive.version()
    assert before == archive.version()
    moment = time.time()
    monkeypatch.setattr("errtally.exporter.artifacts.index.time.time", lambda: moment + DAY_SECONDS)
    assert archive.version() not in (0, before)


def test_what_events_are_read_by_stays_and_the_rest_goes(archive, monkeypatch) -> None:
    used = put(archive, b"used", debug_id=ID)
    idle = put(archive, b"idle", url="~/idle.js", release="1.0")
    start = time.time()
    monkeypatch.setattr("errtally.exporter.artifacts.index.time.time", lambda: start + 80 * DAY_SECONDS)
    assert archive.by_debug_id("shop", ID) == [used]
    later = start + 100 * DAY_SECONDS
    assert archive.sweep(later, kept_days=90, stored_limit_bytes=NO_LIMIT) == 1
    assert archive.of_release("shop", "1.0") == []
    assert archive.content(used.sha1) == b"used"
    with pytest.raises(StoreError):
        archive.content(idle.sha1)


def test_beyond_its_size_what_was_used_longest_ago_goes(archive, monkeypatch) -> None:
    start = time.time()
    for day in range(10):
        monkeypatch.setattr("errtally.exporter.artifacts.index.time.time", lambda day=day: start + day * DAY_SECONDS)
        put(archive, os.urandom(10_000), url=f"~/{day}.js", release="1.0")
    archive.sweep(start + 10 * DAY_SECONDS, kept_days=90, stored_limit_bytes=35_000)
    assert {one.url for one in archive.of_release("shop", "1.0")} == {"~/7.js", "~/8.js", "~/9.js"}
    assert 30_000 < archive.stored_bytes() < 35_000


def test_what_was_only_just_kept_is_not_swept(archive) -> None:
    digest = archive.keep(b"its entry comes in a moment")
    now = time.time()
    archive.sweep(now, kept_days=90, stored_limit_bytes=NO_LIMIT)
    assert archive.content(digest)
    archive.sweep(now + YOUNG_SECONDS + 60, kept_days=90, stored_limit_bytes=NO_LIMIT)
    with pytest.raises(StoreError):
        archive.content(digest)


def test_files_go_with_their_release_and_an_upload_that_comes_again_is_asked_for(archive) -> None:
    put(archive, release="1.0", url="~/a.js")
    kept = put(archive, release="1.1", url="~/a.js")
    archive.index.note_assembled("shop", "0" * 40, "1.0", "")
    assert archive.index.is_assembled("shop", "0" * 40, "1.0", "")
    assert archive.remove_release("shop", "1.0") == 1
    assert archive.of_project("shop") == [kept]
    assert not archive.index.is_assembled("shop", "0" * 40, "1.0", "")


def test_two_archives_of_one_folder_see_the_same(archive, tmp_path) -> None:
    other = Archive(tmp_path)
    one = put(archive, debug_id=ID)
    assert other.by_debug_id("shop", ID) == [one]
    changed = replace(one, map_url="a.js.map")
    other.add([changed])
    assert archive.by_debug_id("shop", ID) == [changed]
    other.close()
    assert other.by_debug_id("shop", ID) == [changed]
    other.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ID, ID),
        (ID.upper(), ID),
        (ID.replace("-", ""), ID),
        (f" {ID} ", ID),
        ("", ""),
        ("fae3685c", ""),
        (None, ""),
        (7, ""),
        (ID + "0", ""),
    ],
)
def test_a_debug_id_has_one_form(text, expected) -> None:
    assert debug_id_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~/js/a.js", "~/js/a.js"),
        ("https://cdn.example/js/a.js?v=1#top", "~/js/a.js"),
        ("//cdn.example/js/a.js", "~/js/a.js"),
        ("http*://*.example/js/*.js", "~/js/*.js"),
        ("https://*example.com/js/*.js", "~/js/*.js"),
        ("app:///index.android.bundle", "~/index.android.bundle"),
        ("https://cdn.example", "~/"),
        ("/srv/shop/dist/a.js", "/srv/shop/dist/a.js"),
        ("dist/a.js", "dist/a.js"),
        ("~/a.js?x=1", "~/a.js"),
        ("http://[::1/a.js", "~/a.js"),
    ],
)
def test_an_address_has_a_tilde_for_scheme_and_host(text, expected) -> None:
    assert url_of(text) == expected
