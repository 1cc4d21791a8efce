"""Uploads that are refused: hostile bundles, broken forms, wrong tokens."""

from __future__ import annotations

import gzip
import os
import struct
import zipfile

import pytest
from tests.exporter.inprocess import InProcess, environ
from tests.exporter.web.sentry_api.uploads.uploading import (
    GOOD,
    MAIN,
    MAP,
    ORGANIZATION,
    PROJECT,
    ask,
    assemble,
    form,
    kept,
    manifest,
    send,
    sum_of,
    zipped,
)

from errtally.exporter.artifact_settings import ArtifactSettings
from errtally.exporter.config import ExporterConfig
from errtally.exporter.store.tokens import TokenStore


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


HOSTILE = [
    pytest.param(b"", "no chunk at all", id="nothing"),
    pytest.param(b"garbage" * 100, "not a ZIP archive", id="no archive"),
    pytest.param(GOOD[: len(GOOD) // 2], "not a ZIP archive", id="cut"),
    pytest.param(GOOD[:-30], "not a ZIP archive", id="cut at its end"),
    pytest.param(flipped(GOOD, 90), "can't be unpacked", id="a byte that is another one"),
    pytest.param(zipped(("a.js", b"x")), "has no manifest.json", id="no manifest"),
    pytest.param(zipped(("manifest.json", b"[]")), "has to be an object", id="a manifest that is a list"),
    pytest.param(zipped(("manifest.json", b"{")), "not JSON", id="a manifest that is no JSON"),
    pytest.param(zipped(("manifest.json", b"[" * 90_000)), "not JSON", id="a manifest nested deeply"),
    pytest.param(zipped(("manifest.json", b"\xff\xfe")), "not JSON", id="a manifest of other bytes"),
    pytest.param(zipped(("manifest.json", b'{"files": {"a": 7}}')), "has to be an object", id="an entry that is none"),
    pytest.param(zipped(("manifest.json", b"{}")), "has to be an object", id="no files"),
    pytest.param(zipped(("manifest.json", b'{"files": {}}')), "holds no scripts", id="an empty one"),
    pytest.param(zipped(manifest("a")), "names 'a', which is not there", id="a file that is not there"),
    pytest.param(zipped(("../../evil.js", b"x"), manifest("../../evil.js")), "leads out", id="up"),
    pytest.param(zipped(("a/../../evil.js", b"x"), manifest()), "leads out", id="up from within"),
    pytest.param(zipped(("..\\evil.js", b"x"), manifest()), "leads out", id="up, of Windows"),
    pytest.param(zipped(("/etc/cron.d/evil", b"x"), manifest()), "leads out", id="absolute"),
    pytest.param(zipped(("C:\\evil.js", b"x"), manifest()), "leads out", id="absolute, of Windows"),
    pytest.param(zipped(("a", b"x" * 100_001), manifest("a")), "the limit is 100000", id="too large a file"),
    pytest.param(
        zipped(*((f"{n}", b"x" * 90_000) for n in range(3)), manifest()), "the limit is 200000", id="too much in all"
    ),
    pytest.param(zipped(*((f"{n}", b"x") for n in range(30)), manifest()), "the limit is 20", id="too many files"),
    pytest.param(zipped(("a", b"x"), manifest("a"), method=zipfile.ZIP_BZIP2), "nor deflated", id="bzip2"),
    pytest.param(zipped(("a", b"x"), manifest("a"), method=zipfile.ZIP_LZMA), "nor deflated", id="lzma"),
    pytest.param(zipped(("a", MAP), manifest("a")), "nothing could find them", id="neither debug id nor release"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "reason"), HOSTILE)
def test_hostile_bundles_are_refused_with_the_reason_and_leave_nothing(exporter, tmp_path, content, reason) -> None:
    before = {path for path in tmp_path.rglob("*") if "artifacts" not in path.parts}
    if not content:
        asked = {"checksum": sum_of(b""), "chunks": [], "projects": ["shop"]}
        assert ask(exporter, "POST", f"{ORGANIZATION}/artifactbundle/assemble/", asked).status == 400
        return
    told = assemble(exporter, content)
    assert told["state"] == "error"
    assert reason in told["detail"]
    assert kept(exporter) == []
    assert {path for path in tmp_path.rglob("*") if "artifacts" not in path.parts} == before
    tallies = exporter.tally.take()
    [refused] = [amount for name, _, amount in tallies.counters if name == "errtally_artifact_uploads_refused_total"]
    assert refused == 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(exporter) -> None:
    told = assemble(exporter, zipped(("a", b"x"), ("a", b"y"), manifest("a")))
    assert "two files are called 'a'" in told["detail"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path) -> None:
    settings = ArtifactSettings(file_bytes=1 << 40, bundle_bytes=1 << 40)
    made = InProcess(tmp_path, ExporterConfig(data_dir=tmp_path, web_token=MAIN, artifacts=settings))
    told = assemble(made, zipped(("a", b"\0" * 90_000_000), manifest("a")))
    assert "bytes that unpack to 90" in told["detail"]
    assert made.uploads.archive.stored_bytes() == 0
    made.close()


def test_an_archive_that_lies_about_a_size_gives_no_more_than_it_says(exporter) -> None:
    content = bytearray(zipped(("a", MAP + b" " * 5000), manifest("a")))
    place = content.find(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 10)
    told = assemble(exporter, bytes(content), version="1")
    assert told["state"] == "error"
    assert "can't be unpacked" in told["detail"]


def test_a_checksum_that_does_not_fit_is_an_error_that_says_so(exporter) -> None:
    told = assemble(exporter, GOOD, checksum="0" * 40, version="1")
    assert told["state"] == "error"
    assert "checksum mismatch" in told["detail"]
    assert assemble(exporter, GOOD, version="1")["state"] == "ok"


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        pytest.param([("file", "0" * 40, b"x")], 400, id="another sum"),
        pytest.param([("file", "../../secret.key", b"x")], 400, id="a path"),
        pytest.param([("file", "", b"x")], 400, id="no name"),
        pytest.param([("file_gzip", sum_of(b"x"), b"no gzip")], 400, id="no gzip"),
        pytest.param([("file_gzip", sum_of(b"x"), gzip.compress(b"x")[:-4])], 400, id="cut gzip"),
        pytest.param([("file_gzip", sum_of(b"\0" * (1 << 24)), gzip.compress(b"\0" * (1 << 24)))], 413, id="a bomb"),
        pytest.param([("file", sum_of(b"x" * 8_388_609), b"x" * 8_388_609)], 413, id="too large"),
        pytest.param([("other", "x", b"x")], 400, id="another field"),
        pytest.param([], 400, id="an empty form"),
        pytest.param([("file", sum_of(b"%d" % n), b"%d" % n) for n in range(65)], 413, id="too many"),
        pytest.param([("file", sum_of(b"x").upper(), b"x")], 200, id="a sum in capitals"),
        pytest.param([("file", sum_of(b""), b"")], 200, id="an empty chunk"),
    ],
)
def test_chunks_are_what_they_are_called(exporter, parts, status) -> None:
    answer = send(exporter, f"{ORGANIZATION}/chunk-upload/", *parts)
    assert answer.status == status, answer.body
    assert exporter.uploads.chunks.missing(["0" * 40]) == ["0" * 40]


@pytest.mark.filterwarnings("ignore:Exception ignored")  # werkzeug leaves the file of a cut form open
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ncut', id="cut"),
        pytest.param(b"", id="empty"),
        pytest.param(os.urandom(5000), id="noise"),
        pytest.param(b"--xyz\r\n" * 5000, id="only marks"),
        pytest.param(form(*((f"f{n}", None, b"x") for n in range(2000)))[0], id="too many fields"),
    ],
)  # fmt: skip
def test_broken_forms_are_refused(exporter, body) -> None:
    for path in (f"{ORGANIZATION}/chunk-upload/", f"{PROJECT}/files/dsyms/", f"{PROJECT}/releases/1/files/"):
        for content_type in ("multipart/form-data; boundary=xyz", "multipart/form-data", "text/plain", ""):
            made = environ(path, body, {"Authorization": f"Bearer {MAIN}"}) | {"CONTENT_TYPE": content_type}
            answer = exporter.call(made)
            assert 400 <= answer.status < 500
            assert list(answer.json()) == ["detail"]
    assert kept(exporter) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        7,
        None,
        {"checksum": "x", "chunks": ["y"], "projects": ["shop"]},
        {"checksum": "0" * 40, "chunks": "0" * 40, "projects": ["shop"]},
        {"checksum": "0" * 40, "chunks": [7], "projects": ["shop"]},
        {"checksum": "0" * 40, "chunks": [], "projects": ["shop"]},
        {"checksum": ["0" * 40], "chunks": ["0" * 40], "projects": ["shop"]},
        {"checksum": "0" * 40, "chunks": ["../../etc/passwd"], "projects": ["shop"]},
        {"checksum": "0" * 40, "chunks": ["0" * 40], "projects": []},
        {"checksum": "0" * 40, "chunks": ["0" * 40], "projects": "shop"},
        {"checksum": "0" * 40, "chunks": ["0" * 40], "projects": ["nowhere"]},
        {"checksum": "0" * 40, "chunks": ["0" * 40], "projects": ["shop"], "version": 7},
        {"checksum": "0" * 40, "chunks": ["0" * 40], "projects": ["shop"], "version": "x" * 5000},
        {"checksum": "0" * 40, "chunks": ["0" * 40], "projects": ["shop"], "dist": {"a": 1}},
        {"checksum": "0" * 40, "chunks": ["0" * 40] * 10_001, "projects": ["shop"]},
        b"{" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe\x00",
    ],
)
def test_wrong_orders_are_refused_in_the_form_that_clients_read(exporter, body) -> None:
    for path in (
        f"{ORGANIZATION}/artifactbundle/assemble/",
        f"{ORGANIZATION}/releases/shop@1/assemble/",
        f"{PROJECT}/files/difs/assemble/",
        f"{PROJECT}/files/proguard-artifact-releases/",
    ):
        answer = ask(exporter, "POST", path, body)
        assert 400 <= answer.status < 500 or answer.json() == {}, path
    assert kept(exporter) == []


def test_a_project_that_is_not_known_is_a_400_that_names_those_that_are(exporter) -> None:
    asked = {"checksum": "0" * 40, "chunks": ["0" * 40], "projects": ["nowhere"]}
    told = ask(exporter, "POST", f"{ORGANIZATION}/artifactbundle/assemble/", asked)
    assert told.status == 400
    assert "'nowhere' is none of back-office, shop" in told.json()["detail"]
    assert ask(exporter, "POST", "/api/0/projects/acme/nowhere/files/difs/assemble/", {}).status == 400


WRITES = [
    ("POST", f"{ORGANIZATION}/chunk-upload/"),
    ("POST", f"{ORGANIZATION}/artifactbundle/assemble/"),
    ("POST", f"{ORGANIZATION}/releases/1/assemble/"),
    ("POST", f"{ORGANIZATION}/releases/1/files/"),
    ("POST", f"{PROJECT}/releases/1/files/"),
    ("POST", f"{PROJECT}/files/difs/assemble/"),
    ("POST", f"{PROJECT}/files/dsyms/"),
    ("POST", f"{PROJECT}/files/proguard-artifact-releases/"),
    ("DELETE", f"{PROJECT}/files/source-maps/"),
    ("DELETE", f"{PROJECT}/files/dsyms/"),
    ("DELETE", f"{PROJECT}/releases/1/files/x/"),
    ("DELETE", f"{ORGANIZATION}/releases/1/files/x/"),
]


READS = [
    ("GET", f"{ORGANIZATION}/chunk-upload/"),
    ("GET", f"{ORGANIZATION}/releases/1/files/"),
    ("GET", f"{PROJECT}/releases/1/files/"),
    ("GET", f"{PROJECT}/releases/1/files/x/"),
    ("GET", f"{PROJECT}/files/difs/"),
    ("GET", f"{PROJECT}/files/dsyms/unknown/"),
    ("GET", f"{PROJECT}/files/proguard-artifact-releases/"),
]


@pytest.mark.parametrize(
    ("scope", "reads", "writes"),
    [("read", True, False), ("write", True, True), ("ingest-artifacts", True, True), ("admin", True, True)],
)
def test_tokens_may_what_their_scopes_say(exporter, tmp_path, scope, reads, writes) -> None:
    token = TokenStore(tmp_path).create("ci", (scope,), "ann", 1.0)
    for requests, is_allowed in ((READS, reads), (WRITES, writes)):
        for method, path in requests:
            status = ask(exporter, method, path, {}, token).status
            assert (status != 403) == is_allowed, path
            assert status != 401


@pytest.mark.parametrize(("method", "path"), [*READS, *WRITES])
def test_without_a_right_token_nothing_goes(exporter, method, path) -> None:
    assert ask(exporter, method, path, {}, "another-token").status == 401
    made = environ(path, b"{}", method=method) | {"CONTENT_TYPE": "application/json"}
    assert exporter.call(made).status == 401


def test_a_form_of_another_site_s_page_is_refused_where_no_login_is(tmp_path) -> None:
    made = InProcess(tmp_path)
    body, content_type = form(("file", sum_of(b"x"), b"x"))
    for path in (f"{ORGANIZATION}/chunk-upload/", f"{PROJECT}/files/dsyms/", f"{PROJECT}/releases/1/files/"):
        assert made.call(environ(path, body) | {"CONTENT_TYPE": content_type}).status == 403
    made.close()
