"""Operation against EPANET 2.3, run live: supply and return, a pump with its curve, stations with their valves."""

import numpy as np
import pandas as pd
import pytest
from oracle.epanet_runner import GRAVITY, run_two_pipe

import gisheat

DENSITY, VISCOSITY = 970.0, 3.54e-4
REQUIRED = 8.0


def town(control: str, head: float, side: int = 9, seed: int = 5) -> gisheat.Network:
    """A street grid without some of its edges, a station at every second crossing, a pump in the corner."""
    random = np.random.default_rng(seed)
    number = np.arange(side * side).reshape(side, side)
    streets = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    first = np.column_stack([number[:-1, 0], number[1:, 0]])
    others = np.column_stack([number[:-1, 1:].ravel(), number[1:, 1:].ravel()])
    edges = np.concatenate([streets, first, others[random.random(len(others)) < 0.3]])
    nodes = pd.DataFrame({"node_id": number.ravel(), "ground_m": random.uniform(0.0, 15.0, side * side)})
    pipes = pd.DataFrame(
        {
            "pipe_id": np.arange(len(edges)), "from_node": edges[:, 0], "to_node": edges[:, 1],
            "length_m": random.uniform(40.0, 150.0, len(edges)), "roughness_mm": 0.5,
            "inner_diameter_mm": random.choice([107.1, 132.5, 160.3], len(edges)),
        }
    )  # fmt: skip
    at = number.ravel()[1::2]
    flow = random.lognormal(0.0, 0.5, len(at)) * 3.0
    stations = pd.DataFrame(
        {"station_id": at, "node_id": at, "flow_t_h": flow, "required_head_m": REQUIRED, "control": control}
    )
    volume = flow.sum() / DENSITY * 1e3
    curve = f"0:{1.3 * head};{volume}:{head};{1.5 * volume}:{0.6 * head}"
    sources = pd.DataFrame(
        {"source_id": ["Q"], "node_id": [0], "static_head_m": 40.0, "pump_control": "curve", "pump_curve": curve}
    )
    return gisheat.Network.from_tables(nodes, pipes, stations=stations, sources=sources)


@pytest.mark.parametrize(
    ("control", "head", "served"), [("valve", 60.0, 1.0), ("valve", 18.0, 0.5), ("none", 18.0, 0.5)]
)
def test_stations_get_what_they_get_in_epanet(control, head, served, tmp_path):
    network = town(control, head)
    found = gisheat.solve(
        network, friction="swamee-jain", density_kg_m3=DENSITY, viscosity_pa_s=VISCOSITY, gravity_m_s2=GRAVITY
    )
    expected = run_two_pipe(network, tmp_path, density=DENSITY, viscosity=VISCOSITY, accuracy=1e-8)
    share = found.station.served.mean()
    assert share == served == 1.0 or 0.2 < share < 0.8
    heads = np.concatenate([found.supply.head, found.back.head])
    assert np.abs(heads - expected.head).max() < 1e-4 * np.ptp(expected.head)
    flows = np.concatenate([found.supply.flow, found.back.flow, found.station.flow])
    assert np.abs(flows - expected.flow).max() < 1e-4 * np.abs(expected.flow).max()
