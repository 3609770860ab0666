"""Random edits of random networks merged: nothing differs afterwards, undo gives all back, in parts it is the same."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from drawings import rows
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from random_edits import CRS, EDITS, NOISE, TOLERANCE, edited, town
from shapely import LineString

from gisheat import operations
from gisheat.as_built.bases import read_state
from gisheat.as_built.changes import find_changes
from gisheat.as_built.geopackage_base import open_geopackage
from gisheat.as_built.history import edits_back

SEEDS = st.integers(0, 2**32 - 1)
EDITED = st.lists(st.sampled_from(EDITS), max_size=8)


def written(rows, path, named=True):
    table = gpd.GeoDataFrame(rows, columns=["pipe_id", "dn_mm", "status", "remark", "geometry"], crs=CRS)
    if not named:
        table["pipe_id"] = None
    pyogrio.write_dataframe(table, path, layer="pipes", driver="GPKG")
    return path


def works(seed, size, edits):
    """A town with a remark on each pipe, and what became of it, digitised anew."""
    rng = np.random.default_rng(seed)
    before = [{**row, "remark": f"kept by us {i}"} for i, row in enumerate(town(rng, size))]
    where = dict(zip(rng.permutation(len(before)).tolist(), edits, strict=False))
    after = [new for i, row in enumerate(before) for new in (edited(row, where[i], True)[0] if i in where else [row])]
    after.append({"pipe_id": "NEW", "dn_mm": 100.0, "status": "planned", "remark": "new",
                  "geometry": LineString([(-50, -50), (-20, -90)])})  # fmt: skip
    shaken = [
        {**row, "geometry": shapely.transform(row["geometry"], lambda xy: xy + rng.uniform(-NOISE, NOISE, xy.shape))}
        for row in after
    ]
    return before, [shaken[i] for i in rng.permutation(len(shaken)).tolist()]


def differences(one, other):
    found = find_changes(read_state(one, None), read_state(other, None), tolerance=TOLERANCE)
    return found.features.drop(columns="geometry").to_dict("records")


@given(SEEDS, st.integers(2, 5), EDITED, st.booleans())
@settings(max_examples=examples(10))
def test_after_a_merge_nothing_differs_and_undo_gives_every_row_back(seed, size, edits, named):
    before, after = works(seed, size, edits)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base, new = written(before, folder / "base.gpkg", named), written(after, folder / "new.gpkg", named)
        there = rows(base)
        report = operations.merge(base, new, folder / "merged.gpkg", missing="remove")
        assert report.exit_code == 0
        assert rows(base) == there
        assert differences(new, folder / "merged.gpkg") == []
        operations.undo(folder / "merged.gpkg", in_place=True)
        assert rows(folder / "merged.gpkg") == there


@given(SEEDS, EDITED, st.randoms(use_true_random=False))
@settings(max_examples=examples(5))
def test_what_is_approved_in_parts_gives_the_same_as_all_at_once(seed, edits, random):
    before, after = works(seed, 4, edits)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base, new = written(before, folder / "base.gpkg"), written(after, folder / "new.gpkg")
        operations.merge(base, new, folder / "set.gpkg", dry_run=True, missing="remove")
        operations.merge(base, folder / "set.gpkg", folder / "whole.gpkg")
        with closing(sqlite3.connect(folder / "set.gpkg")) as connection, connection:
            groups = [g for (g,) in connection.execute("SELECT DISTINCT coalesce(nullif(group_id, ''), change_id)"
                                                       " FROM proposed_lines")]  # fmt: skip
            some = random.sample(groups, len(groups) // 2)
            later = f"coalesce(nullif(group_id, ''), change_id) NOT IN ({','.join('?' * len(some))})"
            connection.execute(f"UPDATE proposed_lines SET approved = 0 WHERE {later}", some)
        operations.merge(base, folder / "set.gpkg", folder / "part.gpkg")
        with closing(sqlite3.connect(folder / "set.gpkg")) as connection, connection:
            connection.execute("UPDATE proposed_lines SET approved = 1")
        operations.merge(folder / "part.gpkg", folder / "set.gpkg", in_place=True)
        whole, part = (sorted(row[1:] for row in rows(folder / f)) for f in ("whole.gpkg", "part.gpkg"))
        assert part == whole  # feature ids of new rows follow the order of merging
        again = operations.merge(folder / "part.gpkg", folder / "set.gpkg", in_place=True)
        assert again.figures["applied"] == (0, "")
        assert any("nothing to do" in note for note in again.notes)


@given(SEEDS, st.lists(EDITED, min_size=2, max_size=4))
@settings(max_examples=examples(4))
def test_every_earlier_state_is_rebuilt_exactly(seed, years):
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        now, _ = works(seed, 3, [])
        base = written(now, folder / "base.gpkg")
        states = [rows(base)]
        for number, edits in enumerate(years):
            read = pyogrio.read_dataframe(base, layer="pipes")
            now = [{**row, "remark": row["remark"]} for row in read.drop(columns="parent_id", errors="ignore")
                   .to_dict("records")]  # fmt: skip
            where = dict(zip(rng.permutation(len(now)).tolist(), edits, strict=False))
            after = [
                new for i, row in enumerate(now) for new in (edited(row, where[i], True)[0] if i in where else [row])
            ]
            after[0]["dn_mm"] = 1000.0 + number  # never nothing
            new = written(after, folder / f"{number}.gpkg")
            operations.merge(base, new, in_place=True, missing="remove")
            states.append(rows(base))
        for to in rng.permutation(len(states)).tolist():
            store = open_geopackage(base, {"pipes": "pipes"})
            last = max(store.runs().values(), key=lambda run: run.number)
            if last.state != to:
                assert edits_back(store.entries(), to)
                operations.undo(base, in_place=True, to=to)
            assert rows(base) == states[to]


@given(SEEDS, st.lists(st.sampled_from(("theirs", "ours", "both", "both alike", "moved", "gone")), max_size=10))
@settings(max_examples=examples(8))
def test_conflicts_are_found_all_and_only(seed, kinds):
    before, _ = works(seed, 4, [])
    rng = np.random.default_rng(seed)
    where = dict(zip(rng.permutation(len(before)).tolist(), kinds, strict=False))
    ours, theirs, wanted, expected = [], [], {}, []
    for i, row in enumerate(before):
        kind, name = where.get(i, ""), row["pipe_id"]
        mine, other = dict(row), dict(row)
        if kind in ("ours", "both", "both alike"):
            mine["dn_mm"] = 350.0
        if kind in ("theirs", "both", "both alike", "gone"):
            other["dn_mm"] = 350.0 if kind == "both alike" else 700.0
        if kind == "moved":
            mine["geometry"] = shapely.transform(row["geometry"], lambda xy: xy + np.array([3.0, 4.0]))
            other["geometry"] = shapely.transform(row["geometry"], lambda xy: xy - np.array([3.0, 4.0]))
        expected += [name] if kind in ("both", "moved", "gone") else []
        theirs.append(other)
        if kind != "gone":
            ours.append(mine)
            wanted[name] = other["dn_mm"] if kind == "theirs" else mine["dn_mm"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ancestor, base, new = (
            written(some, folder / f"{k}.gpkg") for k, some in enumerate((before, ours, theirs))
        )  # fmt: skip
        report = operations.merge(base, new, folder / "merged.gpkg", ancestor=str(ancestor))
        conflicts = [f.message.partition(" ")[0] for f in report.findings if f.rule == "merge-conflict"]
        assert sorted(conflicts) == sorted(expected)
        found = pyogrio.read_dataframe(folder / "merged.gpkg", layer="pipes").set_index("pipe_id")
        assert found["dn_mm"].to_dict() == wanted
