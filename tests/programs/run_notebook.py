"""Executes a notebook in a real kernel: run_notebook.py NOTEBOOK FOLDER PARAMETERS.

PARAMETERS is Python that replaces the cell with the tag "parameters". TensorFlow runs eagerly, and
an epoch has two steps where the notebook says how many: tracing takes longer than so few.
TensorBoard is not started: its server would outlive the kernel. The executed notebook is written
into FOLDER, where it runs.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

EAGERLY = """
import tensorflow

tensorflow.config.run_functions_eagerly(True)
"""


def main(path, folder, parameters):
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    cell.source = EAGERLY + parameters
    for cell in notebook.cells:
        cell.source = re.sub(r"\bsteps_per_epoch=\d+", "steps_per_epoch=2", cell.source)
        cell.source = re.sub(r"^%tensorboard .*", "", cell.source, flags=re.MULTILINE)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=900, kernel_name="python3", resources=resources).execute()
    nbformat.write(notebook, folder / path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
