"""Random towns of lines, and random edits of them, each with what should be said of it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from shapely import LineString
from shapely.ops import substring

from gisheat.layers import Layers

CRS = "EPSG:4552"
TOLERANCE, NOISE = 0.5, 0.2
EDITS = ("remove", "move", "resize", "abandon", "split", "reverse", "rename")


def town(rng, size):
    """Lines of a crooked grid: identifiers, sizes, states."""
    places = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1) * 60.0
    places = places + rng.uniform(-8.0, 8.0, places.shape)
    pairs = [((i, j), (i, j + 1)) for i in range(size) for j in range(size - 1)]
    pairs += [((i, j), (i + 1, j)) for i in range(size - 1) for j in range(size)]
    lines = []
    for a, b in pairs:
        middle = (places[a] + places[b]) / 2.0 + rng.uniform(-5.0, 5.0, 2)
        lines.append(LineString([places[a], middle, places[b]]))
    return [{"pipe_id": f"P{i}", "dn_mm": float(rng.choice([100.0, 150.0, 200.0])), "status": "existing",
             "geometry": line} for i, line in enumerate(lines)]  # fmt: skip


def layers(rows):
    return Layers(
        {"pipes": gpd.GeoDataFrame(rows, columns=["pipe_id", "dn_mm", "status", "geometry"], crs=CRS)}, {}, CRS
    )


def edited(row, edit, named):
    """Rows that take the place of one, and what should be said of it: (action, id of the new or gone feature)."""
    name, line = row["pipe_id"], row["geometry"]
    if edit == "split":
        halves = [substring(line, *part, normalized=True) for part in ((0.0, 0.4), (0.4, 1.0))]
        parts = [{**row, "pipe_id": f"{name}.{k}", "geometry": half} for k, half in enumerate(halves, 1)]
        return parts, [("split", part["pipe_id"]) for part in parts]
    if edit == "remove":
        return [], [("removed", name)]
    changed, said = {
        "move": (
            {"geometry": shapely.transform(line, lambda xy: xy + np.array([3.0, 4.0]))},
            [("moved", name)] if named else [("removed", name), ("added", name)],
        ),
        "resize": ({"dn_mm": 500.0}, [("redimensioned", name)]),
        "abandon": ({"status": "abandoned"}, [("reattributed", name)]),
        "reverse": ({"geometry": line.reverse()}, []),
        "rename": ({"pipe_id": f"{name}-new"}, []),  # a new number for the same pipe is no change of the map
    }[edit]
    return [row | changed], said
