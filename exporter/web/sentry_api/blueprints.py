"""All routes of this room, for the app."""

from __future__ import annotations

from errtally.exporter.web.sentry_api import (
    debug_files,
    events,
    explore,
    issues,
    organizations,
    pages,
    release_files,
    releases,
    sessions,
    uploads,
)

BLUEPRINTS = (
    organizations.routes,
    issues.routes,
    events.routes,
    explore.routes,
    releases.routes,
    sessions.routes,
    uploads.routes,
    debug_files.routes,
    release_files.routes,
    pages.routes,
)
