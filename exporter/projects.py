"""Projects as the configuration has them: what they are called, who may send to them, and how much."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 (msgspec reads the annotations)
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from errtally import names
from errtally.config.secret import secret_of
from errtally.event.scrub import ScrubSettings
from errtally.exporter.scrubbing import scrubbing

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.config.document import Document

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What one key may send of one category: so many a second, and so many at once after a pause."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Project:
    """One project: the value of label ``project``, and who may send to it."""

    name: str
    id: str
    keys: frozenset[str] = frozenset()
    allowed_origins: tuple[str, ...] = ("*",)
    rate_limits: Mapping[str, RateLimit] = field(default_factory=dict)
    daily_quotas: Mapping[str, int] = field(default_factory=dict)
    scrubbing: ScrubSettings = field(default_factory=ScrubSettings)
    environments: tuple[str, ...] = (names.DEFAULT_ENVIRONMENT,)
    apdex_threshold_seconds: float = names.DEFAULT_APDEX_THRESHOLD_SECONDS
    transaction_apdex_threshold_seconds: Mapping[str, float] = field(default_factory=dict)


def projects(
    document: Document, name: str, folder: Path, problems: list[str], common: ScrubSettings
) -> tuple[Project, ...]:
    """Read the projects of a checked document.

    Args:
        document: what the file says.
        name: stands in front of each problem.
        folder: where relative paths of secrets begin.
        problems: where to add what is wrong: two share a name, id or key, or a file of keys can't be read.
        common: what is scrubbed where a project does not say.
    """
    found: list[Project] = []
    owners: dict[tuple[str, str], str] = {}
    for index, entry in enumerate(document.get("projects", [])):
        place = f"{name}: projects[{index}]"
        keys = set(entry.get("keys", []))
        if file_keys := secret_of(entry, "key_file", folder, f"{place}.key_file", problems):
            keys |= set(file_keys.split())
            if not all(map(_KEY.fullmatch, keys)):  # the file may hold a secret of another kind, so it is not shown
                problems.append(f"{place}.key_file: a key is not one of letters, digits, dash and underscore, up to 64")
        if not keys and "key_file" not in entry:
            problems.append(f"{place}: a project needs `keys` or `key_file`")
        project = Project(
            name=entry["name"],
            id=entry.get("id", entry["name"]),
            keys=frozenset(keys),
            allowed_origins=tuple(entry.get("allowed_origins", ["*"])),
            rate_limits=rate_limits(entry),
            daily_quotas=entry.get("daily_quotas", {}),
            scrubbing=scrubbing(entry, f"{place}.scrubbing", problems, common),
            environments=tuple(entry.get("environments", [names.DEFAULT_ENVIRONMENT])),
            apdex_threshold_seconds=entry.get("apdex_threshold_seconds", names.DEFAULT_APDEX_THRESHOLD_SECONDS),
            transaction_apdex_threshold_seconds=entry.get("transaction_apdex_threshold_seconds", {}),
        )
        # Requests may call a project by its name or by its id, so these share one space.
        called = [("name or id", value) for value in sorted({project.name, project.id})]
        for kind, value in [*called, *(("key", key) for key in sorted(keys))]:
            if (owner := owners.setdefault((kind, value), place)) != place:
                shown = "one of its keys" if kind == "key" else f"{kind} {value!r}"
                problems.append(f"{place}: {shown} belongs to {owner.removeprefix(f'{name}: ')} already")
        found.append(project)
    return tuple(found)


def rate_limits(entry: Mapping[str, Any]) -> dict[str, RateLimit]:
    """Read rate limits; without a burst of its own, one lets through at once what comes in ten seconds."""
    return {
        category: RateLimit(limit["per_second"], limit.get("burst", max(10 * limit["per_second"], 1)))
        for category, limit in entry.get("rate_limits", {}).items()
    }
