"""Executes docs/tour.ipynb and stores its outputs, with a picture of TensorBoard.

    python experiments/make_tour.py

This takes a few minutes on 2 cores, and needs Chromium for the picture. The files of the notebook
go to a temporary folder.
"""

import base64
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import click

NOTEBOOK = Path(__file__).parent.parent / "docs" / "tour.ipynb"
_SIZE = (1280, 860)
_MILLISECONDS = 20_000  # that the page believes to have had for its charts
_COLORS = 64  # of the picture, which has flat areas only


@click.command(help=__doc__.split("\n")[0])
def main():
    import nbformat
    from nbclient import NotebookClient

    # `%tensorboard` looks for the program there.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, resources={"metadata": {"path": folder}}, timeout=900)
        with client.setup_kernel():
            for number, cell in enumerate(notebook.cells):
                client.execute_cell(cell, number)
                if "%tensorboard" in cell.source:
                    # The frame that it gives is empty without its server.
                    cell.outputs = [picture_of_board(Path(folder))]
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times, which differ in each execution
        if cell.cell_type == "code":
            cell.outputs = merged(without_noise(cell.outputs))
    nbformat.write(notebook, NOTEBOOK)


def picture_of_board(folder):
    """An output with the first screen of the TensorBoard that the notebook has started; ends it."""
    import nbformat
    from PIL import Image
    from tensorboard import manager

    server = max(manager.get_all(), key=lambda server: server.start_time)
    file = folder / "board.png"
    browser = shutil.which("chromium") or shutil.which("chrome") or "chromium"
    subprocess.run(
        [
            *(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--user-data-dir={folder / 'profile'}", f"--screenshot={file}"),
            *(f"--window-size={_SIZE[0]},{_SIZE[1]}", f"--virtual-time-budget={_MILLISECONDS}"),
            f"http://localhost:{server.port}",
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    os.kill(server.pid, signal.SIGTERM)
    small = io.BytesIO()
    Image.open(file).convert("RGB").quantize(_COLORS).save(small, "png", optimize=True)
    bundle = {
        "image/png": base64.b64encode(small.getvalue()).decode(),
        "text/plain": "The first screen of TensorBoard",
    }
    return nbformat.v4.new_output("display_data", bundle)


def without_noise(outputs):
    """Outputs without what TensorFlow prints about itself."""
    for output in outputs:
        if output.output_type == "stream":
            lines = output.text.splitlines(keepends=True)
            if output.name == "stderr":
                lines = [line for line in lines if line.startswith("Alarm:")]
            output.text = "".join(line for line in lines if not line.startswith("INFO:"))
        if output.get("text", True):
            yield output


def merged(outputs):
    """Outputs in which what was printed in a row is one."""
    result = []
    for output in outputs:
        if result and {output.get("name"), result[-1].get("name")} == {"stdout"}:
            result[-1].text += output.text
        else:
            result.append(output)
    return result


if __name__ == "__main__":
    main()
