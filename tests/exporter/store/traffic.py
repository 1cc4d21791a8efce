"""Random traffic against writer, store and exposition, beside plain counters that know what has to come out.

Run as a program it does so once and prints how long it took and how much memory the process had at most.
"""

from __future__ import annotations

import json
import random
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.exporter.databases import database_at

from errtally import names
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.budget import Budget
from errtally.exporter.digest.fold import Fold
from errtally.exporter.journal.records import Batch, EventSeen, IssueSeen, MergeChange, RequestSeen, StatusChange
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store import sqlite
from errtally.exporter.store.writing import StoreWriter

IDLE_SECONDS = 3600.0
LIMIT = 40
BUDGETED = (names.EVENTS, names.ISSUE_INFO, names.REQUESTS, names.REQUEST_DURATION, names.APDEX_REQUESTS)
LIMITS = {metric.name: LIMIT for metric in (*BUDGETED, names.APDEX_THRESHOLD)}
COUNTED = {
    names.EVENTS.name: "events",
    names.ISSUE_EVENTS.name: "events",
    names.REQUESTS.name: "requests",
    f"{names.REQUEST_DURATION.name}_count": "requests",
    names.APDEX_REQUESTS.name: "requests",
}
"""Samples to what they have to add up to."""
PLACES = {f"{metric.name}_count" if metric.kind == "histogram" else metric.name: metric for metric in BUDGETED}
"""Samples of which there is one for each place in the budget."""
GAUGES = (names.ISSUE_INFO, names.ISSUE_FIRST_SEEN, names.ISSUE_LAST_SEEN, names.ISSUE_USERS)
LABEL_SETS_OF_A_KIND = 84
"""A million records have more than that of each kind, over projects, environments, levels and zones."""
PROJECTS = ("shop", "app", "__other__", "a b")
ENVIRONMENTS = ("prod", "stage", "__other__")

_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'\w+="((?:[^"\\]|\\.)*)"')


class Traffic:
    """A writer with its store that random records go to.

    Args:
        folder: where the store is.
        seed: decides everything.
        would_be: label sets that there would be without a budget, about.
        limits: budgets by metric name.
    """

    def __init__(self, folder, seed, *, would_be, limits=LIMITS):
        self.folder, self.limits = folder, limits
        self.draw = random.Random(seed)
        self.kinds = max(would_be // LABEL_SETS_OF_A_KIND, 2)
        self.now = 1_750_000_000.0
        self.expected = Counter()
        self.touched = {}
        # How often each label set was asked for since it last left: at most, and at least.
        self.asked, self.used = Counter(), Counter()
        self.highest = {}
        self.touching = []
        self.left = 0
        (folder / "journal").mkdir()
        self.view = None
        self.start()
        self.view = StoreView(database_at(folder), folder, Budget({}))

    def start(self):
        self.db = database_at(self.folder).writer()
        self.writer = StoreWriter(self.db, events_per_issue=4)
        self.state, _ = self.writer.load(self.limits, series_idle_seconds=IDLE_SECONDS)

    def restart(self):
        """Stop without a word, as a kill does between two transactions, and start anew."""
        self.db.close()
        self.start()

    def which(self):
        """Few are frequent, most are rare; which ones are frequent drifts with the time."""
        drift = int(self.now // 7200) * 7
        is_skewed = self.draw.random() < 0.7
        rank = int(self.kinds ** self.draw.random()) - 1 if is_skewed else self.draw.randrange(self.kinds)
        return (rank + drift) % self.kinds

    def batch(self, size):
        """Make the records of one request and note what has to come of them."""
        draw, project = self.draw, self.draw.choice(PROJECTS)
        made = Batch(project, self.now)
        for _ in range(size):
            environment, which = draw.choice(ENVIRONMENTS), self.which()
            if draw.random() < 0.7:
                level, type_ = draw.choice(("error", "error", "warning", "fatal")), f"Error{which}"
                fingerprint = f"{project} {which}"
                made.issues.append(IssueSeen(fingerprint, type_, f"{type_}: <text>", f"in f{which}"))
                user = draw.getrandbits(10)
                made.events.append(
                    EventSeen(len(made.issues) - 1, environment, level, self.now, "e" * 32, user=user, release="1")
                )
                self.expected[project, "events"] += 1
                self.touch(names.EVENTS, (project, environment, level, type_))
                counted_in = self.state.aliases.resolve(project, fingerprint)
                self.touch(names.ISSUE_INFO, (project, environment, counted_in))
            else:
                seconds, failed = draw.choice((0.1, 0.3, 0.9, 3.0)), draw.random() < 0.1
                status = "5xx" if failed else "2xx"
                made.requests.append(RequestSeen(environment, f"/{which}", "GET", status, failed, seconds, self.now))
                self.expected[project, "requests"] += 1
                zone = "frustrated" if failed or seconds > 2 else "satisfied" if seconds <= 0.5 else "tolerating"
                place = (project, environment, f"/{which}")
                self.touch(names.REQUESTS, (*place, "GET", status))
                self.touch(names.REQUEST_DURATION, (*place, "failure" if failed else "success"))
                self.touch(names.APDEX_REQUESTS, (*place, zone))
        return made

    def touch(self, metric, labels):
        self.touching.append((metric.name, labels))

    def step(self, size):
        """Let time pass and fold some requests, and now and then a person's decision."""
        draw, fold = self.draw, Fold(self.state, Thresholds(()))
        for _ in range(draw.randint(1, 4)):
            self.now += draw.choice((1.0, 1.0, 60.0, 900.0))
            self.fold(fold, self.batch(size))
            if draw.random() < 0.2:
                project = draw.choice(PROJECTS)
                fingerprint, other = (f"{project} {draw.randrange(self.kinds)}" for _ in range(2))
                status = draw.choice(("resolved", "ignored", "unresolved"))
                fold.add(StatusChange(project, fingerprint, status, self.now, "ann"))
                if draw.random() < 0.2:
                    fold.add(MergeChange(project, fingerprint, draw.choice((other, "")), self.now, "ann"))
        self.writer.apply(fold.changes, {})

    def fold(self, fold, batch):
        """Fold a request; whatever left for it was idle for long enough before, or used less than half as often."""
        before = {label_set for label_set, is_exposed in fold.changes.exposed.items() if not is_exposed}
        fold.add(batch)
        for label_set, is_exposed in fold.changes.exposed.items():
            if not is_exposed and label_set not in before and label_set[0] != names.APDEX_THRESHOLD.name:
                # One that only a merge made known in an environment has never been hit there.
                idle = self.now - self.touched.get(label_set, 0.0)
                assert idle >= IDLE_SECONDS or self.is_rarer(label_set), f"{label_set} was idle for {idle} s only"
                self.left += 1
                self.asked[label_set] = 0
        self.touched |= dict.fromkeys(self.touching, self.now)
        self.asked.update(self.touching)
        self.used.update(self.touching)
        # One that got a place meanwhile may have left and come back within a request.
        for label_set, is_exposed in fold.changes.exposed.items():
            self.used[label_set] = min(self.used[label_set], int(is_exposed))
        self.touching.clear()

    def is_rarer(self, label_set):
        """Whether something of the same kind that this request asked for was asked for more than twice as often."""
        metric, (project, *_) = label_set
        asked = self.asked + Counter(self.touching)
        return any(
            asked[one] > 2 * self.used[label_set] for one in self.touching if (one[0], one[1][0]) == (metric, project)
        )

    def lines(self, view=None):
        """Yield the samples of a scrape: name, label values, value."""
        for line in (view or self.view).render(self.now, openmetrics=False).splitlines():
            if not line.startswith(b"#"):
                name, labels, value = _SAMPLE.fullmatch(line.decode()).groups()
                yield name, tuple(_LABEL.findall(labels or "")), float(value)

    def scrape(self, view=None):
        return {(name, labels): value for name, labels, value in self.lines(view)}

    def check(self, *, afresh=False):
        """Compare a scrape with what has to come out.

        Args:
            afresh: whether to compare it also with the scrape of a worker that has just been started.
        """
        found = self.scrape()
        self.check_sums((*key, value) for key, value in found.items())
        self.check_families(found)
        for key, value in found.items():
            if key[0] in COUNTED or key[0].endswith("_total"):
                assert value >= self.highest.get(key, 0.0), f"{key} went down"
                self.highest[key] = value
        if afresh:
            assert self.scrape(StoreView(database_at(self.folder), self.folder, Budget({}))) == found

    def check_sums(self, found):
        """What is exposed and what is evicted add up to what came in, and the budget holds."""
        totals, evicted, sizes = Counter(), Counter(), Counter()
        for name, labels, value in found:
            metric = PLACES.get(name)
            if metric is not None and labels[metric.labels.index(metric.other_label)] != names.OTHER:
                sizes[metric.name, labels[0]] += 1
            if name in COUNTED:
                totals[name, labels[0]] += value
            elif name == names.SERIES_EVICTED_VALUE.name:
                evicted[labels[1], labels[0]] = value
        for name, what in COUNTED.items():
            for project in PROJECTS:
                total = totals[name, project] + evicted[name.removesuffix("_count"), project]
                assert total == self.expected[project, what], f"{name} of {project}"
        for (name, project), size in sizes.items():
            assert size <= self.limits[name], f"{name} of {project}"

    def check_families(self, found):
        """What belongs to an issue is there together; one that was merged has its counter only."""
        issues = [{labels[:3] for name, labels in found if name == metric.name} for metric in GAUGES]
        assert issues == [issues[0]] * len(GAUGES)
        counted = {labels[:3] for name, labels in found if name == names.ISSUE_EVENTS.name}
        for labels in issues[0] ^ counted:
            assert labels in counted or not self.has_events(labels), labels
            assert labels not in counted or labels[2] == names.OTHER or self.is_merged(labels), labels

    def has_events(self, labels):
        """Whether an issue was ever hit there; one that another was merged into is known there without."""
        return (names.ISSUE_INFO.name, labels) in self.touched

    def is_merged(self, labels):
        return (labels[0], labels[2]) in self.state.aliases.into


class Light(Traffic):
    """Notes next to nothing, so that what is measured is the product's memory."""

    def __init__(self, *arguments, **more):
        self.would_be = set()
        super().__init__(*arguments, **more)

    def touch(self, metric, labels):
        self.would_be.add(hash((metric.name, labels)))

    def fold(self, fold, batch):
        fold.add(batch)

    def check(self):
        self.check_sums(self.lines())


def main(events, would_be):
    """Run traffic and print what it took."""
    with tempfile.TemporaryDirectory(prefix="errtally-traffic-") as folder:
        limits = {metric.name: 1000 for metric in BUDGETED} | {names.APDEX_THRESHOLD.name: 1000}
        traffic, started = Light(Path(folder), 1, would_be=would_be, limits=limits), time.process_time()
        steps = 0
        while sum(traffic.expected.values()) < events:
            traffic.step(1000)
            steps += 1
            if steps % 50 == 0:
                traffic.check()
            if steps % 100 == 0:
                traffic.restart()
        traffic.check()
        found = Counter()
        for name, _, value in traffic.lines():
            found["series"] += 1
            found[name] += value
        print(
            json.dumps(
                {
                    "records": sum(traffic.expected.values()),
                    "would_be": len(traffic.would_be),
                    "series": found["series"],
                    "evictions": found[names.SERIES_EVICTIONS.name],
                    "evicted": found[names.SERIES_EVICTED.name],
                    "store_bytes": (Path(folder) / sqlite.FILE_NAME).stat().st_size,
                    "cpu_seconds": round(time.process_time() - started, 1),
                    "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                }
            )
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
