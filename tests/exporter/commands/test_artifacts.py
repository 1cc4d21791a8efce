"""`errtally artifacts`: what a folder has is uploaded, said, listed and removed."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner
from tests.exporter.commands.test_remote import TOKEN, served
from tests.exporter.inprocess import InProcess

from errtally.command_line import errtally
from errtally.exporter.config import ExporterConfig

ID = "fae3685c-1d36-4f1c-a3d4-5a5b2a4f4f11"
MAP = {"version": 3, "sources": ["cart.ts"], "names": [], "mappings": "AAAA"}
MAPPING = "shop.Cart -> a.b:\n    1:1:void total():7:7 -> c\n"


@pytest.fixture
def exporter(tmp_path):
    made = InProcess(tmp_path / "data", ExporterConfig(web_token=TOKEN))
    with served(made) as url:
        made.url = url
        yield made
    made.close()


@pytest.fixture
def build(tmp_path):
    folder = tmp_path / "dist"
    (folder / "js").mkdir(parents=True)
    (folder / "js/app.js").write_text("f();\n//# sourceMappingURL=app.js.map\n")
    (folder / "js/app.js.map").write_text(json.dumps(MAP))
    (folder / "index.html").write_text("<script src=js/app.js>")
    (folder / "node_modules").mkdir()
    (folder / "node_modules/other.js").write_text("other()")
    return folder


def run(exporter, *words: str, status: int = 0):
    environ = {"ERRTALLY_URL": exporter.url, "ERRTALLY_TOKEN": TOKEN}
    done = CliRunner().invoke(errtally, ["artifacts", *map(str, words)], env=environ)
    assert done.exit_code == status, done.output
    return done


def test_scripts_and_maps_are_found_by_release_and_address_and_go_with_it(exporter, build) -> None:
    release = ("--project", "shop", "--release", "shop@1.4.2")
    said = run(exporter, "upload", build, *release, "--dist", "7", "--url-prefix", "~/static").stdout
    assert "~/static/js/app.js  minified_source  by release and address" in said
    assert "~/static/js/app.js.map  source_map" in said
    assert "other.js" not in said
    archive = exporter.uploads.archive
    [script] = archive.by_url("shop", "shop@1.4.2", "7", ["~/static/js/app.js"])
    assert script.map_url == "app.js.map"
    assert archive.content(script.sha1) == (build / "js/app.js").read_bytes()
    assert "~/static/js/app.js.map" in run(exporter, "list", *release).stdout
    assert len(json.loads(run(exporter, "list", *release, "--format", "json").stdout)) == 2
    assert "2 files removed" in run(exporter, "delete", *release).stdout
    assert archive.of_release("shop", "shop@1.4.2") == []


def test_an_exporter_without_a_login_takes_them_without_a_token(tmp_path, build, monkeypatch) -> None:
    monkeypatch.delenv("ERRTALLY_TOKEN", raising=False)
    made = InProcess(tmp_path / "open")
    with served(made) as url:
        done = CliRunner().invoke(
            errtally, ["artifacts", "upload", str(build), "--url", url, "--project", "shop", "--release", "1"]
        )
    assert done.exit_code == 0, done.output
    assert len(made.uploads.archive.of_release("shop", "1")) == 2
    made.close()


def test_debug_ids_that_are_there_are_enough_in_script_or_map(exporter, build) -> None:
    (build / "js/app.js").write_text(f"f();\n//# sourceMappingURL=app.js.map\n//# debugId={ID}\n")
    said = run(exporter, "upload", build, "--project", "shop").stdout
    assert said.count(f"by debug id {ID}") == 2
    assert {one.kind for one in exporter.uploads.archive.by_debug_id("shop", ID)} == {"minified_source", "source_map"}


def test_nothing_of_the_folder_is_changed(exporter, build) -> None:
    before = {path: path.read_bytes() for path in build.rglob("*") if path.is_file()}
    run(exporter, "upload", build, "--project", "shop", "--release", "1")
    assert before == {path: path.read_bytes() for path in build.rglob("*") if path.is_file()}


def test_what_nothing_could_find_is_said_and_fails(exporter, build) -> None:
    done = run(exporter, "upload", build, "--project", "shop", status=1)
    assert "app.js: it has no debug id, and without --release nothing could find it" in done.stderr
    assert exporter.uploads.archive.of_project("shop") == []
    (build / "js/app.js").unlink()
    (build / "js/app.js.map").unlink()
    assert (
        "no script, source map or mapping in it" in run(exporter, "upload", build, "--project", "shop", status=1).stderr
    )


def test_a_mapping_is_found_by_its_uuid(exporter, tmp_path) -> None:
    (tmp_path / "mapping.txt").write_text(MAPPING)
    said = run(exporter, "upload", tmp_path / "mapping.txt", "--project", "shop").stdout
    own = said.split()[-1]
    assert own[14] == "5"
    run(exporter, "upload", tmp_path / "mapping.txt", "--project", "shop", "--uuid", ID.upper())
    archive = exporter.uploads.archive
    assert [one.kind for id_ in (own, ID) for one in archive.by_debug_id("shop", id_)] == ["proguard", "proguard"]
    assert ID in run(exporter, "list", "--project", "shop").stdout
    run(exporter, "delete", "--project", "shop", "--debug-id", ID)
    assert archive.by_debug_id("shop", ID) == []
    run(exporter, "delete", "--project", "shop", "--debug-id", ID, status=4)
    run(exporter, "delete", "--project", "shop", status=2)


def test_a_large_build_goes_in_pieces_and_only_once(exporter, build, monkeypatch) -> None:
    monkeypatch.setattr("errtally.exporter.web.sentry_api.uploads.CHUNK_BYTES", 32 * 1024)
    (build / "js/app.js.map").write_text(json.dumps({**MAP, "sourcesContent": [os.urandom(90_000).hex()]}))
    asked = []
    app = exporter.flask.wsgi_app

    def seen(environ, start_response):
        asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"].rpartition("errtally/")[2]))
        return app(environ, start_response)

    monkeypatch.setattr(exporter.flask, "wsgi_app", seen)
    release = ("--project", "shop", "--release", "1")
    run(exporter, "upload", build, *release)
    assert asked.count(("POST", "chunk-upload/")) >= 3
    asked.clear()
    run(exporter, "upload", build, *release)
    assert ("POST", "chunk-upload/") not in asked


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(("upload", "{build}"), 2, id="no project"),
        pytest.param(("upload", "/nowhere", "--project", "shop"), 2, id="no folder"),
        pytest.param(("upload", "{build}", "--project", "a b", "--release", "1"), 1, id="no name of a project"),
        pytest.param(("upload", "{build}", "--project", "shop", "--uuid", ID), 2, id="a UUID for no mapping"),
    ],
)
def test_wrong_calls_say_so(exporter, build, words, status) -> None:
    run(exporter, *(word.format(build=build) for word in words), status=status)
