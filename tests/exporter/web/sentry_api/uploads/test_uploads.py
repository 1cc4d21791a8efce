"""Uploads in pieces and as files: what Sentry's clients send is kept and found, what is hostile is refused and why."""

from __future__ import annotations

import base64
import os
import time

import pytest
from tests.exporter.inprocess import environ
from tests.exporter.web.sentry_api.uploads.uploading import (
    GOOD,
    MAIN,
    MAP,
    ORGANIZATION,
    PROJECT,
    SCRIPT,
    ask,
    assemble,
    bundle,
    chunk,
    kept,
    send,
    shop_bundle,
    sum_of,
    zipped,
)

from errtally.exporter.artifacts.chunks import SPARED_SECONDS
from errtally.exporter.journal.records import encoder

ID = "fae3685c-1d36-4f1c-a3d4-5a5b2a4f4f11"


MAPPING = b"shop.Cart -> a.b:\n    1:1:void total():7:7 -> c\n"


def with_id(key: str) -> bytes:
    """A map that says its debug id under a key."""
    return MAP[:-1] + f', "{key}": "{ID}"}}'.encode()


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
