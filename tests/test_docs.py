"""What the README and docs/ show works: each page runs as a person would paste it."""

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
from processes import finish, forked, program

from gan_model import commands

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_PYTHON = [page for page in PAGES if "```python" in page.read_text()]
# Each of their blocks is a whole program.
ALONE = {"from-the-book.md"}


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page, tmp_path):
    how = ["alone"] if page.name in ALONE else []
    ran = finish(program("run_page.py", page, tmp_path, *how), starting=forked)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(" ran\n") == page.read_text().count("```python")


def lines_to_type(page):
    """The lines of a page's blocks without a language, and what it has of commands in its text."""
    text = page.read_text()
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`((?:gan-model|make) [\w-]+ [^`]+)`", text.replace("\n", " "))
    lines = [line for block in blocks for line in block.splitlines()] + spans
    return [line for line in lines if re.match(r"(\w+=\S+ +)*(gan-model|make|pip) ", line)]


def understood(line):
    """Whether the program that a line starts takes its words; nothing is run."""
    words = [word for word in shlex.split(line, comments=True) if word != "..."]
    while "=" in words[0]:  # a variable of the environment
        del words[0]
    name, *rest = words
    if name == "make":
        dry = ["make", "--dry-run", "--always-make", *rest]
        # Without the settings of a `make test` that runs this.
        env = {"PATH": os.environ["PATH"]}
        made = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, env=env)
        written = made.stdout.replace("\\\n", " ")
        started = re.findall(r"^.*/bin/(gan-model \w.*)$", written, re.MULTILINE)
        return made.returncode == 0 and all(map(understood, started))
    if name == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        asked = re.findall(r"\[(.*)\]", line)
        return all(set(one.split(",")) <= set(extras["optional-dependencies"]) for one in asked)
    if rest[0] == "--help":
        return True
    try:
        return bool(commands.named(rest[0]).make_context(name, rest[1:]))
    except SystemExit:
        return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_are_understood(page):
    assert [line for line in lines_to_type(page) if not understood(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "gan-model train --no-such 3",
        "gan-model train --epochs none",
        "make no-such",
        'make train ARGS="--no-such 3"',
        'pip install "gan-model[no-such]"',
    ],
)
def test_a_command_with_a_mistake_is_not_understood(line):
    assert not understood(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 150
