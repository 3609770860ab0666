"""Sizing: the smallest size that keeps the limits, and the rule that decided it."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import drawings
import numpy as np
import pytest
from networks import DRAWN_SEPARATELY, RING, TREE, WATER, draw

import gisheat
from gisheat import operations, sizing
from gisheat.catalogue import pipe_series, sizing_rules
from gisheat.physics.friction import specific_friction, velocity

SERIES = pipe_series("cn-steel")
UNSIZED = {"inner_diameter_mm": np.nan, "status": "planned"}


def unsized(picture, role=None, *, pipes=None, **changes):
    """A drawn network whose pipes have no bore, but for those that are given one."""
    names = draw(picture).pipes["pipe_id"]
    rows = {name: {**UNSIZED, "role": role, **(pipes or {}).get(name, {})} for name in names}
    return draw(picture, pipes=rows, **changes)


def sized(tables, *, series=SERIES, valve_reserve=2.0, water=None, **limits):
    """Sizing of a network by the rules of Chinese primary networks, or by limits of its own."""
    rules = sizing_rules("cn-primary", series, **limits)
    solve = partial(gisheat.solve, **(WATER if water is None else water))
    return sizing.size(tables.network(), solve, series, rules, valve_reserve=valve_reserve)


def rows(table):
    """A result table by the identifiers in its first column."""
    return table.set_index(table.columns[0])


def by_pipe(found, values):
    return dict(zip(found.network.pipes.id, values, strict=True))


def dn(found, series=SERIES):
    return by_pipe(found, series.dn[found.row])


def reasons(found):
    return by_pipe(found, found.governed_by)


def smallest_fit(flow, max_friction, max_velocity, smallest_dn=50.0):
    """The same choice, size by size: the first that keeps both limits."""
    for size, bore in zip(SERIES.dn, SERIES.inner_diameter, strict=True):
        friction = specific_friction(
            np.array([flow]), np.array([bore]), np.array([0.5e-3]), density=1000.0, viscosity=5e-4, law="colebrook"
        )[0]
        speed = velocity(np.array([flow]), np.array([bore]), 1000.0)[0]
        if size >= smallest_dn and friction <= max_friction and speed <= max_velocity:
            return size
    return None


# the choice ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow_t_h", [0.1, 3.0, 17.0, 36.0, 80.0, 250.0, 900.0, 2800.0, 7000.0])
@pytest.mark.parametrize(("role", "limit"), [("trunk", 70.0), ("connection", 70.0)])
def test_a_pipe_on_the_critical_path_is_the_smallest_within_70_pa_m(flow_t_h, role, limit):
    """70 Pa/m whatever its role: on the critical path every pipe costs pump head."""
    found = sized(unsized("    S1---H1", role, stations={"H1": {"flow_t_h": flow_t_h}}))
    assert dn(found)["S1-H1"] == smallest_fit(flow_t_h / 3.6, limit, 3.5)


@pytest.mark.parametrize("flow_t_h", [3.0, 36.0, 250.0, 900.0])
def test_a_connection_near_the_source_may_lose_300_pa_m(flow_t_h):
    """Off the critical path there is head to spend; H3 is far and needs much."""
    tables = unsized(
        TREE, pipes={"A-H1": {"role": "connection"}},
        stations={"H1": {"flow_t_h": flow_t_h}, "H3": {"required_head_m": 60.0}},
    )  # fmt: skip
    assert dn(sized(tables))["A-H1"] == smallest_fit(flow_t_h / 3.6, 300.0, 3.5)


@pytest.mark.parametrize("max_velocity", [0.5, 1.0, 2.0])
def test_the_velocity_limit_can_be_lowered(max_velocity):
    found = sized(unsized("    S1---H1", "trunk", stations={"H1": {"flow_t_h": 250.0}}), max_velocity=max_velocity)
    assert dn(found)["S1-H1"] == smallest_fit(250.0 / 3.6, 70.0, max_velocity)


def test_the_colder_return_keeps_the_limit_too():
    """Water of 30 degC is more viscous than that of 95 degC; in smooth pipes the return loses more."""
    water = {"friction": "colebrook", "density_kg_m3": 990.0, "supply_temp_c": 95.0, "return_temp_c": 30.0}
    rules = sizing_rules("cn-primary", SERIES)
    for flow_t_h in np.geomspace(5.0, 50.0, 40):
        tables = unsized("    S1---H1", "trunk", stations={"H1": {"flow_t_h": flow_t_h}})
        tables.pipes["roughness_mm"] = 0.02
        results = gisheat.solve(sized(tables, water=water).network, **water)
        assert results.back.friction[0] <= rules[0].max_friction[0]


def test_the_smallest_size_of_the_rules_is_not_undercut():
    found = sized(unsized("    S1---H1", "trunk", stations={"H1": {"flow_t_h": 0.01}}))
    assert dn(found)["S1-H1"] == 50.0


# the reasons ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow_t_h", "limits", "reason"),
    [
        (36.0, {}, sizing.BY_FRICTION),
        (36.0, {"max_velocity": 0.3}, sizing.BY_VELOCITY),
        (0.5, {}, sizing.SMALLEST),
        (1e5, {}, sizing.LARGEST),
    ],
)
def test_the_rule_that_decided_is_named(flow_t_h, limits, reason):
    found = sized(unsized("    S1---H1", "trunk", stations={"H1": {"flow_t_h": flow_t_h}}), **limits)
    assert reasons(found)["S1-H1"] == reason


def test_a_pipe_to_nowhere_carries_nothing_and_gets_the_smallest_size():
    found = sized(unsized(TREE + "    B---E"))
    assert reasons(found)["B-E"] == sizing.NO_FLOW
    assert dn(found)["B-E"] == 50.0


def test_a_closed_pipe_is_not_sized_by_a_flow():
    found = sized(unsized(RING, pipes={"B-C": {"status": "closed"}}))
    assert reasons(found)["B-C"] == sizing.NO_FLOW


def test_a_pipe_with_a_bore_keeps_it():
    given = {"A-B": {"inner_diameter_mm": 123.0, "status": "existing"}}
    found = sized(unsized(TREE, pipes=given))
    assert by_pipe(found, found.network.pipes.inner_diameter)["A-B"] == pytest.approx(0.123)
    assert reasons(found)["A-B"] == sizing.GIVEN
    assert by_pipe(found, found.row)["A-B"] == -1


def test_when_all_pipes_have_a_bore_nothing_changes():
    found = sized(draw(TREE))
    assert set(found.governed_by) == {sizing.GIVEN}
    assert (found.network.pipes.inner_diameter == 0.2).all()


def test_roles_that_are_not_given_follow_from_the_drawing():
    found = sized(unsized(TREE, pipes={"S1-A": {"role": "trunk"}}))
    assert by_pipe(found, found.role) == {"S1-A": 0, "A-B": 1, "A-H1": 2, "B-H2": 2, "B-H3": 2}


# never narrower upstream ---------------------------------------------------------------------------------


def test_a_pipe_is_not_narrower_than_a_wide_existing_one_that_it_feeds():
    wide = {"B-H3": {"inner_diameter_mm": 311.0, "status": "existing"}}
    found = sized(unsized(TREE, pipes=wide))
    assert dn(found)["A-B"] == dn(found)["S1-A"] == 300.0
    assert reasons(found)["A-B"] == reasons(found)["S1-A"] == sizing.UPSTREAM
    assert reasons(found)["B-H2"] != sizing.UPSTREAM


@pytest.mark.parametrize("length", [10.0, 20_000.0])
def test_the_widest_of_the_pipes_it_feeds_counts_near_or_far(length):
    wide = {"B-H3": {"inner_diameter_mm": 311.0, "status": "existing", "length_m": length}}
    assert dn(sized(unsized(TREE, pipes=wide)))["A-B"] == 300.0


def test_a_bore_between_two_sizes_asks_for_the_next_one_upstream():
    between = {"B-H3": {"inner_diameter_mm": 320.0, "status": "existing"}}
    assert dn(sized(unsized(TREE, pipes=between)))["A-B"] == 350.0


def test_an_existing_pipe_wider_than_the_catalogue_asks_for_the_largest_upstream():
    huge = {"B-H3": {"inner_diameter_mm": 2000.0, "status": "existing"}}
    assert dn(sized(unsized(TREE, pipes=huge)))["A-B"] == SERIES.dn[-1]


def test_an_existing_pipe_that_is_narrower_than_what_it_feeds_is_reported_and_kept():
    narrow = {"A-B": {"inner_diameter_mm": 57.0, "status": "existing"}}
    found = sized(unsized(TREE, pipes=narrow))
    assert found.network.pipes.id[found.narrow].tolist() == ["A-B"]
    assert by_pipe(found, found.network.pipes.inner_diameter)["A-B"] == pytest.approx(0.057)


def test_a_narrow_pipe_is_reported_where_nothing_is_left_to_size_too():
    narrow = draw(TREE, pipes={"A-B": {"inner_diameter_mm": 57.0}})
    found = sized(narrow)
    assert found.network.pipes.id[found.narrow].tolist() == ["A-B"]


def test_a_ring_gets_one_bore():
    """The short way carries more than the long one; both get the size of the larger flow."""
    found = sized(unsized(RING, pipes={"D-C": {"length_m": 900.0}}, stations={"H1": {"flow_t_h": 150.0}}))
    ring = {name: size for name, size in dn(found).items() if name in ("A-B", "B-C", "D-C", "A-D")}
    assert len(set(ring.values())) == 1
    assert sizing.RING in set(reasons(found).values())
    flow = np.abs(by_pipe(found, gisheat.solve(found.network, **WATER).supply.flow)["A-B"])
    assert ring["A-B"] >= smallest_fit(flow, 300.0, 3.5)


def test_a_ring_is_not_widened_to_what_hangs_on_it():
    wide = {"C-H2": {"inner_diameter_mm": 412.0, "status": "existing"}}
    found = sized(unsized(RING, pipes=wide))
    assert dn(found)["B-C"] < 400.0


def test_supply_and_return_drawn_separately_get_the_same_sizes():
    found = dn(sized(unsized(DRAWN_SEPARATELY, "trunk")))
    assert found["S1~A"] == found["A~H1"] == found["S1=B"] == found["B=H1"]
    assert found["H1~H2"] == found["H1=H2"]


@pytest.mark.parametrize(("wide", "feeds"), [("A~H1", "S1~A"), ("B=H1", "S1=B")])
def test_each_side_drawn_on_its_own_is_never_narrower_towards_the_source(wide, feeds):
    found = sized(unsized(DRAWN_SEPARATELY, pipes={wide: {"inner_diameter_mm": 311.0, "status": "existing"}}))
    assert dn(found)[feeds] == 300.0


@pytest.mark.parametrize("narrow", ["S1~A", "S1=B"])
def test_a_narrow_pipe_of_either_side_drawn_on_its_own_is_reported(narrow):
    found = sized(unsized(DRAWN_SEPARATELY, pipes={narrow: {"inner_diameter_mm": 70.0, "status": "existing"}}))
    assert found.network.pipes.id[found.narrow].tolist() == [narrow]


# the allowable drop --------------------------------------------------------------------------------------


@pytest.mark.parametrize("supply_head", [46.0, 50.0, 60.0, 80.0, 110.0])
def test_with_a_given_supply_head_every_station_keeps_its_valve_reserve(supply_head):
    """16 m and more between supply and return: 12 m for station and valve, the rest is for the pipes."""
    lengths = {"S1-A": 300.0, "A-B": 300.0, "A-H1": 150.0, "B-H2": 100.0, "B-H3": 20.0}
    tables = unsized(
        TREE, pipes={name: {"length_m": length} for name, length in lengths.items()},
        sources={"S1": {"supply_head_m": supply_head}}, stations={"H1": {"flow_t_h": 90.0}},
    )  # fmt: skip
    surplus = gisheat.solve(sized(tables).network, **WATER).stations["surplus_head_m"]
    assert (surplus >= 2.0).all()


def test_a_short_allowance_makes_a_connection_wide_and_says_so():
    """H1 hangs on a long connection near the end of what the given head allows."""
    tables = unsized(
        TREE, pipes={"A-H1": {"length_m": 600.0}}, sources={"S1": {"supply_head_m": 60.0}},
        stations={"H3": {"required_head_m": 25.0}},
    )  # fmt: skip
    found = sized(tables)
    assert reasons(found)["A-H1"] == sizing.BY_DROP
    assert dn(found)["A-H1"] > smallest_fit(10.0, 300.0, 3.5)
    assert rows(gisheat.solve(found.network, **WATER).stations)["surplus_head_m"]["H1"] >= 2.0


def test_the_station_with_the_least_to_spend_decides_on_the_pipe_it_shares():
    """
    S1---A---H1    H1 needs most and has the critical path;
         |         A-B is shared by H2 at the end of a long pipe
         B---H2    and H3, which could do with much less bore
         |
         H3
    """
    tables = unsized(
        "S1---A---H1\n     |\n     B---H2\n     |\n     H3", sources={"S1": {"supply_head_m": 70.0}},
        pipes={"A-B": {"length_m": 400.0}, "B-H2": {"length_m": 1500.0}, "B-H3": {"length_m": 10.0}},
        stations={"H1": {"required_head_m": 35.0}},
    )  # fmt: skip
    found = sized(tables)
    surplus = rows(gisheat.solve(found.network, **WATER).stations)["surplus_head_m"]
    assert surplus.idxmin() == "H1"
    assert surplus["H2"] >= 2.0
    assert reasons(found)["A-B"] == reasons(found)["B-H2"] == sizing.BY_DROP


def test_a_given_head_widens_the_critical_path_where_70_pa_m_would_lose_too_much():
    """5 m to lose over 1 km there and back: 24 Pa/m at most, though an economic trunk may have 70."""
    found = sized(unsized("S1---H1", pipes={"S1-H1": {"length_m": 1000.0}}, sources={"S1": {"supply_head_m": 47.0}}))
    assert gisheat.solve(found.network, **WATER).stations["surplus_head_m"][0] >= 2.0


def test_what_existing_pipes_lose_is_not_left_for_new_ones():
    """A-B is there already and loses much; B-H2 gets what is left. H1 has the critical path."""
    tables = unsized(
        TREE, sources={"S1": {"supply_head_m": 66.0}}, stations={"H1": {"required_head_m": 34.0}},
        pipes={
            "A-B": {"inner_diameter_mm": 125.0, "status": "existing", "length_m": 300.0},
            "B-H2": {"length_m": 700.0},
        },
    )  # fmt: skip
    surplus = rows(gisheat.solve(sized(tables).network, **WATER).stations)["surplus_head_m"]
    assert surplus["H2"] >= 2.0
    assert surplus["H3"] >= 2.0


def test_the_reserve_of_the_pump_is_not_for_the_branches():
    found = [
        sized(unsized(TREE, pipes={"A-H1": {"length_m": 400.0}}, sources={"S1": {"head_reserve_m": reserve}})).row
        for reserve in (0.0, 30.0)
    ]
    assert found[0].tolist() == found[1].tolist()


def test_a_larger_valve_reserve_never_makes_a_pipe_smaller():
    tables = unsized(TREE, pipes={"A-H1": {"length_m": 400.0}}, sources={"S1": {"supply_head_m": 60.0}})
    rows = [sized(tables, valve_reserve=reserve).row for reserve in (0.0, 5.0, 10.0, 15.0)]
    for less, more in pairwise(rows):
        assert (more >= less).all()


# findings, by the operation ------------------------------------------------------------------------------


def findings_of(tmp_path, layers, **options):
    file = drawings.write(tmp_path / "town.gpkg", layers)
    report = operations.size(file, output=tmp_path / "sized.gpkg", **options)
    return report, {(f.rule, f.severity, f.source_fid) for f in report.findings}


def with_pipes(**columns):
    town = drawings.town()
    town["pipes"] = town["pipes"].assign(**columns)
    return town


def test_a_catalogue_that_is_too_small_is_an_error_finding(tmp_path):
    """13.8 t/h to the town, and DN32 (bore 32 mm) is the largest there is."""
    catalogue = tmp_path / "small.csv"
    catalogue.write_text("dn_mm,outer_diameter_mm,wall_mm\n25,32,3\n32,38,3\n", encoding="utf-8")
    report, found = findings_of(tmp_path, drawings.town(), catalogue=str(catalogue))
    assert ("catalogue-too-small", "error", 1) in found
    assert report.exit_code == 1


def test_an_existing_pipe_with_too_much_flow_is_overloaded(tmp_path):
    _, found = findings_of(
        tmp_path, with_pipes(inner_diameter_mm=[50.0, None, None], status=["existing", "planned", "planned"]),
    )  # fmt: skip
    report = operations.solve(tmp_path / "town.gpkg", output=tmp_path / "solved.gpkg")
    assert [(f.severity, f.source_fid) for f in report.findings if f.rule == "overloaded"] == [("warning", 1)]
    assert ("narrow", "warning", 1) in found


def test_an_existing_pipe_of_unknown_size_is_sized_and_reported(tmp_path):
    _, found = findings_of(tmp_path, with_pipes(status=["existing", "planned", "planned"]))
    assert ("bore-unknown", "info", 1) in found


def test_a_trunk_pipe_that_is_oddly_large_is_an_information(tmp_path):
    file = drawings.write(tmp_path / "town.gpkg", with_pipes(role=["trunk", None, None], dn_mm=[200.0, None, None]))
    report = operations.solve(file, output=tmp_path / "solved.gpkg")
    assert [(f.severity, f.source_fid) for f in report.findings if f.rule == "oversized"] == [("info", 1)]


def test_pipes_are_sized_for_the_last_phase_and_the_computed_one_is_checked(tmp_path):
    """H3 of the far phase hangs on P1 as well: in the near phase P1 is wider than it needs to be."""
    town = drawings.town()
    town["stations"] = drawings.layer(
        [drawings.point(200, 0), drawings.point(100, 80), drawings.point(50, 1)], station_id=["H1", "H2", "H3"],
        load_kw=[500.0, 300.0, 4000.0], phase=["existing", "near", "far"], ground_m=[100.0, 101.0, 100.0],
    )  # fmt: skip
    file = drawings.write(tmp_path / "town.gpkg", town)
    sizes = {}
    for size_phase in ("near", "far"):
        out = tmp_path / f"{size_phase}.gpkg"
        operations.size(file, output=out, phase="near", size_phase=size_phase)
        sizes[size_phase] = drawings.tables(out)["pipes"]
    default = operations.size(file, output=tmp_path / "default.gpkg", phase="near")
    assert default.figures["sized for phase"] == ("far", "")
    assert drawings.tables(tmp_path / "default.gpkg")["pipes"] == sizes["far"]
    assert sizes["near"] != sizes["far"]
