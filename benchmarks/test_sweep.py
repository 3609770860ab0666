"""Sweeps on a network of 1e4 pipes: milliseconds for a scenario, hours of a year, and how single solves compare.

Load cases, outages and given flows go through lanes on two threads; the ratio is the time of a scenario
divided by that of a single solve in the same round.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import gisheat
from benchmarks.solver_networks import DENSITY, VISCOSITY, heating_network
from gisheat.network import Network
from gisheat.sweeps import outages, sweep

PIPES = 10_000
OPTIONS = {"density_kg_m3": DENSITY, "viscosity_pa_s": VISCOSITY}
LIMIT = 0.4
ROUNDS = 5
HOURS = 8760


@pytest.fixture(scope="module")
def network() -> Network:
    return heating_network(PIPES)


def load_cases(_: Network) -> tuple[pd.DataFrame, None]:
    return pd.DataFrame({"load_factor": np.random.default_rng(0).uniform(0.2, 1.0, 1024)}), None


def single_outages(network: Network) -> tuple[pd.DataFrame, None]:
    return outages(network, np.random.default_rng(0).random(len(network.pipes)) < 0.1), None


def given_flows(network: Network) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    each = random.uniform(0.8, 1.2, (512, len(network.nodes))) * random.uniform(0.2, 1.0, (512, 1))
    return pd.DataFrame({"load_factor": np.ones(512)}), network.nodes.demand * 3.6 * each


@pytest.mark.parametrize(
    ("name", "make", "limit"),
    [("loads", load_cases, LIMIT), ("outages", single_outages, LIMIT), ("given flows", given_flows, None)],
)
def test_a_scenario(
    network: Network, record_run: Callable[..., None], name: str, make: Callable[..., tuple], limit: float | None
) -> None:
    table, flows = make(network)
    spent, single = [], []
    for _ in range(ROUNDS + 1):  # the first round warms up
        begin = time.perf_counter()
        found = sweep(network, table, flows=flows, **OPTIONS)
        spent.append((time.perf_counter() - begin) / len(table))
        begin = time.perf_counter()
        gisheat.solve(network, **OPTIONS)
        single.append(time.perf_counter() - begin)
    assert (found.scenarios["message"] == "").all()
    record_run(f"sweep 1e4 pipes, {name}: a scenario", "ms", [1e3 * t for t in spent[1:]], limit)
    record_run(f"a scenario / a solve, {name}", "ratio", [a / b for a, b in zip(spent[1:], single[1:], strict=True)])


def test_the_hours_of_a_year(network: Network, record_run: Callable[..., None]) -> None:
    hour = np.arange(HOURS)
    load = 0.55 + 0.35 * np.cos(2 * np.pi * hour / HOURS) + 0.1 * np.sin(2 * np.pi * hour / 24)
    spent = []
    for _ in range(3):
        begin = time.perf_counter()
        found = sweep(network, pd.DataFrame({"load_factor": load}), **OPTIONS)
        spent.append(time.perf_counter() - begin)
    assert (found.scenarios["message"] == "").all()
    record_run(f"sweep 1e4 pipes, {HOURS} hours", "s", spent[1:])
