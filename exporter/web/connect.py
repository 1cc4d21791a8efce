"""How to connect a program to this exporter: settings to paste, with the real address and key. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.projects import Project

ANY_KEY = "any"
HIDDEN_KEY = "YOUR_KEY"
OPEN_ID = "1"
"""Project of a DSN while no projects are configured, where its name is no number."""

UNNAMED_PROJECT = "my-project"

# With no projects configured, a client chooses the name: nothing but this may stand in what people paste and run.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Something to paste; ``id`` names it in the page's address."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Connection:
    """How one project sends.

    Attributes:
        has_key: whether the real key stands in the texts.
        notice: what to know of the DSN, "" when it is all there is to it.
    """

    project: str
    dsn: str
    has_key: bool
    notice: str
    snippets: tuple[Snippet, ...]


def connection(config: ExporterConfig, project: str, *, is_logged_in: bool) -> Connection | None:
    """Return how a project sends, None when no project of this name may.

    Args:
        config: the exporter's.
        project: its name; with no projects configured any name will do.
        is_logged_in: whether whoever asks gave a password or token. Others are not shown keys; with no projects
            configured there are none.
    """
    known = next((one for one in config.projects if one.name == project), None)
    if known is None and not config.is_open:
        return None
    key = _key(known, is_logged_in=is_logged_in)
    project = project if _NAME.fullmatch(project) else UNNAMED_PROJECT
    id_, notice = known.id if known is not None else project, ""
    if not (id_.isascii() and id_.isdecimal()):  # several of Sentry's SDKs refuse a DSN whose project is no number
        if known is None:
            id_, notice = OPEN_ID, f"Sentry's SDKs take only numbers here: what uses this DSN is the project {OPEN_ID}."
        else:
            notice = f"Sentry's SDKs take only numbers as project ids: configure one for {project}, such as id: '7'."
    dsn = f"{config.external_url.replace('://', f'://{key}@', 1)}/{id_}"
    return Connection(
        project,
        dsn,
        key != HIDDEN_KEY,
        notice,
        _snippets(config.external_url, dsn, key, project, is_named=known is None),
    )


def _key(project: Project | None, *, is_logged_in: bool) -> str:
    if project is None:
        return ANY_KEY
    return min(project.keys) if is_logged_in and project.keys else HIDDEN_KEY


def _snippets(url: str, dsn: str, key: str, project: str, *, is_named: bool) -> tuple[Snippet, ...]:
    """Write the texts; ``is_named`` is whether a request has to say which project it is for."""
    query = f"?project={project}" if is_named else ""
    named = f'    project="{project}",\n' if is_named else ""
    return (
        Snippet(
            "python",
            "Sentry SDK for Python",
            f"# pip install sentry-sdk\nimport sentry_sdk\n\n"
            f'sentry_sdk.init(\n    dsn="{dsn}",\n    environment="production",\n    release="{project}@1.0.0",\n'
            f"    traces_sample_rate=0.1,\n)",
        ),
        Snippet(
            "node",
            "Sentry SDK for Node.js",
            f'// npm install @sentry/node\nconst Sentry = require("@sentry/node");\n\n'
            f'Sentry.init({{\n  dsn: "{dsn}",\n  environment: "production",\n  release: "{project}@1.0.0",\n'
            f"  tracesSampleRate: 0.1,\n}});",
        ),
        Snippet(
            "browser",
            "Sentry SDK for browsers",
            f'// npm install @sentry/browser\nimport * as Sentry from "@sentry/browser";\n\n'
            f'Sentry.init({{\n  dsn: "{dsn}",\n  environment: "production",\n  release: "{project}@1.0.0",\n'
            f'  // Where an ad blocker keeps the requests back: tunnel: "{url}/tunnel",\n}});',
        ),
        Snippet(
            "native",
            "errtally's client for Python",
            f'# pip install errtally\nimport errtally\n\nerrtally.init(\n    "{url}",\n'
            f'    key="{key}",\n{named}    environment="production",\n    release="{project}@1.0.0",\n)',
        ),
        Snippet(
            "otlp",
            "OpenTelemetry (OTLP), any language",
            f"export OTEL_EXPORTER_OTLP_ENDPOINT={url}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n"
            f"export OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20{key}\n"
            f"export OTEL_SERVICE_NAME={project}\n"
            f"export OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=production,service.version=1.0.0",
        ),
        Snippet(
            "curl",
            "curl",
            f"curl -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n"
            f"  '{url}/api/events{query}' \\\n"
            f'  -d \'{{"message": "hello from curl", "level": "error", "context": {{"release": "{project}@1.0.0"}}}}\'',
        ),
    )
