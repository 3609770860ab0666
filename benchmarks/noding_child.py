"""One noding in a process of its own: `python -m benchmarks.noding_child FILE` prints seconds and megabytes.

A GeoPackage with a drawing is read, noded and written, after a small one for the compiler. With the word `processor`
after FILE the seconds are those that the processor worked for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyogrio
import shapely

from benchmarks.child import ROOT, peak_memory
from benchmarks.streets import CRS, drawing

TOLERANCE = 0.5


class Steps(NamedTuple):
    """Seconds of each step, and the most memory [MB] the process ever held."""

    read: float
    noded: float
    written: float
    bare: float
    """Writing the layer as it was read."""
    megabytes: float
    pieces: int
    passes: int

    @property
    def seconds(self) -> float:
        """Of reading, noding and writing."""
        return self.read + self.noded + self.written

    @property
    def ratio(self) -> float:
        """To reading and writing alone."""
        return self.seconds / (self.read + self.bare)


def run(path: Path, *, processor: bool = False) -> Steps:
    """Node a drawing that `benchmarks.streets.write` has written, in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.noding_child", str(path), *(["processor"] if processor else [])]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return Steps(*json.loads(done.stdout))


def main() -> None:
    from gisheat.noding import Lines, Rules, node_lines
    from gisheat.topology.ragged import geometries_of, lines_of

    source, now = Path(sys.argv[1]), time.process_time if "processor" in sys.argv[2:] else time.perf_counter
    small = drawing(2000)
    node_lines(Lines(small.reshape(-1, 2), 4 * np.arange(len(small) + 1)), Rules(TOLERANCE))  # compiles, or loads
    clock = [now()]
    _, _, binary, values = pyogrio.raw.read(source, layer="streets")
    geometry = shapely.from_wkb(binary)
    clock.append(now())
    noded = node_lines(lines_of(geometry), Rules(TOLERANCE))
    pieces = geometries_of(noded, geometry)
    clock.append(now())
    _write(source.with_suffix(".noded.gpkg"), pieces, values[0][noded.line])
    clock.append(now())
    figures = len(noded.line), noded.passes
    memory = peak_memory()
    del noded, pieces
    again = now()
    _write(source.with_suffix(".bare.gpkg"), geometry, values[0])
    print(json.dumps([*np.diff(clock).tolist(), now() - again, memory, *figures]))


def _write(path: Path, geometry: np.ndarray, number: np.ndarray) -> None:
    pyogrio.raw.write(
        path, shapely.to_wkb(geometry), [number], ["street_id"],
        layer="streets", driver="GPKG", geometry_type="LineString", crs=CRS,
    )  # fmt: skip


if __name__ == "__main__":
    main()
