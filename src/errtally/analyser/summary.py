"""Sum a report up in the parts that every output shows: handling, logging, monitoring, patterns, recommendations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from errtally.analyser.checks.registry import BY_NAME
from errtally.analyser.libraries.lookup import library_of_package
from errtally.analyser.model import LANGUAGES, Facts, Finding, Report, Service, Severity
from errtally.analyser.sources.languages import is_example

if TYPE_CHECKING:
    from errtally.analyser.check import Check


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do about the findings of one check.

    Attributes:
        findings: where, the surest first.
    """

    check: Check
    severity: Severity
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class LibraryUse:
    """A library that matters for errors, in code or in a manifest.

    Attributes:
        imports: how often code imports it; 0 when only a manifest has it.
        place: ``path:line`` where it is seen first.
        is_initialised: only for trackers.
    """

    name: str
    part: str
    imports: int
    place: str
    is_initialised: bool | None = None


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """What one package of the tree does about errors that nobody takes.

    Attributes:
        folder: "" for the top of the tree.
        trackers: to whether each is initialised, here or by a package that uses this one or is used by it.
        servers: frameworks, and how often they are imported.
    """

    folder: str
    trackers: dict[str, bool]
    servers: dict[str, int]
    global_handlers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """The parts of the report."""

    try_blocks: int
    handlers: int
    generic_catches: int
    promises_without_catch: int
    raised: dict[str, int]
    caught: dict[str, int]
    reported: dict[str, int]
    console: dict[str, int]
    levels: dict[str, int]
    log_styles: dict[str, int]
    is_structured: bool
    libraries: tuple[LibraryUse, ...]
    global_handlers: dict[str, int]
    patterns: dict[str, int]
    recommendations: tuple[Recommendation, ...]
    services: tuple[ServiceSummary, ...]


def summarise(report: Report) -> Summary:
    """Sum a report up."""
    facts = Facts()
    for language in sorted(report.facts):
        facts.merge(report.facts[language])
    findings = [*report.findings, *report.known]
    patterns = Counter(finding.check for finding in findings)
    styles = facts.part("log_style")
    return Summary(
        try_blocks=facts.counts["handling", "try_blocks"],
        handlers=facts.counts["handling", "handlers"],
        generic_catches=facts.counts["handling", "generic_catches"],
        promises_without_catch=patterns["promises/then-without-catch"],
        raised=facts.part("raised"),
        caught=facts.part("caught"),
        reported=facts.part("reported"),
        console=facts.part("console"),
        levels=facts.part("level"),
        log_styles=styles,
        is_structured=bool(facts.part("structured")) or styles.get("structured", 0) > styles.get("text", 0),
        libraries=tuple(_libraries(facts, report)),
        global_handlers=facts.part("global_handler"),
        patterns=dict(sorted(patterns.items(), key=lambda item: (-item[1], item[0]))),
        recommendations=tuple(_recommendations(report.findings)),
        services=tuple(_service(service) for service in report.services),
    )


def _libraries(facts: Facts, report: Report) -> list[LibraryUse]:
    found: dict[tuple[str, str], LibraryUse] = {}
    for part in ("logging", "tracker", "metrics", "server"):
        for name, imports in facts.part(part).items():
            path, line = facts.first.get((part, name), ("", 0))
            is_initialised = _is_initialised(report, name) if part == "tracker" else None
            found[part, name] = LibraryUse(name, part, imports, f"{path}:{line}", is_initialised)
    for dependency in report.dependencies:
        library = library_of_package(dependency.name)
        if library is not None and (library.part, library.name) not in found:
            is_initialised = False if library.part == "tracker" else None
            place = f"{dependency.manifest}:{dependency.line}"
            found[library.part, library.name] = LibraryUse(library.name, library.part, 0, place, is_initialised)
    return [found[key] for key in sorted(found)]


def _service(service: Service) -> ServiceSummary:
    facts = service.together(LANGUAGES)
    trackers = {
        name: bool(facts.counts["tracker_init", name]) or name in service.elsewhere for name in facts.part("tracker")
    }
    return ServiceSummary(service.folder, trackers, facts.part("server"), facts.part("global_handler"))


def _is_initialised(report: Report, tracker: str) -> bool:
    """Whether a tracker is initialised for every service that imports it."""
    users = [
        (service, facts)
        for service in report.services
        for facts in [service.together(LANGUAGES)]
        if facts.counts["tracker", tracker] and not is_example(f"{service.folder}/_")
    ] or [(service, service.together(LANGUAGES)) for service in report.services]
    return all(facts.counts["tracker_init", tracker] or tracker in service.elsewhere for service, facts in users)


def _recommendations(findings: list[Finding]) -> list[Recommendation]:
    """Group findings by check, the worst first: by severity, then by confidence, then by number."""
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.check, []).append(finding)
    found = [
        Recommendation(
            BY_NAME[name],
            min((finding.severity for finding in group), key=lambda severity: severity.rank),
            tuple(sorted(group, key=lambda finding: (finding.confidence.rank, *finding.order))),
        )
        for name, group in grouped.items()
    ]
    return sorted(
        found,
        key=lambda one: (one.severity.rank, one.findings[0].confidence.rank, -len(one.findings), one.check.name),
    )
