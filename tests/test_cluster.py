"""The same sweep on a Dask cluster of two processes: the same numbers bit for bit."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from dask.distributed import Client, LocalCluster
from networks import TWO_SOURCES, WATER, draw
from test_sweeps import OPTIONS, random_network, random_scenarios

from gisheat import sweeps
from gisheat.sweeps import sweep


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_a_cluster_finds_the_same_numbers_bit_for_bit(client):
    random = np.random.default_rng(11)
    network = random_network(random)
    table = random_scenarios(random, network, 300)[0]
    keep = ("pipes", "nodes", "stations")
    local, remote = (sweep(network, table, keep=keep, client=where, **OPTIONS) for where in (None, client))
    assert (local.scenarios["message"] == "").sum() > 100
    for name in ("scenarios", *keep):
        pd.testing.assert_frame_equal(getattr(local, name), getattr(remote, name), check_exact=True)


def test_networks_that_do_not_go_through_lanes_run_there_too(client, monkeypatch):
    monkeypatch.setattr(sweeps, "lanes_apply", lambda _: False)
    table = pd.DataFrame({"load_factor": [1.0, 0.5, 1.0], "outage": ["", "", "S1-A"]})
    local, remote = (sweep(draw(TWO_SOURCES).network(), table, client=where, **WATER) for where in (None, client))
    pd.testing.assert_frame_equal(local.scenarios, remote.scenarios, check_exact=True)
