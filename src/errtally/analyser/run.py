"""Analyse a whole tree, over processes where it is large, and put the report together."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from typing import TYPE_CHECKING

from errtally.analyser.check import ProjectRule
from errtally.analyser.checks.registry import CHECKS
from errtally.analyser.keys import Keys
from errtally.analyser.libraries.lookup import library
from errtally.analyser.manifests.read import read_manifests
from errtally.analyser.model import Facts, FileResult, Finding, Problem, Report, Service, Skipped
from errtally.analyser.one_file import analyse_file, finding
from errtally.analyser.services import divide, is_configured
from errtally.analyser.sources.discovery import Tree, discover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from errtally.analyser.settings import Settings

PARALLEL_FROM_BYTES = 3_000_000
"""Below this, starting processes costs more than they save: half a second of a processor each, for the imports."""

_CHUNK_FILES = 20


def default_jobs() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def analyse(
    roots: Path | Sequence[Path],
    settings: Settings,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Analyse a tree.

    Args:
        roots: a folder, or files and folders.
        settings: how to analyse.
        jobs: processes to use at most.
        progress: is called with the files done and all files.

    Raises:
        TreeError: there is nothing at one of them.
    """
    tree = discover(roots, settings)
    results: list[FileResult] = []
    for chunk in _results(tree.root, tree.files, settings, jobs):
        results += chunk
        if progress is not None:
            progress(len(results), len(tree.files))
    results.sort(key=lambda result: result.path)
    manifests, manifest_problems = read_manifests(tree.root, tree.manifests)
    services = divide((result for result in results if result.lines), manifests)
    of_tree = list(_project_findings(tree, services, settings)) if tree.is_whole else []
    report = _report(results, of_tree, settings)
    report.dependencies = [one for manifest in manifests for one in manifest.dependencies]
    report.services = services
    report.problems = sorted(
        [*tree.problems, *manifest_problems, *report.problems], key=lambda problem: (problem.path, problem.line)
    )
    report.skipped = sorted([*tree.skipped, *report.skipped], key=lambda one: one.path)
    return report


def _chunk(root: Path, paths: list[str], settings: Settings) -> list[FileResult]:
    return [analyse_file(root, path, settings) for path in paths]


def _results(root: Path, paths: list[str], settings: Settings, jobs: int) -> Iterator[list[FileResult]]:
    chunks = [paths[start : start + _CHUNK_FILES] for start in range(0, len(paths), _CHUNK_FILES)]
    if jobs == 1 or len(chunks) == 1 or _bytes(root, paths) < PARALLEL_FROM_BYTES:
        for chunk in chunks:
            yield _chunk(root, chunk, settings)
        return
    # Started afresh instead of forked: the progress display runs a thread, and forking a process with threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(chunks)), mp_context=context) as pool:
        futures = [pool.submit(_chunk, root, chunk, settings) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()


def _bytes(root: Path, paths: list[str]) -> int:
    """How large the files are together; one that is gone meanwhile is a problem of its own later."""
    total = 0
    for path in paths:
        with suppress(OSError):
            total += (root / path).stat().st_size
    return total


def _report(results: list[FileResult], of_tree: list[Finding], settings: Settings) -> Report:
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    facts: dict[str, Facts] = {}
    findings: list[Finding] = []
    problems: list[Problem] = []
    skipped: list[Skipped] = []
    for result in results:
        if result.skipped:
            skipped.append(Skipped(result.path, result.skipped))
            continue
        problems += result.problems
        if not result.lines and result.problems:
            continue
        files[result.language] += 1
        lines[result.language] += result.lines
        facts.setdefault(result.language, Facts()).merge(result.facts)
        findings += result.findings
    suppressed = {(result.path, line): checks for result in results for line, checks in result.suppressions.items()}
    kept = [item for item in of_tree if item.check not in suppressed.get((item.path, item.line), ())]
    findings += kept
    shown = [item for item in findings if item.confidence.rank <= settings.min_confidence.rank]
    return Report(
        findings=sorted(shown, key=lambda item: item.order),
        problems=problems,
        files=dict(sorted(files.items())),
        lines=dict(sorted(lines.items())),
        facts=dict(sorted(facts.items())),
        dependencies=[],
        suppressed=sum(result.suppressed for result in results) + len(of_tree) - len(kept),
        hidden=len(findings) - len(shown),
        skipped=skipped,
    )


def _project_findings(tree: Tree, services: list[Service], settings: Settings) -> Iterator[Finding]:
    rules = [
        (check, rule)
        for check in CHECKS
        for rule in check.rules
        if isinstance(rule, ProjectRule) and settings.is_enabled(check.name)
    ]
    for service in services:
        _add_configured(tree, service)
        for check, rule in rules:
            for hit in rule.find(service):
                # The message takes the place of the line's text, which a check of the whole tree does not have.
                keys = Keys(hit.path)
                yield finding(check, hit, path=hit.path, language="", snippet=hit.message, keys=keys, settings=settings)


def _add_configured(tree: Tree, service: Service) -> None:
    """Count the trackers of a service that its configuration starts and not its code.

    Java's starters and appenders do so by themselves; elsewhere a DSN in the environment needs a call all the same.
    """
    facts = service.facts.get("java")
    for name in facts.part("tracker") if facts is not None else ():
        known = library(name)
        if facts is None or known is None or facts.counts["tracker_init", name]:
            continue
        if is_configured(tree.root, tree.configurations, service.folder, known.settings):
            facts.add("tracker_init", name)
