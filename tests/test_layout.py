"""How the package is laid out, so that it holds without anybody remembering it."""

import ast
import importlib
import tomllib
from pathlib import Path

import keras
import pytest

import gan_model

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gan_model"
# The front door states the order once: each line is a package, after those that it imports.
ORDER = [line.split()[0] for line in gan_model.__doc__.splitlines() if line.startswith("    ")]
MODULES = sorted(PACKAGE.rglob("*.py"))
EVERY_FILE = sorted(p for d in ("gan_model", "experiments") for p in (ROOT / d).rglob("*.py"))
TREES = {path: ast.parse(path.read_text()) for path in EVERY_FILE}
# Private names of other libraries; `test_private_names.py` has what each is needed for. Those of
# Keras and TensorFlow are used in `keras_internals.py` only.
KERAS_INTERNALS = {
    "_flatten_layers",
    "_make_function",
    "_eval_epoch_iterator",
    "_get_variable_index",
    "_accumulated_gradients",
    "_backend_increment_gradient_accumulators",
    "_clip_gradients",
    "_apply_weight_decay",
    "_backend_update_step",
    "_iterations",
    "_all_reduce_sum_gradients",
    "_resource",
}
OF_KERAS_TUNER = {
    "_build_hypermodel",
    "_retry_queue",
    "_seed_state",
    "_get_num_brackets",
    "_get_num_rounds",
    "_get_epochs",
    "_get_size",
}
# `os._exit` ends the process at once, without the threads of TensorFlow; `_replace` of a
# NamedTuple is public, in spite of its name.
OF_PYTHON = {"_exit", "_replace"}


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def local_imports(path):
    """Parts of this package that a file imports, wherever in it the import stands.

    Those that only a type checker imports do not count: nothing depends on them.
    """
    for_checkers = {
        node
        for check in ast.walk(TREES[path])
        if isinstance(check, ast.If) and ast.unparse(check.test) == "TYPE_CHECKING"
        for node in check.body
    }
    for node in set(ast.walk(TREES[path])) - for_checkers:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gan_model"):
            parts = node.module.split(".")[1:]
            named = [name.name for name in node.names if not name.name.startswith("__")]
            yield from parts[:1] or named
        elif isinstance(node, ast.Import):
            yield from (n.name.split(".")[1] for n in node.names if n.name.startswith("gan_model."))


def test_the_front_door_lists_every_part():
    assert {part(path) for path in MODULES} - {"__init__", "__main__"} == set(ORDER)
    for name in gan_model.__all__:
        assert getattr(gan_model, name) is not None


def test_presets_are_public_names():
    assert set(gan_model.presets.PRESETS) <= set(gan_model.presets.__all__)


def test_imports_only_look_up():
    for path in MODULES:
        for needed in local_imports(path) if part(path) in ORDER else ():
            assert ORDER.index(needed) <= ORDER.index(part(path)), (
                f"{path.name} imports {needed}, which comes later. Move what both need up."
            )


def defined_in(tree):
    """Names of functions, classes and variables that a file sets, and of attributes of `self`."""
    kinds = ast.FunctionDef | ast.ClassDef
    yield from (node.name for node in ast.walk(tree) if isinstance(node, kinds))
    for node in ast.walk(tree):
        own = isinstance(node, ast.Name) or (
            isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in ("self", "cls")
        )
        if own and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda p: str(p.relative_to(ROOT)))
def test_underscore_names_stay_in_their_file(path):
    tree = TREES[path]
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("__")
        for name in node.names
    }
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}
    foreign = KERAS_INTERNALS if path.stem == "keras_internals" else OF_KERAS_TUNER | OF_PYTHON
    abroad = private - set(defined_in(tree)) - foreign
    assert not abroad, f"Private to another file: {abroad}. Make it public, or pass what it gives."


def test_every_foreign_name_is_used():
    nodes = (node for tree in TREES.values() for node in ast.walk(tree))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    overridden = {"_make_function", "_build_hypermodel"}
    assert not (KERAS_INTERNALS | OF_KERAS_TUNER | OF_PYTHON) - overridden - used


def test_the_bases_of_the_model_are_few_and_share_no_method():
    own = [base for base in gan_model.GAN.__mro__ if base.__module__.startswith("gan_model")]
    assert len(gan_model.GAN.__bases__) <= 4 and issubclass(gan_model.GAN, keras.Model)
    methods = [name for base in own for name in vars(base) if not name.startswith("__")]
    overridden = {"evaluating", "get_config", "from_config", "make_step_function"}
    twice = {name for name in methods if methods.count(name) > 1} - overridden
    assert not twice, f"Defined in two bases: {twice}"


def test_no_drawers():
    for path in EVERY_FILE:
        assert path.stem not in ("utils", "helpers", "misc", "common", "config")


@pytest.mark.parametrize(
    "name",
    ["data", "exporting", "metrics", "model", "progress", "replicas", "storage", "sweeps"],
)
def test_a_package_lists_its_files(name):
    lines = importlib.import_module(f"gan_model.{name}").__doc__.splitlines()
    listed = {file for line in lines if "  " in line for file in line.split("  ")[0].split(", ")}
    assert {path.stem for path in (PACKAGE / name).glob("*.py")} - {"__init__"} <= listed


def test_public_things_have_docstrings():
    for path in MODULES:
        tree = TREES[path]
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring"


def test_one_train_step():
    steps = [
        f"{path.name}:{node.lineno}"
        for path in EVERY_FILE
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.FunctionDef) and node.name == "train_step"
    ]
    assert len(steps) == 1, f"A variant is an object for `compile`, not another step: {steps}"


def test_version_agrees():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == gan_model.__version__
    assert f"## {gan_model.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert f"version: {gan_model.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_the_docs_list_the_parts_in_the_same_order():
    page = (ROOT / "docs/contributing.md").read_text()
    places = [page.find(f"[`{name}`]") for name in ORDER]
    assert -1 not in places, f"missing: {[n for n, p in zip(ORDER, places, strict=True) if p < 0]}"
    assert places == sorted(places)


@pytest.mark.parametrize("name", sorted(p.stem for p in (ROOT / "experiments").glob("*.py")))
def test_scripts_import(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "experiments"))
    assert importlib.import_module(name).__doc__
