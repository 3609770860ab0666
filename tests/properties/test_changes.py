"""Random edits of random networks are found again, all and only."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from random_edits import CRS, EDITS, NOISE, TOLERANCE, edited, layers, town
from shapely import LineString, Point, box
from shapely.affinity import translate

from gisheat.as_built.changes import find_changes
from gisheat.layers import Layers


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.lists(st.sampled_from(EDITS), max_size=10), st.booleans())
def test_random_edits_are_found_again_all_and_only(seed, size, edits, named):
    rng = np.random.default_rng(seed)
    before = town(rng, size)
    where = dict(zip(rng.permutation(len(before)).tolist(), edits, strict=False))
    after, expected = [], []
    for i, row in enumerate(before):
        if i in where:
            rows, said = edited(row, where[i], named)
            after += rows
            expected += said
        else:
            after.append(row)
    new = {"pipe_id": "NEW", "dn_mm": 100.0, "status": "planned", "geometry": LineString([(-50, -50), (-20, -90)])}
    after.append(new)
    expected.append(("added", "NEW"))
    names = [row["pipe_id"] for row in after]
    drawn = [shapely.transform(row["geometry"], lambda xy: xy + rng.uniform(-NOISE, NOISE, xy.shape)) for row in after]
    after = [
        {**row, "geometry": line, "pipe_id": row["pipe_id"] if named else ""}
        for row, line in zip(after, drawn, strict=True)
    ]
    order = rng.permutation(len(after)).tolist()
    old = before if named else [{**row, "pipe_id": ""} for row in before]
    changes = find_changes(layers(old), layers([after[i] for i in order]), tolerance=TOLERANCE).features

    def name(row):
        if np.isnan(row.new_fid):
            return before[int(row.old_fid)]["pipe_id"]
        return names[order[int(row.new_fid)]]

    assert sorted((row.action, name(row)) for row in changes.itertuples()) == sorted(expected)


PLACE_EDITS = ("remove", "move", "abandon", "rename")


def sites(rng, size, kind):
    """Stations, or areas, at least 50 m apart."""
    places = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1).reshape(-1, 2) * 80.0
    places = places + rng.uniform(-15.0, 15.0, places.shape)
    drawn = [Point(place) if kind == "stations" else box(*(place - 10.0), *(place + rng.uniform(5.0, 20.0, 2)))
             for place in places]  # fmt: skip
    column = "station_id" if kind == "stations" else "area_id"
    return [{column: f"X{i}", "name": str(rng.integers(3)), "geometry": g} for i, g in enumerate(drawn)], column


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 5), st.sampled_from(("stations", "areas")),
    st.lists(st.sampled_from(PLACE_EDITS), max_size=8), st.booleans(), st.booleans(),
)  # fmt: skip
def test_random_edits_of_points_areas_and_attributes_are_found_again_all_and_only(
    seed, size, kind, edits, named, noisy
):  # fmt: skip
    rng = np.random.default_rng(seed)
    before, column = sites(rng, size, kind)
    where = dict(zip(rng.permutation(len(before)).tolist(), edits, strict=False))
    after, expected = [], []
    for i, drawn in enumerate(before):
        row, name, edit = dict(drawn), drawn[column], where.get(i)
        if edit == "remove":
            expected.append(("removed", name))
            continue
        if edit == "move":
            row["geometry"] = translate(row["geometry"], 3.0, 4.0)
            expected += [("moved", name)] if named else [("removed", name), ("added", name)]
        if edit == "abandon":
            row["name"] = "given up"
            expected.append(("reattributed", name))
        after.append(({**row, column: f"{name}-new"} if edit == "rename" else row, name))
    noise = NOISE if noisy else 0.0
    shaken = [
        ({**row, "geometry": translate(row["geometry"], *rng.uniform(-noise, noise, 2))}, name) for row, name in after
    ]
    order = rng.permutation(len(shaken)).tolist()
    tables = []
    for rows in (before, [shaken[i][0] for i in order]):
        table = [row if named else {**row, column: ""} for row in rows]
        frame = gpd.GeoDataFrame(table, columns=[column, "name", "geometry"], geometry="geometry", crs=CRS)
        tables.append(Layers({kind: frame}, {}, CRS))
    changes = find_changes(*tables, tolerance=TOLERANCE)

    def name_of(row):
        if np.isnan(row.new_fid):
            return before[int(row.old_fid)][column]
        return shaken[order[int(row.new_fid)]][1]

    found = changes.features
    assert sorted((row.action, name_of(row)) for row in found.itertuples()) == sorted(expected)
    assert set(found["layer"]) <= {kind}
    values = changes.attributes
    assert sorted(values["new_value"]) == ["given up"] * sum(action == "reattributed" for action, _ in expected)
    touched = {name for _, name in expected}
    assert changes.unchanged == sum(row[column] not in touched for row in before)
