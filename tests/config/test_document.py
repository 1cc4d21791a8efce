"""The configuration file: every mistake is told with its line, its place and what is expected."""

from __future__ import annotations

import pytest

from errtally.config.document import load, parse
from errtally.errors import ConfigError


def problems(text):
    with pytest.raises(ConfigError) as caught:
        parse(text, "errtally.yml")
    return list(caught.value.problems)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_file_is_every_default(text):
    assert parse(text, "x") == {}


def test_no_file_is_every_default():
    assert load(None) == {}


def test_a_good_file_is_its_mapping(tmp_path):
    path = tmp_path / "errtally.yml"
    path.write_text("listen: 127.0.0.1:80\nprojects:\n  - name: shop\n    keys: [a]\n")
    assert load(path) == {"listen": "127.0.0.1:80", "projects": [{"name": "shop", "keys": ["a"]}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "listen: [", "errtally.yml:1: not YAML: expected the node content, but found '<stream end>'", id="torn"
        ),
        pytest.param("a: b: c", "errtally.yml:1: not YAML: mapping values are not allowed here", id="two colons"),
        pytest.param("a: 1\n---\nb: 1", "errtally.yml:2: not YAML: but found another document", id="two documents"),
        pytest.param(
            "\tlisten: x", "errtally.yml:1: not YAML: found character '\\t' that cannot start any token", id="a tab"
        ),
        pytest.param(
            "x: !!python/object:os.system 1",
            "errtally.yml:1: not YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object:os.system'",
            id="a tag that would run code",
        ),
        pytest.param("? [a, b]\n: 1", "errtally.yml:1: not YAML: found unhashable key", id="a list as a key"),
        pytest.param("- a", "errtally.yml:1: the file: ['a'] is not of type 'object'", id="a list"),
        pytest.param("hello", "errtally.yml:1: the file: 'hello' is not of type 'object'", id="text"),
        pytest.param("workers: 1\nworkers: 2", "errtally.yml:2: workers: the key stands here twice", id="a key twice"),
        pytest.param(
            "listen: localhost", "errtally.yml:1: listen: 'localhost' is not HOST:PORT", id="an address without port"
        ),
        pytest.param(
            "external_url: errors.example.org",
            "errtally.yml:1: external_url: 'errors.example.org' is not a URL that starts with http:// or https://",
            id="a URL without scheme",
        ),
        pytest.param("\nworkers: 0", "errtally.yml:2: workers: 0 is less than the minimum of 1", id="no workers"),
        pytest.param(
            "workers: many", "errtally.yml:1: workers: 'many' is not of type 'integer'", id="workers in words"
        ),
        pytest.param(
            "durability: hope",
            "errtally.yml:1: durability: 'hope' is not one of ['write', 'fsync', 'shared']",
            id="another durability",
        ),
        pytest.param(
            "projects:\n  - keys: [a]",
            "errtally.yml:2: projects[0]: 'name' is a required property",
            id="a project without name",
        ),
        pytest.param(
            "projects:\n  - name: a\n  - name: 'b c'",
            "errtally.yml:3: projects[1].name: 'b c' is not a project name: letters, digits, dot, dash, underscore",
            id="a name with a blank",
        ),
        pytest.param(
            "projects:\n  - name: a\n    keys:\n      - ok\n      - 'n o'",
            "errtally.yml:5: projects[0].keys[1]: 'n o' is not a key of letters, digits, dash and underscore",
            id="a key with a blank",
        ),
        pytest.param(
            "projects:\n  - name: a\n    apdex_threshold_seconds: 0",
            "errtally.yml:3: projects[0].apdex_threshold_seconds: 0 is less than or equal to the minimum of 0",
            id="a threshold of nothing",
        ),
        pytest.param(
            "limits:\n  body_bytes: 5",
            "errtally.yml:2: limits.body_bytes: 5 is less than the minimum of 1024",
            id="a limit too small",
        ),
        pytest.param(
            "retention: {events_per_issue: 1}",
            "errtally.yml:1: retention.events_per_issue: 1 is less than the minimum of 2",
            id="a retention too small",
        ),
        pytest.param(
            "web:\n  pasword_file: x",
            "errtally.yml:1: web: unknown key 'pasword_file'; known are allowed_hosts, live_frame_origins,"
            " metrics_login, metrics_token_file, oidc, password_file, proxy, session_hours, token_file, tokens,"
            " username, users",
            id="a key misspelt",
        ),
        pytest.param(
            "projects:\n  - name: a\n    name: b\n    keys: [c]",
            "errtally.yml:3: projects[0].name: the key stands here twice",
            id="a key twice in a list",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text, expected):
    assert problems(text) == [expected]


def test_an_unknown_key_is_told_with_those_that_are_known():
    [problem] = problems("port: 80")
    assert problem.startswith("errtally.yml:1: the file: unknown key 'port'; known are ")
    assert "listen" in problem


def test_all_mistakes_are_told_at_once():
    found = problems("workers: 0\nlisten: x\nprojects:\n  - name: ' '\n")
    assert [problem.split(": ")[1] for problem in found] == ["listen", "projects[0].name", "workers"]


def test_a_file_that_can_not_be_read_is_told(tmp_path):
    for path in (tmp_path / "nowhere.yml", tmp_path):
        with pytest.raises(ConfigError, match="can't be read"):
            load(path)
    (tmp_path / "latin1.yml").write_bytes(b"listen: \xff")
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path / "latin1.yml")
