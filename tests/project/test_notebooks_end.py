"""No notebook is waited for without end: a cell that does not end fails, and no reply is lost."""

import time

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from nbclient.output_widget import OutputWidget

from support.notebooks import execute

pytestmark = pytest.mark.newest

INTO_A_WIDGET = """
from ipywidgets import Output
shown = Output()
with shown:
    print("into the widget")
shown
"""


def notebook(*sources):
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{number}")
        for number, source in enumerate(sources)
    ]
    return nbformat.v4.new_notebook(cells=cells)


def test_a_cell_that_does_not_end_fails_in_one_line_with_its_name(tmp_path):
    with pytest.raises(TimeoutError) as caught:
        execute(notebook("1", "while True:\n    pass"), tmp_path, cell_seconds=2)
    assert str(caught.value) == "cell-1: not done within 2 s; run it in JupyterLab to see why"


def test_a_kernel_that_died_fails_in_one_line_with_its_cells_name(tmp_path):
    with pytest.raises(DeadKernelError) as caught:
        execute(notebook("1", "import os\nos._exit(9)"), tmp_path)
    assert str(caught.value) == "cell-1: the kernel died; see whether the memory ran out"


def test_a_reply_that_comes_before_a_widget_has_told_its_outputs_is_read(tmp_path, monkeypatch):
    tell = OutputWidget.sync_state

    def tell_late(widget):
        time.sleep(1)  # the kernel has long replied
        tell(widget)

    monkeypatch.setattr(OutputWidget, "sync_state", tell_late)
    ran = notebook(INTO_A_WIDGET)
    start = time.monotonic()
    execute(ran, tmp_path, cell_seconds=60)
    assert time.monotonic() - start < 60, "else nbclient has found the reply when time was up"
    assert "into the widget" in str(ran.metadata.widgets)
