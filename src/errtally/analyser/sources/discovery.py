"""Walk a tree: the files to analyse and the manifests, in a fixed order, without what .gitignore leaves out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from errtally.analyser.manifests.read import is_manifest
from errtally.analyser.model import Problem, Skipped
from errtally.analyser.sources.ignoring import Pattern, is_excluded, patterns
from errtally.analyser.sources.languages import UNREAD, grammar_of, is_foreign, is_test
from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.analyser.settings import Settings


class TreeError(ErrtallyError):
    """The tree to analyse is not there."""


@dataclass(slots=True)
class Tree:
    """What a walk found; paths are relative to the root, with slashes.

    Attributes:
        configurations: files that may hold settings of a tracker.
        is_whole: whether it is a folder, and not some files of one: only a folder can be judged as a service.
    """

    root: Path
    files: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    configurations: list[str] = field(default_factory=list)
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Ignore:
    """The patterns of one .gitignore and the folder that they are relative to."""

    folder: Path
    patterns: tuple[Pattern, ...]


_CONFIGURATIONS = (
    "application", "bootstrap", "sentry.properties", "AndroidManifest.xml", "logback", "log4j2", "Dockerfile",
    "docker-compose", "compose", ".env", "Procfile", "values", "deployment", "gatsby-config", "nuxt.config",
)  # fmt: skip
_HEAD_BYTES = 200


def discover(roots: Path | Sequence[Path], settings: Settings) -> Tree:
    """Find the files of a folder, or of several folders and files.

    Paths are relative to the one folder that is given; with files, or more than one path, to the current folder, or to
    the nearest folder above them all where they are outside of it.

    Raises:
        TreeError: there is nothing at a path.
    """
    roots = [roots] if isinstance(roots, Path) else list(roots)
    for root in roots:
        if not root.exists():
            raise TreeError(f"{root}: no such file or folder")
    if len(roots) == 1 and roots[0].is_dir():
        base = roots[0]
        tree = Tree(base)
    else:
        base = _base([root.resolve() for root in roots])
        tree = Tree(base, is_whole=all(root.is_dir() for root in roots))
    top = base.resolve()
    excluded = _Ignore(top, patterns(settings.exclude))
    for root in roots:
        absolute = root.resolve()
        relative = "" if absolute == top else absolute.relative_to(top).as_posix()
        if absolute.is_dir():
            _walk(tree, absolute, relative, [excluded, *_above(absolute, tree)], settings)
        elif not _is_ignored(absolute, [excluded], is_folder=False):
            _take(tree, absolute, relative, settings)
    for found in (tree.files, tree.manifests, tree.configurations):
        found[:] = sorted(set(found))
    tree.skipped = sorted(set(tree.skipped), key=lambda one: one.path)
    return tree


def _base(paths: list[Path]) -> Path:
    here = Path.cwd()
    if all(path.is_relative_to(here) for path in paths):
        return here
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths]))


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
    try:
        if not path.is_file():
            return None
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as exc:
        tree.problems.append(Problem(_display_path(path, tree), 0, "unreadable", str(exc.strerror or exc)))
        return None
    found: list[Pattern] = []
    for number, line in enumerate(lines, 1):
        try:
            found += patterns([line])
        except (ValueError, re.error) as exc:
            # Git passes over such a line as well.
            message = f"a pattern that can't be read: {exc}"
            tree.problems.append(Problem(_display_path(path, tree), number, "unreadable", message))
    return _Ignore(folder, tuple(found))


def _display_path(path: Path, tree: Tree) -> str:
    """The path relative to the tree, whole for what is above it."""
    top = tree.root.resolve()
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)


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
        try:
            # Links are not followed: what they lead to is part of the tree already, or not the project's.
            if entry.is_symlink():
                continue
            if entry.is_dir():
                if not is_foreign(path) and not _is_ignored(Path(entry.path), ignores, is_folder=True):
                    _walk(tree, Path(entry.path), path, ignores, settings)
            elif entry.is_file() and not _is_ignored(Path(entry.path), ignores, is_folder=False):
                _take(tree, Path(entry.path), path, settings)
        except OSError as exc:
            tree.problems.append(Problem(path, 0, "unreadable", str(exc.strerror or exc)))


def _take(tree: Tree, file: Path, path: str, settings: Settings) -> None:
    """Put one file where it belongs."""
    if is_manifest(path):
        tree.manifests.append(path)
    if file.name.startswith(_CONFIGURATIONS) or file.suffix == ".env":
        tree.configurations.append(path)
    suffix = file.suffix.lower()
    if suffix in UNREAD:
        tree.skipped.append(Skipped(path, "language", UNREAD[suffix]))
    if grammar_of(path, b"" if suffix else _head(file)) is None:
        return
    if is_test(path) and not settings.include_tests:
        tree.skipped.append(Skipped(path, "test"))
    else:
        tree.files.append(path)


def _head(file: Path) -> bytes:
    """The first bytes of a file without a suffix, which may be a script; b"" when it can't be read.

    A file that nobody called a source is no problem of the run when it can't be read.
    """
    try:
        with file.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except OSError:
        return b""
