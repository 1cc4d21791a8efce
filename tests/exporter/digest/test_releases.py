"""The order of releases: by version, by date, else by appearance; total, and never changed by what comes later."""

from __future__ import annotations

import os
from itertools import combinations

import pytest
import semver
from hypothesis import given, settings
from hypothesis import strategies as st

from errtally.exporter.digest import releases as releases_module
from errtally.exporter.digest.releases import Releases, parse

EXAMPLES = int(os.environ.get("ERRTALLY_RELEASE_EXAMPLES", "60"))


def appeared(*names):
    known = Releases()
    for name in names:
        known.add(name, 1.0)
    return known


def ordered(known):
    return sorted(known.known, key=lambda name: known.known[name].place)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        pytest.param("1.9.0", "1.10.0", id="numbers are numbers"),
        pytest.param("1.2", "1.2.1", id="a missing number is nought"),
        pytest.param("v1.2", "v1.3", id="with a v"),
        pytest.param("v1.2.3", "1.2.4", id="a v makes no difference"),
        pytest.param("shop@1.2.3+88", "shop@1.2.4+7", id="with package and build"),
        pytest.param("@scope/shop@1.2.3", "@scope/shop@1.11.0", id="of a package with a scope"),
        pytest.param("1.2.3-alpha", "1.2.3-alpha.1", id="a longer pre-release is newer"),
        pytest.param("1.2.3-alpha.1", "1.2.3-alpha.beta", id="numbers come before texts"),
        pytest.param("1.2.3-beta.2", "1.2.3-beta.11", id="pre-releases count"),
        pytest.param("1.2.3-rc.1", "1.2.3", id="a pre-release comes before its release"),
        pytest.param("1.2.3", "1.2.4-rc.1", id="a pre-release comes after the release before"),
        pytest.param("1.2.3.4", "1.2.3.10", id="four numbers"),
        pytest.param("2026.9.1", "2026.10.1", id="calendar versions"),
        pytest.param("2026.09.01", "2026.10.01", id="calendar versions with noughts"),
        pytest.param("26.10", "27.4", id="short calendar versions"),
        pytest.param("2026-09-30", "2026-10-01", id="dates"),
        pytest.param("2026-10-01", "2026-10-01T08:30:00Z", id="dates with times"),
        pytest.param("20260930", "20261001", id="dates in one number"),
        pytest.param("20261001", "20261001083000", id="moments in one number"),
        pytest.param("41", "120", id="build numbers"),
        pytest.param("1.4.2", "1.4.2-5-g9f3c2a1", id="commits after a release"),
        pytest.param("1.4.2-5-g9f3c2a1", "1.4.2-12-gaaaaaaa-dirty", id="more commits after a release"),
        pytest.param("1.4.2-12-gaaaaaaa", "1.4.3-rc.1", id="commits come before the next"),
    ],
)
def test_names_of_one_series_compare_whichever_appears_first(older, newer):
    for names in ((older, newer), (newer, older)):
        assert ordered(appeared(*names)) == [older, newer]
    assert parse(older).series == parse(newer).series


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("9f3c2a1", "0a1b2c3", id="hashes"),
        pytest.param("9234567", "1234567", id="hashes that are numbers"),
        pytest.param("9f3c2a1", "1.0.0", id="a hash and a version"),
        pytest.param("2.0.0", "9f3c2a1", id="a version and a hash"),
        pytest.param("2026.11.3", "1.0.0", id="a project that leaves the calendar"),
        pytest.param("2026-11-03", "1.0.0", id="a project that leaves dates"),
        pytest.param("web@2.0.0", "api@1.0.0", id="two packages"),
        pytest.param("1.0.0+2", "1.0.0+1", id="builds of one version"),
        pytest.param("1.2.0", "1.2", id="two ways to write a version"),
        pytest.param("production", "canary", id="words"),
        pytest.param("²", "1", id="digits of other scripts"),
        pytest.param("1.2.3 (77)", "1.2.2 (76)", id="what is no version"),
    ],
)
def test_what_names_do_not_tell_the_order_of_appearance_does(first, second):
    assert ordered(appeared(first, second)) == [first, second]
    assert ordered(appeared(second, first)) == [second, first]


def test_a_patch_of_an_old_version_is_as_old_as_what_was_newer_when_it_came():
    known = appeared("1.4.0", "dev", "1.3.1")
    assert ordered(known) == ["1.3.1", "1.4.0", "dev"]
    known.add("1.5.0", 2.0)
    assert ordered(known) == ["1.3.1", "1.4.0", "dev", "1.5.0"]


def test_the_newest_is_one_that_was_seen():
    known = appeared("1.4.0", "1.3.9")
    assert known.newest().release == "1.4.0"
    known.add("2.0.0", None)
    assert known.newest().release == "1.4.0"
    seen, _ = known.add("2.0.0", 7.0)
    assert (known.newest(), seen.seen) == (seen, 7.0)
    assert known.add("2.0.0", 8.0)[0].seen == 7.0
    assert Releases().newest() is None


def test_the_newest_is_none_that_hardly_anything_came_in_of():
    known = appeared("10.23.0", "10.24.0", "999.9.9")
    known.uses.update({"10.23.0": 5000, "10.24.0": 40, "999.9.9": 1})
    assert known.newest().release == "10.24.0"
    known.uses["999.9.9"] = 10
    assert known.newest().release == "999.9.9"


def test_where_little_comes_in_one_event_makes_the_newest():
    known = appeared("1.0", "1.1")
    known.uses.update({"1.0": 5, "1.1": 1})
    assert known.newest().release == "1.1"


@pytest.mark.parametrize(
    ("releases", "sent", "meant"),
    [
        pytest.param(["app@10.24.0"], "10.24.0", "app@10.24.0", id="without the package"),
        pytest.param(["app@10.23.0"], "10.24.0", "app@10.24.0", id="one that is to come, without the package"),
        pytest.param(["10.24.0"], "app@10.24.0", "10.24.0", id="with a package that releases do not have"),
        pytest.param(["10.23.0"], "app@10.24.0", "10.24.0", id="the same for one that is to come"),
        pytest.param(["v1.4"], "1.4.0", "v1.4", id="the same version in other words"),
        pytest.param(["web@2.0", "app@1.0"], "app@3.0", "app@3.0", id="a package that is known"),
        pytest.param(["web@2.0"], "app@2.0", "app@2.0", id="the version of another package"),
        pytest.param(["app@1.0"], "9f3c2a1", "9f3c2a1", id="a name that is no version"),
        pytest.param([], "1.0", "1.0", id="nothing is known"),
    ],
)
def test_the_release_that_a_person_means(releases, sent, meant):
    assert appeared(*releases).named(sent) == meant


def test_beyond_the_bound_the_first_to_appear_is_forgotten_and_the_order_stays(monkeypatch):
    monkeypatch.setattr(releases_module, "MAX_RELEASES", 3)
    known = appeared("3.0", "dev", "1.0")
    before = known.known["1.0"].place
    assert known.add("4.0", 1.0)[1] == ["3.0"]
    assert list(known.known) == ["dev", "1.0", "4.0"]
    assert known.known["1.0"].place == before
    assert ordered(known) == ["1.0", "dev", "4.0"]


def test_what_was_loaded_goes_on_as_if_nothing_had_stopped():
    known = appeared("1.4.0", "dev", "1.3.1")
    again = Releases.load(reversed(known.known.values()))
    assert list(again.known) == list(known.known)
    for one in (known, again):
        one.add("1.3.2", 1.0)
    assert again.known == known.known


_NUMBER = st.integers(0, 30)
_IDENTIFIER = st.one_of(_NUMBER.map(str), st.sampled_from(["alpha", "beta", "rc", "x-y", "a1"]))
_SEMANTIC = st.builds(
    lambda core, pre: ".".join(map(str, core)) + ("-" + ".".join(pre) if pre else ""),
    st.tuples(_NUMBER, _NUMBER, _NUMBER),
    st.lists(_IDENTIFIER, max_size=3),
)
_ANY = st.one_of(
    _SEMANTIC,
    st.builds("{}@{}".format, st.sampled_from(["web", "api"]), _SEMANTIC),
    st.dates().map(str),
    st.builds("{:04d}.{}.{}".format, st.integers(2020, 2030), st.integers(1, 12), _NUMBER),
    st.sampled_from(["dev", "9f3c2a1", "0000000", "v1", "1", "20260101", "1.0-3-gabcdef1"]),
    st.text(min_size=1, max_size=8),
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(_SEMANTIC, min_size=2, max_size=6, unique=True))
def test_semantic_versions_stand_as_the_reference_library_has_them(names):
    known = appeared(*names)
    for one, other in combinations(names, 2):
        expected = semver.Version.parse(one).compare(other)
        here, there = known.known[one].place, known.known[other].place
        assert (here > there) - (here < there) == (expected or -1)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(_ANY, min_size=1, max_size=12, unique=True))
def test_the_order_is_total_and_what_comes_later_does_not_change_it(names):
    known, before = Releases(), []
    for name in names:
        known.add(name, 1.0)
        now = ordered(known)
        places = [one.place for one in known.known.values()]
        # Places are tuples, so the order is transitive; it is total when no two are the same.
        assert len(set(places)) == len(places)
        assert [one for one in now if one != name] == before
        before = now


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(_ANY, min_size=2, max_size=10, unique=True))
def test_within_a_series_names_decide_whatever_appeared_first(names):
    known = appeared(*names)
    for one, other in combinations(names, 2):
        here, there = parse(one), parse(other)
        if here.series == there.series and here.key is not None and there.key is not None and here.key != there.key:
            assert (known.known[one].place < known.known[other].place) == (here.key < there.key)
