"""Read all manifests of a tree; one that can't be read is a problem, not the end of the run."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.manifests import (
    go_mod,
    gradle,
    package_json,
    pipfile,
    pom,
    pyproject,
    requirements,
    setup_cfg,
    version_catalog,
)
from errtally.analyser.manifests.own_name import own_name
from errtally.analyser.model import Dependency, Manifest, Problem
from errtally.analyser.sources.read import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PARSERS: dict[str, tuple[str, Callable[[str], Iterator[tuple[str, int]]]]] = {
    "package.json": ("npm", package_json.dependencies),
    "pyproject.toml": ("pypi", pyproject.dependencies),
    "setup.cfg": ("pypi", setup_cfg.dependencies),
    "setup.py": ("pypi", setup_cfg.dependencies_of_setup_py),
    "Pipfile": ("pypi", pipfile.dependencies),
    "go.mod": ("go", go_mod.dependencies),
    "pom.xml": ("maven", pom.dependencies),
    "build.gradle": ("maven", gradle.dependencies),
    "build.gradle.kts": ("maven", gradle.dependencies),
    "libs.versions.toml": ("maven", version_catalog.dependencies),
}
_REQUIREMENTS = "requirements"
_INNER_FOLDERS = {_REQUIREMENTS, "gradle"}
"""Folders that hold manifests of the folder around them."""


def is_manifest(path: str) -> bool:
    """Whether a path is called as one of the manifests that are read."""
    pure = PurePosixPath(path)
    if pure.name in _PARSERS:
        return True
    return pure.suffix == ".txt" and (pure.stem.startswith(_REQUIREMENTS) or pure.parent.name == _REQUIREMENTS)


def read_manifests(root: Path, paths: Iterable[str]) -> tuple[list[Manifest], list[Problem]]:
    """Return the manifests in the order of their files, and what could not be read."""
    found: list[Manifest] = []
    problems: list[Problem] = []
    for path in paths:
        ecosystem, parse = _PARSERS.get(PurePosixPath(path).name, ("pypi", requirements.dependencies))
        name = ""
        dependencies: list[Dependency] = []
        try:
            text = (root / path).read_text(encoding="utf-8")
            dependencies = [Dependency(one, path, line, ecosystem) for one, line in parse(text)]
            if path.endswith("package.json"):
                peers = package_json.peers(text)
                dependencies = [
                    Dependency(one.name, path, one.line, ecosystem, one.name in peers) for one in dependencies
                ]
            name = own_name(path, text)
        except (OSError, UnicodeDecodeError) as exc:
            problems.append(Problem(path, 0, "unreadable", str(exc)))
        except SourceError as exc:
            problems.append(Problem(path, exc.line, "manifest", str(exc)))
        found.append(Manifest(path, _folder(path), ecosystem, name, tuple(dependencies)))
    return found, problems


def _folder(path: str) -> str:
    """The folder whose code a manifest is about."""
    parent = PurePosixPath(path).parent
    if parent.name in _INNER_FOLDERS:
        parent = parent.parent
    return "" if parent == PurePosixPath() else parent.as_posix()
