"""Uploads, as sentry-cli sends them."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from hashlib import sha1

from tests.exporter.inprocess import environ

from errtally.exporter.artifact_settings import ArtifactSettings

MAIN = "a-token-of-24-characters"


ORGANIZATION = "/api/0/organizations/acme"


PROJECT = "/api/0/projects/acme/shop"


MAP = json.dumps({"version": 3, "sources": ["cart.ts"], "names": [], "mappings": "AAAA"}).encode()


SCRIPT = b"f();\n//# sourceMappingURL=app.js.map\n"


SETTINGS = ArtifactSettings(file_bytes=100_000, bundle_bytes=200_000, bundle_files=20)


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


def kept(exporter) -> list[tuple[str, str, str, str, str]]:
    found = [one for name in ("shop", "back office") for one in exporter.uploads.archive.of_project(name)]
    return [(one.project, one.kind, one.debug_id, one.release, one.url) for one in found]


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


GOOD = shop_bundle()
