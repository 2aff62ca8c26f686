"""The notebook works from its first cell to its last, in a real kernel."""

import json
from pathlib import Path

import pytest
from processes import finish, program

NOTEBOOK = Path(__file__).parent.parent / "docs" / "tour.ipynb"


# Measuring the quality of all images takes longer than everything else in it.
SMALL = """
from pathlib import Path

MINUTES, TRIALS, FOLDER = 0.01, 1, Path("tour")
few = tuple(tuple(part[:64] for part in split) for split in data.load("sample"))
data.load = lambda name: few
"""


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    ran = finish(program("run_notebook.py", NOTEBOOK, tmp_path, SMALL))
    assert ran.returncode == 0, ran.stderr
    cells = json.loads((tmp_path / NOTEBOOK.name).read_text())["cells"]
    shown = [out for cell in cells for out in cell.get("outputs", ())]
    assert sum("image/png" in out.get("data", {}) for out in shown) == 2
    assert not any(out["output_type"] == "error" for out in shown)
    assert {"explorer.html", "garments", "run", "search"} <= {
        path.name for path in (tmp_path / "tour").iterdir()
    }
