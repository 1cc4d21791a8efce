"""What a run is asked to do: the part `analyser:` of the configuration file, and flags over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from errtally.analyser.model import Confidence, Severity
from errtally.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from errtally.analyser.check import Check

DEFAULT_MAX_FILE_BYTES = 2_000_000
"""Beyond this a file is data or generated: the largest module that people wrote in the standard library has 230 kB."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to analyse.

    Attributes:
        enable: names of the checks to run; empty stands for all. A name that ends in ``/`` stands for a family.
        disable: names of checks not to run.
        severities: check to severity, where it differs from the check's own.
        exclude: patterns of paths as in .gitignore, relative to the tree.
        min_confidence: findings below it are hidden, and counted as such.
        include_tests: whether test code is analysed as well.
    """

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    min_confidence: Confidence = Confidence.MEDIUM
    include_tests: bool = False
    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES

    def is_enabled(self, check: str) -> bool:
        """Whether a check runs."""
        return (not self.enable or _matches(check, self.enable)) and not _matches(check, self.disable)


def _matches(check: str, names: tuple[str, ...]) -> bool:
    return any(check == name or (name.endswith("/") and check.startswith(name)) for name in names)


def settings(document: Mapping[str, Any], checks: Collection[Check]) -> Settings:
    """Build the settings from the configuration file.

    Raises:
        ConfigError: a name is not one of a check; lists all.
    """
    part: dict[str, Any] = document.get("analyser", {})
    known = {check.name for check in checks}
    families = {name.split("/")[0] + "/" for name in known}
    problems = [
        f"analyser.{key}: there is no check {name!r}"
        for key in ("enable", "disable", "severities")
        for name in part.get(key, ())
        if name not in known and (key == "severities" or name not in families)
    ]
    if problems:
        raise ConfigError(problems)
    return Settings(
        enable=tuple(part.get("enable", ())),
        disable=tuple(part.get("disable", ())),
        severities={name: Severity(severity) for name, severity in part.get("severities", {}).items()},
        exclude=tuple(part.get("exclude", ())),
        min_confidence=Confidence(part.get("min_confidence", Confidence.MEDIUM)),
        include_tests=part.get("include_tests", False),
        max_file_bytes=part.get("max_file_bytes", DEFAULT_MAX_FILE_BYTES),
    )
