"""Results that are tables everywhere: as text, as files, and for programs."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from geonb.errors import EvaluationError
from geonb_lab.evaluation.accuracy import evaluate
from geonb_lab.tabular import check_ending, write_csv
from support.places import east_of_null


def test_forms(tmp_path):
    result = evaluate(np.zeros((9, 2)), east_of_null(*range(0, 90, 10)), name="my | net")
    rows = list(csv.DictReader(io.StringIO(result.to_csv())))
    assert [row["system"] for row in rows][:2] == ["my | net, first guess", "constant guess"]
    assert float(rows[0]["within_25_km"]) == pytest.approx(100 / 3)
    frame = result.to_dataframe()
    assert isinstance(frame, pd.DataFrame)
    assert frame["photos"].tolist()[:2] == [9, 9]
    table = [line for line in result.to_markdown().splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table} == {11}
    for ending in ("csv", "md", "txt", "html", "png", "svg", "pdf"):
        result.save(tmp_path / f"result.{ending}")
        assert (tmp_path / f"result.{ending}").stat().st_size > 400
    with pytest.raises(EvaluationError, match=r"saved as \.csv, \.md"):
        result.save(tmp_path / "result.docx")


def test_words_stand_left_and_numbers_right():
    result = evaluate([(0, 0)], [(0, 0)], test_set="drawn", published=())
    assert "| :-- | :-- | --: |" in result.to_markdown()
    assert "<td class='geonb-word'>drawn</td><td>1</td>" in result._repr_html_()
    assert "\nconstant guess      drawn          1  " in repr(result)


def test_text_that_a_spreadsheet_would_run_is_marked_and_numbers_stay():
    file = io.StringIO()
    names = ("=1+1", "+1", "-1", "@a", "a\n=1", "1-1")
    write_csv([{"name": name, "km": -1.5} for name in names], file)
    rows = list(csv.DictReader(file.getvalue().splitlines()))
    assert [row["name"][0] for row in rows] == ["'"] * 4 + ["a", "1"]
    assert {row["km"] for row in rows} == {"-1.5"}


def test_an_ending_is_looked_at_whatever_its_case():
    assert check_ending("result.PNG") == ".png"
    with pytest.raises(EvaluationError, match="not without an ending"):
        check_ending("result")
