"""A new version knows what an issue was called before, and works that out once for each fingerprint."""

from dataclasses import replace

from errtally.config.grouping import GroupingSettings
from errtally.event.model import Event, ExceptionInfo, Frame
from errtally.exporter.grouping import VERSION, fingerprint, identify, version_1
from errtally.exporter.grouping.grouper import Grouper
from errtally.exporter.grouping.versions import NUMBERS, Version


def event(message="disk full", **keys):
    return Event(event_id="0" * 32, timestamp=0.0, message=message, **keys)


def before(one, rule=None):
    return replace(fingerprint(one, rule), fingerprint=f"0{fingerprint(one, rule).fingerprint[1:]}")


def test_the_newest_version_goes_first():
    assert NUMBERS[0] == VERSION
    assert list(NUMBERS) == sorted(NUMBERS, reverse=True)


def test_without_a_former_version_nothing_more_is_told():
    assert identify(event(), former=()) == fingerprint(event())


def test_a_new_version_tells_the_old_fingerprint():
    found = identify(event(), former=(Version(1, before),))
    assert found.fingerprint == fingerprint(event()).fingerprint
    assert found.former == (before(event()).fingerprint,)


def test_former_fingerprints_are_told_once_in_each_project_and_again_when_they_may_be_lost():
    grouper = Grouper(GroupingSettings())
    assert grouper.group("shop", event("disk 1 full")).former == (
        version_1.fingerprint(event("disk 1 full")).fingerprint,
    )
    assert grouper.group("shop", event("disk 2 full")).former == ()
    assert len(grouper.group("mail", event("disk 3 full")).former) == 1
    grouper.forget()
    assert len(grouper.group("shop", event("disk 4 full")).former) == 1


def test_version_1_sees_an_event_as_it_was_read_then():
    frames = [Frame(function="main", filename="a.py"), Frame(function="price", filename="b.py")]
    raised = ExceptionInfo("PriceError", "no price", None, frames)
    turned = replace(raised, frames=frames[::-1], newest_first=True)
    assert version_1.fingerprint(event("", exceptions=[turned])) == version_1.fingerprint(
        event("", exceptions=[raised])
    )
    bare = ExceptionInfo("PriceError", "no price")
    assert version_1.fingerprint(event("", exceptions=[bare], frames=frames)) == version_1.fingerprint(
        event("", exceptions=[bare])
    )
    assert version_1.fingerprint(event("gone", exceptions=[raised], has_full_names=True)) == version_1.fingerprint(
        event("gone")
    )
