"""Where uploads go: requests there may be larger than others."""

from __future__ import annotations

import re

from errtally.exporter.protocols import registry

_SENTRY = re.compile(
    r"/api/0/organizations/[^/]+/chunk-upload/?"
    r"|/api/0/(?:organizations/[^/]+|projects/[^/]+/[^/]+)/releases/.+/files/?"
    r"|/api/0/projects/[^/]+/[^/]+/files/dsyms/?"
)


def is_upload(path: str) -> bool:
    """Whether files are sent to a path."""
    if path.startswith("/api/0/"):
        return _SENTRY.fullmatch(path) is not None
    found = registry.find(path)
    return found is not None and found[0].takes_files
