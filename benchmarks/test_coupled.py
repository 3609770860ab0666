"""Supply and return solved together, against EPANET 2.3 on the same network.

For EPANET a station is a throttle control valve with a flow control valve behind it. With many stations short of
head the flow control valves may go on opening and closing until EPANET's limit of 500 trials, which it then says it
has reached; the number of its trials is printed. The network without them is what EPANET finds easy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from oracle.epanet_runner import GRAVITY, run_two_pipe

from benchmarks.solver_networks import DENSITY, VISCOSITY, two_pipe_network
from benchmarks.solving import solve, solve_apart
from benchmarks.test_solver import timed

# trenches, control of the stations, head of the pump relative to what all would need, rounds
CASES = {
    "starving 1e4": (10_000, "valve", 0.6, 5),
    "unregulated 1e5": (100_000, "none", 0.6, 3),
    "held 1e5": (100_000, "valve", 1.1, 3),
    "starving 1e5": (100_000, "valve", 0.6, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_supply_and_return_together_against_epanet(name: str, record_run: Callable[..., None], tmp_path: Path) -> None:
    trenches, control, head, rounds = CASES[name]
    network = two_pipe_network(trenches, control, head)
    found = solve(network, gravity_m_s2=GRAVITY)  # warms up
    own, other, trials = [], [], []
    for _ in range(rounds):
        own.append(timed(lambda: solve(network, gravity_m_s2=GRAVITY), 3))
        expected = run_two_pipe(network, tmp_path, density=DENSITY, viscosity=VISCOSITY, accuracy=1e-7)
        other.append(expected.seconds)
        trials.append(expected.iterations)
    heads = np.concatenate([found.supply.head, found.back.head])
    assert np.abs(heads - expected.head).max() < 1e-3 * np.ptp(expected.head)
    served = f"{100.0 * found.station.served.mean():.0f} % served"
    record_run(f"coupled {name}, {served}", "ms", [1e3 * t for t in own])
    record_run(f"EPANET coupled {name}", "ms", [1e3 * t for t in other])
    record_run(f"EPANET coupled {name}, trials", "-", trials)
    record_run(f"gisheat / EPANET, coupled {name}", "ratio", [a / b for a, b in zip(own, other, strict=True)], 1.0)


def test_the_memory_of_a_coupled_solve(record_run: Callable[..., None], tmp_path: Path) -> None:
    runs = [solve_apart(two_pipe_network(100_000, head=0.6), tmp_path) for _ in range(2)]
    record_run("coupled starving 1e5 in its own process", "MB", [run.megabytes for run in runs])
