"""Texts that would run in a page that shows them wrongly, each for another place of HTML, script, style or address."""

from __future__ import annotations

from typing import Any

# Each leaves a mark when it runs: a dialog, a line on the console, a property of the window, or a request.
PAYLOADS = (
    "<script>window.ran=1</script>",
    "<ScRiPt>window.ran=1</sCrIpT>",
    "<script src=//127.0.0.1:9/ran.js></script>",
    "<img src=x onerror=window.ran=1>",
    "<img/src/onerror=window.ran=1>",
    "<svg onload=window.ran=1>",
    "<svg><script>window.ran=1</script></svg>",
    "<svg><animate onbegin=window.ran=1 attributeName=x dur=1s></svg>",
    "<body onload=window.ran=1>",
    "<iframe src=javascript:parent.ran=1></iframe>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<object data=javascript:window.ran=1></object>",
    "<embed src=javascript:window.ran=1>",
    "<base href=//127.0.0.1:9/>",
    "<meta http-equiv=refresh content=0;url=//127.0.0.1:9/>",
    "<link rel=stylesheet href=//127.0.0.1:9/ran.css>",
    "<style>@import '//127.0.0.1:9/ran.css';</style>",
    "<form action=//127.0.0.1:9/><button autofocus onfocus=window.ran=1>x</button></form>",
    "<input autofocus onfocus=window.ran=1>",
    "<details open ontoggle=window.ran=1>",
    "<video><source onerror=window.ran=1></video>",
    "<marquee onstart=window.ran=1>x</marquee>",
    "<math><mtext></form><form><mglyph><style></math><img src=x onerror=window.ran=1>",
    '"><script>window.ran=1</script>',
    "'><img src=x onerror=window.ran=1>",
    '" onmouseover="window.ran=1" autofocus onfocus="window.ran=1',
    "' onfocus='window.ran=1' autofocus='",
    "</title><script>window.ran=1</script>",
    "</textarea><script>window.ran=1</script>",
    "</pre></code></script><script>window.ran=1</script>",
    "</svg></title><img src=x onerror=window.ran=1>",
    "--><script>window.ran=1</script>",
    "]]><script>window.ran=1</script>",
    "javascript:window.ran=1",
    "JaVaScRiPt:window.ran=1//https://",
    "data:text/html,<script>window.ran=1</script>",
    "vbscript:msgbox(1)",
    "{{7*7}}${7*7}<%= 7*7 %>#{7*7}{% raw %}",
    "&lt;script&gt;window.ran=1&lt;/script&gt;",
    "&#60;script&#62;window.ran=1&#60;/script&#62;",
    "\u003cscript\u003ewindow.ran=1\u003c/script\u003e",
    "\\x3cscript\\x3ewindow.ran=1\\x3c/script\\x3e",
    "+ADw-script+AD4-window.ran=1+ADw-/script+AD4-",
    "\u202e<img src=x onerror=window.ran=1>\u202c",
    "＜script＞window.ran=1＜/script＞",  # noqa: RUF001 (wide forms, which some databases make narrow)
    "expression(window.ran=1);background:url(javascript:window.ran=1)",
    "*/}</style><script>window.ran=1</script>",
)


def sentry(text: str, number: int) -> dict[str, Any]:
    """Return an event of a Sentry SDK whose every field is a text."""
    frame = {
        "function": text, "module": text, "filename": text, "abs_path": text, "context_line": text, "in_app": True,
        "pre_context": [text], "post_context": [text], "vars": {text: text}, "lineno": 3,
    }  # fmt: skip
    return {
        "event_id": f"{number:032x}",
        "level": text if number % 2 else "error",
        "platform": text if number % 2 else "python",
        "message": text,
        "logger": text,
        "transaction": text,
        "server_name": text,
        "release": text,
        "environment": text,
        "tags": {text: text, "plain": text},
        "extra": {text: {text: text}},
        "contexts": {text: {text: text}, "trace": {"trace_id": text}},
        "sdk": {"name": text, "version": text},
        "user": {"id": text, "username": text, "email": text, "ip_address": text, text: text},
        "request": {
            "url": text, "method": text, "query_string": text, "data": {text: text}, "cookies": text,
            "headers": {text: text, "Referer": text}, "env": {text: text},
        },
        "breadcrumbs": {
            "values": [
                {"category": text, "message": text, "level": text, "timestamp": text, "data": {text: text}}
            ]
        },
        "exception": {
            "values": [
                {
                    "type": text, "value": text, "module": text, "mechanism": {"type": text},
                    "stacktrace": {"frames": [frame]},
                },
                {"type": text, "value": text, "stacktrace": {"frames": [frame, {**frame, "in_app": False}]}},
            ]
        },
    }  # fmt: skip


def native(text: str) -> dict[str, Any]:
    """Return a native event whose every field is a text."""
    return {
        "message": text,
        "type": text,
        "platform": text,
        "logger": text,
        "transaction": text,
        "stack": f'Traceback (most recent call last):\n  File "{text}", line 3, in {text}\n    {text}\n{text}: {text}',
        "fingerprint": [text],
        "breadcrumbs": [{"message": text, "category": text, "data": {text: text}}],
        "context": {
            "environment": text,
            "release": text,
            "server_name": text,
            "user": {"id": text},
            "tags": {text: text},
            "request": {"url": text, text: text},
            "extra": {text: text},
        },
    }


def otlp(text: str) -> dict[str, Any]:
    """Return OTLP logs with an exception whose every field is a text."""
    attributes = [
        {"key": key, "value": {"stringValue": text}}
        for key in (
            "exception.type",
            "exception.message",
            "exception.stacktrace",
            "user.id",
            "url.full",
            "http.route",
            text,
        )
    ]
    resource = [
        {"key": key, "value": {"stringValue": text}}
        for key in ("service.version", "deployment.environment.name", "host.name", "telemetry.sdk.language", text)
    ]
    record = {"severityNumber": 17, "body": {"stringValue": text}, "attributes": attributes}
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": [*resource, {"key": "service.name", "value": {"stringValue": "otlp"}}]},
                "scopeLogs": [{"scope": {"name": text}, "logRecords": [record]}],
            }
        ]
    }


def airbrake(text: str) -> dict[str, Any]:
    """Return a notice of Airbrake whose every field is a text."""
    frame = {"file": text, "function": text, "line": 3, "code": {"2": text, "3": text, "4": text}}
    return {
        "errors": [{"type": text, "message": text, "backtrace": [frame]}],
        "context": {
            "environment": text, "version": text, "url": text, "route": text, "component": text, "action": text,
            "userAgent": text, "hostname": text, "user": {"id": text, "name": text}, text: text,
            "history": [{"type": text, "target": {text: text}}],
        },
        "params": {text: text},
        "session": {text: text},
        "environment": {text: text},
    }  # fmt: skip


def rollbar(text: str) -> dict[str, Any]:
    """Return an item of Rollbar whose every field is a text."""
    frame = {"filename": text, "lineno": 3, "method": text, "code": text, "context": {"pre": [text], "post": [text]}}
    return {
        "data": {
            "environment": text, "code_version": text, "platform": text, "language": text, "framework": text,
            "context": text, "title": text,
            "body": {
                "trace": {"frames": [frame], "exception": {"class": text, "message": text}},
                "telemetry": [{"level": text, "type": text, "body": {"message": text}}],
            },
            "person": {"id": text, "username": text},
            "request": {"url": text, "method": text, "headers": {text: text}},
            "server": {"host": text},
            "custom": {text: text},
        },
    }  # fmt: skip


def bugsnag(text: str) -> dict[str, Any]:
    """Return a report of Bugsnag whose every field is a text."""
    frame = {"file": text, "method": text, "lineNumber": 3, "inProject": True, "code": {"2": text, "3": text}}
    return {
        "payloadVersion": "5",
        "events": [
            {
                "exceptions": [{"errorClass": text, "message": text, "stacktrace": [frame]}],
                "breadcrumbs": [{"name": text, "type": text, "timestamp": text, "metaData": {text: text}}],
                "context": text,
                "user": {"id": text, "name": text},
                "app": {"version": text, "releaseStage": text},
                "device": {"hostname": text},
                "request": {"url": text, "headers": {text: text}},
                "metaData": {text: {text: text}},
            }
        ],
    }


def honeybadger(text: str) -> dict[str, Any]:
    """Return a notice of Honeybadger whose every field is a text."""
    frame = {"file": text, "method": text, "number": "3", "source": {"2": text, "3": text}, "context": "app"}
    return {
        "notifier": {"name": text, "url": text},
        "error": {"class": text, "message": text, "backtrace": [frame], "tags": [text]},
        "breadcrumbs": {"enabled": True, "trail": [{"category": text, "message": text, "metadata": {text: text}}]},
        "request": {"url": text, "component": text, "action": text, "params": {text: text}, "context": {text: text}},
        "server": {"environment_name": text, "hostname": text, "revision": text},
    }


def alert(text: str, number: int) -> dict[str, Any]:
    """Return an alert of Alertmanager's webhook whose every field is a text; a new one for each number."""
    labels = {
        "alertname": text,
        "severity": text,
        "environment": text,
        "transaction": text,
        "release": text,
        text: text,
    }
    return {
        "status": "firing",
        "fingerprint": f"{number:016x}",
        "startsAt": "2026-11-24T05:46:17Z",
        "generatorURL": text,
        "labels": {**labels, "project": "sentry"},
        "annotations": {"summary": text, "runbook_url": text, "description": text},
    }
