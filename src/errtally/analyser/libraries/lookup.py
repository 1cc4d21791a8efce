"""Which library an imported module or a dependency belongs to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

PARTS = ("logging", "tracker", "metrics", "server")


@dataclass(frozen=True, slots=True)
class Library:
    """A library that matters for errors.

    Attributes:
        part: logging, tracker, metrics or server.
        is_structured: its records are fields and not text.
        init: dotted calls that initialise a tracker.
        is_started_outside: it is often started by an agent or a command, so code alone does not tell.
    """

    name: str
    part: str
    is_structured: bool = False
    init: tuple[str, ...] = ()
    is_started_outside: bool = False


@cache
def _tables() -> tuple[dict[tuple[str, str], Library], dict[str, Library]]:
    modules: dict[tuple[str, str], Library] = {}
    packages: dict[str, Library] = {}
    document = json.loads(resources.files(__package__).joinpath("libraries.json").read_text(encoding="utf-8"))
    for part in PARTS:
        for name, entry in document[part].items():
            library = Library(
                name, part, entry.get("structured", False), tuple(entry.get("init", ())),
                entry.get("init_outside_of_code", False),
            )  # fmt: skip
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
    while module:
        if (found := modules.get((language, module))) is not None:
            return found
        if separator not in module or language == "go":
            return None
        module = module.rsplit(separator, 1)[0]
    return None


def library_of_package(name: str) -> Library | None:
    """Return the library that a dependency of a manifest is."""
    _, packages = _tables()
    return packages.get(name.lower().replace("_", "-")) or packages.get(name.lower())


def library(name: str) -> Library | None:
    """Return a tracker by its name."""
    modules, _ = _tables()
    return next((found for found in modules.values() if found.name == name and found.part == "tracker"), None)
