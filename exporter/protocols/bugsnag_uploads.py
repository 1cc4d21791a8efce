"""Bugsnag's uploads of source maps, as @bugsnag/source-maps sends them, and what its build tools tell of a release.

Specification: https://docs.bugsnag.com/api/js-source-map-upload/ and https://docs.bugsnag.com/api/build/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from errtally.errors import MalformedError, UnauthorizedError
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedDeploy, SubmittedFiles
from errtally.exporter.protocols import bugsnag, uploading, values

if TYPE_CHECKING:
    from errtally.errors import RejectedError
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request
    from errtally.exporter.protocols.uploading import Form

_BUNDLES = {"android": "index.android.bundle", "ios": "main.jsbundle"}
_NO = frozenset({"", "false", "0"})


def decode_source_map(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode a source map of a browser's or a server's script."""
    form = uploading.read(request)
    project = admission.project(None, form.text("apiKey"))
    url, minified = form.fields.get("minifiedUrl"), form.files.get("minifiedFile")
    return _submission(project, form, url, form.files.get("sourceMap"), minified)


def decode_react_native(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode the source map of a React Native bundle, which phones call by the platform's name for it."""
    form = uploading.read(request)
    project = admission.project(None, form.text("apiKey"))
    name = _BUNDLES.get((form.text("platform") or "").lower())
    if name is None:
        raise MalformedError("bad_platform", f"platform: has to be one of {', '.join(_BUNDLES)}", status=422)
    return _submission(project, form, f"*{name}", form.files.get("sourceMap"), form.files.get("bundle"))


def decode_build(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode what is told of a build: it counts as a deploy to its stage."""
    sent = uploading.document(request.body())
    submission = Submission(project=admission.project(None, values.text(sent.get("apiKey"), 128)))
    version = uploading.name_of(sent.get("appVersion"))
    if version is None:
        raise MalformedError("no_version", "appVersion: is missing", status=422)
    source = sent.get("sourceControl")
    submission.deploys.append(
        SubmittedDeploy(
            version,
            uploading.name_of(sent.get("releaseStage"), 64) or uploading.DEFAULT_ENVIRONMENT,
            ref=(uploading.name_of(source.get("revision")) or "") if isinstance(source, dict) else "",
            by=uploading.name_of(sent.get("builderName")) or "",
        )
    )
    submission.items["deploy"] = 1
    return submission


def _submission(
    project: str, form: Form, url: str | None, source_map: bytes | None, script: bytes | None
) -> Submission:
    version = form.text("appVersion") or form.text("codeBundleId")
    if version is None:
        raise MalformedError("no_version", "appVersion: is missing", status=422)
    files = tuple(uploading.script_and_map(url, source_map, script))
    replaces = (form.text("overwrite") or "").lower() not in _NO
    submission = Submission(project=project, uploads=[SubmittedFiles(version, files, replaces=replaces)])
    submission.items["source_map"] = 1
    return submission


def answer(_: Submission) -> Response:
    """Answer as Bugsnag does."""
    return Response(200, msgspec.json.encode({"status": "ok"}))


def refuse(error: RejectedError) -> Response:
    """Refuse as Bugsnag does; its uploader knows 401 for a key that is not known."""
    refused = bugsnag.refuse(error)
    return Response(401, refused.body) if isinstance(error, UnauthorizedError) else refused


ENDPOINTS = tuple(
    Endpoint(
        protocol="bugsnag",
        pattern=re.compile(rf"(?:/.*)?/{path}/?"),
        decode=decoder,
        answer=answer,
        refuse=refuse,
        endings=(path,),
        takes_files=decoder is not decode_build,
    )
    for path, decoder in (
        ("sourcemap", decode_source_map),
        ("react-native-source-map", decode_react_native),
        ("builds", decode_build),
    )
)
