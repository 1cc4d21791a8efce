"""Neighbours: sites whose names lead here, other users of the machine, those who try passwords, those who scrape."""

from __future__ import annotations

import base64
import stat

import pytest
from tests.exporter.inprocess import InProcess, environ

from errtally.errors import ConfigError
from errtally.exporter.config import ExporterConfig, build
from errtally.exporter.installation import open_directory, replica_of
from errtally.exporter.store.tokens import TokenStore
from errtally.exporter.web.attempts import MAX_BY_ADDRESS

PAGES = ["/", "/api/issues", "/live", "/metrics", "/-/ready", "/overview", "/login", "/static/errtally.css"]
CONFIG = ExporterConfig(external_url="https://errors.example.com/e", allowed_hosts=("exporter", "*.corp.example"))


@pytest.fixture
def opened(tmp_path):
    made = []

    def make(config=None):
        made.append(InProcess(tmp_path / str(len(made)), config))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9765", "localhost.evil.example", "127.0.0.1.evil.example", "x@localhost", ""]
)
def test_what_people_and_programs_read_is_not_given_to_another_name(opened, path, host):
    answer = opened().get(path, {"Host": host})
    assert (answer.status, b"external_url" in answer.body) == (421, True)


@pytest.mark.parametrize(
    "host",
    ["localhost:9765", "LOCALHOST", "127.0.0.1", "[::1]:9765", "10.1.2.3:9765", "errors.example.com", "exporter:9765",
     "a.corp.example", "x.localhost", "errors.example.com."],
)  # fmt: skip
def test_names_of_the_exporter_are_answered(opened, host):
    assert opened(CONFIG).get("/api/issues", {"Host": host}).status == 200


def test_events_are_taken_by_any_name(opened):
    assert opened().post("/api/events", {"message": "m"}, {"Host": "any.example"}).status == 200


def _basic(password):
    return {"Authorization": "Basic " + base64.b64encode(f"errtally:{password}".encode()).decode()}


def test_whoever_tries_passwords_has_to_wait_and_the_right_one_does_not_help_then(opened):
    one = opened(ExporterConfig(web_password="right"))
    wrong, right = _basic("wrong"), _basic("right")
    assert one.get("/api/issues", right).status == 200
    assert [one.get("/api/issues", wrong).status for _ in range(MAX_BY_ADDRESS)] == [401] * MAX_BY_ADDRESS
    answer = one.get("/api/issues", right)
    assert (answer.status, int(answer.headers["Retry-After"]) > 0) == (429, True)
    made = environ("/login", b"username=errtally&password=right", {"Content-Type": "application/x-www-form-urlencoded"})
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    assert one.call(made).status == 429
    made = environ("/api/issues", b"", right, method="GET") | {"REMOTE_ADDR": "198.51.100.1"}
    assert one.call(made).status == 200


@pytest.mark.parametrize(
    ("config", "header", "status"),
    [
        pytest.param(ExporterConfig(web_password="p"), None, 200, id="open beside a login"),
        pytest.param(ExporterConfig(web_token="t", metrics_login=True), None, 401, id="behind the login"),
        pytest.param(ExporterConfig(web_token="t", metrics_login=True), "Bearer t", 200, id="with the login's token"),
        pytest.param(ExporterConfig(metrics_token="m"), None, 401, id="a token of its own"),
        pytest.param(ExporterConfig(metrics_token="m"), "Bearer m", 200, id="with that"),
        pytest.param(ExporterConfig(metrics_token="m"), "Bearer x", 401, id="with another"),
        pytest.param(ExporterConfig(web_token="t", metrics_token="m"), "Bearer t", 200, id="with that of the pages"),
    ],
)
def test_metrics_are_as_open_as_is_configured(opened, config, header, status):
    assert opened(config).get("/metrics", {"Authorization": header} if header else {}).status == status


def test_the_token_of_metrics_opens_nothing_else(opened):
    one = opened(ExporterConfig(web_token="t", metrics_token="m"))
    assert one.get("/api/issues", {"Authorization": "Bearer m"}).status == 401


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"trusted_proxies": ["10.0.0.1/8"]}, "trusted_proxies[0]: 10.0.0.1/8 has host bits set"),
        ({"external_url": "https://x.example/api/errors"}, "/api is a path of errtally's own"),
        ({"web": {"metrics_login": True}}, "web.metrics_login: without"),
    ],
)
def test_settings_that_can_not_work_are_told(document, said):
    with pytest.raises(ConfigError, match=said.replace("[", r"\[").replace("]", r"\]")):
        build(document, "f")


def _modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}


def test_the_data_directory_is_its_owners_alone(tmp_path):
    open_directory(tmp_path / "data")
    assert _modes(tmp_path / "data") == {"data": 0o700}


def test_a_directory_of_an_older_version_is_closed(tmp_path):
    tmp_path.chmod(0o755)
    TokenStore(tmp_path).create("ci", ("read",), "ann", 5.0)
    replica_of(tmp_path)
    for name in ("errtally.sqlite3", "errtally.sqlite3-wal", "quotas.json"):
        (tmp_path / name).touch(mode=0o644)
    (tmp_path / "artifacts").mkdir(mode=0o755)
    open_directory(tmp_path)
    assert set(_modes(tmp_path).values()) == {0o700, 0o600}
    assert _modes(tmp_path)["artifacts"] == 0o700


def test_a_directory_that_others_use_stays_open_for_them_and_our_files_do_not(tmp_path, capsys):
    tmp_path.chmod(0o1777)
    for name in ("errtally.sqlite3", "theirs.txt"):
        (tmp_path / name).touch(mode=0o644)
        (tmp_path / name).chmod(0o644)
    open_directory(tmp_path)
    assert _modes(tmp_path) == {tmp_path.name: 0o1777, "errtally.sqlite3": 0o600, "theirs.txt": 0o644}
    assert "other users can list" in capsys.readouterr().out
