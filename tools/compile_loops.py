"""Compile the loops of gisheat, for all processes that run it afterwards (`python tools/compile_loops.py`).

numba keeps what it compiled beside the source. `make test` does it beside the tests in QGIS: the other tests begin in
several processes at once, and each of them would compile for itself what the others are compiling.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

import gisheat
from gisheat import kernels

SAMPLES = Path(__file__).resolve().parents[1] / "sample_gis"
ROUTED = {"mulan": {"route_cost": "length"}, "mulan_dirty": {"ring_load_mw": 4.0}}


def main() -> None:
    """Run the samples with loops that are compiled however small they are, and a sweep."""
    kernels.ALWAYS_COMPILED = True
    with tempfile.TemporaryDirectory() as folder:
        for name, options in ROUTED.items():
            output = Path(folder) / f"{name}.gpkg"
            gisheat.run(SAMPLES / name / "project.toml", output=output, progress=_silent, **options)
    cases = pd.DataFrame({"load_factor": [0.5, 1.0]})
    for friction in ("colebrook", "hazen-williams"):
        gisheat.sweep(_network(), cases, friction=friction)


def _network() -> gisheat.Network:
    """Ring A, B, C with a station on B; the source is at A."""
    nodes = pd.DataFrame({"node_id": ["A", "B", "C"]})
    pipes = pd.DataFrame({
        "pipe_id": ["AB", "AC", "CB"], "from_node": ["A", "A", "C"], "to_node": ["B", "C", "B"],
        "length_m": 100.0, "inner_diameter_mm": 150.0, "roughness_mm": 0.5,
    })  # fmt: skip
    stations = pd.DataFrame({"station_id": ["H"], "node_id": ["B"], "load_kw": [500.0]})
    sources = pd.DataFrame({"source_id": ["S"], "node_id": ["A"], "supply_temp_c": [110.0], "return_temp_c": [60.0]})
    return gisheat.Network.from_tables(nodes, pipes, stations, sources)


def _silent(share: float, text: str) -> None:
    """Nobody is told of the progress."""


if __name__ == "__main__":
    main()
