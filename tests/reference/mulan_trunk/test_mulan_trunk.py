"""The published hydraulic table of Mulan, section by section; what is compared and how closely is in case.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gisheat

HERE = Path(__file__).parent
FACTS = HERE.parents[2] / "sample_gis" / "mulan" / "facts"
CASE = tomllib.loads((HERE / "case.toml").read_text(encoding="utf-8"))
EXPECTED, TOLERANCE = CASE["expected"], CASE["tolerance"]
TABLE = pd.read_csv(FACTS / CASE["table"]).set_index("pipe")


def trunk():
    """A chain of 20 pipes; the area of each section that does not go on is a station at its end."""
    given = CASE["network"]
    area = TABLE["heated_area_1e4_m2"].to_numpy() * 1e4
    ends = TABLE["to_node"].tolist()
    return gisheat.Network.from_tables(
        {"node_id": [TABLE["from_node"].iloc[0], *ends]},
        {
            "pipe_id": TABLE.index,
            "from_node": TABLE["from_node"],
            "to_node": ends,
            "length_m": TABLE["length_m"],
            "inner_diameter_mm": TABLE["computed_with_inner_diameter_m"] * 1e3,
            "roughness_mm": np.full(len(TABLE), given["roughness_mm"]),
            "local_loss_fraction": [
                *[given["local_loss_fraction"]] * (len(TABLE) - 1),
                given["local_loss_fraction_connection"],
            ],
        },
        {
            "station_id": ends,
            "node_id": ends,
            "heated_area_m2": area - np.append(area[1:], 0.0),
            "heat_index_w_m2": np.full(len(TABLE), given["heat_index_w_m2"]),
            "required_head_m": np.full(len(TABLE), given["required_head_m"]),
        },
        {
            "source_id": ["plant"],
            "node_id": [TABLE["from_node"].iloc[0]],
            **{
                name: [given[name]]
                for name in ("supply_temp_c", "return_temp_c", "static_head_m", "plant_loss_m", "head_reserve_m")
            },
        },
    )


@pytest.fixture(scope="module")
def results():
    return gisheat.solve(trunk(), friction="rough", **CASE["water"])


@pytest.fixture(scope="module")
def pipes(results):
    return results.pipes.set_index("pipe_id")


def test_all_flows_are_the_printed_ones(pipes):
    apart = (pipes["sup_flow_t_h"] - TABLE["flow_t_h"]).abs()
    assert (apart <= TOLERANCE["flow_t_h"]).sum() == EXPECTED["sections"]


def test_specific_frictions_are_the_printed_ones(pipes):
    assert pipes["sup_friction_pa_m"].to_dict() == pytest.approx(
        TABLE["specific_friction_pa_m"].to_dict(), rel=TOLERANCE["specific_friction"]
    )


def test_velocities_are_the_printed_ones(pipes):
    assert pipes["sup_velocity_m_s"].to_dict() == pytest.approx(
        TABLE["velocity_m_s"].to_dict(), rel=TOLERANCE["velocity"]
    )


def test_section_losses_are_the_printed_ones_but_for_two_roundings(pipes):
    apart = (pipes["sup_loss_kpa"] - TABLE["pressure_loss_kpa"]).abs()
    rounded = apart > TOLERANCE["section_loss"] * TABLE["pressure_loss_kpa"]
    assert TABLE.index[rounded].tolist() == TOLERANCE["print_rounding"]
    assert (apart[rounded] <= TOLERANCE["section_loss_kpa"]).all()


def test_the_losses_sum_up_to_the_printed_total(pipes):
    assert TABLE["pressure_loss_kpa"].sum() == pytest.approx(EXPECTED["one_way_loss_kpa"])
    for side in ("sup", "ret"):
        assert pipes[f"{side}_loss_kpa"].sum() == pytest.approx(EXPECTED["one_way_loss_kpa"], rel=TOLERANCE["total"])


def test_the_critical_path_is_the_whole_trunk(results):
    path = results.path()
    assert path["pipe_id"].tolist() == TABLE.index.tolist()
    assert path["cumulated_length_m"].iloc[-1] == pytest.approx(EXPECTED["trench_m"])


def test_the_pump_head_is_85_m_of_the_design_water(results):
    head, given = results.pump_head(), CASE["network"]
    assert head.total == pytest.approx(EXPECTED["pump_head_m"], abs=TOLERANCE["pump_head_m"])
    loss = EXPECTED["one_way_loss_kpa"] * 1e3 / (CASE["water"]["density_kg_m3"] * 9.80665)
    assert head.supply_loss == pytest.approx(loss, rel=TOLERANCE["total"])
    assert head.return_loss == pytest.approx(loss, rel=TOLERANCE["total"])
    assert head.station == given["required_head_m"]
    assert head.plant == given["plant_loss_m"]
    assert head.reserve == pytest.approx(given["head_reserve_m"])


def test_the_pump_head_is_the_printed_one_when_10_kpa_are_a_metre(results, pipes):
    head = results.pump_head()
    both = (pipes["sup_loss_kpa"].sum() + pipes["ret_loss_kpa"].sum()) / 10.0
    printed = both + head.station + head.plant + head.reserve
    assert printed == pytest.approx(EXPECTED["pump_head_plan_m"], abs=TOLERANCE["pump_head_plan_m"])


def test_colebrook_adds_what_the_rough_law_leaves_out():
    """The rough law has no viscosity and another constant: on this trunk it loses 1.2 % less."""
    path = gisheat.solve(trunk(), **CASE["water"]).path()
    assert path["sup_loss_kpa"].sum() == pytest.approx(
        EXPECTED["colebrook_loss_kpa"], abs=TOLERANCE["colebrook_loss_kpa"]
    )
