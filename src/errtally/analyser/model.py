"""What a run finds: findings, facts, problems and the report that holds them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from errtally.names import SEVERITIES

LANGUAGES = ("python", "javascript", "typescript", "java", "go")


class Severity(StrEnum):
    """How bad a finding is, named as alerts are."""

    CRITICAL = SEVERITIES[0]
    WARNING = SEVERITIES[1]
    INFO = SEVERITIES[2]

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure a check is that its finding is one."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return list(Confidence).index(self)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a check objects to, before severities of the configuration and suppressions.

    Attributes:
        line: counted from 1, as is ``end_line``.
        column: counted from 1, in characters.
        message: what is wrong here, one sentence.
        confidence: this place's own, where it differs from the check's.
        path: only for checks of the whole tree: the file.
        handler: where one finding for each handler is enough: the handler's line.
    """

    line: int
    column: int
    end_line: int
    message: str
    confidence: Confidence | None = None
    path: str = ""
    handler: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of the report.

    Attributes:
        key: made of content and not of line numbers, so that it survives moved lines; see `keys`.
        context: a hash of the lines around, which tells a finding from others on lines of the same text.
        snippet: the line of source, without its indentation.
    """

    check: str
    path: str
    line: int
    column: int
    end_line: int
    language: str
    severity: Severity
    confidence: Confidence
    message: str
    snippet: str
    key: str
    context: str = ""

    @property
    def order(self) -> tuple[str, int, int, str]:
        """Where the finding stands in output that is sorted by place."""
        return (self.path, self.line, self.column, self.check)


@dataclass(slots=True)
class Facts:
    """Counts of what code does, by part of the report and name, and where each was seen first.

    Parts are ``raised``, ``caught``, ``reported``, ``level`` and so on; `facts` fills them.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def add(self, part: str, name: str, path: str = "", line: int = 0) -> None:
        """Count one more."""
        self.counts[part, name] += 1
        if path:
            self.first.setdefault((part, name), (path, line))

    def merge(self, other: Facts) -> None:
        """Add the counts of another file; its places count only where there was none."""
        self.counts.update(other.counts)
        for key, place in other.first.items():
            self.first.setdefault(key, place)

    def part(self, name: str) -> dict[str, int]:
        """Return one part, the most frequent first."""
        found = {key: count for (part, key), count in self.counts.items() if part == name}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def total(self, name: str) -> int:
        """Return the sum over one part."""
        return sum(count for (part, _), count in self.counts.items() if part == name)


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be analysed, or only partly."""

    path: str
    line: int
    kind: str
    message: str


@dataclass(slots=True)
class FileResult:
    """What one file gave.

    Attributes:
        suppressions: line to the checks that comments suppress there; checks of the whole tree need them afterwards.
    """

    path: str
    language: str
    lines: int = 0
    findings: list[Finding] = field(default_factory=list)
    suppressed: int = 0
    suppressions: dict[int, tuple[str, ...]] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    problems: list[Problem] = field(default_factory=list)
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out.

    Attributes:
        reason: ``test``, ``generated``, or ``language`` for one that no grammar reads.
        language: only of the last: as people write it.
    """

    path: str
    reason: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file that names a package and what it depends on; its folder is a service.

    Attributes:
        folder: "" for the top of the tree.
        name: the package's own, "" when the manifest does not say.
    """

    path: str
    folder: str
    ecosystem: str
    name: str
    dependencies: tuple[Dependency, ...]


@dataclass(slots=True)
class Service:
    """The code of one manifest's folder, which is judged by itself.

    Attributes:
        folder: relative to the tree; "" for its top.
        facts: by language.
        dependencies: what its manifests ask for.
        elsewhere: trackers that another package initialises which uses this one or is used by it.
        handled_elsewhere: languages in which another package of the tree has a global handler.
    """

    folder: str
    facts: dict[str, Facts] = field(default_factory=dict)
    dependencies: list[Dependency] = field(default_factory=list)
    elsewhere: set[str] = field(default_factory=set)
    handled_elsewhere: set[str] = field(default_factory=set)

    def together(self, languages: tuple[str, ...]) -> Facts:
        """Return the facts of several languages as one."""
        found = Facts()
        for language in languages:
            found.merge(self.facts.get(language, Facts()))
        return found


@dataclass(frozen=True, slots=True)
class Dependency:
    """A library that a manifest asks for.

    Attributes:
        is_peer: whoever uses the package brings it along, and initialises it.
    """

    name: str
    manifest: str
    line: int
    ecosystem: str
    is_peer: bool = False


@dataclass(slots=True)
class Report:
    """The outcome of a run.

    Attributes:
        files: analysed files by language; ``lines`` likewise.
        facts: by language.
        hidden: findings below the confidence asked for.
        known: findings that the baseline has; they are not among ``findings``.
        services: the packages of the tree, each with facts of its own.
        skipped: files that were left out, and why.
    """

    findings: list[Finding]
    problems: list[Problem]
    files: dict[str, int]
    lines: dict[str, int]
    facts: dict[str, Facts]
    dependencies: list[Dependency]
    suppressed: int = 0
    hidden: int = 0
    known: list[Finding] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def skipped_for(self, reason: str) -> int:
        """Return how many files were left out for a reason."""
        return sum(one.reason == reason for one in self.skipped)
