"""Results on the utility's own features: joined by feature or identifier, written as columns or as a view.

`solved` reads the result, `bases` the map, `joins` finds what belongs together, `part_rules` makes one value of several
parts, `writing` says what is to be written, `stores`, `geopackage_store` and `database_store` write it.
"""

from gisheat.write_back.bases import BaseLayer, base_sources, read_base
from gisheat.write_back.database_store import DatabaseStore
from gisheat.write_back.geopackage_store import GeoPackageStore, check_geopackage, is_geopackage
from gisheat.write_back.joins import Joined, join_layer, new_rows
from gisheat.write_back.solved import Solved, read_solved
from gisheat.write_back.stores import Store, Written
from gisheat.write_back.values import check_columns, chosen_columns, features_with_figures, values_of
from gisheat.write_back.writing import Job, Outcome, known_states, remove_written, write_job

__all__ = [
    "BaseLayer",
    "DatabaseStore",
    "GeoPackageStore",
    "Job",
    "Joined",
    "Outcome",
    "Solved",
    "Store",
    "Written",
    "base_sources",
    "check_columns",
    "check_geopackage",
    "chosen_columns",
    "features_with_figures",
    "is_geopackage",
    "join_layer",
    "known_states",
    "new_rows",
    "read_base",
    "read_solved",
    "remove_written",
    "values_of",
    "write_job",
]
