"""The documentation of the client names everything that an application can set or call."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import errtally
from errtally import logs, recovery
from errtally.client.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def test_every_setting_is_documented() -> None:
    table = (DOCS / "client.md").read_text().partition("## Settings")[2]
    documented = set(re.findall(r"`(\w+)`", table))
    assert {field.name for field in fields(Settings)} <= documented


def test_every_function_exists_and_is_documented() -> None:
    page = (DOCS / "client.md").read_text()
    assert errtally.__all__ == sorted(errtally.__all__)
    for name in errtally.__all__:
        assert callable(getattr(errtally, name))
    for name in ("capture_exception", "capture_message", "init", "new_scope", "request_finished", "set_user"):
        assert f"errtally.{name}(" in page, name


def test_what_rooms_export_exists() -> None:
    for room in (logs, recovery):
        assert all(hasattr(room, name) for name in room.__all__)
