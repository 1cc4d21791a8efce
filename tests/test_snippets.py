"""Every snippet of every page is what it says it is: shell, YAML, JSON, Python, commands with options that exist."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import textwrap
from pathlib import Path

import click
import pytest
import yaml

from errtally import config
from errtally.command_line import errtally
from errtally.config.document import schema

ROOT = Path(__file__).parents[1]


def _line(page: Path, at: int) -> int:
    return page.read_text().count("\n", 0, at) + 1


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SNIPPETS = [
    pytest.param(language, textwrap.dedent(text), id=f"{page.relative_to(ROOT)}:{_line(page, at)}")
    for page in PAGES
    for at, language, text in (
        (found.start(), found[2], found[3])
        for found in re.finditer(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", page.read_text(), re.MULTILINE | re.DOTALL)
    )
]


def _of(*languages: str) -> list:
    return [snippet for snippet in SNIPPETS if snippet.values[0] in languages]


@pytest.mark.parametrize(("language", "text"), _of("sh", "bash"))
def test_shell_is_shell(language: str, text: str) -> None:
    assert language
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _commands(text: str) -> list[list[str]]:
    """The calls of errtally in a snippet, without what a pipe or a redirection adds."""
    lines = text.replace("\\\n", " ").splitlines()
    calls = [re.sub(r"^\$ ", "", line.strip()) for line in lines]
    calls = [re.split(r" [|&><]|  #|;", call)[0] for call in calls if re.match(r"(\$ )?([\w./]*/)?errtally ", call)]
    return [shlex.split(call)[1:] for call in calls]


@pytest.mark.parametrize(("language", "text"), _of("sh", "bash", "console", ""))
def test_commands_and_options_exist(language: str, text: str) -> None:
    assert language is not None
    for call in _commands(text):
        command, context, words = errtally, click.Context(errtally), list(call)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words.pop(0))
            assert found is not None, call
            command = found
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for word in words:
            if re.match(r"--?[a-z]", word):
                assert word.split("=")[0] in {*known, "--help", "-h", "--version"}, (call, sorted(known))


@pytest.mark.parametrize(("language", "text"), _of("yaml", "yml"))
def test_yaml_is_yaml_and_fits_the_schema_where_it_is_ours(language: str, text: str) -> None:
    assert language
    document = yaml.safe_load(text)
    if isinstance(document, dict) and document.keys() <= schema()["properties"].keys():
        config.parse(text, "the snippet")


@pytest.mark.parametrize(("language", "text"), _of("json"))
def test_json_is_json(language: str, text: str) -> None:
    assert language
    json.loads(text)


@pytest.mark.parametrize(("language", "text"), _of("python", "py"))
def test_python_is_python(language: str, text: str) -> None:
    assert language
    ast.parse(text)


def test_there_are_snippets() -> None:
    assert {"sh", "yaml", "python", "js", "nginx"} <= {snippet.values[0] for snippet in SNIPPETS}
