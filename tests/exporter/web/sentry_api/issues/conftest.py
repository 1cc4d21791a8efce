"""Fixtures of these tests."""

from __future__ import annotations

import pytest
from tests.exporter.inprocess import InProcess
from tests.exporter.web.sentry_api.issues.asking import TOKEN

from errtally.exporter.config import ExporterConfig


@pytest.fixture
def exporter(tmp_path):
    made = InProcess(tmp_path, ExporterConfig(external_url="https://errors.example.com", web_token=TOKEN))
    yield made
    made.close()
