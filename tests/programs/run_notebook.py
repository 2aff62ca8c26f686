"""Executes a notebook in a real kernel: run_notebook.py NOTEBOOK FOLDER PARAMETERS.

PARAMETERS is Python that replaces the cell with the tag "parameters". The executed notebook is
written into FOLDER, where it runs.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def main(path, folder, parameters):
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    cell.source = parameters
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=900, kernel_name="python3", resources=resources).execute()
    nbformat.write(notebook, folder / path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
