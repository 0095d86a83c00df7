"""Tables as people read them: aligned as text, escaped as HTML, in few digits."""

import pytest

from geonb.shown.sheets import Sheet, data_frame, percent

SHEET = Sheet(
    "Towns <b>",
    ["name", "country", "km", "share"],
    [["Nice & Ö", "FR", "1.5", ("7%", "of <all>")], ["Rio\n", "BR", "9,215", "12%"]],
    ["A note <i>."],
    words=2,
)


def test_words_stand_on_the_left_and_numbers_on_the_right():
    assert SHEET.text().splitlines() == [
        "Towns <b>",
        "name      country     km          share",
        "Nice & Ö  FR         1.5  7% (of <all>)",
        r"Rio\n     BR       9,215            12%",
        "A note <i>.",
    ]


def test_nothing_of_a_table_is_a_tag_but_the_tables_own():
    page = SHEET.html()
    for words in ("Towns &lt;b&gt;", "Nice &amp; Ö", "of &lt;all&gt;", "A note &lt;i&gt;."):
        assert words in page
    assert page.count("<tr>") == 3
    assert page.count("<th scope='col'") == 4
    assert page.count("<th scope='row' class='geonb-word'>") == 2, "one a row, for screen readers"
    assert page.count("class='geonb-word'") == 2 * 3
    assert "7% <small>of &lt;all&gt;</small>" in page


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (1e-9, "<1%"), (0.005, "<1%"), (0.0051, "1%"), (0.139923, "14%"), (1, "100%")],
)
def test_a_share_has_no_digits_that_nobody_needs(share, words):
    assert percent(share) == words


def test_records_become_a_data_frame():
    frame = data_frame([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
