"""What is told of releases and deploys, through the real journal, writer and store, also over restarts."""

from __future__ import annotations

from tests.exporter.life import START, Life

from errtally import names
from errtally.exporter.digest.releases import MAX_RELEASES
from errtally.exporter.journal.records import Commit, DeployChange, ReleaseChange
from errtally.exporter.store.releases import MAX_DEPLOYS


def tell(life: Life, *records: object) -> None:
    for record in records:
        life.append(record)
    life.fold()


def deploy(release: str, environment: str = "prod", finished: float = START, **more: str) -> DeployChange:
    return DeployChange("p", release, environment, START, finished, **more)


def told(life: Life, release: str) -> dict:
    [found] = life.reader.releases("p", release)
    return found


def test_a_release_that_nothing_came_in_of_is_listed_with_what_was_told(life: Life) -> None:
    commits = (Commit("b2", "ann", "mend", "shop", START, ("a.py",)), Commit("a1"))
    tell(life, ReleaseChange("p", "1.0", START, "ci", START + 5, "main", "https://ci.example/1", commits))
    found = told(life, "1.0")
    assert (found["seen"], found["told"], found["released"]) == (None, START, START + 5)
    assert (found["ref"], found["url"], found["status"]) == ("main", "https://ci.example/1", "open")
    assert (found["commits"], found["last_commit"], found["deploys"]) == (2, "b2", 0)
    first, second = life.reader.commits("p", "1.0")
    assert (first["author"], first["message"], first["at"], first["paths"]) == ("ann", "mend", START, ["a.py"])
    assert (second["id"], second["at"], second["paths"]) == ("a1", None, [])


def test_what_is_not_told_again_stays(life: Life) -> None:
    tell(life, ReleaseChange("p", "1.0", START, "ci", ref="main", commits=(Commit("a1"),)))
    tell(life, ReleaseChange("p", "1.0", START + 9, "ci", released=START + 9))
    found = told(life, "1.0")
    assert (found["told"], found["released"], found["ref"], found["commits"]) == (START, START + 9, "main", 1)


def test_commits_that_are_told_replace_those_before(life: Life) -> None:
    tell(life, ReleaseChange("p", "1.0", START, commits=(Commit("a1"), Commit("a0"))))
    tell(life, ReleaseChange("p", "1.0", START, commits=(Commit("b1"),)))
    assert [one["id"] for one in life.reader.commits("p", "1.0")] == ["b1"]


def test_deploys_are_counted_and_the_last_one_of_a_release_has_its_time(life: Life) -> None:
    tell(life, deploy("1.0", finished=START + 60), deploy("1.0", finished=START + 10), deploy("1.1", "staging"))
    assert life.total(names.DEPLOYS.name, "p", "prod") == 2
    assert life.total(names.DEPLOYS.name, "p", "staging") == 1
    assert life.total(names.RELEASE_DEPLOYED.name, "p", "prod", "1.0") == START + 60
    assert [(one["release"], one["environment"], one["finished"]) for one in life.reader.deploys("p")] == [
        ("1.0", "prod", START + 60),
        ("1.0", "prod", START + 10),
        ("1.1", "staging", START),
    ]
    assert told(life, "1.0")["told"] == START


def test_a_release_is_seen_from_its_first_event_on_and_keeps_what_was_told(life: Life) -> None:
    tell(life, ReleaseChange("p", "1.0", START, ref="main"))
    life.event(release="1.0")
    found = told(life, "1.0")
    assert found["seen"] is not None
    assert (found["told"], found["ref"]) == (START, "main")


def test_only_a_release_that_nothing_came_in_of_can_be_forgotten(life: Life) -> None:
    tell(life, ReleaseChange("p", "1.0", START, commits=(Commit("a1"),)), deploy("1.0"))
    life.event(release="2.0")
    for release in ("1.0", "2.0", "3.0"):
        tell(life, ReleaseChange("p", release, START, status="deleted"))
    assert [one["release"] for one in life.reader.releases("p")] == ["2.0"]
    assert (life.reader.commits("p", "1.0"), life.reader.deploys("p")) == ([], [])


def test_a_release_that_was_forgotten_can_be_told_of_again(life: Life) -> None:
    tell(life, ReleaseChange("p", "1.0", START, ref="old"))
    tell(life, ReleaseChange("p", "1.0", START, status="deleted"), ReleaseChange("p", "1.0", START, ref="new"))
    assert told(life, "1.0")["ref"] == "new"


def test_releases_and_deploys_that_are_told_of_are_bounded(tmp_path) -> None:
    life = Life(tmp_path)
    many = MAX_RELEASES + 5
    tell(life, *(deploy(f"1.{number}", finished=START + number) for number in range(many)))
    assert len(life.reader.releases("p")) == MAX_RELEASES
    assert len(life.reader.deploys("p")) == min(MAX_DEPLOYS, MAX_RELEASES)
    assert life.reader.deploys("p")[0]["release"] == f"1.{many - 1}"
    assert life.total(names.DEPLOYS.name, "p", "prod") == many
    life.close()
