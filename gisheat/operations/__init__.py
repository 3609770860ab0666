"""One typed function for each verb: files in, files out. Python, the command line and QGIS call these.

Every operation returns a `Report`. Options are keyword arguments; what is not given comes from the project
file, and what that does not say has the default in `gisheat.quantities`.
"""

from __future__ import annotations

from collections.abc import Callable

from gisheat.operations.as_built import compare
from gisheat.operations.desk import cost, draw, duration, equip, profile, regulate, report, table
from gisheat.operations.exporting import export
from gisheat.operations.inp import export_inp, import_inp
from gisheat.operations.merging import merge, undo
from gisheat.operations.network import (
    balance,
    check,
    explain,
    loads,
    new,
    route,
    run,
    size,
    solve,
    sweep,
    template,
    topology,
)
from gisheat.operations.printed import check_table
from gisheat.operations.running import Report
from gisheat.operations.streets import import_osm
from gisheat.operations.writing_back import write_back

OPERATIONS: tuple[Callable[..., Report], ...] = (
    new,
    template,
    run,
    check,
    topology,
    route,
    loads,
    size,
    solve,
    sweep,
    balance,
    explain,
    profile,
    table,
    check_table,
    regulate,
    equip,
    draw,
    cost,
    duration,
    report,
    compare,
    merge,
    undo,
    write_back,
    export,
    import_inp,
    export_inp,
    import_osm,
)
"""All of them, in the order of the work."""

__all__ = [
    "OPERATIONS",
    "Report",
    "balance",
    "check",
    "check_table",
    "compare",
    "cost",
    "draw",
    "duration",
    "equip",
    "explain",
    "export",
    "export_inp",
    "import_inp",
    "import_osm",
    "loads",
    "merge",
    "new",
    "profile",
    "regulate",
    "report",
    "route",
    "run",
    "size",
    "solve",
    "sweep",
    "table",
    "template",
    "topology",
    "undo",
    "write_back",
]
