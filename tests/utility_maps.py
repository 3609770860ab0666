"""A utility's own map for write-back: everything in it that no program of ours has put there."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from drawings import layer, line, town, write

from gisheat.schema import REGISTRY

STAMP = "CREATE TRIGGER edited AFTER UPDATE ON pipes BEGIN UPDATE pipes SET edits = edits + 1 WHERE fid = NEW.fid; END"
STYLES = """CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT, f_table_schema TEXT,
    f_table_name TEXT, f_geometry_column TEXT, styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
    description TEXT, owner TEXT, ui TEXT, update_time DATETIME DEFAULT 'then')"""
THEIR_STYLE = """INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,
    styleQML, styleSLD, useAsDefault, description, owner)
    VALUES ('', '', 'pipes', 'geom', 'ours', '<!DOCTYPE qgis><qgis version="3.22.0"/>', '', 1, '', '')"""


def drawn_through():
    """The town with its trunk drawn in one line L through the junction, one abandoned pipe, and a column of its own."""
    return town(pipes=layer(
        [line((0, 0), (100, 0), (200, 0)), line((100, 0), (100, 80)), line((0, 0), (0, -50))],
        pipe_id=["L", "B", "old"], status=["existing", "planned", "abandoned"], dn_mm=[150.0, 100.0, 80.0],
        edits=[0, 3, 7], sup_loss_kpa=["hers", None, "his"],
    ))  # fmt: skip


def utility_map(path, layers=None):
    """A GeoPackage as a utility has it: triggers, a view, an index, styles, a project, texts in no encoding."""
    write(path, drawn_through() if layers is None else layers)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in (
            STAMP,
            "CREATE INDEX by_name ON pipes (pipe_id)",
            "CREATE VIEW wide AS SELECT pipe_id, dn_mm FROM pipes WHERE dn_mm > 90",
            "CREATE TABLE crews (name TEXT, photo BLOB)",
            "INSERT INTO crews VALUES (CAST(x'd6d0b9fa' AS TEXT), x'00ff10')",  # GBK, no UTF-8
            "CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)",
            "INSERT INTO qgis_projects VALUES ('atlas', '{}', '504b0506')",
            STYLES,
            THEIR_STYLE,
        ):
            connection.execute(statement)
    return path


def content(path):
    """Definition of everything in a file, and every row of every table, as bytes."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        master = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        tables = [name.decode() for kind, name, *_ in master if kind == b"table"]
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
        columns = {n: [r[1].decode() for r in connection.execute(f'PRAGMA table_info("{n}")')] for n in tables}
    return {tuple(row[:3]): row[3] for row in master}, rows, columns


def without_written(path, tables=("pipes", "stations", "sources"), held=()):
    """The same without what write-back has added: nothing of it is left if that changed nothing else."""
    with closing(sqlite3.connect(path)) as connection:
        query = f'SELECT "table", "column" FROM {REGISTRY} WHERE holder = "table"'
        written = set(connection.execute(query)) if _has_registry(connection) else set()
    master, rows, columns = content(path)
    ours = {REGISTRY, *held}
    rows = {n: [[v for v, c in zip(row, columns[n], strict=True) if (n, c) not in written] for row in table]
            for n, table in rows.items() if n not in ours}  # fmt: skip
    for name, key in (("gpkg_contents", 0), ("gpkg_geometry_columns", 0)):
        rows[name] = [row for row in rows[name] if row[key].decode() not in ours]
    rows["layer_styles"] = [row for row in rows.get("layer_styles", []) if row[10] != b"gisheat write-back"]
    rows["sqlite_sequence"] = [row for row in rows.get("sqlite_sequence", []) if row[0] != b"layer_styles"]
    definitions = {
        key: sql for key, sql in master.items()
        if key[1].decode() not in ours and not (key[0] == b"table" and key[1].decode() in {t for t, _ in written})
    }  # fmt: skip
    return definitions, rows


def _has_registry(connection):
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (REGISTRY,)).fetchone() is not None
