"""One long pipe and parallel pipes: heads and flows by formulas that fit on a line."""

from __future__ import annotations

import numpy as np
import pytest
from networks import WATER, one_pipe

import gisheat

G = 9.80665
RESERVOIR = {"fixed_head_m": 100.0}


def factor_rough(bore, roughness=0.5e-3):
    return 0.11 * (roughness / bore) ** 0.25


def test_a_long_pipe_loses_lambda_l_over_d_times_the_dynamic_pressure():
    """12 km of DN500 with 200 kg/s and the rough law, with fittings of zeta 30 and 15 % of equivalent length."""
    pipe = {"length_m": 12_000.0, "inner_diameter_mm": 500.0, "local_loss_fraction": 0.15, "zeta": 30.0}
    network = one_pipe({"A-B": pipe}, {"A": RESERVOIR, "B": {"demand_kg_s": 200.0}})
    results = gisheat.solve(network, friction="rough", **WATER)
    speed = 200.0 / (1000.0 * np.pi * 0.5**2 / 4.0)
    friction = factor_rough(0.5) / 0.5 * 1000.0 * speed**2 / 2.0
    loss = friction * 12_000.0 * 1.15 + 30.0 * 1000.0 * speed**2 / 2.0
    row = results.pipes.iloc[0]
    assert row["velocity_m_s"] == pytest.approx(speed)
    assert row["friction_pa_m"] == pytest.approx(friction)
    assert row["loss_kpa"] * 1e3 == pytest.approx(loss)
    assert results.nodes["head_m"].tolist() == pytest.approx([100.0, 100.0 - loss / (1000.0 * G)])


def test_creeping_flow_in_a_long_pipe_follows_hagen_and_poiseuille():
    """5 km of DN100 with 0.03 kg/s, Re about 760: dp = 128 mu L Q / (pi d^4)."""
    pipe = {"length_m": 5000.0, "inner_diameter_mm": 100.0}
    network = one_pipe({"A-B": pipe}, {"A": RESERVOIR, "B": {"demand_kg_s": 0.03}})
    loss = 128.0 * 5e-4 * 5000.0 * (0.03 / 1000.0) / (np.pi * 0.1**4)
    assert gisheat.solve(network, **WATER).pipes["loss_kpa"][0] * 1e3 == pytest.approx(loss)


def test_pipes_in_a_row_lose_the_sum():
    one = one_pipe({"A-B": {"length_m": 700.0}}, {"A": RESERVOIR, "B": {"demand_kg_s": 30.0}})
    parts = one_pipe(
        {"A-C": {"length_m": 300.0}, "B-C": {"length_m": 400.0}}, {"A": RESERVOIR, "B": {"demand_kg_s": 30.0}, "C": {}}
    )
    head = [gisheat.solve(n, **WATER).nodes.set_index("node_id")["head_m"]["B"] for n in (one, parts)]
    assert head[1] == pytest.approx(head[0])


@pytest.mark.parametrize("bore", [200.0, 150.0, 65.0])
def test_parallel_pipes_share_by_length_and_bore(bore):
    """Equal losses with the rough law: q ~ d^2.625 L^-0.5, for lambda ~ d^-0.25 and h ~ lambda L q^2 / d^5."""
    edges = {"A-B": {"length_m": 300.0}, "A-B'": {"length_m": 700.0, "inner_diameter_mm": bore}}
    network = one_pipe(edges, {"A": RESERVOIR, "B": {"demand_kg_s": 100.0}})
    first, second = gisheat.solve(network, friction="rough", **WATER).pipes["flow_kg_s"]
    assert second / first == pytest.approx((bore / 200.0) ** 2.625 * (300.0 / 700.0) ** 0.5)
    assert first + second == pytest.approx(100.0)


def test_between_two_reservoirs_the_flow_follows_from_the_difference():
    """100 m and 90 m over 1 km of DN200, rough law: v = sqrt(2 g dH d / (lambda L))."""
    network = one_pipe({"A-B": {"length_m": 1000.0}}, {"A": {"fixed_head_m": 90.0}, "B": RESERVOIR})
    speed = np.sqrt(2.0 * G * 10.0 * 0.2 / (factor_rough(0.2) * 1000.0))
    assert gisheat.solve(network, friction="rough", **WATER).pipes["velocity_m_s"][0] == pytest.approx(-speed)


def test_three_reservoirs_meet_at_a_head_between():
    """Equal pipes from 100, 100 and 70 m: two feed the third; with x in each of the two, 4 x^2 + x^2 = 30 m."""
    nodes = {"A": RESERVOIR, "B": RESERVOIR, "C": {"fixed_head_m": 70.0}, "J": {}}
    results = gisheat.solve(one_pipe({"A-J": {}, "B-J": {}, "J-C": {}}, nodes), friction="rough", **WATER)
    flow = results.pipes.set_index("pipe_id")["flow_kg_s"]
    assert flow["A-J"] == pytest.approx(flow["B-J"])
    assert flow["J-C"] == pytest.approx(2.0 * flow["A-J"])
    assert results.nodes.set_index("node_id")["head_m"]["J"] == pytest.approx(100.0 - 30.0 / 5.0)
