"""First and later solves in a process of their own: `python -m benchmarks.solving FILE` prints them as JSON.

FILE holds a pickled one-pipe Network. The imports come before the clock starts, what is loaded or compiled at
the first solve does not; the peak of the memory includes everything.
"""

from __future__ import annotations

import json
import os
import pickle
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import gisheat
from benchmarks.child import ROOT, peak_memory
from benchmarks.solver_networks import DENSITY, VISCOSITY


class Solves(NamedTuple):
    """Seconds of the first and (median) of later solves, iterations, most memory [MB] ever held, what stderr said."""

    first: float
    later: float
    iterations: int
    megabytes: float
    said: str


def solve_apart(network: gisheat.Network, folder: Path, *, cache: Path | None = None) -> Solves:
    """Solve a network in a fresh process, with another folder for what numba has compiled when one is given."""
    file = folder / "network.pickle"
    file.write_bytes(pickle.dumps(network))
    environment = dict(os.environ) | ({"NUMBA_CACHE_DIR": str(cache)} if cache is not None else {})
    words = [sys.executable, "-m", "benchmarks.solving", str(file)]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return Solves(*json.loads(done.stdout), done.stderr)


def solve(network: gisheat.Network, **options: Any) -> gisheat.Results:
    """Solve as the benchmarks do."""
    water = {"density_kg_m3": DENSITY, "viscosity_pa_s": VISCOSITY}
    return gisheat.solve(network, **{"friction": "swamee-jain", "tolerance": 1e-8, **water, **options})


def copy_bandwidth() -> float:
    """Bytes read and written in a second by a copy too large for any cache."""
    source, target = np.ones(2**24), np.zeros(2**24)
    seconds = []
    for _ in range(7):
        begin = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - begin)
    return 2.0 * source.nbytes / min(seconds)


def least_bytes(network: gisheat.Network) -> int:
    """What an iteration can't but read: length, bore, roughness and flow of each pipe that is in no dead end."""
    pipes, nodes = network.pipes, network.nodes
    start, end = pipes.start, pipes.end
    while True:
        degree = np.bincount(np.concatenate([start, end]), minlength=len(nodes))
        dead = (degree == 1) & np.isnan(nodes.fixed_head)
        kept = ~dead[start] & ~dead[end]
        if kept.all():
            return 4 * 8 * len(start)
        start, end = start[kept], end[kept]


def main() -> None:
    network = pickle.loads(Path(sys.argv[1]).read_bytes())
    seconds = []
    for _ in range(4):
        begin = time.perf_counter()
        found = solve(network)
        seconds.append(time.perf_counter() - begin)
    print(json.dumps([seconds[0], statistics.median(seconds[1:]), found.iterations, peak_memory()]))


if __name__ == "__main__":
    main()
