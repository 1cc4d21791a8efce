"""Every snippet of every page is what it says it is: shell, YAML, JSON, Python, commands with options that exist."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import textwrap
from html.parser import HTMLParser
from pathlib import Path

import click
import promql_parser
import pytest
import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import yaml
from tests.peers import peer
from tree_sitter import Language, Parser

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


GRAMMARS = {
    "js": tree_sitter_javascript.language,
    "javascript": tree_sitter_javascript.language,
    "go": tree_sitter_go.language,
    "java": tree_sitter_java.language,
}


@pytest.mark.parametrize(("language", "text"), _of(*GRAMMARS))
def test_a_program_in_another_language_has_its_syntax(language: str, text: str) -> None:
    tree = Parser(Language(GRAMMARS[language]())).parse(text.encode())
    assert not tree.root_node.has_error, tree.root_node


@pytest.mark.parametrize(("language", "text"), _of("promql"))
def test_a_query_is_promql(language: str, text: str) -> None:
    assert language
    for query in re.split(r"\n\s*\n", re.sub(r"#.*", "", text).strip()):
        promql_parser.parse(query)


_NODE = r'[a-z]+(?:\["[^"]+"\]|\[\("[^"]+"\)\])?'
_FLOWCHART_LINE = re.compile(rf'subgraph [a-z]+\["[^"]+"\]|end|{_NODE}(?: -->(?:\|[^|]+\|)? {_NODE})*')


@pytest.mark.parametrize(("language", "text"), _of("mermaid"))
def test_a_flowchart_has_edges_and_groups_and_each_node_says_what_it_is(language: str, text: str) -> None:
    first, *lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert (language, first) == ("mermaid", "flowchart TD")
    assert [line for line in lines if not _FLOWCHART_LINE.fullmatch(line)] == []
    assert sum(line.startswith("subgraph") for line in lines) == lines.count("end")
    named = set(re.findall(r"\b([a-z]+)(?=\[)", text))
    edges = "\n".join(line for line in lines if "-->" in line)
    assert set(re.findall(r"(?m)(?:^|> |\| )([a-z]+)\b", edges)) <= named


_NGINX_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@pytest.mark.parametrize(("language", "text"), _of("nginx"))
def test_nginx_takes_its_configuration(language: str, text: str, tmp_path: Path) -> None:
    assert language
    if not re.search(r"^server ", text, re.MULTILINE):
        text = f"server {{\n{text}\n}}"
    text = text.replace("old-tracker.internal", "127.0.0.1")  # nginx looks names up
    (tmp_path / "logs").mkdir()
    # Who is not root may not write where nginx has its own.
    folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in _NGINX_FOLDERS)
    settings = f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}\n{text}\n}}\n"
    (tmp_path / "nginx.conf").write_text(settings)
    command = [peer("nginx"), "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("language", "text"), _of("html"))
def test_html_closes_what_it_opens(language: str, text: str) -> None:
    assert language
    opened: list[str] = []

    class Page(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            assert attrs is not None
            opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Page().feed(text)
    assert not {*opened} - {"meta", "link", "img", "input"}


@pytest.mark.parametrize(("language", "text"), _of("properties"))
def test_properties_are_keys_and_values(language: str, text: str) -> None:
    assert language
    assert all(re.fullmatch(r"[\w.]+=\S.*", line) for line in text.splitlines() if line and not line.startswith("#"))


@pytest.mark.parametrize(("language", "text"), _of("kotlin"))
def test_a_build_file_in_kotlin_closes_what_it_opens(language: str, text: str) -> None:
    """Its grammar is no package that is tested with."""
    assert language
    code = re.sub(r'"[^"\n]*"', '""', text)
    assert '"' not in code.replace('""', "")
    opened: list[str] = []
    for character in code:
        if character in "({[":
            opened.append(character)
        elif character in ")}]":
            assert opened.pop() + character in {"()", "{}", "[]"}
    assert opened == []


TESTED = {
    "",
    "text",
    "sh",
    "bash",
    "console",
    "yaml",
    "yml",
    "json",
    "python",
    "py",
    "promql",
    "nginx",
    "html",
    "properties",
    "kotlin",
    "mermaid",
    *GRAMMARS,
}


def test_every_snippet_says_what_it_is_and_is_tested_as_that() -> None:
    languages = {snippet.values[0] for snippet in SNIPPETS}
    assert languages <= TESTED
    assert {"sh", "yaml", "python", "js", "nginx", "promql"} <= languages
