"""To and from EPANET files."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack

import gisheat
from gisheat import one_pipe, outputs, tables
from gisheat.epanet import read_inp
from gisheat.errors import InputError
from gisheat.geopackage import check_output, whole_or_nothing, write_result
from gisheat.layers import file_hash
from gisheat.operations.running import Report, resolve_options
from gisheat.option_sets import ImportOptions, WaterOptions
from gisheat.places import place
from gisheat.project import Project
from gisheat.quantities import InpFile, InpOutput, InputFile, OutputFile
from gisheat.schema import SCHEMA_VERSION
from gisheat.signature import checked, defaults
from gisheat.state import Progress, open_project, report
from gisheat.summary import Rows


def import_inp(
    inp: InpFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[ImportOptions]
) -> Report:
    """Make a one-pipe network of an EPANET file, in its state at t = 0.

    Needs EPANET's toolkit (pip install gisheat[epanet]); `solve` then computes as EPANET does.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    path, target = Path(inp), place(output)
    chosen = {**defaults(import_inp), **checked(import_inp, options)}
    outputs.check_outputs(path, Project(path.stem), chosen, target, None)
    report(progress, 0.1, "reading with EPANET")
    imported = read_inp(path)
    written, findings = one_pipe.imported_tables(imported, chosen["crs"])
    figures = one_pipe.imported_rows(imported)
    written["summary"] = tables.key_values(figures)
    record: Rows = {
        "gisheat version": (gisheat.__version__, ""), "schema version": (SCHEMA_VERSION, ""),
        "operation": ("import_inp", ""), "project": (path.stem, ""), "input inp": (path.name, ""),
        f"sha256 {path.name}": (file_hash(path), ""), **one_pipe.water_record(imported.options),
        "started": (started.isoformat(timespec="seconds"), ""), "duration": (time.perf_counter() - clock, "s"),
    }  # fmt: skip
    written["run"] = tables.key_values(record, "run")
    report(progress, 0.75, "writing the network")
    write_result(target, written, title=path.stem, language=chosen["language"])
    seconds, notes = time.perf_counter() - clock, one_pipe.import_notes(findings)
    return Report(figures, findings, notes, (target,), "", seconds, language=chosen["language"])


def export_inp(
    project: InputFile, output: InpOutput, *, progress: Progress | None = None, **options: Unpack[WaterOptions]
) -> Report:
    """Write a one-pipe network as an EPANET file, with all digits.

    So that EPANET can be asked about the same network.
    """
    clock = time.perf_counter()
    path, target = place(project), Path(output)
    opened = open_project(path)
    if not one_pipe.is_one_pipe(path, opened, {}):
        raise InputError(
            f"{path} holds no one-pipe network (nodes with fixed_head_m, pipes with from_node): EPANET has no other."
        )
    layers, opened = one_pipe.read(path, opened, {}, {})
    chosen = resolve_options(export_inp, opened, options)
    if target.suffix.lower() != ".inp":
        raise InputError(f"output {target}: a name that ends in .inp is needed.")
    check_output(target, [path, *layers.files()])
    if target.exists() and not chosen["overwrite"]:
        raise InputError(f"output {target} exists; name another file, or say --overwrite.")
    network = one_pipe.network_of(layers)
    report(progress, 0.5, "writing")
    with whole_or_nothing(target) as beside:
        notes = one_pipe.write(network, beside, chosen, one_pipe.places_of(layers), title=opened.name)
    counted: Rows = {name: (len(getattr(network, name)), "") for name in one_pipe.LAYERS}
    return Report(counted, layers.findings, notes, (target,), "", time.perf_counter() - clock)
