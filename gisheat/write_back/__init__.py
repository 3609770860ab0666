"""Results on the utility's own features: joined by feature or identifier, written as columns or as a view.

`solved` reads the result, `bases` the map, `joins` finds what belongs together, `part_rules` makes one value of several
parts, `writing` says what is to be written, `stores`, `geopackage_figures` and `database_figures` write it.
"""

from gisheat.write_back.bases import BaseLayer, base_sources, read_base
from gisheat.write_back.database_figures import DatabaseFigures, figures_in_schema
from gisheat.write_back.geopackage_figures import GeoPackageFigures, check_geopackage, figures_in_file
from gisheat.write_back.joins import Joined, join_layer, new_rows
from gisheat.write_back.solved import Solved, read_solved
from gisheat.write_back.stores import Store, Written
from gisheat.write_back.values import check_columns, chosen_columns, features_with_figures, values_of
from gisheat.write_back.writing import Job, Outcome, known_states, remove_written, write_job

__all__ = [
    "BaseLayer",
    "DatabaseFigures",
    "GeoPackageFigures",
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
    "figures_in_file",
    "figures_in_schema",
    "join_layer",
    "known_states",
    "new_rows",
    "read_base",
    "read_solved",
    "remove_written",
    "values_of",
    "write_job",
]
