"""Which library an imported module or a dependency belongs to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS = ("logging", "tracker", "metrics", "server")


@dataclass(frozen=True, slots=True)
class Library:
    """A library that matters for errors.

    Attributes:
        part: logging, tracker, metrics or server.
        is_structured: its records are fields and not text.
        init: language to the calls that initialise a tracker, each relative to one of the library's modules; "" is the
            call of the module itself.
        settings: names of settings that initialise it without code, such as an environment variable.
        is_started_outside: it is often started by an agent or a command, so code alone does not tell.
    """

    name: str
    part: str
    is_structured: bool = False
    init: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    settings: tuple[str, ...] = ()
    is_started_outside: bool = False


@cache
def _tables() -> tuple[dict[tuple[str, str], Library], dict[str, Library]]:
    modules: dict[tuple[str, str], Library] = {}
    packages: dict[str, Library] = {}
    document = json.loads(resources.files(__package__).joinpath("libraries.json").read_text(encoding="utf-8"))
    for part in PARTS:
        for name, entry in document[part].items():
            library = Library(
                name,
                part,
                entry.get("structured", False),
                {language: frozenset(calls) for language, calls in entry.get("init", {}).items()},
                tuple(entry.get("settings", ())),
                entry.get("init_outside_of_code", False),
            )
            for language in ("python", "javascript", "java", "go"):
                for module in entry.get(language, ()):
                    modules[language, module] = library
            # Where nothing else is said, a package has the name that it is imported by.
            default = [*entry.get("python", ()), *entry.get("javascript", ()), *entry.get("go", ())]
            for package in [*entry.get("packages", ()), *(default if name != "logging" else ())]:
                packages[package.lower()] = library
    return modules, packages


def library_of_module(language: str, module: str) -> Library | None:
    """Return the library that a module belongs to; a module within it counts as well."""
    modules, _ = _tables()
    language = "javascript" if language == "typescript" else language
    separator = "." if language in {"python", "java"} else "/"
    if language == "go":
        module = "/".join(part for part in module.split("/") if not (part[:1] == "v" and part[1:].isdigit()))
    is_exact = True
    while module:
        found = modules.get((language, module))
        # A package of Go is a library of its own, unless it belongs to a tracker.
        if found is not None and (is_exact or language != "go" or found.part == "tracker"):
            return found
        if separator not in module:
            return None
        module, is_exact = module.rsplit(separator, 1)[0], False
    return None


def initialises(language: str, module: str, member: str) -> Library | None:
    """Return the tracker that a call initialises, None for any other call.

    Args:
        language: of the code.
        module: what is imported; a module within the tracker's own counts as well.
        member: the dotted name that is called in it, "" for the module itself.
    """
    found = library_of_module(language, module)
    if found is None or found.part != "tracker":
        return None
    calls = found.init.get("javascript" if language == "typescript" else language, frozenset())
    if language in {"python", "java"}:
        # The module's own part of the name may stand on either side.
        whole = f"{module}.{member}" if member else module
        parts = whole.split(".")
        return found if any(".".join(parts[start:]) in calls for start in range(1, len(parts))) else None
    return found if member in calls else None


def library_of_package(name: str) -> Library | None:
    """Return the library that a dependency of a manifest is."""
    _, packages = _tables()
    plain = name.lower()
    if plain.rpartition("/")[2][:1] == "v" and plain.rpartition("/")[2][1:].isdigit():
        plain = plain.rpartition("/")[0]
    return packages.get(plain.replace("_", "-")) or packages.get(plain)


def library(name: str) -> Library | None:
    """Return a tracker by its name."""
    modules, _ = _tables()
    return next((found for found in modules.values() if found.name == name and found.part == "tracker"), None)


def _trackers() -> tuple[str, ...]:
    modules, _ = _tables()
    return tuple(sorted({found.name for found in modules.values() if found.part == "tracker"}))


TRACKERS = _trackers()
"""Names of all trackers."""
