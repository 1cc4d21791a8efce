"""All routes of this room, for the app."""

from __future__ import annotations

from errtally.exporter.web.sentry_api import events, explore, issues, organizations, pages, releases, sessions

BLUEPRINTS = (
    organizations.routes,
    issues.routes,
    events.routes,
    explore.routes,
    releases.routes,
    sessions.routes,
    pages.routes,
)
