"""Makes the stored results of earlier versions: `python tests/versions/make_results.py` in a clone with all history.

A small drawing is solved by gisheat as it was at each commit; of each result the tables and the run record are kept
(its styles and the QGIS project take most of its room), compressed.
"""

from __future__ import annotations

import lzma
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pyogrio
from shapely import LineString, Point

HERE = Path(__file__).parent
COMMITS = {
    "components": "9780e84",  # before valves and pumps were part of the model
    "routing": "db62174",  # streets are repaired and routed
    "desk": "457fa9e",  # before results could be solved at an outdoor temperature
}
X, Y, CRS = 500_000.0, 4_000_000.0, "EPSG:4549"
SIZES = "dn_mm,outer_diameter_mm,wall_mm\n100,108,4\n150,159,4.5\n200,219,6\n250,273,6\n"


def line(*places):
    return LineString([(X + x, Y + y) for x, y in places])


def point(x, y):
    return Point(X + x, Y + y)


def drawing():
    """A tree of five pipes, two of which cross without meeting; three stations, a valve half open."""
    tables = {
        "pipes": {
            "pipe_id": ["T1", "T2", "B1", "B2", "C1"], "status": ["existing"] * 3 + ["planned"] * 2,
            "dn_mm": [200.0, 150.0, 100.0, None, None], "role": ["trunk", "trunk", "branch", "branch", "connection"],
            "remark": ["a", "b", "", "", ""],
            "geometry": [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((100, 0), (100, 80)),
                         line((200, 0), (200, 50), (60, 50)), line((200, 0), (260, 0))],
        },
        "stations": {
            "station_id": ["S1", "S2", "S3"], "name": ["一站", "二站", "三站"], "heated_area_m2": [50e3, 40e3, 30e3],
            "heat_index_w_m2": [46.79] * 3, "geometry": [point(100, 80), point(60, 50), point(260, 0)],
        },
        "sources": {
            "source_id": ["Q"], "name": ["热源"], "supply_temp_c": [130.0], "return_temp_c": [70.0],
            "geometry": [point(0, 0)],
        },
        "valves": {"valve_id": ["V1"], "kind": ["control"], "kvs_m3_h": [60.0], "opening": [0.5],
                   "geometry": [point(150, 0)]},
    }  # fmt: skip
    return {name: gpd.GeoDataFrame(table, crs=CRS) for name, table in tables.items()}


def main() -> None:
    root = HERE.parents[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for layer, table in drawing().items():
            pyogrio.write_dataframe(table, folder / "drawn.gpkg", layer=layer, driver="GPKG", append=layer != "pipes")
        (folder / "sizes.csv").write_text(SIZES, encoding="utf-8")
        for version, commit in COMMITS.items():
            tree, result = folder / version, folder / f"{version}.gpkg"
            subprocess.run(["git", "worktree", "add", "--detach", tree, commit], cwd=root, check=True)
            words = ["run", folder / "drawn.gpkg", "--output", result, "--friction", "rough", "--roughness-mm", "0.5",
                     "--catalogue", folder / "sizes.csv"]  # fmt: skip
            environment = {**os.environ, "PYTHONPATH": str(tree)}
            subprocess.run([sys.executable, "-m", "gisheat", *words], cwd=tree, env=environment, check=True)
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=root, check=True)
            with closing(sqlite3.connect(result, isolation_level=None)) as connection:
                for table in ("layer_styles", "qgis_projects"):
                    connection.execute(f"DROP TABLE {table}")
                    connection.execute("DELETE FROM gpkg_contents WHERE table_name = ?", (table,))
                connection.execute("VACUUM")
            (HERE / f"{version}.gpkg.xz").write_bytes(lzma.compress(result.read_bytes(), preset=9))


if __name__ == "__main__":
    main()
