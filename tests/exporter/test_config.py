"""The exporter's settings: file, environment, secrets, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.exporter import every_field
from tests.exporter.inprocess import InProcess

from errtally import names
from errtally.command_line import errtally
from errtally.config.document import parse
from errtally.errors import ConfigError
from errtally.exporter.config import ENVIRONMENT, OWN_ROOTS, build, from_environ
from errtally.exporter.protocols.registry import ENDPOINTS


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "password").write_text(" pass word\n")
    (tmp_path / "token").write_text("t0ken")
    (tmp_path / "keys").write_text("key-a\nkey_b  keyC\n")
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "odd").write_text("sEcReT=/+ ok")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    return tmp_path


def made(folder, text, **environ):
    path = folder / "errtally.yml"
    path.write_text(text.replace("FOLDER", str(folder)))
    return from_environ({"ERRTALLY_CONFIG": str(path)} | environ)


def problems(folder, text, **environ):
    with pytest.raises(ConfigError) as caught:
        made(folder, text, **environ)
    return [problem.replace(str(folder), "FOLDER") for problem in caught.value.problems]


def test_with_nothing_told_it_listens_on_loopback_and_takes_any_key():
    config = from_environ({"HOME": "/home/ann"})
    assert (config.host, config.port, config.workers, config.durability) == ("127.0.0.1", 9765, 1, "write")
    assert config.external_url == "http://127.0.0.1:9765"
    assert config.is_open
    assert not config.has_web_auth


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"HOME": "/home/ann"}, "/home/ann/.local/share/errtally", id="in the user's home"),
        pytest.param({"HOME": "/home/ann", "XDG_DATA_HOME": "/srv/data"}, "/srv/data/errtally", id="where XDG says"),
        pytest.param(
            {"HOME": "/home/ann", "XDG_DATA_HOME": "data"}, "/home/ann/.local/share/errtally",
            id="a relative XDG_DATA_HOME is ignored, as its specification asks",
        ),
        pytest.param({"HOME": "/home/ann", "ERRTALLY_DATA_DIR": "here"}, "here", id="where the variable says"),
    ],
)  # fmt: skip
def test_the_data_lie(environ, expected, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert from_environ(environ).data_dir == Path(expected)


def test_a_whole_file(folder):
    config = made(
        folder,
        """
listen: "[::1]:8000"
external_url: https://errors.example.org/
data_dir: /var/lib/errtally
workers: 3
durability: fsync
log_format: json
projects:
  - name: shop
    id: "42"
    keys: [key-1]
    key_file: FOLDER/keys
    environments: [prod, stage]
    apdex_threshold_seconds: 1
    transaction_apdex_threshold_seconds: {/slow: 3}
web: {username: ann, password_file: FOLDER/password, token_file: FOLDER/token}
limits: {body_bytes: 2048}
series_limits: {errtally_events_total: 7}
retention: {events_per_issue: 9}
""",
    )
    assert (config.host, config.port, config.workers) == ("::1", 8000, 3)
    assert (config.external_url, config.data_dir) == ("https://errors.example.org", Path("/var/lib/errtally"))
    assert (config.durability, config.log_format, config.retention.events_per_issue) == ("fsync", "json", 9)
    [project] = config.projects
    assert (project.name, project.id, project.environments) == ("shop", "42", ("prod", "stage"))
    assert project.keys == {"key-1", "key-a", "key_b", "keyC"}
    assert (project.apdex_threshold_seconds, project.transaction_apdex_threshold_seconds) == (1, {"/slow": 3})
    assert (config.web_username, config.web_password, config.web_token) == ("ann", "pass word", "t0ken")
    assert config.limits.body_bytes == 2048
    assert config.series_limits == {names.EVENTS.name: 7}
    assert config.has_web_auth
    assert not config.is_open


def test_relative_paths_of_secrets_begin_beside_the_file(folder, monkeypatch):
    text = "projects: [{name: a, key_file: keys}]\nweb: {password_file: password, token_file: ../FOLDER/token}\n"
    monkeypatch.chdir("/")
    config = made(folder, text.replace("FOLDER", folder.name))
    assert (config.web_password, config.web_token, len(config.projects[0].keys)) == ("pass word", "t0ken", 3)


VALUES = {
    "ERRTALLY_LISTEN": ("localhost:81", "port", 81),
    "ERRTALLY_EXTERNAL_URL": ("https://x.example", "external_url", "https://x.example"),
    "ERRTALLY_DATA_DIR": ("/data", "data_dir", Path("/data")),
    "ERRTALLY_DATABASE": ("postgresql://db/errtally", "database", "postgresql://db/errtally"),
    "ERRTALLY_WORKERS": (" 4 ", "workers", 4),
    "ERRTALLY_DURABILITY": ("fsync", "durability", "fsync"),
    "ERRTALLY_LOG_FORMAT": ("json", "log_format", "json"),
}


@pytest.mark.parametrize("variable", list(ENVIRONMENT))
def test_the_environment_wins_over_the_file(folder, variable):
    value, field, expected = VALUES[variable]
    text = "listen: 127.0.0.1:80\nexternal_url: http://y\ndata_dir: y\nworkers: 2\n"
    assert getattr(made(folder, text), field) != expected
    assert getattr(made(folder, text, **{variable: value}), field) == expected
    assert getattr(made(folder, text, **{variable: " "}), field) != expected


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        (
            "ERRTALLY_DATABASE",
            "mysql://db/x",
            "command line or environment: database: the address of a PostgreSQL database begins with postgresql://",
        ),
        ("ERRTALLY_WORKERS", "0", "ERRTALLY_WORKERS: '0' is not a number from 1 to 64"),
        ("ERRTALLY_WORKERS", "65", "ERRTALLY_WORKERS: '65' is not a number from 1 to 64"),
        ("ERRTALLY_WORKERS", "two", "ERRTALLY_WORKERS: 'two' is not a number from 1 to 64"),
        ("ERRTALLY_LISTEN", "localhost", "command line or environment: listen: 'localhost' is not HOST:PORT"),
        ("ERRTALLY_LISTEN", ":80", "command line or environment: listen: ':80' is not HOST:PORT"),
        (
            "ERRTALLY_LISTEN",
            "localhost:65536",
            "command line or environment: listen: 'localhost:65536' is not HOST:PORT",
        ),
        (
            "ERRTALLY_DURABILITY",
            "hope",
            "command line or environment: durability: 'hope' is none of 'write', 'fsync', 'shared'",
        ),
        (
            "ERRTALLY_DURABILITY",
            "shared",
            "command line or environment: durability: 'shared' waits for a database: set `database`",
        ),
        ("ERRTALLY_LOG_FORMAT", "xml", "command line or environment: log_format: 'xml' is none of 'console', 'json'"),
        (
            "ERRTALLY_EXTERNAL_URL",
            "x.example",
            "command line or environment: external_url: 'x.example' does not start with http:// or https://",
        ),
    ],
)
def test_a_mistake_in_the_environment_is_told(variable, value, complaint):
    with pytest.raises(ConfigError) as caught:
        from_environ({variable: value})
    assert caught.value.problems == (complaint,)


@pytest.mark.parametrize(
    ("listen", "url"),
    [("127.0.0.1:80", "http://127.0.0.1:80"), ("[::1]:80", "http://[::1]:80"), ("localhost:80", "http://localhost:80")],
)
def test_the_external_url_is_where_it_listens(listen, url):
    assert from_environ({"ERRTALLY_LISTEN": listen}).external_url == url


OPEN = "without `projects` anybody could send: configure at least one project with a key"
NO_LOGIN = "without a login anybody could read the issues: configure web.password_file or web.token_file"
PROJECT = "projects: [{name: a, keys: [k]}]\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "errors.example.org"])
@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        pytest.param("", [OPEN, NO_LOGIN], id="neither projects nor a login"),
        pytest.param(PROJECT, [NO_LOGIN], id="no login"),
        pytest.param("web: {token_file: FOLDER/token}\n", [OPEN], id="no projects"),
        pytest.param(PROJECT + "web: {password_file: FOLDER/password}\n", [], id="both"),
    ],
)
def test_a_public_address_needs_projects_and_a_login(folder, host, text, complaints):
    text += f'listen: "{host}:80"\n'
    if not complaints:
        assert made(folder, text).port == 80
        return
    found = problems(folder, text)
    assert [complaint.partition("and ")[2] for complaint in found] == complaints
    assert all(f"listen: {host.strip('[]')} can be reached from other machines" in complaint for complaint in found)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"])
def test_loopback_needs_neither(folder, host):
    assert made(folder, f'listen: "{host}:80"\n').is_open


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(
            "web: {password_file: FOLDER/none}",
            "web.password_file: can't be read: [Errno 2] No such file or directory: 'FOLDER/none'",
            id="a file that is not there",
        ),
        pytest.param("web: {token_file: FOLDER/empty}", "web.token_file: FOLDER/empty is empty", id="an empty file"),
        pytest.param(
            "web: {token_file: FOLDER/bytes}",
            "web.token_file: can't be read: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
            id="a file that is no text",
        ),
        pytest.param(
            "web: {username: ann}",
            "web.username: without web.password_file nobody is asked for it",
            id="a name without password",
        ),
        pytest.param(
            "projects: [{name: a}]", "projects[0]: a project needs `keys` or `key_file`", id="a project without keys"
        ),
        pytest.param(
            "projects: [{name: a, keys: []}]",
            "projects[0]: a project needs `keys` or `key_file`",
            id="an empty list of keys",
        ),
        pytest.param(
            "projects: [{name: a, key_file: FOLDER/none}]",
            "projects[0].key_file: can't be read: [Errno 2] No such file or directory: 'FOLDER/none'",
            id="keys that are not there",
        ),
        pytest.param(
            "projects: [{name: a, key_file: FOLDER/odd}]",
            "projects[0].key_file: a key is not one of letters, digits, dash and underscore, up to 64",
            id="a key that can't be sent",
        ),
        pytest.param(
            "projects: [{name: a, keys: [k]}, {name: a, id: '2', keys: [l]}]",
            "projects[1]: name or id 'a' belongs to projects[0] already",
            id="a name twice",
        ),
        pytest.param(
            "projects: [{name: a, id: '1', keys: [k]}, {name: b, id: '1', keys: [l]}]",
            "projects[1]: name or id '1' belongs to projects[0] already",
            id="an id twice",
        ),
        pytest.param(
            "projects: [{name: a, id: b, keys: [k]}, {name: b, id: c, keys: [l]}]",
            "projects[1]: name or id 'b' belongs to projects[0] already",
            id="a name that is another's id",
        ),
        pytest.param(
            "projects: [{name: a, keys: [k]}, {name: b, keys: [l, k]}]",
            "projects[1]: one of its keys belongs to projects[0] already",
            id="a key twice",
        ),
        pytest.param(
            "series_limits: {errtally_up: 5}",
            "series_limits.errtally_up: not a metric that has a limit",
            id="a metric without limit",
        ),
        pytest.param(
            "series_limits: {errtally_nothing: 5}",
            "series_limits.errtally_nothing: not a metric that has a limit",
            id="no metric",
        ),
    ],
)
def test_a_contradiction_is_told_with_its_place(folder, text, complaint):
    assert problems(folder, text) == [f"FOLDER/errtally.yml: {complaint}"]


def test_a_complaint_shows_no_secret(folder):
    told = "\n".join(problems(folder, "projects: [{name: a, key_file: FOLDER/odd}]"))
    assert "sEcReT" not in told


def test_all_contradictions_are_told_at_once(folder):
    assert len(problems(folder, "listen: 0.0.0.0:80\nweb: {token_file: FOLDER/empty}\n")) == 3


def test_a_checked_document_is_built_without_the_environment():
    assert build(parse("workers: 2", "x"), "x").workers == 2


def test_the_check_tells_contradictions_of_every_part_at_once(folder):
    (folder / "errtally.yml").write_text("web: {username: ann}\nalerting: {channels: {slack: {channel: '#a'}}}\n")
    done = CliRunner().invoke(errtally, ["config", "check", str(folder / "errtally.yml")])
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"Error: {folder}/errtally.yml: web.username: without web.password_file nobody is asked for it",
        f"{folder}/errtally.yml: alerting.channels.slack: needs api_url_file (better) or api_url",
    ]


def test_no_path_of_the_exporters_own_can_be_what_a_proxy_takes_off(tmp_path: Path) -> None:
    made = InProcess(tmp_path)
    paths = [rule.rule for rule in made.flask.url_map.iter_rules()]
    paths += [every_field.sample(endpoint.pattern.pattern) for endpoint in ENDPOINTS]
    made.close()
    roots = {path.strip("/").partition("/")[0] for path in paths} - {""}
    assert {root for root in roots if not root.startswith("<")} - OWN_ROOTS == set()
