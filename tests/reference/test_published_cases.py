"""Networks with published results; what is expected and how closely is in the case.toml of each folder."""

import pytest
from published_cases import case_names, figures, read_case


@pytest.mark.parametrize("name", case_names())
def test_flows_and_losses_are_the_published_ones(name):
    found = figures(name)
    assert len(found) == sum(len(state["expected"]) for state in read_case(name)["state"])
    assert [figure for figure in found if not figure.holds] == []


@pytest.mark.parametrize("name", case_names())
def test_every_case_says_where_its_figures_come_from(name):
    assert {"title", "source", "licence", "note"} <= set(read_case(name))
