"""Uploads in pieces and as files: what Sentry's clients send is kept and found, what is hostile is refused and why."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import struct
import time
import zipfile
from hashlib import sha1

import pytest
from tests.exporter.inprocess import InProcess, environ

from errtally.exporter.artifact_settings import ArtifactSettings
from errtally.exporter.artifacts.chunks import SPARED_SECONDS
from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.journal.records import encoder
from errtally.exporter.store.tokens import TokenStore

MAIN = "a-token-of-24-characters"
ORGANIZATION = "/api/0/organizations/acme"
PROJECT = "/api/0/projects/acme/shop"
ID = "fae3685c-1d36-4f1c-a3d4-5a5b2a4f4f11"
MAP = json.dumps({"version": 3, "sources": ["cart.ts"], "names": [], "mappings": "AAAA"}).encode()
SCRIPT = b"f();\n//# sourceMappingURL=app.js.map\n"
SETTINGS = ArtifactSettings(file_bytes=100_000, bundle_bytes=200_000, bundle_files=20)
MAPPING = b"shop.Cart -> a.b:\n    1:1:void total():7:7 -> c\n"


@pytest.fixture
def exporter(tmp_path):
    projects = (Project("shop", "1", frozenset({"k" * 32})), Project("back office", "2", frozenset({"b" * 32})))
    config = ExporterConfig(data_dir=tmp_path, web_token=MAIN, projects=projects, artifacts=SETTINGS)
    made = InProcess(tmp_path, config)
    yield made
    made.close()


def ask(exporter, method: str, path: str, body: object = None, token: str = MAIN):
    path, _, query = path.partition("?")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    made = environ(path, raw, {"Authorization": f"Bearer {token}"}, method=method, query=query)
    answer = exporter.call(made | {"CONTENT_TYPE": "application/json"})
    assert answer.status < 500, answer.body
    assert answer.headers["Content-Type"].partition(";")[0] in {"application/json", "application/octet-stream"}
    if answer.status >= 400:
        assert list(answer.json()) == ["detail"]
        assert isinstance(answer.json()["detail"], str)
    return answer


def form(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, str]:
    """Build a form of parts: name, file name, content."""
    body = b""
    for name, file, content in parts:
        file_name = f'; filename="{file}"' if file is not None else ""
        body += (
            f'--xyz\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'.encode() + content + b"\r\n"
        )
    return body + b"--xyz--\r\n", "multipart/form-data; boundary=xyz"


def send(exporter, path: str, *parts: tuple[str, str | None, bytes], token: str = MAIN):
    body, content_type = form(*parts)
    made = environ(path, body, {"Authorization": f"Bearer {token}"}) | {"CONTENT_TYPE": content_type}
    answer = exporter.call(made)
    assert answer.status < 500, answer.body
    return answer


def sum_of(content: bytes) -> str:
    return sha1(content).hexdigest()


def chunk(exporter, content: bytes, *, name: str | None = None, packed: bool = False):
    sent = gzip.compress(content) if packed else content
    part = ("file_gzip" if packed else "file", name if name is not None else sum_of(content), sent)
    return send(exporter, f"{ORGANIZATION}/chunk-upload/", part)


def bundle(files: dict[str, tuple[str, str, bytes, dict[str, str]]], **manifest: object) -> bytes:
    """Build a bundle of files: path to kind, address, content, headers."""
    packed = io.BytesIO()
    packed.write(b"SYSB" + struct.pack("<I", 2))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entries = {
            path: {"type": kind, "url": url, "headers": headers} for path, (kind, url, _, headers) in files.items()
        }
        for path, (_, _, content, _) in files.items():
            archive.writestr(path, content)
        archive.writestr("manifest.json", json.dumps({"files": entries, **manifest}))
    return packed.getvalue()


def shop_bundle(**headers: str) -> bytes:
    return bundle(
        {
            "files/_/_/app.js": ("minified_source", "~/app.js", SCRIPT, {"sourcemap": "app.js.map", **headers}),
            "files/_/_/app.js.map": ("source_map", "~/app.js.map", MAP, headers),
        }
    )


def assemble(exporter, content: bytes, *, size: int = 1 << 23, checksum: str = "", **more: object) -> dict:
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    for piece in pieces:
        assert chunk(exporter, piece, packed=True).status == 200
    asked = {"checksum": checksum or sum_of(content), "chunks": [*map(sum_of, pieces)], "projects": ["shop"], **more}
    return ask(exporter, "POST", f"{ORGANIZATION}/artifactbundle/assemble/", asked).json()


def with_id(key: str) -> bytes:
    """A map that says its debug id under a key."""
    return MAP[:-1] + f', "{key}": "{ID}"}}'.encode()


def kept(exporter) -> list[tuple[str, str, str, str, str]]:
    found = [one for name in ("shop", "back office") for one in exporter.uploads.archive.of_project(name)]
    return [(one.project, one.kind, one.debug_id, one.release, one.url) for one in found]


def test_the_options_are_those_that_clients_read(exporter) -> None:
    told = ask(exporter, "GET", f"{ORGANIZATION}/chunk-upload/").json()
    assert told["url"].endswith(f":9765{ORGANIZATION}/chunk-upload/")
    assert told["hashAlgorithm"] == "sha1"
    assert told["chunkSize"] & told["chunkSize"] - 1 == 0  # older clients insist on a power of two
    assert {"artifact_bundles", "artifact_bundles_v2", "debug_files"} <= set(told["accept"])
    assert told["maxRequestSize"] >= 2 * told["chunkSize"]


def test_the_address_of_chunks_is_the_one_that_the_client_reached(exporter) -> None:
    made = environ(f"{ORGANIZATION}/chunk-upload/", method="GET", headers={"Authorization": f"Bearer {MAIN}"})
    told = exporter.call(made | {"HTTP_HOST": "localhost:8080"}).json()
    assert told["url"].startswith("http://localhost:8080/api/0/")


def test_a_bundle_is_asked_for_sent_in_pieces_put_together_and_not_asked_for_again(exporter) -> None:
    content = shop_bundle(**{"debug-id": ID})
    pieces = [content[at : at + 200] for at in range(0, len(content), 200)]
    asked = {"checksum": sum_of(content), "chunks": [*map(sum_of, pieces)], "projects": ["shop"], "version": "shop@1"}
    path = f"{ORGANIZATION}/artifactbundle/assemble/"
    told = ask(exporter, "POST", path, asked).json()
    assert told == {"state": "not_found", "missingChunks": asked["chunks"], "detail": None}
    assert chunk(exporter, pieces[0]).status == 200
    assert ask(exporter, "POST", path, asked).json()["missingChunks"] == asked["chunks"][1:]
    for number, piece in enumerate(pieces):
        assert chunk(exporter, piece, packed=number % 2 == 0).status == 200
    done = {"state": "ok", "missingChunks": [], "detail": None}
    assert ask(exporter, "POST", path, asked).json() == done
    assert ask(exporter, "POST", path, asked).json() == done
    assert sorted(kept(exporter)) == [
        ("shop", "minified_source", ID, "shop@1", "~/app.js"),
        ("shop", "source_map", ID, "shop@1", "~/app.js.map"),
    ]
    exporter.uploads.sweep(time.time() + SPARED_SECONDS + 60)
    assert not list((exporter.uploads.archive.directory / "chunks").iterdir())
    exporter.uploads.archive.remove_release("shop", "shop@1")
    assert ask(exporter, "POST", path, asked).json()["state"] == "not_found"


def test_the_same_bundle_for_two_releases_at_once_is_sent_once(exporter) -> None:
    assert assemble(exporter, GOOD, version="1")["state"] == "ok"
    asked = {"checksum": sum_of(GOOD), "chunks": [sum_of(GOOD)], "projects": ["shop"], "version": "2"}
    assert ask(exporter, "POST", f"{ORGANIZATION}/artifactbundle/assemble/", asked).json()["state"] == "ok"
    assert {release for _, _, _, release, _ in kept(exporter)} == {"1", "2"}


def test_a_bundle_serves_all_projects_that_it_names(exporter) -> None:
    told = assemble(exporter, shop_bundle(**{"debug-id": ID}), projects=["shop", "2"])
    assert told["state"] == "ok"
    assert {project for project, *_ in kept(exporter)} == {"shop", "back office"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param(
            {"a": ("minified_source", "~/app.js", SCRIPT + f"//# debugId={ID}\n".encode(), {})}, {ID}, id="a comment"
        ),
        pytest.param({"a": ("source_map", "~/a.map", with_id("debugId"), {})}, {ID}, id="debugId"),
        pytest.param({"a": ("source_map", "~/a.map", with_id("debug_id"), {})}, {ID}, id="debug_id"),
        pytest.param({"a": ("source_map", "~/a.map", MAP, {"Debug-Id": ID.upper()})}, {ID}, id="a header in any case"),
        pytest.param(
            {
                "a": ("minified_source", "~/app.js", SCRIPT, {"Debug-ID": ID}),
                "b": ("source_map", "~/app.js.map", MAP, {}),
            },
            {ID},
            id="a map has that of the script that names it",
        ),
        pytest.param(
            {
                "a": (
                    "minified_source", "https://cdn.example/s/app.js?v=1", SCRIPT,
                    {"debug-id": ID, "Sourcemap": "../m/a.map"},
                ),
                "b": ("source_map", "~/m/a.map", MAP, {}),
            },
            {ID},
            id="by a relative address",
        ),
    ],
)  # fmt: skip
def test_debug_ids_are_read_from_wherever_they_stand(exporter, files, found) -> None:
    assert assemble(exporter, bundle(files))["state"] == "ok"
    assert {debug_id for _, _, debug_id, _, _ in kept(exporter)} == found


def test_a_map_that_is_in_its_script_is_taken_from_it(exporter) -> None:
    inline = b"f();\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,"
    inline += base64.b64encode(MAP)
    assert assemble(exporter, bundle({"a": ("minified_source", "~/a.js", inline, {})}), version="1")["state"] == "ok"
    [script] = exporter.uploads.archive.by_url("shop", "1", "", ["~/a.js"])
    [found] = exporter.uploads.archive.by_url("shop", "1", "", [f"~/{script.map_url}"])
    assert exporter.uploads.archive.content(found.sha1) == MAP


def test_release_and_dist_of_the_manifest_count_where_the_request_has_none(exporter) -> None:
    content = bundle({"a": ("source_map", "~/a.map", MAP, {})}, release="com.shop@1+7", dist="7")
    assert assemble(exporter, content)["state"] == "ok"
    [one] = exporter.uploads.archive.of_project("shop")
    assert (one.release, one.dist) == ("com.shop@1+7", "7")


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def manifest(*paths: str) -> tuple[str, bytes]:
    return "manifest.json", json.dumps(
        {"files": {path: {"type": "source_map", "url": path} for path in paths}}
    ).encode()


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


GOOD = shop_bundle()
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


def test_debug_files_are_told_of_each_with_its_own_state(exporter) -> None:
    bad, missing = b"no debug file at all", b"not sent"
    for content in (MAPPING, bad):
        chunk(exporter, content)
    asked = {
        sum_of(MAPPING): {"name": f"/proguard/{ID}.txt", "chunks": [sum_of(MAPPING)]},
        sum_of(bad): {"name": "libshop.so", "debug_id": ID, "chunks": [sum_of(bad)]},
        sum_of(missing): {"name": "x.so", "chunks": [sum_of(missing)]},
    }
    told = ask(exporter, "POST", f"{PROJECT}/files/difs/assemble/", asked).json()
    assert {digest: one["state"] for digest, one in told.items()} == {
        sum_of(MAPPING): "ok", sum_of(bad): "error", sum_of(missing): "not_found",
    }  # fmt: skip
    assert told[sum_of(MAPPING)]["dif"]["uuid"] == ID
    assert "type" not in told[sum_of(MAPPING)]["dif"]["data"]  # clients know the kinds of native files alone
    assert told[sum_of(bad)]["detail"]
    assert kept(exporter) == [("shop", "proguard", ID, "", f"{ID}.txt")]
    [listed] = ask(exporter, "GET", f"{PROJECT}/files/difs/").json()
    assert listed["uuid"] == ID
    unknown = ask(exporter, "GET", f"{PROJECT}/files/dsyms/unknown/?checksums={sum_of(MAPPING)}&checksums={'0' * 40}")
    assert unknown.json() == {"missing": ["0" * 40]}


def test_the_same_mapping_under_another_uuid_is_another_one(exporter) -> None:
    other = "11111111-2222-5333-8444-555555555555"
    for name in (ID, other):
        chunk(exporter, MAPPING)
        asked = {sum_of(MAPPING): {"name": f"/proguard/{name}.txt", "chunks": [sum_of(MAPPING)]}}
        assert ask(exporter, "POST", f"{PROJECT}/files/difs/assemble/", asked).json()[sum_of(MAPPING)]["state"] == "ok"
    assert {debug_id for _, _, debug_id, _, _ in kept(exporter)} == {ID, other}


def test_a_mapping_goes_with_the_release_that_it_was_told_to_belong_to(exporter) -> None:
    send(exporter, f"{PROJECT}/files/dsyms/", ("file", "a.zip", zipped((f"proguard/{ID}.txt", MAPPING))))
    path = f"{PROJECT}/files/proguard-artifact-releases/"
    told = ask(exporter, "POST", path, {"proguard_uuid": ID.upper(), "release_name": "shop@1"})
    assert told.status == 201
    assert ask(exporter, "GET", f"{path}?proguard_uuid={ID}").json() == {"releases": ["shop@1"]}
    assert ask(exporter, "POST", path, {"proguard_uuid": "1" * 32, "release_name": "shop@1"}).status == 400


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(zipped((f"proguard/{ID}.txt", MAPPING)), 201, id="a mapping"),
        pytest.param(MAPPING, 201, id="a mapping that is not packed"),
        pytest.param(zipped(("proguard/../../evil.txt", MAPPING)), 400, id="up"),
        pytest.param(zipped(("proguard/x.txt", MAPPING)), 400, id="no UUID"),
        pytest.param(zipped((f"proguard/{ID}.txt", b"\0\1\2")), 400, id="no mapping"),
        pytest.param(zipped(("a", b"x" * 100_001)), 413, id="too large"),
        pytest.param(zipped((f"proguard/{ID}.txt", MAPPING))[:-20], 400, id="cut"),
        pytest.param(b"PK\x03\x04" + os.urandom(300), 400, id="noise that begins like an archive"),
        pytest.param(b"\x7fELF" + os.urandom(300), 400, id="noise that begins like a program"),
        pytest.param(b"MODULE Linux x86_64 nonsense", 400, id="noise that begins like Breakpad"),
        pytest.param(b"", 400, id="nothing"),
    ],
)
def test_archives_of_debug_files(exporter, content, status) -> None:
    answer = send(exporter, f"{PROJECT}/files/dsyms/", ("file", "symbols.zip", content))
    assert answer.status == status, answer.body
    if status == 201:
        [told] = answer.json()
        assert told["sha1"] == sum_of(MAPPING)
        assert {"id", "uuid", "debugId", "objectName", "cpuName", "symbolType", "data"} <= set(told)
    else:
        assert list(answer.json()) == ["detail"]
        assert kept(exporter) == []


def test_release_files_one_by_one(exporter) -> None:
    path = f"{PROJECT}/releases/shop%401/files/".replace("%40", "@")
    parts = (("file", "app.js", SCRIPT), ("name", None, b"~/js/app.js"), ("dist", None, b"7"),
             ("header", None, b"Sourcemap:app.js.map"))  # fmt: skip
    told = send(exporter, path, *parts)
    assert told.status == 201
    assert send(exporter, path, *parts).status == 409
    assert send(exporter, path, ("file", "a.map", MAP), ("name", None, b"~/js/app.js.map")).status == 201
    assert send(exporter, path, ("file", "app.js", SCRIPT + b"1"), *parts[1:]).status == 201
    listed = ask(exporter, "GET", path).json()
    assert {(one["name"], one["dist"]) for one in listed} == {("~/js/app.js", "7"), ("~/js/app.js.map", None)}
    [script] = [one for one in listed if one["dist"]]
    assert script["headers"]["Sourcemap"] == "app.js.map"
    one = ask(exporter, "GET", f"{path}{script['id']}/")
    assert one.json() == script
    assert ask(exporter, "GET", f"{path}{script['id']}/?download=1").body == SCRIPT + b"1"
    assert ask(exporter, "DELETE", f"{path}{script['id']}/").status == 204
    assert ask(exporter, "GET", f"{path}{script['id']}/").status == 404
    assert ask(exporter, "DELETE", f"{PROJECT}/files/source-maps/?name=shop@1").status == 204
    assert ask(exporter, "GET", path).json() == []


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([("file", "a.js", b"x" * 100_001)], id="too large"),
        pytest.param([("name", None, b"~/a.js")], id="no file"),
        pytest.param([("file", "a.js", b"x"), ("name", None, b"x" * 3000)], id="a name too long"),
        pytest.param([("file", "a.js", b"x"), ("dist", None, b"x" * 3000)], id="a dist too long"),
    ],
)
def test_release_files_that_can_t_be(exporter, parts) -> None:
    answer = send(exporter, f"{PROJECT}/releases/1/files/", *parts)
    assert answer.status in {400, 413, 422}
    assert list(answer.json()) == ["detail"]
    assert kept(exporter) == []


def test_a_release_that_is_deleted_takes_its_files_along(exporter) -> None:
    with exporter.folding():
        ask(exporter, "POST", f"{ORGANIZATION}/releases/", {"version": "shop@1", "projects": ["shop"]})
        assert assemble(exporter, GOOD, version="shop@1")["state"] == "ok"
        assert len(kept(exporter)) == 2
        assert ask(exporter, "DELETE", f"{ORGANIZATION}/releases/shop@1/").status == 204
    assert kept(exporter) == []


def test_an_older_client_s_bundle_is_for_the_projects_that_were_told_of_the_release(exporter) -> None:
    with exporter.folding():
        ask(exporter, "POST", f"{PROJECT}/releases/", {"version": "1"})
        chunk(exporter, GOOD)
        asked = {"checksum": sum_of(GOOD), "chunks": [sum_of(GOOD)]}
        told = ask(exporter, "POST", f"{ORGANIZATION}/releases/1/assemble/", asked).json()
    assert told["state"] == "ok"
    assert {(project, release) for project, _, _, release, _ in kept(exporter)} == {("shop", "1")}


def test_without_room_on_the_disk_uploads_are_refused(exporter, monkeypatch) -> None:
    monkeypatch.setattr(exporter.uploads, "_min_free_bytes", 1 << 62)
    answer = chunk(exporter, b"x")
    assert answer.status == 413
    assert "no room" in answer.json()["detail"]


def test_a_slow_upload_is_told_to_be_on_its_way_and_is_done_when_asked_again(exporter) -> None:
    exporter.uploads.assembler.wait_seconds = 0.0
    told = assemble(exporter, GOOD, version="1")
    assert told["state"] in {"assembling", "ok"}
    exporter.uploads.assembler.wait_seconds = 60.0
    assert assemble(exporter, GOOD, version="1")["state"] == "ok"
    assert len(kept(exporter)) == 2


def test_uploads_are_counted_by_kind_and_what_they_take_is_shown(exporter) -> None:
    assemble(exporter, GOOD, version="1")
    exporter.appender.append(encoder.encode(exporter.tally.take()), 0, 1.0)
    exporter.fold()
    made = environ("/metrics", method="GET", headers={"Authorization": f"Bearer {MAIN}"})
    text = exporter.call(made).body.decode()
    assert 'errtally_artifacts_uploaded_total{kind="source_map"} 1' in text
    assert 'errtally_artifacts_uploaded_total{kind="minified_source"} 1' in text
    [stored] = [line for line in text.splitlines() if line.startswith("errtally_artifacts_stored_bytes ")]
    assert float(stored.split()[1]) > 100


def test_an_event_is_told_as_it_was_sent_and_as_it_is_read(exporter) -> None:
    pytest.importorskip("symbolic")
    frame = {"filename": "https://cdn.example/js/app.js", "function": "f", "lineno": 1, "colno": 1, "in_app": True}
    event = {
        "event_id": "ab" * 16, "platform": "javascript", "release": "shop@1",
        "exception": {"values": [{"type": "TypeError", "value": "x", "stacktrace": {"frames": [frame]}}]},
    }  # fmt: skip
    assert exporter.post(f"/api/1/store/?sentry_key={'k' * 32}", event).status == 200
    exporter.fold()
    path = f"{PROJECT}/events/{'ab' * 16}/json/"
    told = ask(exporter, "GET", path).json()
    [value] = told["exception"]["values"]
    assert (told["project"], told["release"]) == (1, "shop@1")
    assert value["stacktrace"]["frames"][0]["abs_path"] == frame["filename"]
    assert value["stacktrace"]["frames"][0]["colno"] == 1
    assert value["raw_stacktrace"] is None
    assert ask(exporter, "GET", f"{PROJECT}/events/{'0' * 32}/json/").status == 404
    assert ask(exporter, "GET", path.replace("/shop/", "/2/")).status == 404
