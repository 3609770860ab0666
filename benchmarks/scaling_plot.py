"""The plot of noding from 1e4 to 1e6 lines.

`make bench` leaves it in out/noding-scaling.svg, in seconds on the clock. `python -m benchmarks.scaling_plot FILE`
makes the one of the documentation, in seconds of the processor: other work on the machine matters less then.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.noding_child import Steps, run
from benchmarks.streets import drawing, write

SIZES = 10_000, 30_000, 100_000, 300_000, 1_000_000
"""Lines of the drawings whose times are plotted."""
ROUNDS = 3


def scaling(folder: Path, *, rounds: int = 1, processor: bool = False) -> dict[int, Steps]:
    """Figures of drawings of several sizes, of the round that took least: `figures[100_000].noded` are seconds."""
    figures = {}
    for count in SIZES:
        source = write(drawing(count), folder / f"streets-{count}.gpkg")
        measured = []
        for _ in range(rounds):
            measured.append(run(source, processor=processor))
            for path in folder.glob(f"streets-{count}.*.gpkg"):
                path.unlink()
        figures[count] = min(measured, key=lambda steps: steps.seconds)
        source.unlink()
    return figures


def draw(figures: Mapping[int, Steps], path: Path, unit: str) -> None:
    """Draw seconds of reading, noding and writing over the number of lines, both logarithmic, and what is linear."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    lines = np.array(sorted(figures))
    shown = (
        ("read, noded and written", [figures[n].seconds for n in lines], "#1b4965", "o"),
        ("noded alone, to the fixpoint", [figures[n].noded for n in lines], "#c1121f", "s"),
        ("read and written alone", [figures[n].read + figures[n].bare for n in lines], "#6c757d", "^"),
    )
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for label, seconds, colour, marker in shown:
        axes.loglog(lines, seconds, color=colour, marker=marker, linewidth=1.8, markersize=5, label=label)
        axes.annotate(f"{seconds[-1]:.3g}", (lines[-1], seconds[-1]), (6, -4), textcoords="offset points", color=colour)
    noded = shown[1][1]
    axes.loglog(lines, noded[0] * lines / lines[0], color="#c1121f", linewidth=0.9, linestyle=":", label="linear")
    axes.set_xlabel("drawn lines, three segments each")
    axes.set_ylabel(unit)
    axes.grid(visible=True, which="major", color="#e5e5e5", linewidth=0.6)
    axes.legend(frameon=False)
    path.parent.mkdir(exist_ok=True)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "gisheat"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = scaling(Path(folder), rounds=ROUNDS, processor=True)
    draw(figures, Path(sys.argv[1]), "seconds of the processor")
    for count, steps in figures.items():
        sys.stdout.write(
            f"{count}: read {steps.read:.2f} noded {steps.noded:.2f} written {steps.written:.2f} bare {steps.bare:.2f}"
            f" total {steps.seconds:.2f} ratio {steps.ratio:.2f} {steps.megabytes:.0f} MB {steps.passes} passes\n"
        )


if __name__ == "__main__":
    main()
