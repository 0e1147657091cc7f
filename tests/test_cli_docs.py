"""docs/cli.md says what the program says: commands, options, defaults, exit codes, examples."""

import re
import shlex
from enum import Enum
from pathlib import Path

import pytest
from typer.main import get_command

from rootcause import errors
from rootcause.cli.app import INTERRUPTED, app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(command, path):
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


COMMANDS = dict(commands(get_command(app), "rootcause"))
HEADS = re.split(r"^##+ (.+)$", PAGE, flags=re.M)
SECTIONS = dict(zip(HEADS[1::2], HEADS[2::2], strict=True))


def examples(page):
    """The lines of code blocks that call the program, without comments and pipes."""
    for block in re.findall(r"```console\n(.*?)```", page, flags=re.S):
        for line in block.splitlines():
            call = re.search(r"\brootcause [^|]*", line)
            if call:
                yield call.group()


def default(option):
    if option.required:
        return "required"
    if isinstance(option.show_default, str):
        return option.show_default
    if option.is_flag:
        return "off"
    value = option.default.value if isinstance(option.default, Enum) else option.default
    return "–" if value in (None, "", []) else f"`{value}`"


def options(command):
    found = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    return {tuple(p.opts): default(p) for p in found}


def documented(section):
    rows = re.findall(r"^\| (`-.*?`) \| (.*?) \|", section, flags=re.M)
    return {tuple(re.findall(r"`(.+?)`", names)): value for names, value in rows}


def test_every_command_has_a_section_and_every_section_a_command():
    assert set(SECTIONS) - {"Exit codes"} == set(COMMANDS) - {"rootcause"}


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != "rootcause"])
def test_options_and_defaults_are_those_of_the_program(path):
    assert documented(SECTIONS[path]) == options(COMMANDS[path])


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != "rootcause"])
def test_arguments_are_named(path):
    for argument in COMMANDS[path].params:
        if argument.param_type_name == "argument":
            assert argument.metavar in SECTIONS[path], argument.metavar


def test_the_program_s_own_options_are_named():
    for names in options(COMMANDS["rootcause"]):
        assert f"`{names[0]}`" in PAGE or f"`rootcause {names[0]}`" in PAGE


def test_no_option_is_named_that_does_not_exist():
    known = {name for c in COMMANDS.values() for p in c.params for name in p.opts} | {"--help"}
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", PAGE)) - known <= {"-ts"}


def test_exit_codes_are_those_of_the_errors():
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", SECTIONS["Exit codes"], flags=re.M)}
    kinds = [e for e in vars(errors).values() if isinstance(e, type)]
    assert told == {0, INTERRUPTED} | {kind.exit_code for kind in kinds}


@pytest.mark.parametrize(
    "line", sorted({*examples(PAGE), *examples((ROOT / "README.md").read_text())})
)
def test_examples_are_understood(line):
    """The parser takes each line; nothing is run."""
    words = shlex.split(line, comments=True)
    path, words = words[0], words[1:]
    while words and f"{path} {words[0]}" in COMMANDS:
        path, words = f"{path} {words[0]}", words[1:]
    command = COMMANDS[path]
    assert not getattr(command, "commands", None), f"{line!r} names no command"
    command.make_context(path, words)
