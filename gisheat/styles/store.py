"""The GeoPackage side: what the file holds, and the tables for styles and project. SQLite only."""

from __future__ import annotations

import io
import json
import math
import sqlite3
import zipfile
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from gisheat.sqlite_files import quoted
from gisheat.styles.definitions import MAP_LAYERS, STYLES, TABLES
from gisheat.styles.markup import document
from gisheat.styles.model import Facts, LayerInfo, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_OWNER = "gisheat"
_SHAPES: tuple[tuple[str, Shape], ...] = (("POINT", "Point"), ("LINE", "Line"), ("POLYGON", "Polygon"))
_STYLE_TABLE = """CREATE TABLE IF NOT EXISTS layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""
_REGISTER = """INSERT OR REPLACE INTO gpkg_contents (table_name, data_type, identifier, description, srs_id)
    VALUES ('layer_styles', 'attributes', 'layer_styles', '', 0)"""
_INSERT_STYLE = """INSERT INTO layer_styles (id, f_table_catalog, f_table_schema, f_table_name,
    f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, ui)
    VALUES (?,'','',?,?,?,?,'',?,?,?,NULL)"""
_FIND_CRS = """SELECT definition, organization, organization_coordsys_id FROM gpkg_spatial_ref_sys
    WHERE srs_id = ?"""
_PROJECT_TABLE = "CREATE TABLE IF NOT EXISTS qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)"
# The same project gives the same bytes: nothing in it says when it was made.
_MADE = (2000, 1, 1, 0, 0, 0)
_LONG_AGO = "2000-01-01T00:00:00.000Z"


class StyleRow(NamedTuple):
    """A row of `layer_styles`."""

    table: str
    geometry_column: str
    name: str
    qml: str
    description: str
    is_default: bool


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing GeoPackage; what happens inside is one transaction."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as connection, connection:
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def describe(connection: sqlite3.Connection) -> dict[str, LayerInfo]:
    """Describe the layers and tables of the file that have styles or a place in the project."""
    listed = connection.execute("SELECT table_name, min_x, min_y, max_x, max_y, srs_id FROM gpkg_contents")
    rows = {row[0]: row[1:] for row in listed}
    return {name: _describe_layer(connection, name, rows[name]) for name in (*MAP_LAYERS, *TABLES) if name in rows}


def _describe_layer(connection: sqlite3.Connection, name: str, row: tuple[float | None, ...]) -> LayerInfo:
    *box, srs_id = row
    found = connection.execute(
        "SELECT column_name, geometry_type_name FROM gpkg_geometry_columns WHERE table_name = ?", (name,)
    ).fetchone()
    geometry, kind = found or ("", "")
    columns = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    key = next((column[1] for column in columns if column[5]), "fid")
    wkt, authid = _crs(connection, srs_id) if geometry else ("", "")
    return LayerInfo(
        shape=next((shape for part, shape in _SHAPES if part in kind.upper()), "Table"),
        fields=tuple(column[1] for column in columns if column[1] not in (key, geometry)),
        geometry_column=geometry,
        key=key,
        extent=_extent(box),
        crs_wkt=wkt,
        crs_authid=authid,
    )


def _extent(box: Sequence[float | None]) -> tuple[float, float, float, float] | None:
    xmin, ymin, xmax, ymax = (math.nan if value is None else value for value in box)
    return None if math.isnan(xmin + ymin + xmax + ymax) else (xmin, ymin, xmax, ymax)


def _crs(connection: sqlite3.Connection, srs_id: float | None) -> tuple[str, str]:
    row = connection.execute(
        _FIND_CRS,
        (srs_id,),
    ).fetchone()
    if row is None:
        return "", ""
    definition, organization, code = row
    if definition == "undefined":  # the standard's plain coordinates without a CRS
        return "", ""
    known = str(organization).upper() not in ("NONE", "")
    return definition, f"{str(organization).upper()}:{code}" if known else ""


def gather(connection: sqlite3.Connection, layers: Mapping[str, LayerInfo]) -> Facts:
    """Read from the values what the styles adapt to."""
    shown = [s for s in STYLES if s.layer in layers and s.column in layers[s.layer].fields]
    numeric = [(s.layer, s.column) for s in shown if s.kind == "pretty" or s.column == "load_kw"]
    ranges = {place: _range(connection, *place) for place in numeric}
    return Facts(
        ranges={place: found for place, found in ranges.items() if found},
        values={(s.layer, s.column): _values(connection, s.layer, s.column) for s in shown if s.kind == "values"},
        filled={(s.layer, s.column): _share_with_values(connection, s.layer, s.column) for s in shown if s.column},
    )


def _range(connection: sqlite3.Connection, table: str, column: str) -> tuple[float, float] | None:
    name = quoted(column)
    numbers = f"{quoted(table)} WHERE typeof({name}) IN ('real','integer') AND abs({name}) < 1e15"
    query = f"SELECT min({name}), max({name}) FROM {numbers}"  # noqa: S608
    lowest, highest = connection.execute(query).fetchone()
    return None if lowest is None else (float(lowest), float(highest))


def _values(connection: sqlite3.Connection, table: str, column: str) -> tuple[str, ...]:
    name = quoted(column)
    query = f"SELECT DISTINCT {name} FROM {quoted(table)} WHERE {name} <> '' ORDER BY 1 LIMIT 30"  # noqa: S608
    return tuple(str(row[0]) for row in connection.execute(query))


def _share_with_values(connection: sqlite3.Connection, table: str, column: str) -> float:
    query = f"SELECT avg(coalesce({quoted(column)} <> '', 0)) FROM {quoted(table)}"  # noqa: S608
    return float(connection.execute(query).fetchone()[0] or 0)


def write_styles(connection: sqlite3.Connection, rows: Sequence[StyleRow]) -> None:
    """Write the rows in place of those written before; styles that others stored stay, but not as default."""
    connection.execute(_STYLE_TABLE)
    connection.execute(_REGISTER)
    connection.execute("DELETE FROM layer_styles WHERE owner = ?", (_OWNER,))
    for table in sorted({row.table for row in rows}):
        connection.execute("UPDATE layer_styles SET useAsDefault = 0 WHERE f_table_name = ?", (table,))
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM layer_styles").fetchone()
    for number, row in enumerate(rows, start=last + 1):
        shown = (row.table, row.geometry_column, row.name, row.qml, int(row.is_default), row.description)
        connection.execute(_INSERT_STYLE, (number, *shown, _OWNER))


def add_styles(
    connection: sqlite3.Connection, rows: Sequence[StyleRow], *, owner: str, tables: Sequence[str], listed: bool = True
) -> None:
    """Write rows beside the styles of others, in place of those that this owner has with the tables.

    They become default only where a table has no other style; without any style the table of styles goes again. Their
    time is that of no clock, and earlier than that of any style that somebody has stored.
    """
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'layer_styles'").fetchone()
    if not there and not rows:
        return
    if not there:
        connection.execute(_STYLE_TABLE)
    if not there and listed:
        connection.execute(_REGISTER)
    gone = 0
    for table in tables:
        query = "DELETE FROM layer_styles WHERE owner = ? AND f_table_name = ?"
        gone += connection.execute(query, (owner, table)).rowcount
    styled = {table for (table,) in connection.execute("SELECT DISTINCT f_table_name FROM layer_styles")}
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM layer_styles").fetchone()
    for number, row in enumerate(rows, start=last + 1):
        is_default = row.is_default and row.table not in styled
        shown = (row.table, row.geometry_column, row.name, row.qml, int(is_default), row.description)
        connection.execute(_INSERT_STYLE, (number, *shown, owner))
        connection.execute("UPDATE layer_styles SET update_time = ? WHERE id = ?", (_LONG_AGO, number))
    if gone and not connection.execute("SELECT 1 FROM layer_styles").fetchone():
        connection.execute("DROP TABLE layer_styles")
        connection.execute("DELETE FROM gpkg_contents WHERE table_name = 'layer_styles'")


def packed(name: str, qgs: str) -> tuple[str, bytes]:
    """Metadata of a project as JSON, and the project as the content of a .qgz file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.qgs", _MADE), qgs.encode(), zipfile.ZIP_DEFLATED, 9)
    moment = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*_MADE)
    return json.dumps({"last_modified_time": moment, "last_modified_user": _OWNER}), buffer.getvalue()


def write_project(connection: sqlite3.Connection, name: str, qgs: str) -> None:
    """Write the embedded project: the hexadecimal digits of a zip file."""
    metadata, content = packed(name, qgs)
    connection.execute(_PROJECT_TABLE)
    connection.execute("INSERT OR REPLACE INTO qgis_projects VALUES (?,?,?)", (name, metadata, content.hex()))


def relink_project(connection: sqlite3.Connection, name: str, file_name: str) -> None:
    """Put `file_name` into the data sources of the project of that name."""
    row = connection.execute("SELECT content FROM qgis_projects WHERE name = ?", (name,)).fetchone()
    if row is None:
        return
    content = bytes.fromhex(row[0] if isinstance(row[0], str) else row[0].decode())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = next(item for item in archive.namelist() if item.endswith(".qgs"))
        root = ET.fromstring(archive.read(member))  # noqa: S314 - no entities in it
    for element in root.iter("datasource"):
        element.text = _renamed(element.text or "", file_name)
    for element in root.iter("layer-tree-layer"):
        element.set("source", _renamed(element.get("source", ""), file_name))
    write_project(connection, name, document(root))


def _renamed(source: str, file_name: str) -> str:
    """Replace the file of a source next to the project, keep the layer."""
    _, separator, layer = source.partition("|layername=")
    return f"./{file_name}|layername={layer}" if separator and source.startswith("./") else source
