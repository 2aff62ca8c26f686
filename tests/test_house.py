"""The rules of the house, so that they hold without anybody remembering them."""

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

import gan_model

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gan_model"
FLOW = [
    "data",
    "codings",
    "networks",
    "losses",
    "penalties",
    "images",
    "conditioning",
    "measuring",
    "progress",
    "feeding",
    "execution",
    "tracking",
    "players",
    "augmenting",
    "averaging",
    "sampling",
    "saving",
    "files",
    "folders",
    "rules",
    "compiling",
    "gan",
    "features",
    "metrics",
    "pictures",
    "charts",
    "checkpoint",
    "alarms",
    "callbacks",
    "presets",
    "runs",
    "sweeps",
]
MODULES = sorted(PACKAGE.rglob("*.py"))
EVERY_FILE = sorted(p for d in ("gan_model", "experiments") for p in (ROOT / d).rglob("*.py"))


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def local_imports(path):
    """Rooms of this package that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gan_model"):
            parts = node.module.split(".")[1:]
            yield from parts[:1] or [name.name for name in node.names]
        elif isinstance(node, ast.Import):
            yield from (n.name.split(".")[1] for n in node.names if n.name.startswith("gan_model."))


def test_every_room_is_in_the_flow():
    assert {room(path) for path in MODULES} - {"__init__"} == set(FLOW)


def test_imports_only_look_upstream():
    for path in MODULES:
        for needed in local_imports(path) if room(path) in FLOW else ():
            assert FLOW.index(needed) <= FLOW.index(room(path)), (
                f"{path.name} imports {needed}, which comes later in the flow. "
                "Move what both need upstream."
            )


def test_the_front_door_tells_the_flow():
    told = [line.split()[0] for line in gan_model.__doc__.splitlines() if line.startswith("    ")]
    assert told == FLOW
    for name in gan_model.__all__:
        assert getattr(gan_model, name) is not None


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    """250 lines a file, 30 lines of code in a function without its docstring."""
    text = path.read_text()
    assert len(text.splitlines()) <= 250, f"{path.name} is long. Which second room is in it?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            where = f"{path.name}: {node.name}"
            assert lines <= 30, f"{where} has {lines} lines. Split it by what it does."


def test_no_drawers():
    for path in EVERY_FILE:
        assert path.stem not in ("utils", "helpers", "misc", "common", "config")


def test_public_things_have_docstrings():
    for path in MODULES:
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree) or path.parent.name == "callbacks", path
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring"


def test_one_train_step():
    steps = [
        f"{path.name}:{node.lineno}"
        for path in EVERY_FILE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "train_step"
    ]
    assert len(steps) == 1, f"A variant is an object for `compile`, not another step: {steps}"


def test_version_agrees():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == gan_model.__version__
    assert f"## {gan_model.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_readme_shows_the_map_in_the_order_of_the_flow():
    readme = (ROOT / "README.md").read_text()
    places = [readme.find(f"[`{name}`]") for name in FLOW]
    assert -1 not in places, f"missing: {[n for n, p in zip(FLOW, places, strict=True) if p < 0]}"
    assert places == sorted(places)


@pytest.mark.parametrize(
    "name",
    [
        "train",
        "sweep",
        "sample",
        "evaluate",
        "results",
        "count_bias",
        "benchmark",
        "make_sample",
        "make_classifier",
    ],
)
def test_scripts_import(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "experiments"))
    assert importlib.import_module(name).__doc__
