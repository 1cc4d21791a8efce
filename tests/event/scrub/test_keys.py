"""Keys that the rules name are found in texts, however their words are joined."""

from __future__ import annotations

import pytest

from errtally.event.scrub import Scrubber
from errtally.event.scrub.catalogue import rules

KEYS = sorted({key for kind in ("words", "phrases") for key in rules()["keys"][kind]})
VALUE = "Zk4-8qPw"


@pytest.mark.parametrize("joint", ["_", "-", ""], ids=["with underscores", "with dashes", "in one word"])
def test_every_key_that_is_secret_in_a_tree_is_secret_in_a_text(joint):
    scrubber = Scrubber()
    keys = [key.replace(" ", joint) for key in KEYS]
    secret = [key for key in keys if scrubber.scrub_value({key: VALUE}) != {key: VALUE}]
    assert len(secret) > 50
    assert not [key for key in secret if VALUE in scrubber.scrub_text(f"cannot read x, {key}={VALUE}")]


@pytest.mark.parametrize("value", [None, True, False, ""], ids=["null", "true", "false", "the empty text"])
def test_a_secret_key_without_a_secret_keeps_its_value(value):
    assert Scrubber().scrub_value({"password": value, "x": 1}) == {"password": value, "x": 1}
