"""The plot of noding from 1e4 to 1e6 lines: `make bench` leaves it in out/noding-scaling.png."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.noding_child import Steps


def draw(figures: Mapping[int, Steps], path: Path) -> None:
    """Draw seconds of reading, noding and writing over the number of lines, both logarithmic, and what is linear."""
    from matplotlib.figure import Figure

    lines = np.array(sorted(figures))
    shown = (
        ("read, noded and written", [figures[n].seconds for n in lines], "#1b4965", "o"),
        ("noded alone, to the fixpoint", [figures[n].noded for n in lines], "#c1121f", "s"),
        ("read and written alone", [figures[n].read + figures[n].bare for n in lines], "#6c757d", "^"),
    )
    figure = Figure(figsize=(6.4, 4.4), dpi=150, layout="constrained")
    axes = figure.subplots()
    for label, seconds, colour, marker in shown:
        axes.loglog(lines, seconds, color=colour, marker=marker, linewidth=1.8, markersize=5, label=label)
    noded = shown[1][1]
    axes.loglog(lines, noded[0] * lines / lines[0], color="#c1121f", linewidth=0.9, linestyle=":", label="linear")
    axes.set_xlabel("drawn lines, about three segments each")
    axes.set_ylabel("seconds, one thread")
    axes.grid(visible=True, which="both", color="#e5e5e5", linewidth=0.6)
    axes.legend(frameon=False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path)
