"""Pages of the site that are made when it is built: front page, changes, tour, reference."""

import ast
import base64
import json
import re
import textwrap
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gan_model"
# Lines of two columns or more, as the docstrings of packages have them: a name, spaces, a text.
_TABLE = re.compile(r"(?:^ *[\w./]+(?:, \w+)* {2,}\S.*\n|(?<=\n) {12,}\S.*\n)+", re.MULTILINE)
# Longer lines of a notebook's output are wrapped to that width; those of an epoch stay whole.
_LONG, _WIDTH = 90, 80
_LISTED = re.compile(r"^- \[.*\]\((results/\S+\.md)\)$", re.MULTILINE)
_SOURCE = re.compile(r"\[([^\]]*)\]\(\.\./gan_model/(\w+)(\.py)?\)")


def on_config(config):
    """Lists the results, and the parts of the package in the order in which it names them."""
    for entry in config.nav:
        if isinstance(entry, dict) and "Results" in entry:
            pages = _LISTED.findall((ROOT / "docs" / "results.md").read_text())
            entry["Results"] = ["results.md", *pages]
        if isinstance(entry, dict) and "Reference" in entry:
            entry["Reference"] += [{name: f"reference/{name}.md"} for name in parts()]


def on_files(files, config):
    """Adds the front page, the changes, the tour and the pages of the reference."""
    made = {"index.md": front_page(), "changes.md": (ROOT / "CHANGELOG.md").read_text()}
    made |= notebook_page(ROOT / "docs" / "tour.ipynb")
    made |= {f"reference/{name}.md": reference_page(name) for name in parts()}
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))


def parts():
    """The parts of the package that a user imports, in its own order."""
    docstring = ast.get_docstring(_parsed(PACKAGE / "__init__.py"))
    names = [line.split()[0] for line in docstring.splitlines() if line.startswith("    ")]
    return [name for name in names if _public(name)]


def front_page():
    """The README, with its links to files as a page of `docs/` needs them."""
    readme = (ROOT / "README.md").read_text()
    return readme.replace("](docs/", "](").replace("](CHANGELOG.md)", "](changes.md)")


def notebook_page(path):
    """A notebook with its stored outputs: dict from paths in the site to a page and pictures."""
    blocks, pictures = [], {}
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            blocks.append(source)
            continue
        blocks.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                name = f"{path.stem}/{len(pictures) + 1}.png"
                pictures[name] = base64.b64decode(data["image/png"])
                blocks.append(f"![Output]({name})")
            else:
                text = "".join(output.get("text") or data["text/plain"]).strip("\n")
                blocks.append("\n".join(["```text", *map(_wrapped, text.splitlines()), "```"]))
    blocks.append(f"This page is a notebook: [{path.name}]({path.name}).")
    return {f"{path.stem}.md": "\n\n".join(blocks)} | pictures


def reference_page(name):
    """What a part says of itself, and then each of its public names."""
    about = ast.get_docstring(_parsed(_file(name)))
    lines = [f"# `gan_model.{name}`", "", _TABLE.sub(r"```text\n\g<0>```\n", about + "\n")]
    for public in _public(name):
        lines += ["", f"::: gan_model.{name}.{public}"]
    return "\n".join(lines)


def on_page_markdown(markdown, page, **_):
    """Points links to the source of a part to its page of the reference, and to the tour to its."""
    if page.file.src_uri != "tour.md":
        markdown = markdown.replace("](tour.ipynb)", "](tour.md)")
    return _SOURCE.sub(_link, markdown)


def _file(name):
    file = PACKAGE / f"{name}.py"
    return file if file.exists() else PACKAGE / name / "__init__.py"


def _parsed(file):
    return ast.parse(file.read_text())


def _public(name):
    """The names in `__all__` of a package, or the public ones that a file defines."""
    tree, defined = _parsed(_file(name)), []
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            defined.append(node.name)
    return defined if (PACKAGE / f"{name}.py").exists() else []


def _wrapped(line):
    return textwrap.fill(line, _WIDTH) if len(line) > _LONG else line


def _link(match):
    text, name, _ = match.groups()
    return f"[{text}](reference/{name}.md)" if name in parts() else text
