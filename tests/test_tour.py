"""The notebook works from its first cell to its last, in a real kernel."""

import json
from pathlib import Path

import pytest
from processes import finish, program

RUNS = "collapsed", "cured"
NOTEBOOK = Path(__file__).parent.parent / "docs" / "tour.ipynb"


# Measuring the quality of all images takes longer than everything else in it.
SMALL = """
from pathlib import Path

EPOCHS, MINUTES, TRIALS, FOLDER = 1, 0.01, 1, Path("tour")
few = tuple(tuple(part[:64] for part in split) for split in data.load("sample"))
data.load = lambda name: few
"""


def outputs(notebook):
    cells = json.loads(notebook.read_text())["cells"]
    return [output for cell in cells for output in cell.get("outputs", ())]


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    ran = finish(program("run_notebook.py", NOTEBOOK, tmp_path, SMALL))
    assert ran.returncode == 0, ran.stderr
    shown = outputs(tmp_path / NOTEBOOK.name)
    assert sum("image/png" in output.get("data", {}) for output in shown) == 6
    assert not any(output["output_type"] == "error" for output in shown)
    assert {"explorer.html", "garments", "run", "search"} <= {
        path.name for path in (tmp_path / "tour").iterdir()
    }


def test_the_stored_notebook_shows_a_collapse_and_its_cure():
    """It has the outputs of one execution, with TensorBoard, and is small enough to be read."""
    shown = outputs(NOTEBOOK)
    assert sum("image/png" in output.get("data", {}) for output in shown) == 7
    text = "".join("".join(output.get("text", ())) for output in shown)
    assert "Alarm:" in text
    last = {name: float(text.split(f"\n{name} ")[1].split("\n")[0].split()[-1]) for name in RUNS}
    assert last["collapsed"] < 0.1 < 0.5 < last["cured"]
    assert NOTEBOOK.stat().st_size < 600_000
