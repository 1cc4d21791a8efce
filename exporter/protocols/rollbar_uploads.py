"""Rollbar's uploads of source maps, and its reports of deploys.

Specification: https://docs.rollbar.com/docs/source-maps and https://docs.rollbar.com/reference/deploy
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import msgspec

from errtally.errors import MalformedError, NotServedError
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedDeploy, SubmittedFiles
from errtally.exporter.protocols import rollbar, uploading, values

if TYPE_CHECKING:
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request
    from errtally.exporter.protocols.uploading import Form

_FIELDS = frozenset({"source_map"})
_FAILED = frozenset({"failed", "timed_out", "aborted"})


def decode_source_map(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode a source map, with the sources where they were sent."""
    form = uploading.read(request)
    project = _project(request, admission, form)
    files = uploading.script_and_map(form.fields.get("minified_url"), form.files.get("source_map"), None)
    files += uploading.sources(form, _FIELDS)
    release = form.text("version")
    if release is None:
        raise MalformedError("no_version", "version: is missing", status=422)
    submission = Submission(project=project, uploads=[SubmittedFiles(release, tuple(files))])
    submission.items["source_map"] = 1
    return submission


def decode_download(request: Request, admission: Admission, _: Limits) -> Submission:
    """Refuse to fetch a map from an address.

    Raises:
        NotServedError: always (422), when the token is right.
    """
    _project(request, admission, uploading.read(request))
    raise NotServedError("no_download", "nothing is fetched from addresses here: upload the source map", status=422)


def decode_deploy(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode a deploy; one that failed is taken note of by nobody."""
    form = uploading.read(request)
    submission = Submission(project=_project(request, admission, form))
    release, environment = form.text("revision"), values.label(form.fields.get("environment"), 64)
    if release is None or environment is None:
        missing = "revision" if release is None else "environment"
        raise MalformedError("no_version", f"{missing}: is missing", status=422)
    if form.text("status") not in _FAILED:
        by = form.text("rollbar_username") or form.text("rollbar_name") or form.text("local_username") or ""
        told = SubmittedDeploy(release, environment, name=form.text("comment") or "", by=by)
        submission.deploys.append(told)
    submission.items["deploy"] = 1
    return submission


def _project(request: Request, admission: Admission, form: Form) -> str:
    token = request.header("x-rollbar-access-token") or form.text("access_token")
    return admission.project(None, token)


def answer(_: Submission) -> Response:
    """Answer as Rollbar does."""
    return Response(200, msgspec.json.encode({"err": 0, "result": "uploaded"}))


def answer_deploy(_: Submission) -> Response:
    """Answer as Rollbar does, with a number that is made of the time: nothing here takes it back."""
    return Response(200, msgspec.json.encode({"err": 0, "data": {"deploy_id": time.time_ns() // 1_000_000}}))


ENDPOINTS = tuple(
    Endpoint(
        protocol="rollbar",
        pattern=re.compile(rf"(?:/.*)?/api/1/{path}/?"),
        decode=decoder,
        answer=answer_deploy if decoder is decode_deploy else answer,
        refuse=rollbar.refuse,
        endings=(path.rpartition("/")[2],),
        takes_files=decoder is decode_source_map,
    )
    for path, decoder in (
        ("sourcemap", decode_source_map),
        ("sourcemap/download", decode_download),
        ("deploy", decode_deploy),
    )
)
