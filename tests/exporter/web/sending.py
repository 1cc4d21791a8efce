"""Events and forms of tests."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.exporter.inprocess import environ


def send(exporter, *events, project="shop"):
    answer = exporter.post(f"/api/events?project={project}", {"events": list(events) or [{"message": "no milk left"}]})
    assert answer.status == 200
    exporter.fold()
    return exporter.reader.issues()[0]["fingerprint"]


def submit(exporter, path, **fields):
    made = environ(path, urlencode(fields).encode())
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    return exporter.call(made)
