"""Opening a base: its layers as they are read, and the rows behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pyproj import CRS

from gisheat.as_built.changes import COMPARED
from gisheat.as_built.database_base import open_database
from gisheat.as_built.geopackage_base import open_geopackage
from gisheat.as_built.proposing import Base
from gisheat.as_built.stores import Store, StoredTable
from gisheat.errors import InputError
from gisheat.geopackage import is_result
from gisheat.layers import Layers, find_sources, layer_names, read_layers
from gisheat.layers.mapping import own_columns
from gisheat.places import Database, Place, split_source
from gisheat.schema import columns
from gisheat.state import open_project

LINEAGE = ("source_layer", "source_fid", "repaired", "load_source")
"""Columns of a result that say how its rows were made."""


def read_state(where: Place, crs: str | None, encoding: str | None = None, into: CRS | None = None) -> Layers:
    """The layers of a project file, or of a file or schema, as they are drawn; brought into a CRS where one is said."""
    project = open_project(where)
    sources = find_sources(where, None if project.path is None else project, {})
    to_crs = None if into is None else into.to_wkt()
    return read_layers(sources, project.columns, crs, to_crs=to_crs, encoding=encoding)


def read_base(where: Place, crs: str | None) -> Base:
    """A base with all its layers.

    Raises
    ------
    InputError
        If its layers do not lie in one GeoPackage or database.
    """
    layers = read_state(where, crs)
    store = open_store(where, layers.sources)
    mapping = open_project(where).columns
    own = {
        layer: own_columns(layer, [*table.kinds], mapping.get(layer, {})) for layer, table in store.tables.items()
    }  # fmt: skip
    return Base(layers, store, own)


def open_store(where: Place, sources: Mapping[str, str] | None = None) -> Store:
    """The rows behind the layers of a base, which all lie in one place.

    Parameters
    ----------
    where : Place
        A project file, or the place itself.
    sources : mapping, optional
        Contract layer -> FILE|layername; as the project file or the place has them without.
    """
    if sources is None:
        project = open_project(where)
        sources = find_sources(where, None if project.path is None else project, {})
    tables: dict[str, str] = {}
    places: dict[Place, str] = {}
    for layer, source in sources.items():
        if layer in COMPARED:
            place, name = split_source(source)
            places.setdefault(place, layer)
            tables[layer] = name or layer_names(place)[0]
    if len(places) != 1:
        listed = ", ".join(f"{layer} in {place.name}" for place, layer in places.items()) or "none of them is there"
        raise InputError(
            f"{where}: the layers of a base lie in one GeoPackage, or one schema of a database ({listed}): bring them"
            " into one."
        )
    (place,) = places
    store = open_database(place, tables) if isinstance(place, Database) else open_geopackage(place, tables)
    if not is_result(place):
        return store
    return replace(store, tables={layer: _with_figures(table) for layer, table in store.tables.items()})


def _with_figures(table: StoredTable) -> StoredTable:
    """A layer of a result: what only a result has in it are figures, but for where its rows came from."""
    known = columns(table.layer)
    found = [n for n in table.kinds if n in known and not known[n].is_input and n not in LINEAGE]
    return replace(table, figures={**table.figures, table.name: tuple(found)}) if found else table
