"""The parts of the notebooks that need MXNet are not left out where MXNet is."""

import pytest

from support import ROOT
from support.notebooks import execute, read

pytestmark = [pytest.mark.mxnet, pytest.mark.slow]


@pytest.mark.parametrize(
    "stem",
    [
        "06_train_your_own",
        "2017_line_by_line",
    ],
)
def test_nothing_is_left_out(stem, tmp_path):
    cells = execute(read(ROOT / "notebooks" / f"{stem}.ipynb"), tmp_path)
    shown = str([cell.outputs for cell in cells])
    assert "is left out" not in shown
    assert "Stored output" not in shown, "what MXNet says is live where MXNet is"
