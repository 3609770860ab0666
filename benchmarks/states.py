"""Two states of a town of any size: the newer one is digitised anew, and some of its pipes have changed.

The same arguments give the same rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from benchmarks.synthetic import CENTRE, CRS

Array = NDArray[np.float64]

BLOCK, NOISE = 60.0, 0.2
"""Length of a pipe; digitising shifts each vertex by at most this much either way [m]."""
STEP = 100
"""Of so many pipes one of each kind of change."""
STATUS, MATERIAL = np.array(["existing", "planned"]), np.array(["steel", "pre-insulated steel", ""])


class Edits(NamedTuple):
    """How many features each action has, in pipes alone."""

    added: int
    removed: int
    moved: int
    redimensioned: int
    reattributed: int
    split: int


def write_states(
    pipes: int, folder: Path, *, named: bool, step: int = STEP, seed: int = 1
) -> tuple[Path, Path, Edits]:  # fmt: skip
    """Write old.gpkg and new.gpkg, each with a layer pipes; `named` where pipes have identifiers.

    Of `step` pipes one was removed, one moved, one resized, one given up, one cut in two; one is new.
    """
    random = np.random.default_rng(seed)
    before = _grid(pipes, random)
    names = np.char.add("P", np.arange(pipes).astype(str)).astype(object)
    dn = random.choice([80.0, 100.0, 150.0, 200.0, 300.0], pipes)
    status, material = STATUS[(random.random(pipes) < 0.3).astype(int)], MATERIAL[random.integers(0, 3, pipes)]
    year, length = random.integers(1985, 2026, pipes), np.full(pipes, BLOCK)
    old = folder / "old.gpkg"
    columns = {"pipe_id": names, "dn_mm": dn, "status": status, "material": material, "year": year, "length_m": length}
    _write(old, before, columns if named else {k: v for k, v in columns.items() if k != "pipe_id"})

    after = before + random.uniform(-NOISE, NOISE, before.shape)
    edited = np.arange(pipes) % step
    after[edited == 1] += (3.0, 4.0)
    new = {name: values.copy() for name, values in columns.items()}
    new["dn_mm"] = np.where(edited == 2, 500.0, dn)
    new["status"] = np.where(edited == 3, "abandoned", status)
    cut, kept = np.flatnonzero(edited == 4), np.flatnonzero((edited != 0) & (edited != 4))
    halves = np.stack([_half(after[cut], 0), _half(after[cut], 1)], axis=1).reshape(-1, 3, 2)
    come = after[edited == 0] + (-2.0 * BLOCK, 0.37 * BLOCK)  # no pipe lies there
    rows = np.concatenate([kept, np.repeat(cut, 2), np.flatnonzero(edited == 0)])
    drawn = np.concatenate([after[kept], halves, come])
    new = {name: values[rows] for name, values in new.items()}
    parts = np.arange(len(kept), len(kept) + len(halves))
    new["pipe_id"][parts] = [f"{name}.{k % 2 + 1}" for k, name in enumerate(new["pipe_id"][parts])]
    new["pipe_id"][parts[-1] + 1 :] = [f"N{k}" for k in range(len(come))]
    order = random.permutation(len(rows))
    new = {name: values[order] for name, values in new.items() if named or name != "pipe_id"}
    _write(folder / "new.gpkg", drawn[order], new)
    each = {k: int((edited == k).sum()) for k in range(5)}
    moved = each[1] if named else 0  # without an identifier it is another pipe
    lost = 0 if named else each[1]
    return old, folder / "new.gpkg", Edits(each[0] + lost, each[0] + lost, moved, each[2], each[3], 2 * each[4])


def _grid(pipes: int, random: np.random.Generator) -> Array:
    """Vertices of lines of a crooked grid, shape (pipes, 3, 2)."""
    side = int(np.ceil(np.sqrt(pipes / 2.0))) + 1
    place = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) * BLOCK + np.array(CENTRE)
    place += random.uniform(-8.0, 8.0, place.shape)
    right = np.stack([place[:, :-1].reshape(-1, 2), place[:, 1:].reshape(-1, 2)], axis=1)
    down = np.stack([place[:-1].reshape(-1, 2), place[1:].reshape(-1, 2)], axis=1)
    ends = np.stack([right, down], axis=1).reshape(-1, 2, 2)[:pipes]
    middle = ends.mean(axis=1) + random.uniform(-5.0, 5.0, (pipes, 2))
    return np.stack([ends[:, 0], middle, ends[:, 1]], axis=1)


def _half(lines: Array, which: int) -> Array:
    """First or second half of lines of three vertices, with a vertex in its middle."""
    a, b = lines[:, which], lines[:, which + 1]
    return np.stack([a, (a + b) / 2.0, b], axis=1)


def _write(path: Path, vertices: Array, columns: dict[str, NDArray]) -> None:
    lines = shapely.linestrings(vertices)
    pyogrio.raw.write(
        path, shapely.to_wkb(lines), list(columns.values()), list(columns),
        layer="pipes", driver="GPKG", geometry_type="LineString", crs=CRS,
    )  # fmt: skip
