"""What a query means in plain Python, and issues at random to compare with what SQL finds."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally.exporter.journal.records import IssueSeen
from errtally.exporter.search.conditions import (
    AnyOf,
    Field,
    Fixed,
    Has,
    Identity,
    Moment,
    Number,
    ReleaseOrder,
    State,
    Tag,
    Term,
    Words,
)
from errtally.exporter.store import words

if TYPE_CHECKING:
    import sqlite3
    from random import Random

NOW = 1_795_500_000.0
TYPES = ("ValueError", "KeyError", "TimeoutError", "50% off", "snake_case", "Überlauf")
TITLES = ("card declined for <n>", "no milk left", "can't reach HTTP://shop", "straße gesperrt", 'a "quoted" \\ text')
MESSAGES = (
    "java.lang.NullPointerException: order 77 of ann", "Order 78", "Resque::DirtyExit: worker died",
    r"C:\Temp\x.txt is gone",
    "50%_off", "x",
)  # fmt: skip
CULPRITS = ("shop/cart.py in pay", "shop/cart.py in checkout", "db_pool in get", "")
RELEASES = ("", "shop@1.0", "shop@1.1", "shop@2.0-beta")
TAGS = {"browser": ("Safari", "Firefox 98%", "Edge_1"), "region": ("eu-west", "US"), "level": ("error",)}
COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq}


@dataclass
class Plain:
    """One row of the store; ``members`` are rows that were merged into it."""

    id: int
    project: str
    type: str
    title: str
    pattern: str
    culprit: str
    status: str
    platform: str = field(default="python", init=False)
    level: str
    events: int
    first_seen: float
    last_seen: float
    first_release: str
    last_release: str
    environments: dict[str, int]
    tags: dict[str, list[str]]
    messages: tuple[str, ...] = ()
    is_unhandled: bool = False
    assignee: str = ""
    said_priority: str = ""
    ticket: str = ""
    merged_into: int | None = None
    is_alias_target: bool = False
    members: list[Plain] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        return f"{self.id:08x}"

    @property
    def priority(self) -> str:
        of_level = {"fatal": "high", "error": "high", "warning": "medium"}
        return self.said_priority or of_level.get(self.shown_level, "low")

    @property
    def shown_level(self) -> str:
        return max(self.all(), key=lambda one: one.last_seen).level

    def all(self) -> list[Plain]:
        return [self, *self.members]


def issues(random: Random, count: int) -> list[Plain]:
    """Make rows at random; one in eight is merged into an earlier one."""
    made: list[Plain] = []
    for id_ in range(1, count + 1):
        first = NOW - random.choice((600, 5_000, 90_000, 200_000, 3_000_000)) - random.randrange(100)
        title = random.choice(TITLES)
        one = Plain(
            id=id_,
            project=random.choice(("shop", "Shop", "bank")),
            type=random.choice(TYPES),
            title=title,
            pattern=title.replace("<n>", "<*>"),
            culprit=random.choice(CULPRITS),
            status=random.choice(("unresolved", "resolved", "ignored", "regressed")),
            level=random.choice(("error", "warning", "fatal")),
            events=random.randrange(1, 300),
            first_seen=first,
            last_seen=first + random.randrange(int(NOW - first)),
            first_release=random.choice(RELEASES),
            last_release=random.choice(RELEASES),
            environments={
                name: random.randrange(20)
                for name in random.sample(("production", "staging", ""), random.randrange(1, 4))
            },
            tags={tag: random.sample(values, random.randrange(len(values) + 1)) for tag, values in TAGS.items()},
            messages=tuple(random.sample(MESSAGES, random.randrange(len(MESSAGES)))),
            is_unhandled=random.random() < 1 / 4,
            assignee=random.choice(("", "", "ann", "Bob B")),
            said_priority=random.choice(("", "", "high", "low")),
            ticket=random.choice(("", "https://tracker.example/7")),
        )
        same = [other for other in made if other.project == one.project]
        if same and random.random() < 1 / 8:
            one.merged_into = random.choice(same).id
        made.append(one)
    by_id = {one.id: one for one in made}
    for one in made:
        root = one
        while root.merged_into is not None:
            root = by_id[root.merged_into]
        if root is not one:
            root.members.append(one)
        if one.merged_into is not None:
            by_id[one.merged_into].is_alias_target = True
    return made


def write(db: sqlite3.Connection, made: list[Plain]) -> None:
    """Write rows as the store's writer does."""
    by_id = {one.id: one for one in made}
    texts = words.Words(db)
    for one in made:
        db.execute(
            """INSERT INTO issues VALUES (?, ?, ?, ?, ?, ?, ?, 'scope', 'python', '[]', ?, ?, ?, ?, ?, ?, ?,
            NULL, NULL, 1, ?, ?, ?, ?, ?)""",
            (one.id, one.project, one.fingerprint, one.type, one.title, one.culprit, one.pattern, one.status, one.level,
             one.events, one.first_seen, one.last_seen, one.first_release, one.last_release,
             one.is_unhandled, one.assignee, one.said_priority, one.ticket, sum(one.environments.values())),
        )  # fmt: skip
        texts.describe(one.id, IssueSeen(one.fingerprint, one.type, one.title, one.culprit, one.pattern))
        for environment, users in one.environments.items():
            db.execute(
                """INSERT INTO issue_environments (issue, environment, events, users, first_seen, last_seen, is_exposed,
                change, touched) VALUES (?, ?, 1, ?, 0, 0, 1, 1, 0)""",
                (one.id, environment, users),
            )
        for tag, values in one.tags.items():
            for value in values:
                db.execute("INSERT INTO issue_tags VALUES (?, ?, ?, 1, 0, 0)", (one.id, tag, value))
            texts.note((tag, value) for value in values)
        texts.say({one.id: dict.fromkeys(one.messages, 0.0)})
        for release in (one.first_release, one.last_release):
            if release:
                number = 3 - RELEASES.index(release)  # as if the oldest had appeared last
                db.execute(
                    """INSERT INTO releases (project, release, number, rank, seen) VALUES (?, ?, ?, 1, 0)
                    ON CONFLICT DO NOTHING""",
                    (one.project, release, number),
                )
        if one.merged_into is not None:
            db.execute(
                "INSERT INTO aliases VALUES (?, ?, ?, ?, 'by hand', 0, 'ops', '', '', '', NULL, NULL)",
                (one.id, one.project, one.fingerprint, by_id[one.merged_into].fingerprint),
            )


def found(made: list[Plain], terms: tuple[Term, ...]) -> set[int]:
    """Return the numbers of issues that match all terms."""
    return {
        one.id
        for one in made
        if one.merged_into is None and all(_matches(one, term.condition) != term.is_negated for term in terms)
    }


def _matches(one: Plain, what: object) -> bool:  # noqa: PLR0911 (one for each kind of condition)
    if isinstance(what, Fixed):
        return what.holds
    if isinstance(what, AnyOf):
        return any(_matches(one, condition) for condition in what.conditions)
    if isinstance(what, Has):
        return any(member.tags.get(what.name) for member in one.all())
    if isinstance(what, Identity):
        return any(member.id == what.number for member in one.all())
    if isinstance(what, Words):
        wanted = re.compile(".*".join(re.escape(part.casefold()) for part in what.text.parts), re.DOTALL)
        return any(wanted.search(text.casefold()) for member in one.all() for text in _texts(member))
    if isinstance(what, ReleaseOrder):
        releases = [(member.first_release, member.last_release) for member in one.all()]
        shown = [pair[:1] if what.name == "first_release" else pair for pair in releases]
        return any(_place(release) is not None and COMPARE[what.operator](_place(release), _place(what.release))
                   for pair in shown for release in pair)  # fmt: skip
    if isinstance(what, Field):
        if what.name == "type" and "." in what.text.parts[0]:
            wanted = ".*".join(re.escape(part.casefold()) for part in what.text.parts) + ": .*"
            said = [message.casefold() + ": " for member in one.all() for message in member.messages]
            if any(re.fullmatch(wanted, message, re.DOTALL) for message in said):
                return True
        members = [one] if what.name in {"project", "level", "assignee", "priority"} else one.all()
        if what.name == "first_release":
            members = [member for member in members if member.first_seen == min(other.first_seen for other in members)]
        values = {
            "environment": lambda member: list(member.environments),
            "release": lambda member: [member.first_release, member.last_release],
            "level": lambda member: [member.shown_level],
        }.get(what.name, lambda member: [getattr(member, what.name)])
        return any(_is(value, what.text.parts) for member in members for value in values(member))
    if isinstance(what, Tag):
        wanted = ".*".join(re.escape(part.casefold()) for part in what.text.parts)
        values = [value for member in one.all() for value in member.tags.get(what.name, ())]
        return any(re.fullmatch(wanted, value.casefold(), re.DOTALL) for value in values)
    if isinstance(what, Number):
        amount = (
            sum(member.events for member in one.all())
            if what.name == "events"
            else sum(users for member in one.all() for users in member.environments.values())
        )
        return COMPARE[what.operator](amount, what.amount)
    first, last = min(member.first_seen for member in one.all()), max(member.last_seen for member in one.all())
    if isinstance(what, Moment):
        seen = first if what.name == "first_seen" else last
        return (what.since is None or seen >= what.since) and (what.until is None or seen < what.until)
    assert isinstance(what, State)
    return {
        "unresolved": one.status in {"unresolved", "regressed"},
        "new": first >= NOW - 86_400,
        "merged": one.is_alias_target,
        "assigned": bool(one.assignee),
        "unassigned": not one.assignee,
        "linked": bool(one.ticket),
        "unhandled": any(member.is_unhandled for member in one.all()),
        "handled": not any(member.is_unhandled for member in one.all()),
    }.get(what.name, one.status == what.name)


def _place(release: str) -> tuple[int, ...] | None:
    """Where a release of `RELEASES` stands."""
    order = ("shop@1.0", "shop@1.1", "shop@2.0-beta")
    return (order.index(f"shop@{release.removeprefix('shop@')}"),) if release else None


def _texts(one: Plain) -> list[str]:
    tags = [value for tag, values in one.tags.items() if tag not in {"level", "environment"} for value in values]
    return [f"{one.type}\n{one.title}\n{one.pattern}\n{one.culprit}", *one.messages, *tags]


def _is(value: str, parts: tuple[str, ...]) -> bool:
    wanted = ".*".join(re.escape(part) for part in parts)
    # Only ASCII letters fold, as in SQLite.
    return re.fullmatch(_lower(wanted), _lower(value), re.DOTALL) is not None


def _lower(text: str) -> str:
    return "".join(character.lower() if character.isascii() else character for character in text)
