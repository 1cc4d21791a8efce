"""Merges, from the journal's records to what pages read: counted once, shown as one, taken back for good."""

import math

import pytest
from tests.exporter.databases import database_at

from errtally import names
from errtally.config.grouping import GroupingSettings
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.budget import Budget
from errtally.exporter.digest.fold import Fold
from errtally.exporter.journal.records import Batch, EventSeen, IssueSeen, MergeChange, StatusChange, decoder, encoder
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.store.writing import StoreWriter

pytestmark = pytest.mark.usefixtures("any_database")

WORDS = ["alpha", "basket", "cobalt", "delta", "ember", "falcon"]


class Store:
    """A store with its writer's state, which can be stopped and started."""

    def __init__(self, folder, settings=None):
        (folder / "journal").mkdir()
        self.folder, self.settings, self.now = folder, settings, 1000.0
        self.reader = StoreReader(database_at(folder))
        self.view = StoreView(database_at(folder), folder, Budget({}))
        self.start()

    def start(self):
        self.writer = StoreWriter(database_at(self.folder).writer(), events_per_issue=10)
        self.state, _ = self.writer.load({}, self.settings)

    def fold(self, *records):
        fold = Fold(self.state, Thresholds(()))
        for record in records:
            fold.add(decoder.decode(encoder.encode(record)))  # as the journal gives them
        self.writer.apply(fold.changes, {})

    def see(self, *words, **keys):
        self.fold(*[self.batch(seen(word, **keys)) for word in words])

    def batch(self, issue, environment="production", user=None):
        self.now += 1
        event = EventSeen(0, environment, "error", self.now, f"{int(self.now):032x}", user=user, sample=b'{"n": 1}')
        return Batch("shop", self.now, [issue], [event])

    def merge(self, fingerprint, into, by="ann"):
        self.now += 1
        self.fold(MergeChange("shop", fingerprint, into, self.now, by))

    def issues(self):
        return {issue["fingerprint"]: issue for issue in self.reader.issues()}

    def series(self, metric):
        """Return the values of a metric's series by their last labels, as a scrape shows them."""
        found = {}
        for line in self.view.render(self.now, openmetrics=False).decode().splitlines():
            if line.startswith(metric.name + "{"):
                labels, value = line[len(metric.name) + 1 :].rsplit("} ", 1)
                found[labels.replace('project="shop",environment=', "")] = float(value)
        return found

    def events(self):
        return self.series(names.ISSUE_EVENTS)


def seen(word, *, scope="\n\n", former=(), fingerprint=None):
    return IssueSeen(
        fingerprint or f"fp-{word}",
        "",
        f"plugin {word} could not be loaded",
        "",
        f"plugin {word} could not be loaded",
        ("version 1",),
        "python",
        scope,
        former,
    )


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.mark.parametrize("root", ["fp-alpha", "fp-basket"])
def test_releases_and_level_of_merged_issues_are_those_of_their_first_and_last_event(store, root):
    facts = {"alpha": (500.0, "1.4", "error"), "basket": (100.0, "1.3", "info"), "cobalt": (900.0, "1.5", "fatal")}
    for number, (word, (at, release, level)) in enumerate(facts.items()):
        made = EventSeen(0, "production", level, at, f"{number:032x}", release=release)
        store.fold(Batch("shop", 1000.0, [seen(word)], [made]))
    for word in facts:
        if f"fp-{word}" != root:
            store.merge(f"fp-{word}", root)
    expected = (100.0, "1.3", 900.0, "1.5", "fatal")
    names_ = ("first_seen", "first_release", "last_seen", "last_release", "level")
    for found in (store.reader.issue(root), store.issues()[root]):
        assert tuple(found[name] for name in names_) == expected


def test_a_late_event_of_a_merged_fingerprint_moves_the_release_of_its_issue(store):
    store.see("alpha", "basket")
    store.merge("fp-basket", "fp-alpha")
    late = EventSeen(0, "production", "info", 10.0, "f" * 32, release="0.9")
    store.fold(Batch("shop", 1000.0, [seen("basket")], [late]))
    found = store.reader.issue("fp-alpha")
    assert (found["first_seen"], found["first_release"], found["level"]) == (10.0, "0.9", "error")


def new_issues(store):
    return sum(store.series(names.NEW_ISSUES).values())


def test_a_varying_word_makes_one_issue_of_what_was_known_and_what_is_new(store):
    store.see(*WORDS[:4])
    assert len(store.issues()) == new_issues(store) == 4
    store.see(*WORDS[4:])
    assert list(store.issues()) == ["fp-alpha"]
    assert new_issues(store) == 4, "what is merged from the start is no new issue"
    issue = store.reader.issue("fp-alpha")
    assert issue["events"] == issue["environments"][0]["events"] == 6
    assert issue["title"] == "plugin alpha could not be loaded"
    assert {one["fingerprint"]: one["events"] for one in issue["merged_fingerprints"]} == {
        "fp-basket": 1, "fp-cobalt": 1, "fp-delta": 1, "fp-ember": 0, "fp-falcon": 0,
    }  # fmt: skip
    assert {one["reason"] for one in issue["merged_fingerprints"]} == {"varying word"}
    assert len(issue["samples"]) == 6
    assert store.reader.sample(issue["ids"], issue["samples"][-1]["event_id"]) == {"n": 1}
    assert sum(store.series(names.ISSUES).values()) == 1
    assert len(store.series(names.ISSUE_INFO)) == len(store.series(names.ISSUE_LAST_SEEN)) == 1


def test_counters_stay_where_they_were_and_go_on_in_the_issue(store):
    store.see(*WORDS)
    before = store.events()
    store.see(*WORDS)
    after = store.events()
    grown = {key.split('issue="')[1].split('"')[0]: after[key] - before[key] for key in after}
    assert grown == {"fp-alpha": 6, "fp-basket": 0, "fp-cobalt": 0, "fp-delta": 0}
    assert sum(after.values()) == 12


@pytest.mark.parametrize("restart", [False, True], ids=["the same process", "after a restart"])
def test_an_automatic_merge_that_was_taken_back_is_never_made_again(store, restart):
    store.see(*WORDS)
    store.merge("fp-ember", "")
    store.merge("fp-basket", "")
    if restart:
        store.start()
    assert set(store.issues()) == {"fp-alpha", "fp-basket"}, "what has no counts comes with its next event"
    assert sum(store.series(names.ISSUES).values()) == 2
    assert len(store.series(names.ISSUE_INFO)) == 2
    store.see("ember", "basket", "garnet", "ember")
    assert {name: issue["events"] for name, issue in store.issues().items()} == {
        "fp-alpha": 6, "fp-basket": 2, "fp-ember": 2,
    }  # fmt: skip
    assert new_issues(store) == 5
    assert [entry["what"] for entry in store.reader.issue("fp-alpha")["history"]] == [
        "took fp-basket out of this",
        "took fp-ember out of this",
    ]


def test_a_restart_changes_nothing_in_what_is_merged(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = Store(tmp_path / "a"), Store(tmp_path / "b")
    for word in [*WORDS[:3], "alpha", *WORDS[3:], "garnet"]:
        one.see(word)
        other.see(word)
        other.start()
    assert one.state.aliases.into == other.state.aliases.into
    assert one.state.next_issue_id == other.state.next_issue_id
    assert one.issues().keys() == other.issues().keys()


def test_merges_by_hand_add_up_and_come_back_apart(store):
    store.fold(store.batch(seen("x", scope=""), user=1), store.batch(seen("y", scope=""), user=1))
    store.fold(store.batch(seen("y", scope=""), "staging", user=2))
    store.merge("fp-y", "fp-x")
    assert list(store.issues()) == ["fp-x"]
    issue = store.reader.issue("fp-x")
    assert (issue["events"], issue["users"]) == (3, 2)
    assert {one["environment"]: (one["events"], one["users"]) for one in issue["environments"]} == {
        "production": (2, 1),
        "staging": (1, 1),
    }
    assert issue["merged_fingerprints"][0]["by"] == "ann"
    assert issue["history"][0]["what"] == "merged fp-y into this"
    assert store.reader.issue("fp-y")["fingerprint"] == "fp-x", "links to it go on"
    assert store.reader.merge_of("fp-y", "shop") == "fp-x"
    known = new_issues(store)
    store.fold(store.batch(seen("y", scope=""), "staging"))
    assert new_issues(store) == known, "it was known in staging before"
    assert store.series(names.ISSUES) == {'"production",status="unresolved"': 1, '"staging",status="unresolved"': 1} | {
        key: 0 for key in store.series(names.ISSUES) if "unresolved" not in key
    }
    store.merge("fp-y", "")
    assert {name: issue["events"] for name, issue in store.issues().items()} == {"fp-x": 2, "fp-y": 2}
    assert store.reader.merge_of("fp-y", "shop") == ""
    store.see("y", scope="")
    assert store.issues()["fp-y"]["events"] == 3


def test_an_issue_with_merged_ones_takes_them_along_and_leaves_with_them(store):
    store.see("a", "b", "c", scope="")
    store.merge("fp-a", "fp-b")
    store.merge("fp-b", "fp-c")
    assert store.issues()["fp-c"]["events"] == 3
    assert len(store.issues()) == 1
    store.see("a", scope="")
    assert store.issues()["fp-c"]["events"] == 4
    store.merge("fp-b", "")
    assert {name: issue["events"] for name, issue in store.issues().items()} == {"fp-b": 2, "fp-c": 2}


@pytest.mark.parametrize(
    ("fingerprint", "into"),
    [
        pytest.param("fp-a", "fp-a", id="into itself"),
        pytest.param("fp-b", "fp-a", id="into what is in it"),
        pytest.param("fp-a", "fp-none", id="into what there is not"),
        pytest.param("fp-none", "fp-a", id="what there is not"),
        pytest.param("fp-b", "", id="taking back what was not merged"),
        pytest.param("fp-a", "fp-b", id="merged there already"),
    ],
)
def test_decisions_that_make_no_sense_when_their_turn_comes_change_nothing(store, fingerprint, into):
    store.see("a", "b", scope="")
    store.merge("fp-a", "fp-b")
    before = (dict(store.state.aliases.into), store.issues(), store.series(names.ISSUES))
    store.merge(fingerprint, into)
    assert (store.state.aliases.into, store.issues(), store.series(names.ISSUES)) == before


def test_a_merged_fingerprint_can_be_merged_elsewhere(store):
    store.see("a", "b", "c", scope="")
    store.merge("fp-a", "fp-b")
    store.merge("fp-a", "fp-c")
    assert {name: issue["events"] for name, issue in store.issues().items()} == {"fp-b": 1, "fp-c": 2}
    assert sum(store.series(names.ISSUES).values()) == 2


def test_what_a_person_decided_on_is_not_merged_by_itself(store):
    store.see(*WORDS[:4])
    store.fold(StatusChange("shop", "fp-cobalt", "ignored", store.now, "ann"))
    store.start()
    store.see(*WORDS[4:])
    assert set(store.issues()) == {"fp-alpha", "fp-cobalt"}


def test_a_status_of_a_merged_fingerprint_is_its_issues(store):
    store.see("a", "b", scope="")
    store.merge("fp-a", "fp-b")
    store.now += 1
    store.fold(StatusChange("shop", "fp-a", "resolved", store.now, "ann"))
    assert store.issues()["fp-b"]["status"] == "resolved"
    store.see("a", scope="")
    assert store.issues()["fp-b"]["status"] == "regressed"
    assert sum(store.series(names.REGRESSIONS).values()) == 1


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(GroupingSettings(merge_varying_word=False), id="varying words off"),
        pytest.param(GroupingSettings(similarity=0, merge_varying_word=False), id="all off"),
    ],
)
def test_merges_can_be_switched_off(tmp_path, settings):
    store = Store(tmp_path, settings)
    store.see(*WORDS)
    assert len(store.issues()) == len(WORDS)


def test_projects_know_nothing_of_each_other(store):
    store.see(*WORDS[:4])
    batch = store.batch(seen("ember"))
    batch.project = "other"
    store.fold(batch)
    assert not store.state.aliases.into


@pytest.mark.parametrize(
    ("settings", "ends", "merged"),
    [
        pytest.param(None, math.inf, True, id="within the transition"),
        pytest.param(None, 0.0, False, id="after it"),
        pytest.param(GroupingSettings(merge_former_version=False), math.inf, False, id="switched off"),
    ],
)
def test_an_issue_goes_on_when_a_new_version_calls_it_otherwise(tmp_path, settings, ends, merged):
    store = Store(tmp_path, settings)
    store.see("a", scope="")
    store.state.aliases.transition_ends = ends
    store.see("a", scope="", former=("fp-unknown", "fp-a"), fingerprint="fp2-a")
    assert len(store.issues()) == (1 if merged else 2)
    if merged:
        (alias,) = store.reader.issue("fp-a")["merged_fingerprints"]
        assert (alias["fingerprint"], alias["reason"]) == ("fp2-a", "former version")
        assert new_issues(store) == 1


def test_a_new_store_notes_when_its_version_began(store):
    assert store.state.aliases.transition_ends > 1e9
    ends = store.state.aliases.transition_ends
    store.start()
    assert store.state.aliases.transition_ends == ends


def test_merges_that_are_switched_on_by_a_reload_know_what_was_there(tmp_path):
    store = Store(tmp_path, GroupingSettings(similarity=0, merge_varying_word=False))
    store.see(*WORDS[:4])
    store.state.aliases = store.writer.aliases(GroupingSettings())
    store.see("ember")
    assert list(store.issues()) == ["fp-alpha"]


@pytest.mark.parametrize("restart", [False, True])
def test_what_a_record_without_a_stack_is_taken_for_is_known_after_a_restart(store, restart):
    def told(word, *, tells, told_by):
        sent = store.batch(seen(word, scope=""))
        sent.events[0].tells, sent.events[0].told_by = tells, told_by
        return sent

    for trace, error in ((100, "first"), (200, "second")):
        store.fold(
            told("log", tells=(trace + 1, trace + 3), told_by=(trace + 1,)),
            told(error, tells=(trace, trace + 1), told_by=(trace, trace + 3)),
        )
        if restart:
            store.start()
    store.see("first", "second", scope="")
    assert {name: issue["events"] for name, issue in store.issues().items()} == {"fp-log": 3, "fp-second": 1}
    [shown] = store.reader.issue("fp-log")["merged_fingerprints"]
    assert (shown["fingerprint"], shown["reason"]) == ("fp-first", "the same failure, told by its message alone")
