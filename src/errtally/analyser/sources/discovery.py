"""Walk a tree: the files to analyse and the manifests, in a fixed order, without what .gitignore leaves out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from errtally.analyser.model import Problem
from errtally.analyser.sources.ignoring import Pattern, is_excluded, patterns
from errtally.analyser.sources.languages import EXCLUDED_FOLDERS, grammar_of, is_test
from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from errtally.analyser.settings import Settings


class TreeError(ErrtallyError):
    """The tree to analyse is not there."""


@dataclass(slots=True)
class Tree:
    """What a walk found; paths are relative to the root, with slashes."""

    root: Path
    files: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped_tests: int = 0


@dataclass(frozen=True, slots=True)
class _Ignore:
    """The patterns of one .gitignore and the folder that they are relative to."""

    folder: Path
    patterns: tuple[Pattern, ...]


def _is_manifest(name: str) -> bool:
    if name in {"package.json", "pyproject.toml", "go.mod", "pom.xml", "build.gradle", "build.gradle.kts"}:
        return True
    return name.startswith("requirements") and name.endswith(".txt")


def discover(root: Path, settings: Settings) -> Tree:
    """Find the files of a tree, or take the one file that the path is.

    Raises:
        TreeError: there is nothing at the path.
    """
    if root.is_file():
        return Tree(root.parent, files=[root.name])
    if not root.is_dir():
        raise TreeError(f"{root}: no such file or folder")
    tree = Tree(root)
    absolute = root.resolve()
    excluded = _Ignore(absolute, patterns(settings.exclude))
    _walk(tree, absolute, "", [excluded, *_above(absolute, tree)], settings)
    tree.files.sort()
    tree.manifests.sort()
    return tree


def _above(folder: Path, tree: Tree) -> list[_Ignore]:
    """The .gitignore files over the root, up to the top of its repository."""
    found: list[_Ignore] = []
    if (folder / ".git").exists():
        return found
    for parent in folder.parents:
        if (ignore := _ignore(parent, tree)) is not None:
            found.insert(0, ignore)
        if (parent / ".git").exists():
            # Whoever asks for a folder that its repository ignores, such as an installed environment, means it.
            inside = [folder, *(one for one in folder.parents if one.is_relative_to(parent) and one != parent)]
            return [] if any(_is_ignored(one, found, is_folder=True) for one in inside) else found
    return []


def _ignore(folder: Path, tree: Tree) -> _Ignore | None:
    path = folder / ".gitignore"
    if not path.is_file():
        return None
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as exc:
        tree.problems.append(Problem(str(path), 0, "unreadable", str(exc.strerror)))
        return None
    return _Ignore(folder, patterns(lines))


def _is_ignored(path: Path, ignores: list[_Ignore], *, is_folder: bool) -> bool:
    """Whether a path is left out; the innermost .gitignore that says anything about it decides."""
    for ignore in reversed(ignores):
        relative = path.relative_to(ignore.folder).as_posix() + ("/" if is_folder else "")
        decision = is_excluded(ignore.patterns, relative)
        if decision is not None:
            return decision
    return False


def _walk(tree: Tree, folder: Path, relative: str, ignores: list[_Ignore], settings: Settings) -> None:
    if (own := _ignore(folder, tree)) is not None:
        ignores = [*ignores, own]
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as exc:
        tree.problems.append(Problem(relative or ".", 0, "unreadable", str(exc.strerror)))
        return
    for entry in entries:
        path = f"{relative}/{entry.name}" if relative else entry.name
        # Links are not followed: what they lead to is part of the tree already, or not the project's.
        if entry.is_symlink():
            continue
        if entry.is_dir():
            if entry.name not in EXCLUDED_FOLDERS and not _is_ignored(Path(entry.path), ignores, is_folder=True):
                _walk(tree, Path(entry.path), path, ignores, settings)
            continue
        is_source, is_manifest = grammar_of(path) is not None, _is_manifest(entry.name)
        if not (is_source or is_manifest) or _is_ignored(Path(entry.path), ignores, is_folder=False):
            continue
        if is_manifest:
            tree.manifests.append(path)
        elif is_test(path) and not settings.include_tests:
            tree.skipped_tests += 1
        else:
            tree.files.append(path)
