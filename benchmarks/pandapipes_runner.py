"""pandapipes on a one-pipe network, for a Python that has it: `python -m benchmarks.pandapipes_runner FILE`.

FILE is an .npz of `write_arrays`. For each line on the standard input, one `pipeflow` (Colebrook) is run and
its seconds are printed; heads [m] of the last one are written to FILE with `.heads.npy` behind it.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

GRAVITY = 9.80665


def write_arrays(network: Any, file: Path, density: float, viscosity: float) -> None:
    """Write what pandapipes needs of a Network."""
    nodes, pipes = network.nodes, network.pipes
    fixed = np.flatnonzero(~np.isnan(nodes.fixed_head))
    np.savez(
        file, start=pipes.start, end=pipes.end, length=pipes.length, bore=pipes.inner_diameter,
        roughness=pipes.roughness, demand=nodes.demand, fixed=fixed, head=nodes.fixed_head[fixed], density=density,
        viscosity=viscosity,
    )  # fmt: skip


def main() -> None:
    import pandapipes

    warnings.simplefilter("ignore")
    file = Path(sys.argv[1])
    at = np.load(file)
    density, scale = float(at["density"]), float(at["density"]) * GRAVITY
    fluid = pandapipes.create_constant_fluid(
        "water", "liquid", density=density, viscosity=float(at["viscosity"]), heat_capacity=4190.0, molar_mass=18.0
    )
    net = pandapipes.create_empty_network(fluid=fluid, add_stdtypes=False)
    # ambient pressure is added to gauge pressure and plays no part in a liquid
    pandapipes.create_junctions(net, len(at["demand"]), pn_bar=9.0, tfluid_k=360.0, height_m=0.0)
    pandapipes.create_pipes_from_parameters(
        net, at["start"], at["end"], at["length"] / 1e3, at["bore"] * 1e3, k_mm=at["roughness"] * 1e3
    )
    taken = np.flatnonzero(at["demand"])
    pandapipes.create_sinks(net, taken, at["demand"][taken])
    for node, head in zip(at["fixed"].tolist(), at["head"].tolist(), strict=True):
        pandapipes.create_ext_grid(net, node, p_bar=head * scale / 1e5, t_k=360.0)
    for _ in sys.stdin:
        begin = time.perf_counter()
        pandapipes.pipeflow(net, friction_model="colebrook", use_numba=True, max_iter_hyd=60)
        seconds = time.perf_counter() - begin
        np.save(f"{file}.heads.npy", net.res_junction.p_bar.to_numpy() * 1e5 / scale)
        print(seconds, flush=True)


if __name__ == "__main__":
    main()
