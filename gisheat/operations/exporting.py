"""Results handed on in other forms."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Unpack

from gisheat.errors import InputError
from gisheat.exports import FORMS, Result, read_result
from gisheat.geopackage import check_output
from gisheat.operations.running import Report
from gisheat.option_sets import ExportOptions
from gisheat.places import place
from gisheat.quantities import ExportOutput, ResultFile
from gisheat.schema import Language
from gisheat.signature import checked, defaults
from gisheat.state import Progress, report
from gisheat.summary import Rows


def export(
    result: ResultFile, output: ExportOutput, *, progress: Progress | None = None, **options: Unpack[ExportOptions]
) -> Report:
    """Hand a result on: as a CAD drawing, GeoJSON, FlatGeobuf, Shapefile, CSV or workbook.

    A drawing has the layers of the map with their colours, stations as blocks with attributes, pipes with diameter and
    flow; read again it is the same network.
    """
    from gisheat.exports.tables import files_of

    started = time.perf_counter()
    chosen = {**defaults(export), **checked(export, options)}
    source, target = place(result), Path(output)
    suffix = target.suffix.lower()
    if suffix not in FORMS:
        raise InputError(f"output {target}: a name that ends in {', '.join(FORMS[:-1])} or {FORMS[-1]} is needed.")
    for file in files_of(target):
        check_output(file, [source] if isinstance(source, Path) else [])
        if file.exists() and not chosen["overwrite"]:
            raise InputError(f"output {file} exists; name another file, or say --overwrite.")
    report(progress, 0.1, "reading the result")
    found = read_result(source, chosen["layer"] or "", suffix)
    report(progress, 0.5, f"writing {target.name}")
    notes = _write(found, target, chosen["language"])
    if progress is not None:
        progress(1.0, "done")
    figures: Rows = {name: (len(table), "") for name, table in found.tables.items()}
    files = tuple(file for file in files_of(target) if file.exists())
    named = tuple(f"to be named with it: {text}" for text in found.attributions)
    seconds = time.perf_counter() - started
    return Report(figures, (), (*notes, *named), files, "", seconds, language=chosen["language"])


def _write(found: Result, target: Path, language: Language) -> list[str]:
    from gisheat.exports import drawing, tables

    match target.suffix.lower():
        case ".dxf":
            return drawing.write_drawing(found, target, language)
        case ".csv":
            return tables.write_csv(found, target, language)
        case ".xlsx":
            return tables.write_workbook(found, target, language)
        case _:
            return tables.write_layer(found, target)
