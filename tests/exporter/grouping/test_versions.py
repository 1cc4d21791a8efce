"""A new version of the algorithm knows what an issue was called before, and costs nothing while there is one only."""

from dataclasses import replace

from errtally.event.model import Event
from errtally.exporter.grouping import VERSION, fingerprint, identify
from errtally.exporter.grouping.versions import REGISTRY, Version


def second(event, rule=None):
    return replace(fingerprint(event, rule), fingerprint=f"2{fingerprint(event, rule).fingerprint[1:]}")


def event(message="disk full"):
    return Event(event_id="0" * 32, timestamp=0.0, message=message)


def test_the_registry_begins_with_the_version_of_this_release():
    assert REGISTRY[0].number == VERSION
    assert [version.number for version in REGISTRY] == sorted((v.number for v in REGISTRY), reverse=True)


def test_one_version_is_asked_once():
    asked = []

    def counted(one, rule):
        asked.append(one)
        return fingerprint(one, rule)

    assert identify(event(), registry=(Version(1, counted),)) == fingerprint(event())
    assert len(asked) == 1


def test_a_new_version_tells_the_old_fingerprint():
    found = identify(event(), registry=(Version(2, second), Version(1, fingerprint)))
    assert found.fingerprint == second(event()).fingerprint
    assert found.former == (fingerprint(event()).fingerprint,)
