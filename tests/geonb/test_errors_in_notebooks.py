"""What a failing cell shows, in a real kernel: a sentence for the user's mistakes, no more."""

import sys

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.newest


@pytest.fixture
def failing(tmp_path):
    """Run one cell that fails; gives its error output."""

    def run(source):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        client = NotebookClient(
            notebook, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
        )
        client.create_kernel_manager()
        client.km.kernel_spec.argv[0] = sys.executable
        client.execute()
        (output,) = notebook.cells[0].outputs
        return output

    return run


def test_a_mistake_of_the_users_is_one_sentence(failing):
    output = failing("import geonb\ngeonb.open_photo('holiday.jpg')")
    assert output.ename == "PhotoError"
    assert output.traceback == ["PhotoError: holiday.jpg: no such file; check the path"]


def test_a_bug_keeps_its_traceback(failing):
    output = failing("import geonb\ngeonb.distance(None)")
    assert output.ename == "TypeError"
    assert len(output.traceback) > 1
