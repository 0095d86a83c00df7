"""The blog's own map package in JupyterLab."""

import pytest

from support.live_maps import SETUP, cells

pytestmark = [pytest.mark.newest, pytest.mark.usefixtures("gmaps_widgets")]


def test_the_blogs_own_cell_runs(open_notebook):
    blog = """import gmaps
gmaps.configure(api_key=key) # Fill in with your API key

fig = gmaps.figure()

for i in range(len(result)):
    marker = gmaps.marker_layer([result[i][2]], label=str(i+1))
    fig.add_layer(marker)
fig"""
    repaired = "geonb.repair_gmaps(); result = list(CASES['tokyo'])"
    tab = open_notebook([SETUP, repaired, blog])
    tab.run()
    tab.output().locator(".fake-marker").nth(4).wait_for()
    tab.page.wait_for_timeout(700)  # it sets its view after 500 ms
    assert tab.output().locator(".fake-marker").all_inner_texts() == list("12345")
    tab.screenshot("blog-lab", tab.output())


def test_gmaps_tells_the_distance_where_one_clicks_its_line(open_notebook):
    tab = open_notebook(cells("gmaps", ["tokyo"]))
    tab.run()
    dots = tab.output().locator(".fake-dot")
    dots.nth(20).wait_for()
    assert dots.nth(10).get_attribute("title") == "1.5 km from the true place to guess 1"
    dots.nth(10).click(force=True)
    shown = tab.output().locator(".fake-info")
    assert shown.inner_text() == "1.5 km from the true place to guess 1"
    assert tab.output().locator(".geonb-list button").count() == 0  # they could open nothing
    tab.screenshot("gmaps-lab-distance", tab.output())


def test_gmaps_says_that_a_key_was_rejected(open_notebook):
    tab = open_notebook([
        SETUP,
        "geonb.show_map(CASES['tokyo'], provider='gmaps', api_key='BAD key')",
    ])  # fmt: skip
    tab.run()
    output = tab.output()
    output.get_by_text("Something went wrong authenticating with Google Maps").wait_for()
    output.locator("[data-geonb-picture] img").wait_for(state="visible")
    assert output.locator(".geonb-list li").count() == 6
    tab.screenshot("gmaps-lab-rejected", output)
