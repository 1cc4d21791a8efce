"""Merging issues and taking merges back: API and forms. Decisions go through the journal like all others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, abort, jsonify, redirect, request, url_for
from flask import Response as FlaskResponse

from errtally.exporter.journal.records import MergeChange
from errtally.exporter.web import error_page
from errtally.exporter.web.journaling import journal, wait
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from errtally.exporter.store.reading import StoreReader

routes = Blueprint("merges", __name__)


class Refusal(Exception):  # noqa: N818 (not an error of the program, but an answer)
    """A decision that can't be made.

    Attributes:
        status: of the HTTP answer.
        code: short stable word.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@routes.errorhandler(Refusal)
def refused(refusal: Refusal) -> tuple[FlaskResponse | str, int]:
    """Answer with what is wrong."""
    if error_page.is_for_people():
        return error_page.render(refusal.status, str(refusal)), refusal.status
    return jsonify({"error": {"code": refusal.code, "message": str(refusal)}}), refusal.status


@routes.post("/api/issues/<fingerprint>/merge")
def api_merge(fingerprint: str) -> FlaskResponse:
    """Merge an issue into the one that the body names: ``{"into": "<issue>"}``."""
    body = request.get_json(silent=True)
    into = body.get("into") if isinstance(body, dict) else None
    if not isinstance(into, str):
        raise Refusal(400, "malformed", 'the body has to be {"into": "<issue>"}')
    return jsonify({"fingerprint": fingerprint, "issue": _merge(fingerprint, into, request.args.get("project"))})


@routes.post("/api/issues/<fingerprint>/unmerge")
def api_unmerge(fingerprint: str) -> FlaskResponse:
    """Take a merged fingerprint out of the issue that it was merged into."""
    _unmerge(fingerprint, request.args.get("project"))
    return jsonify({"fingerprint": fingerprint, "issue": fingerprint})


@routes.post("/issues/<fingerprint>/merge")
def merge_on_page(fingerprint: str) -> Response:
    """Merge from the issue's page; the form's field ``into`` names the other issue."""
    project = request.form.get("project")
    into = _merge(fingerprint, request.form.get("into", "").strip(), project)
    return redirect(url_for("web.issue", fingerprint=into, project=project), 303)


@routes.post("/issues/<fingerprint>/unmerge")
def unmerge_on_page(fingerprint: str) -> Response:
    """Take a merge back from the page of the issue that it was made into."""
    project = request.form.get("project")
    into = _unmerge(fingerprint, project)
    return redirect(url_for("web.issue", fingerprint=into, project=project), 303)


def _merge(fingerprint: str, into: str, project: str | None) -> str:
    """Merge, and return the issue that both are now."""
    reader: StoreReader = part("reader")
    _guard()
    known, target = reader.issue(fingerprint, project), None
    if known is not None:
        target = reader.issue(into, known["project"])
    if known is None or target is None:
        raise Refusal(404, "unknown_issue", f"no issue {fingerprint if known is None else into!r}")
    root: str = target["fingerprint"]
    if root == fingerprint:
        raise Refusal(409, "circular", f"{into} is in {fingerprint} already: an issue can't be merged into itself")
    _journal(MergeChange(known["project"], fingerprint, root, time.time(), part("access").who()), root)
    return root


def _unmerge(fingerprint: str, project: str | None) -> str:
    """Take a merge back, and return what it was merged into."""
    reader: StoreReader = part("reader")
    _guard()
    known = reader.issue(fingerprint, project)
    if known is None:
        raise Refusal(404, "unknown_issue", f"no issue {fingerprint!r}")
    into = reader.merge_of(fingerprint, known["project"])
    if not into:
        raise Refusal(409, "not_merged", f"{fingerprint} is not merged into another issue")
    _journal(MergeChange(known["project"], fingerprint, "", time.time(), part("access").who()), "")
    return into


def _guard() -> None:
    if part("access").is_forged():
        abort(403, "the form is too old, or was made by another site: load the page again")


def _journal(change: MergeChange, expected: str) -> None:
    reader: StoreReader = part("reader")
    journal(change, change.at)
    wait(lambda: reader.merge_of(change.fingerprint, change.project) == expected)
