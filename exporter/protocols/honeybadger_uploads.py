"""Honeybadger's uploads of source maps, and its reports of deploys.

Specification: https://docs.honeybadger.io/api/reporting-source-maps/ and https://docs.honeybadger.io/api/reporting-deployments/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from errtally.errors import MalformedError
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission, SubmittedDeploy, SubmittedFiles
from errtally.exporter.protocols import honeybadger, uploading, values

if TYPE_CHECKING:
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request

DEFAULT_REVISION = "master"
_FIELDS = frozenset({"minified_file", "source_map"})


def decode_source_map(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode a source map, with the script and sources where they were sent."""
    form = uploading.read(request)
    project = admission.project(None, form.text("api_key") or request.header("x-api-key") or None)
    script = form.files.get("minified_file")
    files = uploading.script_and_map(form.fields.get("minified_url"), form.files.get("source_map"), script)
    files += uploading.sources(form, _FIELDS)
    release = form.text("revision") or DEFAULT_REVISION
    submission = Submission(project=project, uploads=[SubmittedFiles(release, tuple(files))])
    submission.items["source_map"] = 1
    return submission


def decode_deploy(request: Request, admission: Admission, _: Limits) -> Submission:
    """Decode a deploy: a JSON object ``deploy``, or a form of fields such as ``deploy[revision]``."""
    key = request.header("x-api-key") or request.query.get("api_key")
    content_type = request.header("content-type").lower()
    if content_type.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        form = uploading.read(request)
        key = key or form.text("api_key")
        sent: dict[str, object] = {
            name[7:-1]: value
            for name, value in form.fields.items()
            if name.startswith("deploy[") and name.endswith("]")
        }
    else:
        body = uploading.document(request.body())
        deploy = body.get("deploy")
        sent, key = deploy if isinstance(deploy, dict) else {}, key or values.text(body.get("api_key"), 128)
    submission = Submission(project=admission.project(None, key))
    release = uploading.name_of(sent.get("revision"))
    if release is None:
        raise MalformedError("no_version", "deploy.revision: is missing", status=422)
    environment = uploading.name_of(sent.get("environment"), 64) or uploading.DEFAULT_ENVIRONMENT
    submission.deploys.append(
        SubmittedDeploy(release, environment, by=uploading.name_of(sent.get("local_username")) or "")
    )
    submission.items["deploy"] = 1
    return submission


def answer(_: Submission) -> Response:
    """Answer as Honeybadger does."""
    return Response(201, msgspec.json.encode({"status": "OK"}))


ENDPOINTS = tuple(
    Endpoint(
        protocol="honeybadger",
        pattern=re.compile(rf"(?:/.*)?/v1/{path}/?"),
        decode=decoder,
        answer=answer,
        refuse=honeybadger.refuse,
        endings=(path,),
        takes_files=decoder is decode_source_map,
    )
    for path, decoder in (("source_maps", decode_source_map), ("deploys", decode_deploy))
)
