"""Commands in the documentation and in the help exist as they are written."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tocsin.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def list_commands(group: Any, before: str = "") -> dict[str, Any]:
    """Commands by name, those of a group as ``audit leak``."""
    listed: dict[str, Any] = {}
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        listed |= list_commands(command, f"{before}{name} ") if inner else {f"{before}{name}": command}
    return listed


COMMANDS = list_commands(typer.main.get_command(app))


def shown_commands(text: str) -> Iterator[str]:
    """Lines of code blocks that begin with ``tocsin``, continuation lines joined."""
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            written = re.sub(r"^(\$ |\.venv/bin/)", "", line.strip())
            if written.startswith("tocsin "):
                yield written


def faults(written: str) -> list[str]:
    """What of a written command does not exist: the command, or options of it."""
    _, *words = shlex.split(written, comments=True)
    if words[0].startswith("-"):
        return [] if words[0] in {"--help", "--version"} else [words[0]]
    name = next((name for name in COMMANDS if words[: len(name.split())] == name.split()), None)
    if name is None:
        return [words[0]]
    known = {option for parameter in COMMANDS[name].params for option in parameter.opts} | {"--help"}
    asked = [word.split("=", 1)[0] for word in words if word.startswith("-") and not is_number(word)]
    return [option for option in asked if option not in known]


def is_number(word: str) -> bool:
    return re.fullmatch(r"-\d+(\.\d+)?", word) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_on_a_page_exist(page: Path) -> None:
    wrong = {written: faults(written) for written in shown_commands(page.read_text()) if faults(written)}
    assert wrong == {}


def test_the_readme_shows_the_whole_way() -> None:
    shown = {written.split()[1] for written in shown_commands((ROOT / "README.md").read_text())}
    assert {"ingest", "rasterize", "render", "train", "evaluate", "alert"} <= shown


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_exists(name: str) -> None:
    text = COMMANDS[name].help or ""
    example = re.search(r"Example: (tocsin .+)", " ".join(text.split()))
    assert example, f"the docstring of {name} needs a line that begins with Example:"
    assert example[1].split()[1 : 1 + len(name.split())] == name.split()
    assert faults(example[1]) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    unexplained = [
        parameter.name for parameter in COMMANDS[name].params if not getattr(parameter, "help", None)
    ]
    assert unexplained == []


def test_the_check_itself() -> None:
    page = "text tocsin nothing\n```sh\n$ tocsin ingest a.yaml b.csv --stor c  # why\ntocsin sing\nls\n```\n"
    assert [faults(written) for written in shown_commands(page)] == [["--stor"], ["sing"]]
    assert faults("tocsin evaluate a.yaml --model m --store s --from 2015-01-01 --to=2016-01-01") == []
