"""The result whose figures are written back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from gisheat.errors import InputError
from gisheat.geopackage import is_result, run_record
from gisheat.layers import layer_names, read_table
from gisheat.places import Place
from gisheat.schema import SCHEMA_VERSION

RESULT_OF = {"streets": "pipes", "buildings": "stations"}
"""Result layer whose rows stand for features of another: trenches in streets, stations of buildings."""
WRITABLE = ("pipes", "nodes", "stations", "sources", "valves", "pumps", "streets", "buildings")
"""Layers that results can be written to."""
_SOLVED_BY = ("sup_flow_t_h", "ret_flow_t_h", "flow_kg_s")
"""Columns of pipes of which one has values in every solution."""


@dataclass(frozen=True)
class Solved:
    """A result: its layers with the feature id as index, the lineage, the run record."""

    path: Place
    tables: Mapping[str, pd.DataFrame]
    lineage: pd.DataFrame
    record: Mapping[str, str]

    def hash_of(self, layer: str) -> str:
        """SHA-256 of the file that an input layer was read from when the result was solved; empty when unknown."""
        file = self.record.get(f"input {layer}", "").partition("|")[0]
        return self.record.get(f"sha256 {file}", "") if file else ""


def read_solved(path: Place) -> Solved:
    """Read a result.

    Raises
    ------
    InputError
        If it is no result, of another schema version, or holds no solution.
    """
    names = layer_names(path)
    record = run_record(path)
    if not is_result(path):
        raise InputError(f"{path} is no result of gisheat: solve the base, and name what was written.")
    version = record.get("schema version", "")
    if version != str(SCHEMA_VERSION):
        raise InputError(f"{path} has schema version {version or '0'}, not {SCHEMA_VERSION}: solve the base again.")
    read = [name for name in WRITABLE if name in names and name not in ("streets", "buildings")]
    tables = {name: read_table(name, f"{path}|{name}") for name in read}
    pipes = tables.get("pipes", pd.DataFrame())
    if not any(name in pipes and pipes[name].notna().any() for name in _SOLVED_BY):
        made = record.get("operation", "")
        raise InputError(f"{path} holds no solution{f' (made by {made})' if made else ''}: solve the base first.")
    known = "lineage" in names
    lineage = read_table("lineage", f"{path}|lineage") if known else pd.DataFrame(columns=_LINEAGE)
    return Solved(path, tables, lineage, record)


_LINEAGE = ("source_layer", "source_fid", "result_layer", "result_id", "action")
