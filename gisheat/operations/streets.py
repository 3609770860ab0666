"""Streets of OpenStreetMap as the layer streets."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack

import gisheat
from gisheat import tables
from gisheat.crs import name_of, parse_crs
from gisheat.errors import InputError
from gisheat.geopackage import check_output, write_result
from gisheat.layers import AUTO, file_hash
from gisheat.operations.running import Report
from gisheat.option_sets import ImportOsmOptions
from gisheat.osm import ALL, ATTRIBUTION, CLASSES, area_of, read_streets
from gisheat.outputs import attribution_rows
from gisheat.places import place, split_source
from gisheat.quantities import ExtractFile, OutputFile
from gisheat.schema import SCHEMA_VERSION
from gisheat.signature import checked, defaults
from gisheat.state import Progress, report
from gisheat.summary import Rows

USUAL = "usual"


def import_osm(
    extract: ExtractFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[ImportOsmOptions]
) -> Report:
    """Make the layer streets of an OpenStreetMap extract.

    Takes a downloaded .pbf or .osm file, or a layer of roads that others have made of one. The streets carry the
    attribution that the licence asks for; it stays with every result that is made of them.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    chosen = {**defaults(import_osm), **checked(import_osm, options)}
    source, target = str(extract), place(output)
    read = [split_source(source)[0], *([split_source(chosen["area"])[0]] if chosen["area"] else [])]
    if isinstance(target, Path) and target.suffix.lower() != ".gpkg":
        raise InputError(f"output {target}: a name that ends in .gpkg is needed.")
    check_output(target, [Path(str(file)) for file in read], overwrite=chosen["overwrite"])
    area = area_of(chosen["area"]) if chosen["area"] else None
    to_crs = None if chosen["to_crs"] in (None, AUTO) else parse_crs(chosen["to_crs"])
    report(progress, 0.1, "reading the extract")
    streets = read_streets(source, classes=_classes(chosen["classes"]), area=area, to_crs=to_crs)
    table, file = streets.table, Path(str(read[0]))
    kilometres = table.geometry.length.groupby(table["class"]).sum() / 1e3
    figures: Rows = {
        "streets": (len(table), ""), "length": (float(kilometres.sum()), "km"), "crs": (name_of(table.crs), ""),
        **{f"length: {name}": (float(value), "km") for name, value in kilometres.sort_values(ascending=False).items()},
        "attribution": (ATTRIBUTION, ""),
    }  # fmt: skip
    record: Rows = {
        "gisheat version": (gisheat.__version__, ""), "schema version": (SCHEMA_VERSION, ""),
        "operation": ("import_osm", ""), "crs": (table.crs.to_string(), ""), "input extract": (file.name, ""),
        f"sha256 {file.name}": (file_hash(file), ""), "classes": (chosen["classes"], ""),
        "area": (chosen["area"] or "", ""), **{f"note {i}": (n, "") for i, n in enumerate(streets.notes, 1)},
        **attribution_rows([ATTRIBUTION]),
        "started": (started.isoformat(timespec="seconds"), ""), "duration": (time.perf_counter() - clock, "s"),
    }  # fmt: skip
    report(progress, 0.7, "writing the streets")
    written = {"streets": table, "summary": tables.key_values(figures), "run": tables.key_values(record, "run")}
    write_result(target, written, title=target.stem, language=chosen["language"])
    if progress is not None:
        progress(1.0, "done")
    seconds = time.perf_counter() - clock
    return Report(figures, (), streets.notes, (target,), "", seconds, language=chosen["language"])


def _classes(text: str) -> tuple[str, ...]:
    """Classes that a text names, separated by commas or semicolons; `usual` among them stands for those."""
    named = [part.strip().lower() for part in text.replace(";", ",").split(",") if part.strip()]
    if not named:
        raise InputError("classes names no class: write them as in primary,secondary,residential, or all, or usual.")
    if ALL in named:
        return (ALL,)
    several = [name for part in named for name in (CLASSES if part == USUAL else (part,))]
    return tuple(dict.fromkeys(several))
