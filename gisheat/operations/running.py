"""How an operation runs: options of three places, the stages in order, what is written."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gisheat
from gisheat import outputs, stages, tables
from gisheat.errors import ConvergenceError, InputError, TopologyError
from gisheat.findings import Finding, has_errors
from gisheat.geopackage import run_record, whole_or_nothing, write_result
from gisheat.option_sets import IN_PROJECT_FILES, SolveOptions
from gisheat.places import Place, place
from gisheat.project import Project, resolve
from gisheat.schema import Language
from gisheat.signature import checked, defaults, parameters
from gisheat.state import TABLE_OPTIONS, Progress, State, open_project, report
from gisheat.summary import Rows, summary_rows
from gisheat.versions import renamed, schema_of_record

Steps = tuple[Callable[[State, Progress | None], State], ...]
Writer = Callable[[State, Path], tuple[Rows, tuple[Path, ...]]]
"""Writes one product of a state under a name; gives figures to show, and the files written."""

TO_NETWORK: Steps = (stages.add_repair, stages.add_routing, stages.add_topology)
TO_LOADS: Steps = (*TO_NETWORK, stages.add_loads)
TO_SIZES: Steps = (*TO_LOADS, stages.add_sizes)
TO_SOLUTION: Steps = (*TO_SIZES, stages.add_solution)

_IN_ITS_FLOWS = "outdoor_temp_c"
"""Option of a run record that is not taken again: the flows at that outdoor temperature are there."""
SETTLED: Mapping[str, Mapping[str, Any]] = {"route": {"routing": "always"}}
"""Options that a verb settles by what it is for."""


@dataclass(frozen=True)
class Report:
    """What an operation did: figures, findings, notes on what was assumed, files written, text to show."""

    figures: Rows
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[Place, ...] = ()
    text: str = ""
    seconds: float = 0.0
    convergence: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    language: Language = "en"

    @property
    def exit_code(self) -> int:
        """0 done, 1 done with findings of severity error."""
        return int(has_errors(self.findings))


def resolve_options(operation: Callable[..., Report], project: Project, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of an operation: the given ones, else those of the project file, else the defaults.

    Raises
    ------
    InputError
        For an unknown option or a value out of range, wherever it stands.
    """
    wanted = {p.name for p in parameters(operation)}
    in_project = dict(project.options)
    own = checked(
        operation,
        {k: v for k, v in in_project.items() if k in wanted},
        f"project file {project.path}, [options]",
    )
    rest = {k: v for k, v in in_project.items() if k not in wanted}
    for other in IN_PROJECT_FILES:
        known = {p.name for p in parameters(other)}
        checked(other, {k: v for k, v in rest.items() if k in known}, f"project file {project.path}, [options]")
        rest = {k: v for k, v in rest.items() if k not in known}
    checked(operation, rest, f"project file {project.path}, [options]")
    for name, named in outputs.CATALOGUES.items():
        if project.path is not None and own.get(name) not in (None, *named):
            own[name] = resolve(own[name], project.path.resolve().parent)
    if project.path is not None:
        own |= {n: resolve(own[n], project.path.resolve().parent) for n in TABLE_OPTIONS if n in own}
    return {**defaults(operation), **own, **checked(operation, given), **SETTLED.get(operation.__name__, {})}


def state_of(
    operation: Callable[..., Report], source: str | Place, given: dict[str, Any], progress: Progress | None,
    steps: Steps,
) -> State:  # fmt: skip
    """What stages find, for operations that look at a network; a result is looked at as it was solved."""
    path = place(source)
    project = open_project(path)
    if project.path is None:
        project = replace(project, options=recorded_options(operation, path, given))
    options = resolve_options(operation, project, given)
    state = stages.read(path, project, options, progress)
    for step in steps:
        state = step(state, progress)
    return state


def as_far_as_possible(steps: Steps) -> Steps:
    """One step that takes these until one of them is impossible; why is the last finding, of the rule not-solved."""

    def attempt(state: State, progress: Progress | None) -> State:
        for step in steps:
            try:
                state = step(state, progress)
            except (TopologyError, ConvergenceError) as error:
                layer = "pipes" if "pipes" in state.layers else "streets"
                return replace(state, findings=(*state.findings, Finding("not-solved", "error", layer, str(error))))
        return state

    return (attempt,)


def _as_type(kind: Any, text: str) -> Any:
    if kind is bool:
        return text == "true"
    return kind(text) if kind in (int, float, Path) else text


def recorded_options(
    operation: Callable[..., Report], path: Place, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Options that a result was solved with, as its run record has them and `given` does not; empty for other files.

    Raises
    ------
    InputError
        If it was solved at an outdoor temperature, which the operation does not know: it goes by the design. If it is
        of a newer version, or a catalogue is not there any more.
    """
    at = run_record(path).get(f"option {_IN_ITS_FLOWS}")
    if at is not None and _IN_ITS_FLOWS not in {p.name for p in parameters(operation)}:
        raise InputError(
            f"{path} was solved at {at} degC outside, and {operation.__name__} goes by the design: name the project,"
            " or a result of the design."
        )
    found = _recorded(operation, path, given or {})
    return found | ({"routing": "never"} if found else {})  # its trenches are there


def _recorded(operation: Callable[..., Report], path: Place, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options in the run record of a result under the names of today, without those that are given."""
    record = run_record(path)
    schema = schema_of_record(record, str(path))
    written = {key.removeprefix("option "): value for key, value in record.items() if key.startswith("option ")}
    named = renamed("option", written, schema).values
    found: dict[str, Any] = {}
    for parameter in parameters(operation):
        name = parameter.name
        if name not in named or parameter.positional or given.get(name) is not None or name == _IN_ITS_FLOWS:
            continue
        if name in outputs.CATALOGUES:
            found[name] = outputs.recorded_file(path, record, name)
            continue
        try:
            found[name] = _as_type(parameter.type, named[name])
        except ValueError:
            raise InputError(f"{path}: its run record says {name} = {named[name]!r}, which is no number.") from None
    return checked(operation, found, f"{path}, its run record")


def _as_it_was_solved(
    operation: Callable[..., Report], path: Place, given: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Options of a result that a verb solves once more, and a note on those that are not the usual ones."""
    of_solving = {p.name for p in parameters(SolveOptions)} - {"routing"}  # what was routed is known
    found = {n: v for n, v in _recorded(operation, path, given).items() if n in of_solving}
    usual = defaults(operation)
    other = [f"{name} = {value}" for name, value in found.items() if value != usual[name]]
    return found, (f"{path.name}: with the options of its run record ({', '.join(other)})",) if other else ()


def result_of(
    operation: Callable[..., Report], source: str | Place, output: str | Place | None, given: Mapping[str, Any],
    progress: Progress | None, steps: Steps, *, needs_output: bool = True,
    afterwards: Callable[[State, Progress | None], tuple[tuple[Path, ...], tuple[Finding, ...]]] | None = None,
) -> Report:  # fmt: skip
    """Run stages and write what they found; then do what comes afterwards, which leaves files and findings."""
    started, clock = datetime.now(UTC), time.perf_counter()
    path = place(source)
    project = open_project(path)
    if project.path is None:
        recorded, said = _as_it_was_solved(operation, path, given)
        project = replace(project, options=recorded, notes=said)
    options = resolve_options(operation, project, dict(given))
    target = None if output is None else place(output)
    if target is None and needs_output:
        raise InputError("no output is named: give it with --output, or in the project file as [output] file.")
    picture, page = options.get("picture"), options.get("report")
    if target is not None:
        outputs.check_outputs(path, project, options, target, picture, page)
    state = stages.read(path, project, options, progress)
    for step in steps:
        state = step(state, progress)
    figures = summary_rows(state)
    convergence = {} if state.results is None else state.results.residuals
    files: list[Place] = []
    if target is not None:
        report(progress, 0.75, "writing the result")
        written = stages.result_tables(state)
        written["summary"] = tables.key_values(figures)
        seconds = time.perf_counter() - clock
        written["run"] = tables.key_values(
            outputs.run_record(gisheat.__version__, operation.__name__, state, started, seconds, target), "run"
        )
        with contextlib.ExitStack() as whole:  # all stand beside their places before any takes its name
            if picture is not None:
                report(progress, 0.8, "drawing the map")
                outputs.draw(written, whole.enter_context(whole_or_nothing(picture)), state, figures)
            if page is not None:
                report(progress, 0.85, "writing the report")
                write_page(state, whole.enter_context(whole_or_nothing(page)), operation=operation.__name__)
            write_result(target, written, title=project.name, language=options["language"])
        beside = (options[name] for name in ("picture", "report", "details") if options.get(name) is not None)
        files += [target, *beside]
    findings = state.findings
    if afterwards is not None:
        more, missing = afterwards(state, progress)
        files, findings = [*files, *more], (*findings, *missing)
    if progress is not None:
        progress(1.0, "done")  # too late to cancel
    notes = (*state.notes, *outputs.font_notes(state, [file for file in files if isinstance(file, Path)]))
    seconds = time.perf_counter() - clock
    return Report(figures, findings, notes, tuple(files), "", seconds, convergence, options["language"])


def write_page(
    state: State, target: Path, pictures: Sequence[Path] = (), *, operation: str = "report"
) -> tuple[Rows, tuple[Path, ...]]:
    """Write the report of a state, with pictures of other products in it; figures, and files written."""
    from gisheat.report import figures_of, write_report

    figures = figures_of(pictures, state.options["language"])
    return write_report(state, target, figures, operation=operation, version=gisheat.__version__)


def product_of(
    operation: Callable[..., Report], source: str | Place, output: str | Path, given: Mapping[str, Any],
    progress: Progress | None, steps: Steps, suffixes: tuple[str, ...],
    write: Writer,
) -> Report:  # fmt: skip
    """Run stages and write one product for the desk (a table, a diagram ...), its table as well where `data` names one.

    Raises
    ------
    InputError
        If the product can't be written under its name, whose ending must be one of `suffixes`, or can't be made.
    """
    started = time.perf_counter()
    path, target = place(source), Path(output)
    opened = open_project(path)
    outputs.check_product(path, opened, resolve_options(operation, opened, dict(given)), target, suffixes)
    state = state_of(operation, path, dict(given), progress, steps)
    report(progress, 0.8, f"writing {target.name}")
    figures, files = write(state, target)
    if progress is not None:
        progress(1.0, "done")  # too late to cancel
    notes = (*state.notes, *outputs.font_notes(state, files))
    seconds, language = time.perf_counter() - started, state.options.get("language", "en")
    return Report(figures, state.findings, notes, files, "", seconds, language=language)
