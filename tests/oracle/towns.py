"""Street grids of any size, for comparisons with other programs."""

import numpy as np
import pandas as pd

import gisheat


def town(
    side: int, seed: int, *, keep: float, load: float, zeta: float = 0.0, hazen_williams: bool = False
) -> gisheat.Network:
    """A street grid with a part of its edges, loads at most nodes, two reservoirs high above the ground.

    With Hazen-Williams the roughness is the coefficient C.
    """
    random = np.random.default_rng(seed)
    number = np.arange(side * side).reshape(side, side)
    along = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    across = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    edges = np.concatenate([along, across])
    tree = {tuple(e) for e in np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])}
    tree |= {(int(number[i, 0]), int(number[i + 1, 0])) for i in range(side - 1)}
    edges = np.array([e for e in edges if tuple(e) in tree or random.random() < keep])
    count, pipes = side * side, len(edges)
    demand = np.where(random.random(count) < 0.6, random.lognormal(0.0, 0.8, count) * load, 0.0)
    fixed = np.full(count, np.nan)
    fixed[[0, count - 1]] = [90.0, 88.0]
    nodes = pd.DataFrame(
        {
            "node_id": np.arange(count),
            "ground_m": random.uniform(-220, -200, count),
            "demand_kg_s": demand,
            "fixed_head_m": fixed,
        }
    )
    roughness = (80.0, 140.0) if hazen_williams else (0.05, 1.0)
    table = pd.DataFrame(
        {
            "pipe_id": np.arange(pipes), "from_node": edges[:, 0], "to_node": edges[:, 1],
            "length_m": random.uniform(1.0, 180.0, pipes),
            "inner_diameter_mm": random.choice([54.5, 82.5, 107.1, 160.3, 210.1, 312.7, 495.4], pipes),
            "roughness_mm": random.uniform(*roughness, pipes), "zeta": zeta * (random.random(pipes) < 0.3),
        }
    )  # fmt: skip
    return gisheat.Network.from_tables(nodes, table, two_pipe=False)
