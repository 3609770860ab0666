"""The utility's own layers, as they are to be joined with a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisheat.errors import InputError
from gisheat.layers import find_sources, layer_names, own_columns
from gisheat.layers.files import BESIDE
from gisheat.places import Database, Place, split_source
from gisheat.project import Project, did_you_mean
from gisheat.schema import CHOICE_ALIASES, ID_COLUMN, INPUT_LAYERS, LAYER_LABEL
from gisheat.write_back.solved import WRITABLE
from gisheat.write_back.stores import Store

Text = NDArray[np.object_]


@dataclass(frozen=True)
class BaseLayer:
    """A layer of the base: feature ids of its source, and keys of the rows in its store.

    `ids` are identifiers as gisheat makes them when it reads the layer; `made` tells those that come from the feature
    id, because there is none, or it occurs twice. `side` is the pipe that a line stands for: supply, return, or pair.
    """

    layer: str
    store: Store
    table: str
    fids: NDArray[np.int64]
    keys: Sequence[int]
    ids: Text
    made: NDArray[np.bool_]
    side: Text

    def __len__(self) -> int:
        return len(self.fids)

    def lines(self, rows: NDArray[np.int64]) -> gpd.GeoSeries:
        """Geometry of some features."""
        return self.store.lines(self.store.describe(self.table), np.asarray(self.keys, np.int64)[rows])


def base_sources(
    path: Place, project: Project, wanted: Sequence[str] = (), table: str = ""
) -> dict[str, tuple[Place, str]]:
    """File and layer name of the layers of the base that results can be written to, in the order of the contract.

    Parameters
    ----------
    path : Place
        Project file, file of layers, or FILE|layername.
    project : Project
        What the project file says.
    wanted : sequence of str
        Layers of the contract; all when empty. Of a single layer it says which it is.
    table : str
        The only table that is meant, of a schema; of a file `path` says it.

    Raises
    ------
    InputError
        If a layer is not there, or can't take results.
    """
    for name in wanted:
        if name not in WRITABLE:
            raise InputError(f"layers: {name!r} takes no results{did_you_mean(name, WRITABLE)}.")
    sources = _sources(path, project, wanted, table)
    missing = [name for name in wanted if name not in sources]
    if missing:
        raise InputError(f"layers: {path} has no layer {missing[0]} (it has {', '.join(sources) or 'none'}).")
    chosen = [name for name in WRITABLE if name in sources and (not wanted or name in wanted)]
    if not chosen:
        raise InputError(f"{path} has no layer that results can be written to ({', '.join(WRITABLE)}).")
    found = {}
    for layer in chosen:
        file, name = split_source(sources[layer])
        names = [] if name else [n for n in layer_names(file) if n not in BESIDE]
        if len(names) > 1:
            raise InputError(
                f"layer {layer}: {file} holds {', '.join(map(repr, names))}: say which, as FILE|layername."
            )
        found[layer] = file, name or names[0]
    return found


def _sources(path: Place, project: Project, wanted: Sequence[str], table: str) -> dict[str, str]:
    """Layer of the contract -> FILE|layername."""
    if project.path is not None:
        return {name: source for name, source in project.layers.items() if name in INPUT_LAYERS}
    file, name = (path, table) if isinstance(path, Database) else split_source(str(path))
    names = [n for n in layer_names(file) if n not in BESIDE]
    if not name and len(wanted) == 1 and len(names) == 1:
        return {wanted[0]: f"{file}|{names[0]}"}
    if not name:
        return find_sources(file, None, {})
    called = {n.lower(): n for n in INPUT_LAYERS} | {label: n for n, label in LAYER_LABEL["zh"].items()}
    layer = wanted[0] if len(wanted) == 1 else called.get(name.lower(), "")
    if not layer:
        raise InputError(f"{path}: which layer of the contract it is can't be told: say it, as in --layers pipes.")
    return {layer: f"{file}|{name}"}


def read_base(
    layer: str, store: Store, table: str, mapping: Mapping[str, str], fids: NDArray[np.int64] | None = None
) -> BaseLayer:
    """Read what joins a layer of the base with a result.

    Parameters
    ----------
    layer, table : str
        Layer of the contract, and its table in the store.
    store : Store
        Where it is.
    mapping : mapping
        What the project says of its columns.
    fids : int array, optional
        Feature ids in the source, where the store is a copy with keys of its own.
    """
    described = store.describe(table)
    own = own_columns(layer, list(described.columns), mapping)
    named, side = (own[n].name if n in own else None for n in (ID_COLUMN[layer], "line" if layer == "pipes" else ""))
    rows = store.values(described, [name for name in (named, side) if name is not None])
    keys = [row[0] for row in rows]
    numbers = np.array(keys, np.int64) if fids is None else fids
    ids, made = _identifiers([row[1] for row in rows] if named is not None else [None] * len(rows), numbers)
    sides = [_side(row[-1]) for row in rows] if side is not None else ["pair"] * len(rows)
    return BaseLayer(layer, store, table, numbers, keys, ids, made, np.array(sides, object))


def _identifiers(values: Sequence[object], fids: NDArray[np.int64]) -> tuple[Text, NDArray[np.bool_]]:
    """Identifiers as `checks` makes them: the feature id where there is none, added where it occurs twice."""
    ids, numbers = np.array([_text(value) for value in values], object), fids.astype(str).astype(object)
    missing = ids == ""
    again = pd.Series(ids).duplicated().to_numpy() & ~missing
    return np.where(missing, numbers, np.where(again, ids + "-" + numbers, ids)), missing | again


def _text(value: object) -> str:
    """Text of a value, empty for none; whole numbers without a decimal point, because ids are often stored so."""
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _side(value: object) -> str:
    text = _text(value).lower()
    word = CHOICE_ALIASES.get(text, text)
    return word if word in ("supply", "return") else "pair"
