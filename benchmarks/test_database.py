"""Pipes to and from a database, beside a bare COPY of the same rows; spatial index, comments and styles aside."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from servers import Server, Town

from gisheat import database
from gisheat.database import sessions, writing

ROWS = 100_000
LIMIT = 2.0
ROUNDS = 5
FORMATS = ("(FORMAT csv)", "(FORMAT binary)")


def pipes() -> gpd.GeoDataFrame:
    """As many columns of each type as the pipes of a result have, every fifth text and number missing."""
    random = np.random.default_rng(1)
    start = random.uniform(0.0, 2e4, (ROWS, 1, 2)) + np.array([425000.0, 5090000.0])
    ways = shapely.linestrings(
        np.cumsum(np.concatenate([start, random.normal(0.0, 50.0, (ROWS, 3, 2))], axis=1), axis=1)
    )
    gaps = random.random(ROWS) < 0.2
    texts = {f"text_{i}": np.where(gaps, None, [f"P{k}.{i}" for k in range(ROWS)]) for i in range(12)}
    numbers = {f"n_{i}": np.where(gaps, np.nan, random.uniform(0.0, 1e4, ROWS).round(6)) for i in range(19)}
    others = {"whole": np.arange(ROWS), "yes": ~gaps}
    return gpd.GeoDataFrame({**texts, **numbers, **others}, geometry=ways, crs="EPSG:4552")


def bare_out(town: Town, form: str) -> tuple[float, bytes]:
    """Seconds of a bare COPY of the rows to here, and what came."""
    begun = time.perf_counter()
    with town.admin.cursor() as cursor, cursor.copy(f"COPY net.pipes TO STDOUT {form}") as copy:
        parts = [bytes(part) for part in copy]
    return time.perf_counter() - begun, b"".join(parts)


def bare_in(town: Town, form: str, content: bytes) -> float:
    """Seconds of a bare COPY of the same rows into an empty table without key and index."""
    town.admin.execute("DROP TABLE IF EXISTS net.bare; CREATE TABLE net.bare (LIKE net.pipes)")
    begun = time.perf_counter()
    with town.admin.cursor() as cursor, cursor.copy(f"COPY net.bare FROM STDIN {form}") as copy:
        for first in range(0, len(content), 1 << 18):
            copy.write(content[first : first + (1 << 18)])
    return time.perf_counter() - begun


def rows_in(town: Town, table: gpd.GeoDataFrame) -> float:
    """Seconds of gisheat's writing of the rows into a table that has its key, but no spatial index yet."""
    place = town.place("net")
    with sessions.writing(place) as session:
        session.rows.execute("DROP TABLE IF EXISTS net.ours; CREATE TABLE net.ours (LIKE net.pipes, PRIMARY KEY (fid))")
        kinds = {str(c): writing.kind_of(table[c]) for c in table.columns if c != "geometry"}
        begun = time.perf_counter()
        writing.copy_rows(session, "ours", table, kinds, 4552)
        return time.perf_counter() - begun


def test_reading_and_writing_beside_a_bare_copy(record_run):
    server = Server()
    try:
        town = Town(server)
        table = pipes()
        town.load("net", {"pipes": table})
        ours: dict[str, list[float]] = {"read": [], "write": []}
        bare: dict[str, list[float]] = {f"{way} {form}": [] for way in ours for form in FORMATS}
        for _ in range(ROUNDS):  # in turn, so that other work on the machine falls on all alike
            for form in FORMATS:
                seconds, content = bare_out(town, form)
                bare[f"read {form}"].append(seconds)
                bare[f"write {form}"].append(bare_in(town, form, content))
            begun = time.perf_counter()
            found = database.read_table(town.place("net"), "pipes", "line")
            ours["read"].append(time.perf_counter() - begun)
            ours["write"].append(rows_in(town, table))
        assert len(found) == ROWS
        town.admin.close()
    finally:
        server.stop()
    for way, seconds in ours.items():
        for form in FORMATS:
            ratios = np.array(seconds) / np.array(bare[f"{way} {form}"])
            name = f"database, {way} of 1e5 pipes / bare COPY {form[8:-1]}"
            record_run(name, "ratio", ratios.tolist(), limit=LIMIT if form == FORMATS[0] else None)
        record_run(f"database, {way} of 1e5 pipes", "s", seconds)
