"""All routes of this room, for the app."""

from __future__ import annotations

from errtally.exporter.web.sentry_api import events, issues, organizations, pages

BLUEPRINTS = (organizations.routes, issues.routes, events.routes, pages.routes)
