"""The parts of a notebook that need GeoCLIP, on a stand-in of its layout."""

import pytest

from support import ROOT
from support.geoclip_files import write_onnx_form
from support.notebooks import execute, read

pytestmark = pytest.mark.newest


def test_by_hand_and_geonb_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("GEONB_GEOCLIP", str(write_onnx_form(tmp_path / "geoclip")))
    cells = execute(read(ROOT / "notebooks" / "08_nine_years_later.ipynb"), tmp_path)
    assert "GeoCLIP isn't here" not in str([cell.outputs for cell in cells])
    (check,) = [cell for cell in cells if cell.id == "cell-20"]
    assert "By hand and geonb: the same [" in str(check.outputs)
