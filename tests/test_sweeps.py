"""Sweeps: every scenario has the numbers of a solve of its own; outages, faults, tables, determinism."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import RING, SYMMETRIC_RING, TREE, TWO_SOURCES, WATER, draw

import gisheat
from gisheat import sweeps
from gisheat.errors import Cancelled, GisheatError, InputError
from gisheat.network import Network
from gisheat.sweeps import combined, outages, sweep
from gisheat.sweeps.scenarios import case, read_scenarios

OPTIONS = {"supply_temp_c": 100.0, "return_temp_c": 50.0}
ROUGH = {"friction": "rough", **WATER}


def random_network(random):
    """Loops, parallel and very short pipes, single lines, closed pipes, zero loads, up to three sources."""
    nodes = int(random.integers(3, 40))
    ends = [(int(random.integers(0, i)), i) for i in range(1, nodes)]
    ends += [tuple(random.choice(nodes, 2, replace=False).tolist()) for _ in range(int(random.integers(0, 15)))]
    ends += [ends[int(random.integers(len(ends)))] for _ in range(int(random.integers(0, 3)))]
    ends += [(0, 0)] * int(random.random() < 0.2)
    pairs = np.array([pair if random.random() < 0.5 else pair[::-1] for pair in ends])
    count = len(pairs)
    pipes = pd.DataFrame(
        {
            "pipe_id": [f"P{i}" for i in range(count)],
            "from_node": pairs[:, 0],
            "to_node": pairs[:, 1],
            "length_m": random.uniform(0.05, 1500.0, count),
            "inner_diameter_mm": random.choice([50.0, 80.0, 105.0, 207.0, 309.0, 515.0], count),
            "zeta": random.choice([0.0, 0.0, 5.0], count),
            "line": random.choice(["pair"] * 12 + ["supply", "return"], count),
            "status": random.choice(["existing"] * 15 + ["closed"], count),
        }
    )
    stations = int(random.integers(1, max(2, nodes // 2)))
    sources = int(random.integers(1, min(4, nodes)))
    station = pd.DataFrame(
        {
            "station_id": [f"H{i}" for i in range(stations)],
            "node_id": random.choice(nodes, stations),
            "flow_t_h": np.where(random.random(stations) < 0.5, np.nan, random.uniform(0, 300, stations)),
            "load_kw": random.uniform(0, 9000, stations) * (random.random(stations) > 0.2),
        }
    )
    source = pd.DataFrame(
        {
            "source_id": [f"S{i}" for i in range(sources)],
            "node_id": random.choice(nodes, sources, replace=False),
            "head_reserve_m": random.uniform(0, 3, sources),
            "plant_loss_m": random.uniform(0, 10, sources),
        }
    )
    for table, name, low, high, share in (
        (station, "supply_temp_c", 80, 110, 0.3), (station, "return_temp_c", 40, 60, 0.3),
        (source, "supply_temp_c", 85, 120, 0.6), (source, "return_temp_c", 40, 60, 0.6),
        (source, "static_head_m", 20, 60, 0.5), (source, "supply_head_m", 60, 120, 0.3),
        (source, "capacity_mw", 1, 50, 0.4),
    ):  # fmt: skip
        if random.random() < share:
            table[name] = np.where(random.random(len(table)) < 0.3, np.nan, random.uniform(low, high, len(table)))
    if random.random() < 0.4:
        source["pressure_holding"] = np.arange(sources) == random.integers(sources)
    node = pd.DataFrame({"node_id": np.arange(nodes), "ground_m": random.uniform(0, 60, nodes)})
    return Network.from_tables(node, pipes, station, source)


def random_scenarios(random, network, count=24):
    """Loads down to zero, outages of up to four pipes and of a source, other temperatures; sometimes given flows."""

    def some(ids, numbers):
        return [
            ";".join(random.choice(ids, min(len(ids), int(random.choice(numbers))), replace=False))
            for _ in range(count)
        ]

    table = pd.DataFrame(
        {
            "load_factor": random.choice([0.0, 0.01, 0.2, 0.5, 0.9, 1.0, 1.0], count),
            "outage": some(network.pipes.id, [0, 0, 1, 1, 2, 4]),
            "source_outage": some(network.sources.id, [0, 0, 0, 1]) if len(network.sources) else "",
        }
    )
    if random.random() < 0.5:
        table["supply_temp_c"] = random.choice([np.nan, 70.0, 90.0, 110.0], count)
        table["return_temp_c"] = random.choice([np.nan, 40.0, 50.0], count)
    takers = len(network.stations) if network.two_pipe else len(network.nodes)
    flows = None
    if random.random() < 0.3:
        flows = np.where(random.random((count, takers)) < 0.3, np.nan, random.uniform(0, 200, (count, takers)))
    return table, flows


def close(found, expected, scale):
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), rtol=0, atol=scale)


def span_of(results):
    sides = [side.head for side in (results.supply, results.back) if side is not None]
    return max(1.0, *(float(np.fmax.reduce(h) - np.fmin.reduce(h)) for h in sides))


def largest(*values):
    return max(float(np.nan_to_num(np.abs(v)).max(initial=0.0)) for v in values)


def compare_side(kept, results, prefix):
    side = results.back if prefix == "ret_" else results.supply
    sign, flow = (-1.0, "t_h") if prefix == "ret_" else (1.0, "t_h" if prefix else "kg_s")
    scale = 3.6 if prefix else 1.0
    most = max(largest(side.flow) * scale, 1e-6)
    close(kept["pipes"][f"{prefix}flow_{flow}"], sign * scale * side.flow, 1e-6 * most)
    close(kept["pipes"][f"{prefix}velocity_m_s"], sign * side.velocity, 1e-6 * max(1.0, largest(side.velocity)))
    close(kept["pipes"][f"{prefix}loss_kpa"], sign * side.loss / 1e3, 1e-7 * span_of(results))
    close(kept["nodes"][f"{prefix}head_m"], side.head, 1e-9 * span_of(results))


def rows_of(results, i, network):
    """Kept tables of one scenario."""
    sizes = {name: len(getattr(network, name)) for name in ("pipes", "nodes", "stations")}
    return {
        name: getattr(results, name).iloc[i * size : (i + 1) * size]
        for name, size in sizes.items()
        if getattr(results, name) is not None
    }


def compare(network, table, flows, options):
    """Every scenario against a solve of the network as it is then."""
    found = sweep(network, table, flows=flows, keep=("pipes", "nodes", "stations"), **options)
    scenarios = read_scenarios(network, table, flows)
    solved = 0
    for i, row in enumerate(found.scenarios.itertuples()):
        try:
            changed = case(network, scenarios, i)
            hot = scenarios.supply_temperature[i] - 273.15
            water = {} if network.two_pipe or np.isnan(hot) else {"supply_temp_c": hot}
            expected = gisheat.solve(changed, **options, **water)
        except GisheatError as error:
            said = str(error)
        else:
            said = ""
        assert row.message == said
        assert np.isnan(row.max_velocity_m_s) == bool(said)
        if said:
            continue
        solved += 1
        kept, span = rows_of(found, i, network), span_of(expected)
        sides = (expected.supply,) if expected.back is None else (expected.supply, expected.back)
        close(row.max_velocity_m_s, largest(*(s.velocity for s in sides)), 1e-6 * max(1.0, row.max_velocity_m_s))
        close(row.max_friction_pa_m, largest(*(s.friction for s in sides)), 1e-6 * max(1.0, row.max_friction_pa_m))
        if not network.two_pipe:
            compare_side(kept, expected, "")
            continue
        compare_side(kept, expected, "sup_")
        compare_side(kept, expected, "ret_")
        for column in ("available_head_m", "surplus_head_m"):
            close(kept["stations"][column], expected.stations[column], 1e-9 * span)
        close(row.flow_t_h, expected.sources["flow_t_h"].sum(), 1e-9 * max(1.0, row.flow_t_h))
        close(row.heat_load_mw, expected.stations["load_kw"].sum() / 1e3, 1e-9 * max(1.0, row.heat_load_mw))
        close(row.pump_power_kw, expected.sources["pump_power_kw"].sum(), 1e-8 * max(1.0, row.pump_power_kw))
        close(row.least_surplus_head_m, expected.stations["surplus_head_m"].min(), 1e-9 * span)
        assert row.worst_station == network.stations.id[expected.critical.station]
        cut_off = network.stations.id[network.stations.in_service & ~changed.stations.in_service]
        assert row.stations_not_supplied == ";".join(cut_off)
    return solved


@settings(max_examples=examples(40), deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from(("colebrook", "swamee-jain", "altshul", "rough")))
def test_every_scenario_is_what_a_solve_finds(seed, law):
    random = np.random.default_rng(seed)
    network = random_network(random)
    compare(network, *random_scenarios(random, network), {**OPTIONS, "friction": law})


@settings(max_examples=examples(20), deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_one_pipe_scenarios_are_what_a_solve_finds(seed):
    random = np.random.default_rng(seed)
    network = random_network(random)
    count = len(network.nodes)
    fixed = np.where(np.arange(count) < random.integers(1, 3), random.uniform(80, 90, count), np.nan)
    demand = np.where(random.random(count) < 0.5, 0.0, random.uniform(-1.0, 20.0, count))
    nodes = replace(network.nodes, fixed_head=fixed, demand=demand)
    nobody = Network.from_tables({"node_id": []}, {"pipe_id": []})
    network = Network(nodes, network.pipes, nobody.stations, nobody.sources, two_pipe=False)
    table, flows = random_scenarios(random, network)
    compare(network, table.drop(columns="source_outage"), flows, {"friction": "colebrook"})


# numbers of the field ------------------------------------------------------------------------------------


def test_half_the_load_takes_a_quarter_of_the_loss_in_rough_pipes():
    found = sweep(draw(TREE).network(), {"load_factor": [1.0, 0.5]}, **ROUGH).scenarios
    loss = found["pump_head_m"] - 10.0  # what the station needs
    assert loss[1] == pytest.approx(loss[0] / 4, rel=1e-9)
    assert found["flow_t_h"].tolist() == pytest.approx([108.0, 54.0])


def test_a_ring_that_is_cut_loses_four_times_as_much_to_its_far_station():
    network = draw(SYMMETRIC_RING).network()
    found = sweep(network, {"outage": ["", "A-B", "D-H1"]}, keep=("pipes",), **ROUGH)
    loss = found.scenarios["pump_head_m"] - 10.0
    both_ways = 2 * found.pipes["sup_loss_kpa"][0] * 1e3 / (1000.0 * 9.80665)  # S1-A carries all in any case
    np.testing.assert_allclose((loss[1:] - both_ways) / (loss[0] - both_ways), 4.0, rtol=1e-9)
    assert found.scenarios["stations_not_supplied"].tolist() == ["", "", ""]


def test_stations_behind_a_pipe_that_is_out_are_named_with_their_load():
    # S1---A---B---H3, H1 below A, H2 below B; 36 t/h each with 20 K: 0.84 MW at 4200 J/(kg K)
    found = sweep(draw(TREE).network(), {"outage": ["A-B", "A-H1", "S1-A"]}, **ROUGH).scenarios
    assert found["stations_not_supplied"].tolist() == ["H3;H2", "H1", "H3;H1;H2"]
    assert found["load_not_supplied_mw"].tolist() == pytest.approx([1.68, 0.84, 2.52])
    assert found["flow_not_supplied_t_h"].tolist() == pytest.approx([72.0, 36.0, 108.0])
    assert found["heat_load_mw"].tolist() == pytest.approx([0.84, 1.68, 0.0])
    assert found["flow_t_h"].tolist() == pytest.approx([36.0, 72.0, 0.0])
    assert found["message"].tolist()[:2] == ["", ""]
    assert "no station" in found["message"][2]


def test_without_a_source_the_other_one_delivers_everything():
    found = sweep(draw(TWO_SOURCES).network(), {"source_outage": ["", "S1", "S2", "S1;S2"]}, **ROUGH).scenarios
    assert found["flow_t_h"].tolist()[:3] == pytest.approx([72.0, 72.0, 72.0])
    assert found["message"].tolist()[:3] == ["", "", ""]
    assert "no source" in found["message"][3]
    assert found["max_velocity_m_s"][1] == pytest.approx(2 * found["max_velocity_m_s"][0], rel=0.5)


def test_colder_water_carries_less_heat_with_the_same_flow():
    found = sweep(draw(TREE).network(), {"supply_temp_c": [85.0, 75.0]}, **ROUGH).scenarios
    assert found["heat_load_mw"].tolist() == pytest.approx([2.52, 1.26])  # flows are given: 20 K and 10 K


def test_given_flows_win_over_the_load_factor():
    table = pd.DataFrame({"load_factor": [0.5, 0.5]})
    flows = pd.DataFrame({"H1": [10.0, np.nan], "H2": [20.0, 30.0]})
    found = sweep(draw(TREE).network(), table, flows=flows, keep=("stations",), **ROUGH)
    assert found.stations["flow_t_h"].tolist() == pytest.approx([18.0, 10.0, 20.0, 18.0, 18.0, 30.0])


# determinism ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_numbers_do_not_depend_on_neighbours_threads_or_order(seed):
    random = np.random.default_rng(seed)
    network = random_network(random)
    table = random_scenarios(random, network, 150)[0].assign(scenario_id=np.arange(150).astype(str))
    whole = sweep(network, table, threads=1, **OPTIONS).scenarios
    pd.testing.assert_frame_equal(whole, sweep(network, table, threads=2, **OPTIONS).scenarios, check_exact=True)
    shuffled = table.sample(frac=1.0, random_state=5)
    found = sweep(network, shuffled, threads=2, **OPTIONS).scenarios.set_index("scenario_id")
    pd.testing.assert_frame_equal(whole.set_index("scenario_id"), found.loc[whole["scenario_id"]], check_exact=True)
    for i in (0, 77):
        alone = sweep(network, table.iloc[[i]], **OPTIONS).scenarios
        pd.testing.assert_frame_equal(whole.iloc[[i]].reset_index(drop=True), alone, check_exact=True)


def test_networks_that_do_not_go_through_lanes_are_solved_one_by_one(monkeypatch):
    network = draw(RING).network()
    table = pd.DataFrame({"load_factor": [1.0, 0.4, 1.0, 1.0], "outage": ["", "", "A-B", "C-H2"]})
    lanes = sweep(network, table, keep=("pipes", "nodes", "stations"), **ROUGH)
    monkeypatch.setattr(sweeps, "lanes_apply", lambda _: False)
    single = sweep(network, table, keep=("pipes", "nodes", "stations"), **ROUGH)
    figures = [name for name in lanes.scenarios if name != "iterations"]
    pd.testing.assert_frame_equal(lanes.scenarios[figures], single.scenarios[figures], rtol=1e-9)
    for name in ("pipes", "nodes", "stations"):
        pd.testing.assert_frame_equal(getattr(lanes, name), getattr(single, name), rtol=1e-7, atol=1e-7)


def test_lanes_are_for_networks_in_which_nothing_regulates():
    network = draw(TREE).network()
    assert sweeps.lanes_apply(network)
    control = np.array([1, 0, 0], np.int8)
    assert not sweeps.lanes_apply(replace(network, stations=replace(network.stations, control=control)))


# faults --------------------------------------------------------------------------------------------------


def test_a_scenario_that_fails_is_a_row_with_the_reason():
    table = pd.DataFrame(
        {
            "load_factor": [1.0, -1.0, 1.0, 1.0, "half"],
            "outage": ["", "", "A-Z", "", ""],
            "source_outage": ["", "", "", "S9", ""],
        }
    )
    found = sweep(draw(TREE).network(), table, **ROUGH).scenarios
    said = found["message"].tolist()
    assert said[0] == ""
    assert "load_factor" in said[1]
    assert "'A-Z'" in said[2]
    assert "'S9'" in said[3]
    assert "no number" in said[4]
    assert found["pump_head_m"].isna().tolist() == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        ({"load_facter": [1.0]}, {}, "did you mean 'load_factor'"),
        ({"scenario_id": ["a", "a"]}, {}, "more than once"),
        ({"load_factor": [1.0]}, {"keep": ("pumps",)}, "keep"),
        ({"load_factor": [1.0]}, {"friction": "smooth"}, "friction"),
        ({"load_factor": [1.0]}, {"threads": 0}, "threads"),
        ({"load_factor": [1.0]}, {"flows": np.zeros((2, 3))}, "1 scenarios x 3 stations"),
        ({"load_factor": [1.0]}, {"flows": pd.DataFrame({"H9": [1.0]})}, "'H9'"),
        ({"load_factor": [1.0]}, {"flows": pd.DataFrame({"H1": [1.0, 2.0]})}, "2 rows for 1"),
        ({"load_factor": [1.0]}, {"client": "cluster"}, "Client"),
    ],
)
def test_what_does_not_fit_is_said(table, options, words):
    with pytest.raises(InputError, match=words):
        sweep(draw(TREE).network(), pd.DataFrame(table), **{**WATER, **options})


def test_a_sweep_can_be_cancelled(tmp_path):
    with pytest.raises(Cancelled):
        sweep(
            draw(TREE).network(),
            {"load_factor": [1.0, 0.5]},
            details=tmp_path / "x",
            progress=lambda *_: False,
            **WATER,
        )
    assert list(tmp_path.iterdir()) == []


def test_no_scenario_gives_an_empty_table():
    found = sweep(draw(TREE).network(), pd.DataFrame({"load_factor": []}), **WATER).scenarios
    assert len(found) == 0
    assert "message" in found


# scenarios and files -------------------------------------------------------------------------------------


def test_outages_are_one_scenario_for_each_pipe_and_are_combined_with_loads():
    network = draw(TREE).network()
    table = outages(network, network.pipes.id == "A-B")
    assert table["outage"].tolist() == ["A-B"]
    both = combined(table, [1.0, 0.4])
    assert both["scenario_id"].tolist() == ["without A-B, load 1", "without A-B, load 0.4"]
    assert both["load_factor"].tolist() == [1.0, 0.4]
    assert len(outages(network)) == len(network.pipes)


def test_parquet_holds_what_was_kept(tmp_path):
    network, table = draw(TREE).network(), pd.DataFrame({"load_factor": np.linspace(0.1, 1.0, 300)})
    kept = sweep(network, table, keep=("pipes", "stations"), **WATER)
    written = kept.to_parquet(tmp_path / "at once")
    assert sorted(f.parent.name for f in written) == ["pipes", "scenarios", "stations"]
    streamed = sweep(network, table, keep=("pipes", "stations"), details=tmp_path / "parts", **WATER)
    assert streamed.pipes is None
    for name in ("scenarios", "pipes", "stations"):
        one, other = (pd.read_parquet(tmp_path / folder / name) for folder in ("at once", "parts"))
        other = other.astype(one.dtypes.to_dict())
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "parts" / "scenarios"), kept.scenarios, check_dtype=False)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="something else"):
        sweep(draw(TREE).network(), {"load_factor": [1.0]}, **WATER).to_parquet(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_networks_that_regulate_have_the_numbers_of_their_solves():
    # stations with open valves and a pump that gives 25 m between its terminals: flows follow from heads
    tables = draw(
        RING,
        stations={"H1": {"control": "none"}, "H2": {"control": "none"}},
        sources={"S1": {"pump_control": "terminal_difference", "terminal_difference_m": 25.0}},
    )
    network = tables.network()
    assert not sweeps.lanes_apply(network)
    table = pd.DataFrame({"outage": ["", "A-B", "C-H2", "S1-A"]})
    found = sweep(network, table, keep=("stations",), **WATER)
    scenarios = read_scenarios(network, table)
    for i in range(3):
        expected = gisheat.solve(case(network, scenarios, i), **WATER)
        row = found.scenarios.iloc[i]
        assert row["flow_t_h"] == pytest.approx(expected.sources["flow_t_h"].sum(), rel=1e-9)
        assert row["pump_head_m"] == pytest.approx(expected.sources["pump_head_m"][0], rel=1e-9)
        assert row["pump_head_m"] == pytest.approx(25.0, abs=1e-4)
        close(rows_of(found, i, network)["stations"]["flow_t_h"], expected.stations["flow_t_h"], 1e-9)
    assert found.scenarios["stations_not_supplied"].tolist() == ["", "", "H2", "H1;H2"]
    assert "no station" in found.scenarios["message"][3]


def test_a_scenario_without_a_water_leaves_its_neighbours_alone():
    table = pd.DataFrame({"supply_temp_c": [85.0, 300.0, 85.0]})
    found = sweep(draw(TREE).network(), table).scenarios
    assert "outside 0 to 200" in found["message"][1]
    assert found["message"].tolist()[::2] == ["", ""]
    assert found["pump_head_m"][0] == found["pump_head_m"][2]
