"""The solver against EPANET 2.3 (ordering and solve) on the same networks with the same law, in one run.

Rounds are interleaved; each timed call of gisheat starts from an unsolved Network and does everything,
renumbering, ordering and factorisation included. A ratio is gisheat's time divided by EPANET's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from oracle.epanet_runner import GRAVITY, run_epanet

import gisheat
from benchmarks.networks import DENSITY, VISCOSITY, grid_network, heating_network

CASES = {
    "dh 1e3": (heating_network, 1_000, 9, 1.0),
    "grid 1e4": (grid_network, 10_000, 5, 1.0),
    "dh 1e5": (heating_network, 100_000, 5, 1 / 5),
    "grid 1e5": (grid_network, 100_000, 1, 1 / 20),
    "dh 1e6": (heating_network, 1_000_000, 2, 1 / 10),
}


@pytest.mark.parametrize("name", CASES)
def test_the_solver_against_epanet(name: str, record_run: Callable[..., None], tmp_path: Path) -> None:
    make, pipes, rounds, limit = CASES[name]
    network = make(pipes)
    own, other, ratio = [], [], []
    for _ in range(rounds + 1):  # the first round warms up
        begin = time.perf_counter()
        found = gisheat.solve(
            network, friction="swamee-jain", density_kg_m3=DENSITY, viscosity_pa_s=VISCOSITY, gravity_m_s2=GRAVITY,
            tolerance=1e-8,
        )  # fmt: skip
        own.append(time.perf_counter() - begin)
        expected = run_epanet(network, tmp_path, density=DENSITY, viscosity=VISCOSITY, accuracy=1e-7)
        other.append(expected.seconds)
        ratio.append(own[-1] / other[-1])
    assert np.abs(found.supply.head - expected.head).max() < 1e-3 * np.ptp(expected.head)
    record_run(f"solve {name} ({len(network.pipes)} pipes)", "ms", [1e3 * t for t in own[1:]])
    record_run(f"EPANET {name}, order + solve", "ms", [1e3 * t for t in other[1:]])
    record_run(f"gisheat / EPANET, {name}", "ratio", ratio[1:], limit)
