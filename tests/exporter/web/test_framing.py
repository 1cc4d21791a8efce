"""Which pages may stand in a frame of another site."""

from __future__ import annotations

import pytest
from tests.exporter.inprocess import InProcess

from errtally import config as configuration
from errtally.errors import ConfigError
from errtally.exporter.config import from_environ

GRAFANA = "https://grafana.example.com"


def _policy(folder, config, path):
    exporter = InProcess(folder, config)
    try:
        return exporter.get(path).headers["Content-Security-Policy"]
    finally:
        exporter.close()


def _config(folder, origins):
    path = folder / "errtally.yml"
    path.write_text(f"web: {{live_frame_origins: {origins}}}\n")
    return from_environ({"ERRTALLY_CONFIG": str(path)})


@pytest.mark.parametrize("path", ["/live", "/", "/metrics"])
def test_no_page_may_stand_in_a_frame_by_default(tmp_path, path):
    assert "frame-ancestors 'none'" in _policy(tmp_path, None, path)


def test_the_live_page_may_stand_in_a_frame_of_the_sites_that_are_named(tmp_path):
    config = _config(tmp_path, f"[{GRAFANA}, 'http://127.0.0.1:3000']")
    policy = _policy(tmp_path, config, "/live")
    assert policy.endswith(f"frame-ancestors {GRAFANA} http://127.0.0.1:3000")
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("path", ["/", "/issues/nothing", "/live/more", "/api/issues"])
def test_other_pages_may_not_even_then(tmp_path, path):
    assert "frame-ancestors 'none'" in _policy(tmp_path, _config(tmp_path, f"[{GRAFANA}]"), path)


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("'*'", id="everywhere"),
        pytest.param("grafana.example.com", id="without a scheme"),
        pytest.param("https://grafana.example.com/d/x", id="a page instead of an origin"),
        pytest.param('"https://a.example.com; script-src *"', id="another directive"),
        pytest.param('"https://a.example.com\\n"', id="another header"),
    ],
)
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ConfigError, match="live_frame_origins"):
        configuration.parse(f"web: {{live_frame_origins: [{origin}]}}", "f")
