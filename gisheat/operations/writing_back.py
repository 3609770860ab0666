"""Results on the utility's own features."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from gisheat.as_built_options import WriteBackOptions
from gisheat.as_built_quantities import OwnMap, SolvedResult
from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.geopackage import check_output, same_place, whole_or_nothing, write_layer
from gisheat.geopackage_transaction import copy_geopackage, is_geopackage
from gisheat.layers import file_hash, read_table
from gisheat.operations.running import Report
from gisheat.outputs import inputs_of
from gisheat.places import Database, Place, place, split_table
from gisheat.project import Project
from gisheat.quantities import OutputFile
from gisheat.signature import checked, defaults
from gisheat.state import Progress, open_project, report
from gisheat.summary import Rows
from gisheat.write_back import (
    BaseLayer,
    DatabaseFigures,
    GeoPackageFigures,
    Job,
    Joined,
    Outcome,
    Solved,
    base_sources,
    check_columns,
    check_geopackage,
    chosen_columns,
    features_with_figures,
    figures_in_file,
    figures_in_schema,
    join_layer,
    known_states,
    new_rows,
    read_base,
    read_solved,
    remove_written,
    values_of,
    write_job,
)
from gisheat.write_back.solved import RESULT_OF

LEAST_IN_COMMON = 0.1
"""Share of the features of a changed base with rows in the result, below which it is taken for another network."""
MOST_NAMED = 5
"""Features that a sentence names."""

Places = Mapping[str, tuple[Place, str]]
"""File and name of each layer."""
Figures = GeoPackageFigures | DatabaseFigures


def write_back(
    base: OwnMap, result: SolvedResult | None = None, output: OutputFile | None = None, *,
    progress: Progress | None = None, **options: Unpack[WriteBackOptions],
) -> Report:  # fmt: skip
    """Write the figures of a result to the features of the utility's own layers.

    Into a copy of the base, or with in_place into the base itself; as columns, or as a table and a view. Nothing else
    of it changes, and what was written can be replaced and taken away again.
    """
    clock = time.perf_counter()
    chosen = {**defaults(write_back), **checked(write_back, options)}
    path, table = place(base), ""
    if isinstance(path, Database):
        path, table = split_table(path)
    project = open_project(path)
    places = base_sources(path, project, _listed(chosen["layers"]), table)
    check_columns(_listed(chosen["columns"]), list(places))
    target = _target(path, project, places, None if output is None else place(output), chosen, result)
    report(progress, 0.05, "reading the result")
    solved = None if chosen["remove"] else read_solved(_given(result), _listed(chosen["columns"]))
    with _stores(places, target) as stores:
        work = (
            _removed(stores, places) if solved is None
            else _written(solved, stores, places, project, chosen, progress)
        )  # fmt: skip
        report(progress, 0.9, "storing what was written")
    if progress is not None:
        progress(1.0, "done")  # too late to cancel
    files = (target,) if target is not None else tuple(dict.fromkeys(file for file, _ in places.values()))
    seconds = time.perf_counter() - clock
    return Report(work.figures, work.findings, work.notes, files, "", seconds, language=chosen["language"])


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in (text or "").split(","))))


def _given(result: Place | None) -> Place:
    if result is None:
        raise InputError("write-back: RESULT is needed: the result whose figures are written.")
    return place(result)


def _target(
    path: Place,
    project: Project,
    places: Places,
    output: Place | None,
    chosen: Mapping[str, Any],
    result: Place | None,
) -> Place | None:
    """The copy to be written; None in place.

    Raises
    ------
    InputError
        If it is not said where to write, or that can't be written.
    """
    if (output is None) == (not chosen["in_place"]):
        both = "not both" if output is not None else "one of them"
        raise InputError(f"write-back: name a copy with --output, or say --in-place; {both}.")
    files = list(dict.fromkeys(file for file, _ in places.values()))
    if result is not None and any(same_place(place(result), file) for file in files):
        raise InputError(f"{result} is the base itself: name the result that was solved from it.")
    if output is None:
        for file in files:
            if not isinstance(file, Database):
                check_geopackage(file)
        return None
    if isinstance(output, Database):
        if len(files) > 1 or not isinstance(files[0], Database):
            raise InputError(f"output {output}: only of one schema can another schema be a copy; name a GeoPackage.")
    elif output.suffix.lower() != ".gpkg":
        raise InputError(f"output {output}: a name that ends in .gpkg is needed.")
    read = [*inputs_of(path, project, {}), *files, *([] if result is None else [place(result)])]
    check_output(output, read, overwrite=chosen["overwrite"])
    if len(files) > 1 and any(is_geopackage(file) for file in files):
        raise InputError(
            f"{path}: its layers lie in {len(files)} files, of which a copy can hold one: say --layers, as in --layers"
            f" {next(iter(places))}, or --in-place."
        )
    return output


def _stores(places: Places, target: Place | None) -> contextlib.AbstractContextManager[dict[str, Opened]]:
    if target is None:
        return _in_place(places)
    return _schema_copy(places, target) if isinstance(target, Database) else _copy(places, target)


# where to write ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Opened:
    """A layer of the base in an open store: under which name, and the state of the file it was read from."""

    store: Figures
    name: str
    state: str
    fids: NDArray[np.int64] | None = None
    """Feature ids of the source, where they are others."""


@contextlib.contextmanager
def _in_place(places: Places) -> Iterator[dict[str, Opened]]:
    """The files of the base, each in one transaction."""
    files = list(dict.fromkeys(file for file, _ in places.values()))
    with contextlib.ExitStack() as stack:
        stores: dict[Place, Figures] = {}
        for file in files:
            stores[file] = stack.enter_context(_changed(file, places))
        yield {layer: _opened(stores[file], file, name) for layer, (file, name) in places.items()}


def _changed(file: Place, places: Places) -> contextlib.AbstractContextManager[Figures]:
    if isinstance(file, Database):
        return figures_in_schema(file, {name: layer for layer, (_, name) in places.items()})
    return figures_in_file(check_geopackage(file))


def _opened(store: Figures, file: Place, name: str) -> Opened:
    return Opened(store, name, store.state(name) if isinstance(store, DatabaseFigures) else file_hash(file))


@contextlib.contextmanager
def _schema_copy(places: Places, target: Database) -> Iterator[dict[str, Opened]]:
    """A copy of the schema of the base, which appears at the end."""
    (file,) = dict.fromkeys(file for file, _ in places.values())
    assert isinstance(file, Database)
    with figures_in_schema(target, {name: layer for layer, (_, name) in places.items()}, file) as store:
        yield {layer: _opened(store, file, name) for layer, (_, name) in places.items()}


@contextlib.contextmanager
def _copy(places: Places, target: Path) -> Iterator[dict[str, Opened]]:
    """A copy of the file of the base, or a GeoPackage of its layers where that is none; it appears at the end."""
    file = next(iter(places.values()))[0]
    with whole_or_nothing(target) as beside:
        if isinstance(file, Path) and is_geopackage(file):
            copy_geopackage(file, beside)
            made = {layer: Copied(name, file_hash(where), None) for layer, (where, name) in places.items()}
        else:
            made = _converted(places, beside)
        with figures_in_file(beside, f"output {target} can't be written") as store:
            yield {layer: Opened(store, *copied) for layer, copied in made.items()}


class Copied(NamedTuple):
    """A layer in a copy: its name there, the state of its file, and its feature ids where they are others there."""

    name: str
    state: str
    fids: NDArray[np.int64] | None


def _converted(places: Places, beside: Path) -> dict[str, Copied]:
    """Write layers of other formats to a GeoPackage, under their own names where these differ."""
    own = [name.lower() for _, name in places.values()]
    made = {}
    for layer, (file, name) in places.items():
        table = read_table(layer, f"{file}|{name}")
        named = name if own.count(name.lower()) == 1 else layer
        write_layer(beside, named, table.reset_index(drop=True))
        made[layer] = Copied(named, file_hash(file), table.index.to_numpy(np.int64))
    return made


# what is done --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """What was done: figures, findings, notes."""

    figures: Rows
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def _removed(stores: Mapping[str, Opened], places: Places) -> Work:
    figures: Rows = {}
    for layer in places:
        found = stores[layer]
        gone = remove_written(found.store, [found.name])
        figures[f"{layer}: columns taken away"] = (gone.get(found.name, 0), "")
    return Work(figures, (), ())


def _written(
    solved: Solved, stores: Mapping[str, Opened], places: Places, project: Project, chosen: Mapping[str, Any],
    progress: Progress | None,
) -> Work:  # fmt: skip
    report(progress, 0.2, "joining features with the result")
    layers, joins, known, changed = {}, {}, {}, []
    for layer in places:
        opened, made_of = stores[layer], solved.hash_of(layer)
        known[layer] = known_states(opened.store, opened.name, opened.state)
        unchanged = made_of != "" and made_of in known[layer][0]
        changed += [] if unchanged else [layer]
        layers[layer] = read_base(
            layer, opened.store, opened.name, project.columns.get(layer, {}), opened.fids
        )  # fmt: skip
        joins[layer] = join_layer(layers[layer], solved, unchanged=unchanged)
    _check_network(solved, layers, joins, changed)
    findings = _findings(solved, layers, joins, changed)
    report(progress, 0.5, "writing the figures")
    figures: Rows = {}
    notes, shown = [*solved.notes], []
    for layer, base in layers.items():
        names = chosen_columns(layer, solved, _listed(chosen["columns"]))
        opened, (states, content) = stores[layer], known[layer]
        job = Job(
            layer, opened.name, base.keys, values_of(base, joins[layer], solved, names), chosen["form"],
            solved.path.name, " ".join(sorted(states)), content, chosen["language"],
        )  # fmt: skip
        done = write_job(opened.store, job)
        _settle(opened, done)
        findings += done.findings
        shown.append(done.shown_as)
        count = len(features_with_figures(joins[layer], solved))
        figures[f"{layer}: features with figures"] = (count, "")
        figures[f"{layer}: features without"] = (len(base) - count, "")
        if layer in solved.tables and layer not in RESULT_OF:
            figures[f"{layer}: new in the result"] = (new_rows(joins[layer], len(solved.tables[layer])), "")
        figures[f"{layer}: columns"] = (len(names), "")
        notes += [f"{finding.layer}: {finding.message}" for finding in done.findings]
    if chosen["form"] == "view":
        notes.append(f"layers to open: {', '.join(shown)}")
    return Work(figures, tuple(findings), tuple(notes))


def _settle(opened: Opened, done: Outcome) -> None:
    """Remember what was written to a table, and store its styles."""
    store = opened.store
    others = [row for row in store.written() if row.table != opened.name]
    store.set_styles(sorted({opened.name, done.shown_as, *done.gone}), done.styles)
    store.remember([*others, *done.written])


def _check_network(
    solved: Solved, layers: Mapping[str, BaseLayer], joins: Mapping[str, Joined], changed: list[str]
) -> None:
    """Raise InputError when next to nothing of a base that has changed is in the result."""
    own = [layer for layer in changed if layer not in RESULT_OF] or changed
    count = sum(len(layers[layer]) for layer in own)
    found = sum(len(joins[layer].features) - joins[layer].by_fid for layer in own)
    alone = sum(int(layers[layer].made.all()) for layer in own) == len(own)  # no identifiers at all
    if changed == list(layers) and not alone and count and found < LEAST_IN_COMMON * count:
        raise InputError(
            f"{solved.path} is of another network: of {count} features of the base ({', '.join(own)}) it has {found}."
        )


def _findings(
    solved: Solved, layers: Mapping[str, BaseLayer], joins: Mapping[str, Joined], changed: list[str]
) -> list[Finding]:
    """What does not fit between base and result."""
    found = []
    if changed:
        alone = {layer: joins[layer].by_fid for layer in changed if joins[layer].by_fid}
        more = ", ".join(f"{count} of {layer}" for layer, count in alone.items())
        message = (
            f"{', '.join(changed)}: the base is not, or no longer, what {solved.path.name} was solved from; its"
            f" features were joined by identifier{f', and by feature id alone {more}' if more else ''}."
        )
        found.append(Finding("base-changed", "warning", changed[0], message))
    for layer, base in layers.items():
        without = np.setdiff1d(np.arange(len(base)), features_with_figures(joins[layer], solved))
        if len(without) and layer not in RESULT_OF:
            message = f"{len(without)} of {len(base)} {layer} have no figures: {_named(base, without)}."
            severity = "warning" if layer in changed else "info"
            found.append(Finding("not-in-result", severity, layer, message, int(base.fids[without[0]])))  # type: ignore[arg-type]
        rows = new_rows(joins[layer], len(solved.tables.get(layer, ())))
        if rows and layer in solved.tables:
            message = f"{rows} {layer} of {solved.path.name} are no features of the base, as new trenches are."
            found.append(Finding("new-in-result", "info", layer, message))
    return found


def _named(base: BaseLayer, rows: Any) -> str:
    names = ", ".join(str(base.ids[row]) for row in rows[:MOST_NAMED].tolist())
    return f"{names} ..." if len(rows) > MOST_NAMED else names
