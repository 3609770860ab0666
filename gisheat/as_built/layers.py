"""The changes as layers and tables of a result."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.as_built.changes import ACTIONS, Changes
from gisheat.summary import Rows

KINDS = {"changed_lines": 1, "changed_points": 0, "changed_areas": 2}
"""Layer -> dimension of its features."""


def change_layers(changes: Changes) -> dict[str, pd.DataFrame]:
    """Changed features by kind of geometry, and the table of changed values.

    Areas only where there are any; the others always, so that a style finds its layer.
    """
    features = changes.features
    dimension = shapely.get_dimensions(features.geometry.to_numpy())
    found: dict[str, pd.DataFrame] = {}
    for layer, kind in KINDS.items():
        part = features[dimension == kind].reset_index(drop=True)
        if len(part) or layer != "changed_areas":
            found[layer] = gpd.GeoDataFrame(
                part.assign(distance_m=part["distance_m"].astype(float).round(3)), crs=features.crs
            )
    return found | {"changed_values": changes.attributes.reset_index(drop=True)}


def change_figures(changes: Changes) -> Rows:
    """How many features of each layer were added, moved ..."""
    counted = changes.features.groupby(["layer", "action"]).size()
    order = sorted(counted.index, key=lambda key: (key[0], ACTIONS.index(key[1])))
    rows: Rows = {f"{layer} {action}": (int(counted[layer, action]), "") for layer, action in order}
    return rows | {"unchanged": (changes.unchanged, "")}


def doubtful(changes: Changes, least: float) -> pd.DataFrame:
    """Changed features whose match is uncertain: somebody should look at them."""
    sure = changes.features["confidence"].to_numpy(float)
    return changes.features[np.asarray(sure < least, bool)]
