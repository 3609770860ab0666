"""Random edits of random networks are found again, all and only."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from random_edits import EDITS, NOISE, TOLERANCE, edited, layers, town
from shapely import LineString

from gisheat.as_built.changes import find_changes


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
