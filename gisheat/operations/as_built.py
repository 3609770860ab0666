"""The map of what is built: two states compared."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Unpack

import shapely

import gisheat
from gisheat import tables
from gisheat.as_built.changes import COMPARED, find_changes, merged
from gisheat.as_built.effects import effects, station_effects
from gisheat.as_built.layers import change_figures, change_layers, doubtful
from gisheat.as_built_options import CompareOptions
from gisheat.crs import name_of
from gisheat.errors import GisheatError, InputError
from gisheat.findings import Finding, findings_about
from gisheat.geopackage import check_output, run_record, write_result
from gisheat.layers import Layers, file_hash, reprojected
from gisheat.operations.network import run
from gisheat.operations.running import TO_SOLUTION, Report, state_of
from gisheat.outputs import attribution_rows, inputs_of
from gisheat.places import Place, place, place_name
from gisheat.quantities import NewState, OldState, OutputFile
from gisheat.schema import GEOMETRY, ID_COLUMN, SCHEMA_VERSION
from gisheat.signature import checked, defaults
from gisheat.state import Progress, State, open_project, report
from gisheat.summary import Rows

NOT_COMPARABLE = (
    "geometry-missing", "geometry-infinite", "geometry-type", "zero-length", "line-gapped", "id-doubled",
)  # fmt: skip
"""Rules of findings that a comparison repeats: such features are compared by halves or not at all."""
UNSURE = 0.6
"""Confidence below which a match is a finding."""


def compare(
    old: OldState, new: NewState, output: OutputFile, *, progress: Progress | None = None,
    **options: Unpack[CompareOptions],
) -> Report:  # fmt: skip
    """Compare two states of a network: what was added, removed, moved, changed, cut, and what that does.

    Features are matched by identifier, and without one by place. Both states are solved where they can be; the effects
    stand side by side.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    chosen = {**defaults(compare), **checked(compare, options)}
    files, target = (place(old), place(new)), place(output)
    if isinstance(target, Path) and target.suffix.lower() != ".gpkg":
        raise InputError(f"output {target}: a name that ends in .gpkg is needed.")
    read = [file for path in files for file in inputs_of(path, open_project(path), {})]
    check_output(target, read, overwrite=chosen["overwrite"])
    report(progress, 0.02, f"reading and solving {files[0].name}")
    before, missing = _read(files[0], "OLD", chosen)
    report(progress, 0.35, f"reading and solving {files[1].name}")
    after, missing_too = _read(files[1], "NEW", chosen)
    report(progress, 0.7, "comparing")
    drawn, notes = _in_one_crs(before.raw, after.raw)
    changes = find_changes(drawn, after.raw, tolerance=chosen["match_tolerance_m"])
    unsure = [_unsure(row) for row in doubtful(changes, UNSURE).to_dict("records")]
    findings = (*_swapped(files), *missing, *missing_too, *_not_comparable(before, after), *unsure)
    written = change_layers(changes)
    figures: Rows = {"old": (files[0].name, ""), "new": (files[1].name, ""), **change_figures(changes)}
    if before.results is not None and after.results is not None:
        written["effects"] = effects(before, after)
        written["station_effects"] = station_effects(before, after)
        figures |= _effect_figures(written["effects"])
    written["findings"] = tables.findings_layer(findings, after.raw.crs)
    written["summary"] = tables.key_values(figures)
    record: Rows = {
        "gisheat version": (gisheat.__version__, ""), "schema version": (SCHEMA_VERSION, ""),
        "operation": ("compare", ""), "input old": (files[0].name, ""), "input new": (files[1].name, ""),
        **_hashes("old", files[0], before.raw), **_hashes("new", files[1], after.raw),
        "option match_tolerance_m": (chosen["match_tolerance_m"], ""),
        **{f"note {i}": (note, "") for i, note in enumerate(notes, 1)},
        "started": (started.isoformat(timespec="seconds"), ""), "duration": (time.perf_counter() - clock, "s"),
    }  # fmt: skip
    record |= attribution_rows((*before.raw.attributions(), *after.raw.attributions()))
    written["run"] = tables.key_values(record, "run")
    report(progress, 0.9, "writing the changes")
    write_result(target, written, title=f"{files[0].stem} - {files[1].stem}", language=chosen["language"])
    if progress is not None:
        progress(1.0, "done")
    seconds = time.perf_counter() - clock
    return Report(figures, findings, notes, (target,), "", seconds, language=chosen["language"])


def _read(path: Place, side: str, chosen: dict[str, object]) -> tuple[State, list[Finding]]:
    """A state, solved with the options of its project or record; as drawn, and a finding, where it has no solution."""
    given = {name: chosen[name] for name in ("crs", "to_crs", "encoding")}
    as_drawn = {**given, "catalogue": defaults(run)["catalogue"]}  # which is not looked at
    if not chosen["effects"]:
        return state_of(run, path, as_drawn, None, ()), []
    state = None
    try:
        state = solved = state_of(run, path, given, None, ())
        for step in TO_SOLUTION:
            solved = step(solved, None)
    except GisheatError as error:
        if state is None:  # the catalogue is gone, or there is no comparison either
            state = state_of(run, path, as_drawn, None, ())
        message = f"{side} has no solution, so the effects are unknown: {error}"
        return state, [Finding("effect-unknown", "warning", "", message)]
    return solved, []


def _hashes(side: str, path: Place, layers: Layers) -> Rows:
    """Hash of each file and table that a state was read from, for the run record."""
    files = [file for file in sorted({path, *layers.files()}, key=str) if isinstance(file, Path)]
    return {f"sha256 {side} {file.name}": (file_hash(file), "") for file in files} | {
        f"sha256 {side} {place_name(source)}": (rows, "") for source, rows in layers.hashes.items()
    }


def _in_one_crs(old: Layers, new: Layers) -> tuple[Layers, tuple[str, ...]]:
    """The older state in the CRS of the newer one."""
    if old.crs is None or new.crs is None or old.crs.equals(new.crs, ignore_axis_order=True):
        return old, ()
    moved = {
        name: reprojected(name, table, new.crs) if hasattr(table, "to_crs") else table
        for name, table in old.tables.items()
    }
    return replace(old, tables=moved, crs=new.crs), (f"old: reprojected from {name_of(old.crs)} to {name_of(new.crs)}",)


def _swapped(files: tuple[Place, Place]) -> Iterable[Finding]:
    """A finding where the run records say that OLD was made after NEW."""
    made = [str(run_record(path).get("started") or "") for path in files]
    if all(made) and made[0] > made[1]:
        message = f"OLD was made at {made[0]}, NEW before it, at {made[1]}: were they swapped?"
        yield Finding("states-swapped", "warning", "", message)


def _not_comparable(before: State, after: State) -> Iterable[Finding]:
    """What keeps features of either state from being compared: no usable geometry, gaps, an identifier twice."""
    for side, state in (("OLD", before), ("NEW", after)):
        for finding in (*state.findings, *_gapped(state.raw)):
            if finding.rule in NOT_COMPARABLE:
                yield replace(finding, message=f"{side}: {finding.message}")


def _gapped(layers: Layers) -> Iterable[Finding]:
    """Lines of several parts that do not meet."""
    for layer in COMPARED:
        if layer in layers and GEOMETRY[layer] == "line":
            table = layers[layer]
            gaps = shapely.get_num_geometries(merged(table.geometry.to_numpy())) > 1
            rows = table[gaps]
            ids = rows.get(ID_COLUMN[layer], rows.index)
            messages = [f"{layer.removesuffix('s')} {name} has parts that do not meet." for name in ids]
            yield from findings_about(rows, "line-gapped", "warning", layer, messages)


def _unsure(row: dict[Hashable, Any]) -> Finding:
    """A match that somebody should look at."""
    message = f"{row['feature_id']} ({row['action']}): old and new agree on {row['confidence']:.0%} of their way only."
    fid = row["new_fid"] if row["new_fid"] == row["new_fid"] else row["old_fid"]
    return Finding("match-doubtful", "warning", row["layer"], message, int(fid), point=_place(row["geometry"]))


def _place(geometry: Any) -> tuple[float, float] | None:
    point = geometry.representative_point()
    return None if point.is_empty else (float(point.x), float(point.y))


def _effect_figures(table: Any) -> Rows:
    """What the effects come to, in few lines."""
    rows: Rows = {}
    for row in table.itertuples():
        if row.old_value != row.new_value:
            rows[f"effect: {row.key}"] = (f"{row.old_value or '-'} -> {row.new_value or '-'}", row.unit)
    return rows
