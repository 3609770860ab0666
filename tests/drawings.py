"""A little town as layers, files of it, and the command line run on them.

    H2                pipes P1 (source to junction), P2 (junction to H1), P3 (junction to H2), 100 m and 80 m long,
    |                 without sizes; stations H1 of 500 kW and H2 of 300 kW; a source S1 of 110/60 degC.
S1--+--H1

`town()` gives the layers, `write` puts them into a GeoPackage, `gisheat` runs the command line in a process of its
own and `call` inside this one; `tables` reads a result back.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd
import pyogrio
from click.testing import CliRunner
from shapely import LineString, Point

CRS = "EPSG:4552"
ORIGIN = (425_000.0, 5_090_000.0)
"""Near 128.04 E 45.95 N in EPSG:4552."""

DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}

Tables = dict[str, gpd.GeoDataFrame]


def at(x: float, y: float) -> tuple[float, float]:
    """Coordinates of a place given in metres from the source."""
    return ORIGIN[0] + x, ORIGIN[1] + y


def line(*points: tuple[float, float]) -> LineString:
    return LineString([at(*p) for p in points])


def point(x: float, y: float) -> Point:
    return Point(at(x, y))


def layer(geometry: Iterable[Any], crs: str | None = CRS, **columns: Iterable[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({k: list(v) for k, v in columns.items()}, geometry=list(geometry), crs=crs)


def town(**replaced: gpd.GeoDataFrame | None) -> Tables:
    """Layers of the town; a layer given by name takes the place of its own, None leaves it out."""
    layers = {
        "pipes": layer(
            [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((100, 0), (100, 80))], pipe_id=["P1", "P2", "P3"]
        ),
        "stations": layer(
            [point(200, 0), point(100, 80)], station_id=["H1", "H2"], load_kw=[500.0, 300.0], ground_m=[100.0, 101.0]
        ),
        "sources": layer(
            [point(0, 0)], source_id=["S1"], supply_temp_c=[110.0], return_temp_c=[60.0], static_head_m=[30.0],
            ground_m=[100.0],
        ),
    }  # fmt: skip
    return {name: table for name, table in {**layers, **replaced}.items() if table is not None}


def with_column(name: str, column: str, values: Iterable[Any]) -> Tables:
    """The town with a column of one layer replaced."""
    layers = town()
    layers[name][column] = list(values)
    return layers


def write(path: Path, layers: Mapping[str, pd.DataFrame] | None = None, **options: Any) -> Path:
    """A GeoPackage (or what the suffix says) with the layers of `town()` or those given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # layers without CRS, odd coordinates: they are meant
        for name, table in (town() if layers is None else layers).items():
            pyogrio.write_dataframe(table, path, layer=name, driver=DRIVERS[path.suffix.lower()], **options)
    return path


class Ran(NamedTuple):
    """How the command line ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line on stderr, without the name of the program; fails when there is not exactly one."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("gisheat: "), self.err
        assert lines[0].endswith("."), self.err
        assert "Traceback" not in self.out + self.err
        return lines[0].removeprefix("gisheat: ")


def gisheat(*arguments: object, **environment: str) -> Ran:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        command(*arguments), capture_output=True, check=False, env={**os.environ, **environment}, timeout=120
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "gisheat", *map(str, arguments)]


def call(*arguments: object) -> Ran:
    """Run the command line in this process, which is quicker."""
    from gisheat.cli import main

    result = CliRunner().invoke(main, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def sentence(*arguments: object, code: int = 2) -> str:
    """What a run is refused with."""
    ran = call(*arguments)
    assert ran.code == code, ran
    (line,) = ran.err.strip().splitlines()
    assert "inside gisheat" not in line
    return line


def refused(folder: Path, *arguments: object, code: int = 2) -> str:
    """Run, which must end with one sentence, and everything in the folder as it was."""
    before = digest(folder), {str(p) for p in folder.rglob("*")}
    ran = call(*arguments)
    assert ran.code == code
    assert ran.sentence
    assert (digest(folder), {str(p) for p in folder.rglob("*")}) == before
    return ran.sentence


def solved(base: Path, name: str = "result.gpkg", **options: Any) -> Path:
    """The result of a base, beside it."""
    from gisheat import run

    run(base, output=base.parent / name, **options)
    return base.parent / name


def rows(path: Path, name: str = "pipes") -> list[tuple[Any, ...]]:
    """Every row of a table as SQLite has it, by feature id."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()


def tables(path: Path, *, stamps: bool = True) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of a GeoPackage as SQLite has it; without `stamps`, what may differ is left out."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        rows = {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
            for name in names
            if not name.startswith(("rtree_", "sqlite_"))
        }
    if stamps:
        return rows
    rows["run"] = [row for row in rows["run"] if row[1] not in ("started", "duration")]
    rows["gpkg_contents"] = [tuple(v for i, v in enumerate(row) if i != 4) for row in rows["gpkg_contents"]]
    rows["layer_styles"] = [row[:-1] for row in rows["layer_styles"]]
    return rows


def findings(path: Path) -> pd.DataFrame:
    return pyogrio.read_dataframe(path, layer="findings", read_geometry=False)


def digest(*paths: Path) -> dict[str, str]:
    """SHA-256 of files, and of all files in folders."""
    files = [f for p in paths for f in (sorted(p.rglob("*")) if p.is_dir() else [p]) if f.is_file()]
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def names_in(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def altered(path: Path, *statements: str) -> Path:
    """A GeoPackage after SQL statements, without the triggers, which call functions that only GDAL has."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        for statement in statements:
            connection.execute(statement)
    return path


def errors_of(path: Path) -> list[tuple[str, str, int]]:
    """Rule, layer and feature of the errors in the findings of a result."""
    table = findings(path)
    table = table[table["severity"] == "error"]
    return sorted(zip(table["rule"], table["layer"], table["source_fid"].astype(int), strict=True))


def values(path: Path, name: str, column: str) -> list[Any]:
    return pyogrio.read_dataframe(path, layer=name, read_geometry=False)[column].tolist()


def served(path: Path) -> list[str]:
    """Stations that a result serves."""
    table = pyogrio.read_dataframe(path, layer="stations", read_geometry=False)
    return table[table["served"] == 1]["station_id"].tolist()
