"""The command line: help without extras, errors without tracebacks."""

from __future__ import annotations

import builtins
import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from errtally import cli, command_line
from errtally.command_line import COMMANDS, errtally
from errtally.errors import ConfigError


def run(*arguments, **environ):
    return CliRunner().invoke(errtally, list(arguments), env=environ)


@pytest.fixture
def missing(monkeypatch):
    """Make a package look as if it were not installed."""

    def hide(module, package):
        real = importlib.import_module

        def load(name, *rest):
            if name == module:
                raise ModuleNotFoundError(f"No module named {package!r}", name=package)
            return real(name, *rest)

        monkeypatch.setattr(importlib, "import_module", load)

    return hide


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_all_commands_and_imports_none(monkeypatch, flag):
    monkeypatch.setattr(importlib, "import_module", lambda name: pytest.fail(f"{name} was imported"))
    result = run(flag)
    assert result.exit_code == 0
    for name, (_, _, text) in COMMANDS.items():
        assert name in result.output
        assert text in result.output


def test_the_version_is_shown():
    result = run("--version")
    assert (result.exit_code, result.output.startswith("errtally ")) == (0, True)


@pytest.mark.parametrize("command", ["serve", "group", "config", "rules", "alertmanager", "dashboards"])
def test_every_command_has_help(command):
    result = run(command, "--help")
    assert result.exit_code == 0, result.output
    assert "Usage: errtally" in result.output


@pytest.mark.parametrize(("command", "extra"), [(name, extra) for name, (_, extra, _) in COMMANDS.items()])
def test_a_command_whose_extra_is_missing_says_which_to_install(missing, command, extra):
    missing(COMMANDS[command][0], "some_package")
    result = run(command)
    assert result.exit_code == 1
    assert f"`errtally {command}` needs the package 'some_package': pip install 'errtally[{extra}]'" in result.output


def test_a_module_of_our_own_that_is_missing_is_a_defect(missing):
    missing(COMMANDS["serve"][0], "errtally.exporter.nowhere")
    with pytest.raises(ModuleNotFoundError):
        CliRunner().invoke(errtally, ["serve"], catch_exceptions=False)


def test_an_unknown_command_is_told():
    result = run("sevre")
    assert (result.exit_code, "No such command" in result.output) == (2, True)


def test_an_error_is_a_message_and_no_traceback(tmp_path):
    path = tmp_path / "errtally.yml"
    path.write_text("workers: 0\nlisten: x\n")
    result = run("config", "check", str(path))
    assert result.exit_code == 1
    assert f"{path}:1: workers: 0 is less than the minimum of 1" in result.output
    assert f"{path}:2: listen: 'x' is not HOST:PORT" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "good (any project, listens on 127.0.0.1:9765)"), ("projects: [{name: a, keys: [k]}]", "good (1 projects,")],
)
def test_a_good_file_is_told(tmp_path, text, said):
    path = tmp_path / "errtally.yml"
    path.write_text(text)
    result = run("config", "check", str(path))
    assert (result.exit_code, said in result.output) == (0, True)


def test_the_environment_is_checked_with_the_file(tmp_path):
    path = tmp_path / "errtally.yml"
    path.write_text("")
    result = run("config", "check", str(path), ERRTALLY_LOG_FORMAT="xml")
    assert (result.exit_code, "log_format: 'xml'" in result.output) == (1, True)


def test_any_other_error_keeps_its_traceback(monkeypatch):
    @click.command()
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(errtally, "get_command", lambda *_: broken)
    assert isinstance(run("anything").exception, ZeroDivisionError)


def test_an_error_of_several_problems_is_several_lines(monkeypatch):
    @click.command()
    def broken():
        raise ConfigError(["one", "two"])

    monkeypatch.setattr(errtally, "get_command", lambda *_: broken)
    assert run("anything").output == "Error: one\ntwo\n"


def hide_import(monkeypatch, wanted, missing_name):
    real = builtins.__import__

    def load(name, *rest):
        if name == wanted:
            raise ModuleNotFoundError(f"No module named {missing_name!r}", name=missing_name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", load)


def test_without_click_the_entry_point_says_what_to_install(monkeypatch):
    hide_import(monkeypatch, "errtally.command_line", "click")
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert "pip install 'errtally[all]'" in str(caught.value)


def test_a_missing_module_of_another_kind_is_raised(monkeypatch):
    hide_import(monkeypatch, "errtally.command_line", "errtally.nowhere")
    with pytest.raises(ModuleNotFoundError):
        cli.main()


def test_the_entry_point_runs_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["errtally", "--version"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("errtally ")


def test_every_command_is_in_a_module_of_the_package():
    assert all(module.startswith("errtally.") for module, _, _ in command_line.COMMANDS.values())


def test_the_banner_names_a_command_that_can_be_typed(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr("errtally.exporter.commands.serve.serve", lambda _, on_ready: on_ready())
    monkeypatch.setenv("ERRTALLY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    typed = str(Path(sys.executable).with_name("errtally"))
    monkeypatch.setattr(sys, "argv", [typed, "serve"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    [line] = [line for line in capfd.readouterr().err.splitlines() if line.startswith("  try ")]
    command = line.removeprefix("  try ").split()
    assert command[:2] == [typed, "demo"]
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    assert f"Usage: {typed} demo" in done.stdout
