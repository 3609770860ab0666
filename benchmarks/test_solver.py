"""The solver against EPANET 2.3 and pandapipes on the same networks with the same law, and against the machine.

Rounds are interleaved; each timed call of gisheat starts from an unsolved Network and does everything,
renumbering, ordering and factorisation included. A ratio is gisheat's time divided by the other's.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from oracle.epanet_runner import GRAVITY, run_epanet

from benchmarks import pandapipes_runner
from benchmarks.child import ROOT
from benchmarks.solver_networks import DENSITY, VISCOSITY, grid_network, heating_network
from benchmarks.solving import copy_bandwidth, least_bytes, solve, solve_apart

# rounds; solves in a row in each round, whose median counts: a single one of a millisecond measures cold caches
CASES = {
    "dh 1e3": (heating_network, 1_000, 9, 15, 1.0),
    "grid 1e4": (grid_network, 10_000, 5, 1, 1.0),
    "dh 1e5": (heating_network, 100_000, 5, 1, 1 / 5),
    "grid 1e5": (grid_network, 100_000, 1, 1, 1 / 20),
    "dh 1e6": (heating_network, 1_000_000, 2, 1, 1 / 10),
}
PANDAPIPES = ROOT / ".venv-verify" / "bin" / "python"
"""pandapipes needs an older pandas than gisheat: a Python of its own."""


def timed(work: Callable[[], object], times: int = 1) -> float:
    """Median of the seconds that the work takes."""
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


@pytest.mark.parametrize("name", CASES)
def test_the_solver_against_epanet(name: str, record_run: Callable[..., None], tmp_path: Path) -> None:
    make, pipes, rounds, times, limit = CASES[name]
    network = make(pipes)
    own, other, ratio = [], [], []
    for _ in range(rounds + 1):  # the first round warms up
        own.append(timed(lambda: solve(network, gravity_m_s2=GRAVITY), times))
        expected = run_epanet(network, tmp_path, density=DENSITY, viscosity=VISCOSITY, accuracy=1e-7, times=times)
        other.append(expected.seconds)
        ratio.append(own[-1] / other[-1])
    found = solve(network, gravity_m_s2=GRAVITY)
    assert np.abs(found.supply.head - expected.head).max() < 1e-3 * np.ptp(expected.head)
    record_run(f"solve {name} ({len(network.pipes)} pipes)", "ms", [1e3 * t for t in own[1:]])
    record_run(f"EPANET {name}, order + solve", "ms", [1e3 * t for t in other[1:]])
    record_run(f"gisheat / EPANET, {name}", "ratio", ratio[1:], limit)


def test_the_solver_against_pandapipes(record_run: Callable[..., None], tmp_path: Path) -> None:
    if not PANDAPIPES.exists():
        pytest.skip("no pandapipes: .venv-verify is not there")
    network, file = heating_network(100_000), tmp_path / "network.npz"
    pandapipes_runner.write_arrays(network, file, DENSITY, VISCOSITY)
    own, other = [], []
    words = [str(PANDAPIPES), "-m", "benchmarks.pandapipes_runner", str(file)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for _ in range(4):  # the first round warms up
            child.stdin.write("run\n")
            child.stdin.flush()
            other.append(float(child.stdout.readline()))
            own.append(timed(lambda: solve(network, friction="colebrook")))
        child.stdin.close()
    head, expected = solve(network, friction="colebrook").supply.head, np.load(f"{file}.heads.npy")
    assert np.abs(head - expected).max() < 0.015 * np.ptp(head)
    record_run("solve dh 1e5, Colebrook", "ms", [1e3 * t for t in own[1:]])
    record_run("pandapipes dh 1e5, Colebrook", "ms", [1e3 * t for t in other[1:]])
    record_run("gisheat / pandapipes, dh 1e5", "ratio", [a / b for a, b in zip(own[1:], other[1:], strict=True)], 0.01)


def test_dh_1e6_against_the_memory(record_run: Callable[..., None], tmp_path: Path) -> None:
    network = heating_network(1_000_000)
    runs, factors, bandwidths = [], [], []
    for _ in range(2):
        runs.append(solve_apart(network, tmp_path))
        bandwidths.append(copy_bandwidth())
        factors.append(runs[-1].later / (least_bytes(network) * runs[-1].iterations / bandwidths[-1]))
    record_run("copy bandwidth, read + written", "GB/s", [b / 1e9 for b in bandwidths])
    record_run("dh 1e6 / time to read what it iterates on", "ratio", factors, 40.0)
    record_run("dh 1e6 in its own process, memory", "MB", [run.megabytes for run in runs], 1200.0)


def test_the_first_solve_of_a_process(record_run: Callable[..., None], tmp_path: Path) -> None:
    network = heating_network(1_000)
    cold = solve_apart(network, tmp_path, cache=tmp_path / "cache")
    warm = [solve_apart(network, tmp_path, cache=tmp_path / "cache") for _ in range(3)]
    assert "compiling the solver" in cold.said
    assert not any(run.said for run in warm)
    record_run("first solve, compiled before", "s", [run.first for run in warm], 1.0)
    record_run("first solve of all, with compilation", "s", [cold.first], 15.0)
