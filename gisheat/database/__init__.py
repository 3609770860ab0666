"""Schemas of a PostGIS database as places of inputs and results.

`sessions` connects and says in one sentence what is wrong, `catalogue` knows tables, columns and keys, `reading` makes
tables of layers, `writing` makes a schema of a result in one transaction, `styling` lets QGIS show it; `rows` reads and
changes rows as they are stored, `copies` copies a schema. SQLAlchemy and GeoAlchemy2 define tables, rows go by COPY. No
password is ever in a text that leaves this package.
"""

from gisheat.database.reading import column_names, layer_names, read_table, run_record
from gisheat.database.sessions import one_snapshot
from gisheat.database.writing import check_output, holds_anything, write_result, write_template

__all__ = [
    "check_output",
    "column_names",
    "holds_anything",
    "layer_names",
    "one_snapshot",
    "read_table",
    "run_record",
    "write_result",
    "write_template",
]
