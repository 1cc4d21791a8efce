"""What an address names: the one organisation, projects by slug or id, issues by number or short id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from flask import abort

from errtally.exporter.search import short_ids
from errtally.exporter.web import parts
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from errtally.exporter.config import ExporterConfig

ORGANIZATION_ID = "1"
ORGANIZATION = "errtally"
ALL_PROJECTS = "-1"
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAX_LISTED = 100
_ID_BYTES = 6
"""Of a made-up number: JavaScript's numbers hold it."""


@dataclass(frozen=True, slots=True)
class ProjectPlace:
    """A project as other programs name it.

    Attributes:
        name: the label ``project``.
        id: digits; lasting, and the same on every replica.
        first_seen: of its oldest issue, seconds since the epoch; None without any.
    """

    name: str
    id: str
    slug: str
    environments: tuple[str, ...]
    first_seen: float | None


def check_organization(organization: str) -> None:
    """Answer 404 when an address names another organisation than the one that there is."""
    if organization.lower() not in {ORGANIZATION, ORGANIZATION_ID}:
        abort(404)


def project_id(name: str, configured: str | None = None) -> str:
    """Return a project's number: the configured one, its name where that is a number, else one made of its name."""
    for known in (configured, name):
        if known and known.isascii() and known.isdecimal():
            return known
    return str(int.from_bytes(blake2b(name.encode("utf-8", "replace"), digest_size=_ID_BYTES).digest(), "big"))


def projects() -> list[ProjectPlace]:
    """Return the configured projects and those with issues, by name."""
    config: ExporterConfig = part("config")
    stored = parts.reader().projects()
    configured = {project.name: project for project in config.projects}
    found = []
    for name in sorted(configured.keys() | stored.keys()):
        known, seen = configured.get(name), stored.get(name, {})
        environments = dict.fromkeys((*(known.environments if known else ()), *seen.get("environments", ())))
        found.append(
            ProjectPlace(
                name,
                project_id(name, known.id if known else None),
                short_ids.slug(name),
                tuple(environments),
                seen.get("first_seen"),
            )
        )
    return found


def project(named: str) -> ProjectPlace:
    """Return a project by name, id or slug, in this order; 404 when there is none."""
    known = projects()
    found = [
        *(one for one in known if one.name == named),
        *(one for one in known if one.id == named),
        *(one for one in known if one.slug == named.lower()),
    ]
    if not found:
        abort(404)
    return found[0]


def named(project: str) -> str:
    """Return the name of a project that continuous integration tells of.

    Where no projects are configured, it may be a new one. 400 that says why for one that can't be, since sentry-cli
    does not show the words of a 404.
    """
    known = projects()
    for one in known:
        if project in {one.name, one.id} or project.lower() == one.slug:
            return one.name
    config: ExporterConfig = part("config")
    if config.projects:
        abort(400, f"projects: {project[:100]!r} is none of {', '.join(one.slug for one in known)[:300]}")
    if _PROJECT.fullmatch(project) is None:
        abort(400, f"projects: {project[:100]!r} is no name of letters, digits and ._-")
    return project


def listed(sent: object) -> list[str]:
    """Return the names of the projects in a list, as `named` reads each; at most 100.

    sentry-cli sends a project that it was given by number as a number.
    """
    found = sent if isinstance(sent, list) else []
    told = [str(one) for one in found if isinstance(one, (str, int)) and not isinstance(one, bool) and one != ""]
    return [named(one) for one in told[:_MAX_LISTED]]


def of_release(version: str) -> tuple[str, ...]:
    """Return the projects in which a release was told of, or else seen; the only one that there is without any."""
    found = parts.reader().releases(None, version) if version else []
    told = [one for one in found if one["told"] is not None]
    owners = tuple(dict.fromkeys(one["project"] for one in told or found))
    known = projects()
    return owners or ((known[0].name,) if len(known) == 1 else ())


def issue(named: str) -> dict[str, Any]:
    """Return an issue by its number or short id, as `StoreReader.issue` has it; 404 when there is none."""
    found = find_issue(named)
    if found is None:
        abort(404)
    return found


def find_issue(named: str) -> dict[str, Any] | None:
    """Return an issue by its number or short id, None when there is none."""
    slug: str | None = None
    number = short_ids.number(named)
    if number is None and (decoded := short_ids.decode(named)) is not None:
        slug, number = decoded
    key = parts.reader().issue_key(number) if number is not None else None
    if key is None or (slug is not None and short_ids.slug(key[0]) != slug):
        return None  # no such number, or it is an issue of another project
    return parts.reader().issue(key[1], key[0])
