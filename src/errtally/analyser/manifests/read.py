"""Read all manifests of a tree; one that can't be read is a problem, not the end of the run."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.manifests import go_mod, gradle, package_json, pom, pyproject, requirements
from errtally.analyser.model import Dependency, Problem
from errtally.analyser.sources.read import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PARSERS: dict[str, tuple[str, Callable[[str], Iterator[tuple[str, int]]]]] = {
    "package.json": ("npm", package_json.dependencies),
    "pyproject.toml": ("pypi", pyproject.dependencies),
    "go.mod": ("go", go_mod.dependencies),
    "pom.xml": ("maven", pom.dependencies),
    "build.gradle": ("maven", gradle.dependencies),
    "build.gradle.kts": ("maven", gradle.dependencies),
}


def read_manifests(root: Path, paths: Iterable[str]) -> tuple[list[Dependency], list[Problem]]:
    """Return every dependency of the manifests, in the order of their files, and what could not be read."""
    found: list[Dependency] = []
    problems: list[Problem] = []
    for path in paths:
        ecosystem, parse = _PARSERS.get(PurePosixPath(path).name, ("pypi", requirements.dependencies))
        try:
            text = (root / path).read_text(encoding="utf-8")
            found += [Dependency(name, path, line, ecosystem) for name, line in parse(text)]
        except (OSError, UnicodeDecodeError) as exc:
            problems.append(Problem(path, 0, "unreadable", str(exc)))
        except SourceError as exc:
            problems.append(Problem(path, exc.line, "manifest", str(exc)))
    return found, problems
