"""Which project a request belongs to, and whether its key, and its page's origin, may send there."""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import TYPE_CHECKING

from errtally import names
from errtally.errors import UnauthorizedError
from errtally.exporter.projects import Project
from errtally.exporter.scrubbing import scrubber

if TYPE_CHECKING:
    from errtally.exporter.config import ExporterConfig

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_NOT_IN_PROJECT = re.compile(r"[^A-Za-z0-9._-]+")
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def project_name(service: str | None) -> str | None:
    """Make a project's name of what a client calls its service; None when nothing of it can stand in a name."""
    if not service:
        return None
    return _NOT_IN_PROJECT.sub("-", service).lstrip("._-")[:64] or None


class Keys:
    """The configured projects and their keys; with none configured, any key and any project go."""

    __slots__ = ("_anybody", "_keys", "_projects", "_scrubber", "has_origins", "is_open")

    def __init__(self, config: ExporterConfig) -> None:
        self.is_open = config.is_open
        self._projects = {id_: project for project in config.projects for id_ in (project.name, project.id)}
        self._keys = [(key.encode(), project) for project in config.projects for key in project.keys]
        self._scrubber = scrubber(config.scrubbing)
        self._anybody = Project(names.DEFAULT_PROJECT, names.DEFAULT_PROJECT)
        self.has_origins = any("*" not in project.allowed_origins for project in config.projects)

    def project(self, project_id: str | None, key: str | None) -> str:
        """Name the project of a request.

        Args:
            project_id: what the address, or the client, calls the project; None when only the key says.
            key: the key that came with the request.

        Returns:
            The project's name, the value of the label.

        Raises:
            UnauthorizedError: no key or a malformed one (401), or one that may not send there (403).
        """
        return self.owner(project_id, key)[0]

    def owner(self, project_id: str | None, key: str | None) -> tuple[str, Project]:
        """Return the name of a request's project and its settings; arguments and errors as `project`."""
        if key is not None and not _KEY.match(key):
            raise UnauthorizedError("bad_key", "the key is not one of letters, digits, dash and underscore")
        if self.is_open:
            if project_id is not None and not _PROJECT.match(project_id):
                raise UnauthorizedError(
                    "bad_project", "the project is not a name of letters, digits and ._-", status=400
                )
            return project_id or names.DEFAULT_PROJECT, self._anybody
        if key is None:
            raise UnauthorizedError("missing_key", "no key came with the request")
        owner = self._owner(key)
        if owner is None:
            raise UnauthorizedError("unknown_key", "the key is not known", status=403)
        if project_id is not None and self._projects.get(project_id) is not owner:
            raise UnauthorizedError("wrong_project", "the key does not belong to that project", status=403)
        return owner.name, owner

    def allows_origin(self, project_id: str | None, origin: str) -> bool:
        """Whether pages of an origin may send to a project and read the answer; None stands for any project."""
        if not self.has_origins:
            return True
        if project_id is None:
            return any(is_allowed(origin, project.allowed_origins) for project in self._projects.values())
        project = self._projects.get(project_id)
        return project is not None and is_allowed(origin, project.allowed_origins)

    def refuses(self, category: str, quantity: int = 1) -> bool:  # noqa: ARG002 (what one request asks its door)
        """Whether items of a category need not be decoded, because they would not be let in; keys alone never do.

        Args:
            category: one of ``names.CATEGORIES``.
            quantity: how many, as far as it is known without decoding; counted as dropped when they are refused.
        """
        return False

    def project_of_service(self, project: str, service: str | None) -> str:
        """Name the project of a service that one request tells of.

        Args:
            project: the request's project, as `project` found it from the key.
            service: what the client calls the service; it decides only while no projects are configured.
        """
        if not self.is_open or not service:
            return project
        # Scrubbed while it still has the signs that a secret is known by.
        return project_name(self._scrubber.scrub_text(service)) or project

    def _owner(self, key: str) -> Project | None:
        """Find the key's project; looks at every key, so that the time says nothing about which one came close."""
        sent, found = key.encode(), None
        for known, project in self._keys:
            if compare_digest(sent, known):
                found = project
        return found


def is_allowed(origin: str, allowed: tuple[str, ...]) -> bool:
    """Whether an origin is in a list of origins; ``*.`` in front of a host stands for its subdomains.

    Args:
        origin: as the header has it: scheme, host and port unless it is the scheme's own.
        allowed: as configured; ``*`` stands for every origin.
    """
    sent = origin.lower()
    scheme, _, host = sent.partition("://")
    for entry in allowed:
        known = entry.lower()
        if known in {"*", sent}:
            return True
        known_scheme, _, known_host = known.partition("://")
        if known_host[:2] == "*." and known_scheme == scheme and host.endswith(known_host[1:]):
            return True
    return False
