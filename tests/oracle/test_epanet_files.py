"""EPANET files: what EPANET finds in a file, gisheat finds in what it read of it, and EPANET in what gisheat wrote."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from oracle.epanet_runner import NO_FLOW, FirstMoment, run_file

import gisheat
from gisheat.epanet import read_inp, write_inp

SAMPLE = Path(__file__).parents[2] / "sample_gis" / "epanet" / "hill.inp"
WNTR = Path(find_spec("wntr").submodule_search_locations[0])  # its files alone: it is not imported
LIBRARY = {
    name: WNTR / "library" / "networks" / f"{name}.inp" for name in ("Net1", "Net2", "Net3", "Net6", "ky4", "ky10")
}
TESTS = {
    name: WNTR / "tests" / "networks_for_testing" / f"{name}.inp"
    for name in ("Anytown_multipointcurves", "Net6_plus", "Todini_Fig2_solA_CMH", "cv_controls", "epanet_leaks",
                 "fcv_open_no_upstream_sources", "io", "latin1", "psv_open_no_downstream_sources", "tank_controls_2")
}  # fmt: skip
FILES = {"hill": SAMPLE, **LIBRARY, **TESTS}


def found_by_gisheat(path) -> FirstMoment:
    """Heads and volume flows of the network that is read of a file."""
    imported = read_inp(path)
    results = gisheat.solve(imported.network, **imported.options)
    flow = dict(zip(results.pipes["pipe_id"], results.pipes["flow_kg_s"], strict=True))
    for table in (results.valves, results.pumps):
        flow |= dict(zip(table.iloc[:, 0], table["flow_t_h"] / 3.6, strict=True))
    density = imported.options["density_kg_m3"]
    head = dict(zip(results.nodes["node_id"], results.nodes["head_m"], strict=True))
    return FirstMoment(head, {name: np.nan_to_num(q) / density for name, q in flow.items()}, set())


def apart(expected: FirstMoment, found: FirstMoment) -> tuple[float, float]:
    """Largest difference of head relative to the range of heads, and of flow relative to the largest flow."""
    names = [name for name in expected.head if name not in expected.undetermined]
    head = np.array([expected.head[n] for n in names])
    flow = np.array(list(expected.flow.values()))
    by_head = np.abs([found.head[n] - expected.head[n] for n in names])
    by_flow = np.abs([found.flow[n] - expected.flow[n] for n in expected.flow])
    return by_head.max() / np.ptp(head), by_flow.max() / max(np.abs(flow).max(), NO_FLOW * 1e4)


@pytest.mark.parametrize("name", FILES)
def test_heads_and_flows_are_those_that_epanet_finds_in_the_file(name):
    path = FILES[name]
    expected, found = run_file(path), found_by_gisheat(path)
    if name == "latin1":
        assert {"10", "11"} <= set(found.head)
    head, flow = apart(expected, found)
    assert head < 1e-3
    assert flow < 1e-4


@pytest.mark.parametrize("name", FILES)
def test_epanet_finds_the_same_in_what_was_read_and_written_again(name, tmp_path):
    path, again = FILES[name], tmp_path / "again.inp"
    imported = read_inp(path)
    assert write_inp(imported.network, again, **imported.options, places=imported.places) == ()
    expected, found = run_file(path), run_file(again)
    assert set(found.head) == set(expected.head)
    assert set(found.flow) == set(expected.flow)
    head, flow = apart(expected, found)
    assert head < 1e-6
    assert flow < 1e-6
