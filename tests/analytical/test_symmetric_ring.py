"""Rings whose flows meet in the middle by symmetry, and rings that are one pipe in disguise."""

from __future__ import annotations

import pytest
from networks import RING, SYMMETRIC_RING, WATER, draw

import gisheat


def flows(tables, **options):
    pipes = gisheat.solve(tables.network(), **WATER, **options).pipes.set_index("pipe_id")
    return pipes["sup_flow_t_h"], pipes["ret_flow_t_h"]


@pytest.mark.parametrize("law", ["colebrook", "rough"])
def test_both_ways_round_a_symmetric_ring_carry_half(law):
    supply, back = flows(draw(SYMMETRIC_RING), friction=law)
    assert supply.tolist() == pytest.approx([36.0, 18.0, 18.0, 18.0, 18.0])
    assert back.tolist() == pytest.approx([36.0, 18.0, 18.0, 18.0, 18.0])


def test_a_pipe_across_the_middle_of_a_symmetric_ring_carries_nothing():
    across = draw(SYMMETRIC_RING + "    B---D")
    supply, back = flows(across)
    assert supply["B-D"] == pytest.approx(0.0, abs=1e-6)
    assert back["B-D"] == pytest.approx(0.0, abs=1e-6)


def test_flows_meet_at_the_station_in_the_middle():
    """
    S1---A---B---H1
         |       |      a ring of six equal pipes, the station of it half way round
         D---E---C
    """
    ring = draw("""
    S1---A---B---C---H1
         |       |
         D---E---F
    """)
    supply, _ = flows(ring, friction="rough")
    # A-B-C against A-D-E-F-C: r (2 x^2) = r (4 y^2) with x + y = 36
    x = 36.0 * 2**0.5 / (1.0 + 2**0.5)
    assert supply["A-B"] == pytest.approx(x)
    assert supply["D-E"] == pytest.approx(36.0 - x)
    assert supply["C-F"] == pytest.approx(x - 36.0)  # drawn away from the station, so against the flow


def test_a_ring_with_a_closed_pipe_is_a_tree():
    closed = draw(RING, pipes={"B-C": {"status": "closed"}})
    supply, back = flows(closed)
    assert supply[["A-B", "A-D", "D-C"]].tolist() == pytest.approx([36.0, 36.0, 36.0])
    assert supply.isna()["B-C"]
    assert back.isna()["B-C"]
