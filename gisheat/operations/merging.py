"""The as-built map kept up: changes merged into a base, and taken back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Unpack

import gisheat
from gisheat import styles, tables
from gisheat.as_built.bases import open_store, read_base, read_state
from gisheat.as_built.change_set import FEATURES, change_set_layers, is_change_set, read_change_set
from gisheat.as_built.database_base import DatabaseBase
from gisheat.as_built.edits import Plan, conflicts_of, plan_edits, run_id
from gisheat.as_built.geopackage_base import GeoPackageBase, check_writable, copied_to
from gisheat.as_built.history import Edit, Run, edits_back, state_after, to_undo
from gisheat.as_built.proposing import Base, Proposal, Rules, propose
from gisheat.as_built.stores import Store
from gisheat.as_built_options import MergeOptions, UndoOptions
from gisheat.as_built_quantities import BaseState, ChangesInput
from gisheat.database import one_snapshot
from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.geopackage import check_output, is_result, run_record, same_place, whole_or_nothing, write_result
from gisheat.layers import Layers, file_hash
from gisheat.operations.running import Report
from gisheat.outputs import inputs_of
from gisheat.places import Database, Place, file_of, place
from gisheat.quantities import OutputFile
from gisheat.schema import ID_COLUMN, SCHEMA_VERSION
from gisheat.signature import checked, defaults
from gisheat.state import Progress, open_project, report
from gisheat.summary import Rows

SHOWN = 20
"""Findings that the command line shows; a base has no layer for them."""


def merge(
    base: BaseState, changes: ChangesInput, output: OutputFile | None = None, *, progress: Progress | None = None,
    **options: Unpack[MergeOptions],
) -> Report:  # fmt: skip
    """Merge a survey, a design or an approved change set into a base map.

    Identifiers and feature ids stay, what did not move keeps its vertices, what base and changes contradict each other
    in is left out and told. A history in the base tells every row before and after; undo takes a merge back.
    """
    clock = time.perf_counter()
    chosen = {**defaults(merge), **checked(merge, options)}
    where, source = place(base), place(changes)
    target = None if output is None else place(output)
    ancestor = place(chosen["ancestor"]) if chosen["ancestor"] else None
    _check_ways(chosen, target)
    _check_same(where, source)
    read = [file for one in (where, source, ancestor) if one is not None
            for file in inputs_of(one, open_project(one), {})]  # fmt: skip
    with one_snapshot():
        report(progress, 0.02, "reading the base")
        stands = read_base(where, chosen["crs"])
        _check_target(stands.store, target, read, chosen)
        number = max(stands.store.runs(), default=0)
        proposal = _proposed(stands, source, ancestor, chosen, progress)
        findings = [*_about(where, source), *proposal.findings]
        plan = None if chosen["dry_run"] else plan_edits(proposal.changes, stands.store, stands.own)
    figures: Rows = {"base": (where.name, ""), "changes": (source.name, "")}
    if plan is None:
        assert target is not None
        findings += conflicts_of(proposal.changes)
        figures |= _proposal_figures(proposal)
        report(progress, 0.9, "writing the change set")
        _write_changes(target, proposal, findings, figures, _record("merge --dry-run", stands, source, chosen), chosen)
        return _report(figures, findings, stands.layers.notes, (target,), clock, progress, chosen)
    report(progress, 0.8, "merging")
    findings += [*conflicts_of(proposal.changes), *plan.findings]
    run = Run(number + 1, "merge", source.name, _id(stands.store, source, plan.edits), _now(), number + 1)
    files, more = _write(stands.store, plan.edits, run, target)
    if plan.edits:
        findings += _stale(stands.store, plan.edits)
    figures |= _plan_figures(plan, proposal) | ({"run": (run.number, "")} if plan.edits else {})
    notes = (*stands.layers.notes, *more)
    if not plan.edits:
        notes = (*notes, "nothing to do: the base has it all already")
    return _report(figures, findings, notes, files, clock, progress, chosen)


def undo(
    base: BaseState, output: OutputFile | None = None, *, progress: Progress | None = None,
    **options: Unpack[UndoOptions],
) -> Report:  # fmt: skip
    """Take back the last merge of a base map, or bring back any earlier state of its history.

    What was edited by hand since then stays: where it is in the way, nothing is taken back.
    """
    clock = time.perf_counter()
    chosen = {**defaults(undo), **checked(undo, options)}
    where = place(base)
    target = None if output is None else place(output)
    _check_ways({**chosen, "dry_run": False}, target)
    report(progress, 0.05, "reading the history")
    with one_snapshot():
        store = open_store(where)
        _check_target(store, target, inputs_of(where, open_project(where), {}), chosen)
        runs = store.runs()
        to = to_undo(runs) if chosen["to"] is None else chosen["to"]
        edits = edits_back(store.entries(), to)
    last = max(runs)
    report(progress, 0.5, "taking back")
    run = Run(last + 1, "undo", f"to {to}", _id(store, where, edits), _now(), state_after(to, runs))
    files, notes = _write(store, edits, run, target)
    layers = {table.name for table in store.tables.values()}
    rows = sum(edit.action in ("insert", "update", "delete") and edit.table in layers for edit in edits)
    figures: Rows = {
        "base": (where.name, ""), "state": (to, ""), "rows": (rows, ""), "run": (run.number, ""),
    }  # fmt: skip
    findings = _stale(store, edits)
    return _report(figures, findings, notes, files, clock, progress, chosen)


# what is asked for -----------------------------------------------------------------------------------------


def _check_ways(chosen: Mapping[str, Any], target: Place | None) -> None:
    """Refuse what leaves open where to write."""
    if chosen["dry_run"] and chosen["in_place"]:
        raise InputError("--dry-run changes nothing, so --in-place does not go with it: leave one of them out.")
    if chosen["in_place"] and target is not None:
        raise InputError(f"--in-place writes into the base, so the output {target} would stay empty: leave one out.")
    if not chosen["in_place"] and target is None:
        what = "the change set" if chosen["dry_run"] else "a copy of the base"
        raise InputError(f"no output is named: give {what} a name with --output, or say --in-place.")


def _check_same(where: Place, source: Place) -> None:
    if same_place(where, source):
        raise InputError(f"CHANGES is the base itself ({where}): name the survey, the design or the change set.")


def _check_target(store: Store, target: Place | None, read: list[Place], chosen: Mapping[str, Any]) -> None:
    if target is None:
        if isinstance(store, GeoPackageBase):
            check_writable(store.file)
        return
    if isinstance(store, DatabaseBase) and not chosen.get("dry_run") and not isinstance(target, Database):
        raise InputError(f"output {target}: a copy of {store.place} is another schema of its database: name one.")
    if not isinstance(target, Database) or (isinstance(store, GeoPackageBase) and not chosen.get("dry_run")):
        file = file_of(target, "output")
        if file.suffix.lower() != ".gpkg":
            raise InputError(f"output {target}: a name that ends in .gpkg is needed.")
    check_output(target, [*read, store.place], overwrite=chosen["overwrite"])


# reading ---------------------------------------------------------------------------------------------------


def _proposed(
    base: Base, source: Place, ancestor: Place | None, chosen: Mapping[str, Any], progress: Progress | None
) -> Proposal:
    report(progress, 0.3, "reading the changes")
    if is_change_set(source):
        if ancestor is not None:
            raise InputError("a change set knows what it was made from: leave --ancestor out.")
        changes = read_change_set(source)
        if changes.features.crs is not None and base.layers.crs is not None and not changes.features.crs.equals(
            base.layers.crs, ignore_axis_order=True
        ):  # fmt: skip
            raise InputError(f"{source} lies in another CRS than the base: was it made of another one?")
        return Proposal(changes, (), 0, 0)
    new = read_state(source, chosen["crs"], chosen["encoding"], base.layers.crs)
    before = None if ancestor is None else read_state(ancestor, chosen["crs"], chosen["encoding"], base.layers.crs)
    rules = Rules(chosen["match_tolerance_m"], chosen["missing"], chosen["empty_values"], chosen["new_columns"])
    report(progress, 0.5, "comparing")
    found = propose(base, new, before, rules)
    doubled = [f for side, layers in (("BASE", base.layers), ("CHANGES", new)) for f in _doubled(side, layers)]
    return replace(found, findings=(*doubled, *found.findings))


def _doubled(side: str, layers: Layers) -> Iterable[Finding]:
    """A finding for each layer in which identifiers occur twice: such features are matched by place."""
    for layer, table in layers.tables.items():
        if layer in ID_COLUMN and ID_COLUMN[layer] in table:
            ids = table[ID_COLUMN[layer]].dropna().map(str)
            twice = ids[(ids != "") & ids.duplicated(keep=False)]
            if len(twice):
                message = (
                    f"{side}: {twice.nunique()} identifiers of {layer} occur more than once, such as {twice.iloc[0]};"
                    " these features are matched by place."
                )
                yield Finding("id-doubled", "error", layer, message, int(twice.index[0]))


def _about(where: Place, source: Place) -> list[Finding]:
    """A finding where the run records say that CHANGES is older than the base."""
    made = [str(run_record(one).get("started") or "") for one in (where, source)]
    if all(made) and made[0] > made[1] and not is_change_set(source):
        message = f"The base was made at {made[0]}, CHANGES before it, at {made[1]}: were they swapped?"
        return [Finding("states-swapped", "warning", "", message)]
    return []


def _stale(store: Store, edits: list[Edit]) -> list[Finding]:
    """A finding where the base has figures of a result, which are those of what it was."""
    if is_result(store.place):
        message = (
            f"{store.place.name} is a result: its flows, heads and tables are those of the network before; solve it"
            " again."
        )
        return [Finding("solution-stale", "warning", "", message)]
    changed = {edit.table for edit in edits}
    layers = [layer for layer, table in store.tables.items() if table.figures and table.name in changed]
    if not layers:
        return []
    message = (
        f"The figures that were written back to {', '.join(layers)} are those of the network before: solve it again,"
        " and write them back."
    )
    return [Finding("solution-stale", "warning", layers[0], message)]


# writing ---------------------------------------------------------------------------------------------------


def _write(
    store: Store, edits: list[Edit], run: Run, target: Place | None
) -> tuple[tuple[Place, ...], tuple[str, ...]]:  # fmt: skip
    """Make the edits in the base, or in a copy that appears whole or not at all; where, and what to tell."""
    if target is None:
        if edits:
            store.apply(edits, run)
        return (store.place,), ()
    if isinstance(store, DatabaseBase):
        assert isinstance(target, Database)
        left = store.apply_to_copy(target, edits, run)
        return (target,), (f"not copied, for they are no tables: {', '.join(left)}",) if left else ()
    assert isinstance(store, GeoPackageBase)
    file = file_of(target, "output")
    with whole_or_nothing(file) as beside:
        copied = copied_to(store, beside, file)
        if edits:
            copied.apply(edits, run)
        if is_result(beside):
            styles.relink(beside, file.name)
    return (target,), ()


def _write_changes(
    target: Place, proposal: Proposal, findings: list[Finding], figures: Rows, record: Rows, chosen: Mapping[str, Any]
) -> None:
    written = change_set_layers(proposal.changes)
    written["findings"] = tables.findings_layer(findings, proposal.changes.features.crs)
    written["summary"] = tables.key_values(figures)
    written["run"] = tables.key_values(record, "run")
    write_result(target, written, title=target.stem, language=chosen["language"], plain=(*FEATURES,))


def _record(operation: str, base: Base, source: Place, chosen: Mapping[str, Any]) -> Rows:
    files = [file for file in (base.store.place, source) if isinstance(file, Path)]
    told = ("match_tolerance_m", "missing", "empty_values", "new_columns")
    return {
        "gisheat version": (gisheat.__version__, ""), "schema version": (SCHEMA_VERSION, ""),
        "operation": (operation, ""), "input base": (base.store.place.name, ""), "input changes": (source.name, ""),
        **{f"sha256 {file.name}": (file_hash(file), "") for file in files},
        **{f"option {name}": (chosen[name], "") for name in told},
        "started": (_now(), ""),
    }  # fmt: skip


def _id(store: Store, source: Place, edits: list[Edit]) -> str:
    """Hash of a run: the version, what was merged, and every row before and after."""
    made_of = file_hash(source) if isinstance(source, Path) else str(source)
    return run_id(gisheat.__version__, store.place.name, made_of, edits)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


# what is told ----------------------------------------------------------------------------------------------


def _proposal_figures(proposal: Proposal) -> Rows:
    features = proposal.changes.features
    rows: Rows = _counted(features)
    rows["approved"] = (int(features["approved"].sum()), "")
    rows["left"] = (int((~features["approved"].to_numpy(bool) & (features["conflict"] == "")).sum()), "")
    rows["conflicts"] = (len(conflicts_of(proposal.changes)), "")
    rows["already there"] = (proposal.already, "")
    rows["unchanged"] = (proposal.unchanged, "")
    return rows


def _plan_figures(plan: Plan, proposal: Proposal) -> Rows:
    features = proposal.changes.features
    conflicts = {*plan.conflicts, *features.loc[features["conflict"] != "", "change_id"]} - set(plan.applied)
    rows = _counted(features[features["change_id"].isin(plan.applied)])
    rows["applied"] = (len(plan.applied), "")
    rows["left"] = (len(set(plan.left) - conflicts), "")
    rows["conflicts"] = (sum(f.severity == "error" for f in [*conflicts_of(proposal.changes), *plan.findings]), "")
    rows["already there"] = (len(plan.already) + proposal.already, "")
    if proposal.unchanged:
        rows["unchanged"] = (proposal.unchanged, "")
    return rows


def _counted(features: Any) -> Rows:
    counted = features.groupby(["layer", "action"], sort=True).size()
    return {f"{layer} {action}": (int(count), "") for (layer, action), count in counted.items()}


def _report(
    figures: Rows, findings: list[Finding], notes: tuple[str, ...], files: tuple[Place, ...], clock: float,
    progress: Progress | None, chosen: Mapping[str, Any],
) -> Report:  # fmt: skip
    if progress is not None:
        progress(1.0, "done")  # too late to cancel
    if not chosen.get("dry_run") and sum(f.severity != "info" for f in findings) > SHOWN:
        notes = (*notes, "of so many findings, a dry run writes all as a layer, and --json prints them")
    seconds = time.perf_counter() - clock
    return Report(figures, tuple(findings), notes, files, "", seconds, language=chosen["language"])
