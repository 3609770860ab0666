"""Phases: a feature stands from its phase on."""

from __future__ import annotations

import pytest
from drawings import call, with_column, write

from gisheat.errors import InputError
from gisheat.phases import phase_order, standing

ORDER = ("existing", "near", "far")
FEATURES = [None, "existing", "near", "far", ""]


@pytest.mark.parametrize(
    ("phase", "stands"),
    [
        ("existing", [True, True, False, False, True]),
        ("near", [True, True, True, False, True]),
        ("far", [True, True, True, True, True]),
        (None, [True, True, True, True, True]),
    ],
)
def test_a_feature_stands_from_its_phase_on(phase, stands):
    assert standing(FEATURES, phase, ORDER).tolist() == stands


def test_a_phase_that_no_order_names_counts_as_standing():
    assert standing(["someday"], "existing", ORDER).tolist() == [True]


def test_a_wanted_phase_that_is_not_in_the_order_is_refused_with_a_guess():
    with pytest.raises(InputError, match="the phase 'naer' is unknown; did you mean 'near'"):
        standing(FEATURES, "naer", ORDER)


def test_the_usual_order_holds_when_it_covers_what_is_used():
    assert phase_order((), ["near", None, "far"]) == ORDER
    assert phase_order((), []) == ORDER


def test_a_given_order_wins():
    assert phase_order(("2025", "2030"), ["2030"]) == ("2025", "2030")


def test_phases_of_an_own_kind_need_an_order():
    with pytest.raises(InputError, match="the phases 2025, 2030 have no order"):
        phase_order((), ["2030", "2025", None])


def test_a_feature_of_a_phase_that_the_order_lacks_is_an_error_of_its_own(tmp_path):
    write(tmp_path / "town.gpkg", with_column("stations", "phase", ["naer", None]))
    layers = "".join(f'{name} = "town.gpkg|{name}"\n' for name in ("pipes", "stations", "sources"))
    project = tmp_path / "town.toml"
    project.write_text(f'[layers]\n{layers}[phases]\norder = ["near", "far"]\n', encoding="utf-8")
    ran = call("check", project)
    assert ran.code == 1
    assert "station H1: the phase 'naer' is unknown; did you mean 'near'" in ran.out
