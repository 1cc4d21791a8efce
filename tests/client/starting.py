"""Trackers of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import errtally

if TYPE_CHECKING:
    from tests.client.receiver import Receiver


def init(receiver: Receiver, **settings):
    return errtally.init(receiver.url, "a-key", hooks=False, **settings)
