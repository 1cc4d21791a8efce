"""Divide a tree into its services: the code under each manifest is judged by itself."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.libraries.lookup import TRACKERS
from errtally.analyser.model import Facts, Manifest, Service
from errtally.analyser.sources.languages import is_example, is_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from errtally.analyser.model import FileResult

_ECOSYSTEMS = {"python": "pypi", "javascript": "npm", "typescript": "npm", "java": "maven", "go": "go"}


def divide(results: Iterable[FileResult], manifests: list[Manifest]) -> list[Service]:
    """Return the services of a tree, by folder.

    Examples and tests are services of their own: what they initialise does not initialise anything for the others.
    """
    folders = {(manifest.ecosystem, manifest.folder) for manifest in manifests}
    found: dict[str, Service] = {}
    for manifest in manifests:
        service = found.setdefault(manifest.folder, Service(manifest.folder))
        service.dependencies += manifest.dependencies
    for result in results:
        folder = _folder(result, folders)
        service = found.setdefault(folder, Service(folder))
        service.facts.setdefault(result.language, Facts()).merge(result.facts)
    services = [found[folder] for folder in sorted(found) if found[folder].facts]
    _connect(services, manifests)
    return services


def _folder(result: FileResult, folders: set[tuple[str, str]]) -> str:
    """The nearest folder above a file with a manifest of its language, or the folder of examples that it is in."""
    ecosystem = _ECOSYSTEMS[result.language]
    for parent in PurePosixPath(result.path).parents:
        folder = "" if parent == PurePosixPath() else parent.as_posix()
        if (ecosystem, folder) in folders:
            return folder
        inner = f"{folder}/_"
        if folder and (is_example(inner) or is_test(inner)) and not _is_shown(parent.parent):
            return folder
    return ""


def _is_shown(parent: PurePosixPath) -> bool:
    """Whether a folder is within one of examples or tests itself."""
    inner = f"{parent.as_posix()}/_"
    return is_example(inner) or is_test(inner)


def _connect(services: list[Service], manifests: list[Manifest]) -> None:
    """Note for each service which trackers the packages initialise that it uses or that use it."""
    names = {manifest.name: manifest.folder for manifest in manifests if manifest.name}
    uses: dict[str, set[str]] = {}
    for manifest in manifests:
        for dependency in manifest.dependencies:
            other = names.get(dependency.name) or names.get(dependency.name.rpartition(":")[2])
            if other is None:
                other = names.get(dependency.name) if dependency.name in names else None
            if other is not None and other != manifest.folder:
                uses.setdefault(manifest.folder, set()).add(other)
    initialised = {
        service.folder: {
            tracker for facts in service.facts.values() for tracker in TRACKERS if facts.counts["tracker_init", tracker]
        }
        for service in services
    }
    used_by: dict[str, set[str]] = {}
    for user, used in uses.items():
        for one in used:
            used_by.setdefault(one, set()).add(user)
    handlers = {
        service.folder: {language for language, facts in service.facts.items() if facts.part("global_handler")}
        for service in services
        if not _is_shown(PurePosixPath(service.folder))
    }
    for service in services:
        others = [languages for folder, languages in handlers.items() if folder != service.folder]
        service.handled_elsewhere.update(*others)
        reached = _reached(service.folder, uses) | _reached(service.folder, used_by)
        for folder in reached:
            service.elsewhere |= initialised.get(folder, set())


def _reached(folder: str, edges: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [folder]
    while waiting:
        for one in edges.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


def is_configured(root: Path, paths: Iterable[str], folder: str, settings: tuple[str, ...]) -> bool:
    """Whether a configuration file of a service, or one of the whole tree, names a setting that starts a tracker.

    Args:
        root: the tree.
        paths: the configuration files of the tree.
        folder: of the service.
        settings: names such as `sentry.dsn`; in YAML a dot may stand for a level.
    """
    for path in paths:
        parent = PurePosixPath(path).parent
        inside = not folder or parent.is_relative_to(folder)
        if not inside and PurePosixPath(folder).is_relative_to(parent) is False:
            continue
        try:
            text = (root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if any(_names(path, text, setting) for setting in settings):
            return True
    return False


def _names(path: str, text: str, setting: str) -> bool:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", "//", "<!--"))]
    if any(setting in line for line in lines):
        return True
    if "." not in setting or not path.endswith((".yml", ".yaml")):
        return False
    # `sentry:` and below it, further in, `dsn:`.
    outer, inner = setting.rsplit(".", 1)
    depth = -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        words = line.strip()
        if depth >= 0 and words and indent <= depth:
            depth = -1
        if words.startswith(f"{outer}:"):
            depth = indent
        elif depth >= 0 and words.startswith(f"{inner}:"):
            return True
    return False
