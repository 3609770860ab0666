"""Synthetic street drawings of any size, drawn as carelessly as real ones, all of them lines of three segments.

`drawing(100_000)` gives the vertices of so many lines. Most are streets between neighbouring crossings of a jittered
grid. One in ten of those has ends that miss their place by up to 0.2 m. Then there are streets that run on over a
crossing without being split, ways that begin near the middle of a street, ways that cross a street without a node,
lines drawn again in the other direction, lines that share a stretch with a street, and very short ones. The same
arguments give the same lines.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

Array = NDArray[np.float64]

CRS = "EPSG:4552"
CENTRE = (425_000.0, 5_090_000.0)
BLOCK = 120.0
"""Distance of neighbouring crossings [m]; each lies up to 15 m off the grid."""
MISS = 0.2
SHARES = {"through": 0.05, "beside": 0.06, "across": 0.03, "doubled": 0.01, "shared": 0.01, "short": 0.005}
"""Share of the lines that are no plain street."""


def drawing(count: int, *, seed: int = 1, careless: float = 0.1) -> Array:
    """Vertices of `count` lines, shape (count, 4, 2) [m]."""
    random = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count / 2.0))) + 3
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1) * BLOCK
    grid = grid + random.uniform(-15.0, 15.0, grid.shape) + CENTRE
    number = {name: round(share * count) for name, share in SHARES.items()}
    plain = _streets(grid, count - sum(number.values()), careless, random)
    chosen = {name: random.integers(0, len(plain), size) for name, size in number.items()}
    middle = 0.5 * (plain[:, 1] + plain[:, 2])
    across = np.stack([plain[:, 1, 1] - plain[:, 2, 1], plain[:, 2, 0] - plain[:, 1, 0]], axis=-1)
    return np.concatenate([
        plain,
        _through(grid, number["through"], random),
        _ways(middle, across, chosen["beside"], -0.005, 0.6, random),
        _ways(middle, across, chosen["across"], -0.6, 0.6, random),
        plain[chosen["doubled"], ::-1],
        _shared(plain[chosen["shared"]]),
        plain[chosen["short"], :1] + random.uniform(-0.1, 0.1, (number["short"], 4, 2)),
    ])  # fmt: skip


def write(lines: Array, path: Path) -> Path:
    """Write lines as the layer streets of a GeoPackage."""
    pyogrio.raw.write(
        path, shapely.to_wkb(shapely.linestrings(lines)), [np.arange(len(lines))], ["street_id"],
        layer="streets", driver="GPKG", geometry_type="LineString", crs=CRS,
    )  # fmt: skip
    return path


def _streets(grid: Array, count: int, careless: float, random: np.random.Generator) -> Array:
    """Streets between neighbouring crossings, with two bends each."""
    start = np.concatenate([grid[:-1].reshape(-1, 2), grid[:, :-1].reshape(-1, 2)])
    end = np.concatenate([grid[1:].reshape(-1, 2), grid[:, 1:].reshape(-1, 2)])
    chosen = np.sort(random.permutation(len(start))[:count])
    lines = _straight(start[chosen], end[chosen])
    lines[:, 1:3] += random.uniform(-4.0, 4.0, (count, 2, 2))
    missing = np.flatnonzero(random.random(count) < careless)
    lines[missing[:, None], [0, 3]] += random.uniform(-MISS, MISS, (len(missing), 2, 2)) / np.sqrt(2.0)
    return lines


def _straight(start: Array, end: Array) -> Array:
    return start[:, None] + np.linspace(0.0, 1.0, 4)[None, :, None] * (end - start)[:, None]


def _through(grid: Array, count: int, random: np.random.Generator) -> Array:
    """Streets over a crossing, with a vertex there and one bend."""
    i, j = random.integers(0, grid.shape[0] - 2, (2, count))
    a, b, c = grid[i, j], grid[i + 1, j], grid[i + 2, j]
    return np.stack([a, 0.5 * (a + b) + random.uniform(-4.0, 4.0, a.shape), b, c], axis=1)


def _ways(middle: Array, across: Array, chosen: Array, low: float, high: float, random: np.random.Generator) -> Array:
    """Lines across the middle of streets, from and to shares of the length of the street's middle."""
    lines = _straight(middle[chosen] + low * across[chosen], middle[chosen] + high * across[chosen])
    lines[:, 1:3] += random.uniform(-1.0, 1.0, (len(chosen), 2, 2))
    return lines


def _shared(streets: Array) -> Array:
    """Lines that run along a street from its first bend to the second and then leave it."""
    away = streets[:, 2] - streets[:, 1]
    beside = streets[:, 2] + np.stack([-away[:, 1], away[:, 0]], axis=-1) * 0.5
    return np.stack([streets[:, 1], streets[:, 2], beside, beside + 0.5 * away], axis=1)
