"""Every case of closed_forms.py and component_forms.py holds; the page of the verification shows the same figures."""

import pytest
from closed_forms import PIPES
from component_forms import COMPONENTS


@pytest.mark.parametrize("case", [*PIPES, *COMPONENTS], ids=lambda case: case.__name__)
def test_gisheat_finds_what_the_formula_says(case):
    figures = case()
    assert figures
    assert [figure for figure in figures if not figure.holds] == []
