"""The notebook works from its first cell to its last, in a real kernel."""

import json
from pathlib import Path

import pytest
from processes import finish, program

NOTEBOOK = Path(__file__).parent.parent / "docs" / "tour.ipynb"


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    small = 'from pathlib import Path\nMINUTES, TRIALS, FOLDER = 0.02, 1, Path("tour")'
    ran = finish(program("run_notebook.py", NOTEBOOK, tmp_path, small))
    assert ran.returncode == 0, ran.stderr
    cells = json.loads((tmp_path / NOTEBOOK.name).read_text())["cells"]
    shown = [out for cell in cells for out in cell.get("outputs", ())]
    assert sum("image/png" in out.get("data", {}) for out in shown) == 2
    assert not any(out["output_type"] == "error" for out in shown)
    assert {"explorer.html", "garments", "run", "search"} <= {
        path.name for path in (tmp_path / "tour").iterdir()
    }
