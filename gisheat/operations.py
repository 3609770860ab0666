"""One typed function for each verb: files in, files out. Python, the command line and QGIS call these.

Every operation returns a `Report`. Options are keyword arguments; what is not given comes from the project
file, and what that does not say has the default in `gisheat.quantities`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Unpack

import gisheat
from gisheat import hydraulics, one_pipe, outputs, stages, tables
from gisheat.catalogue import PIPE_SERIES, pipe_series
from gisheat.comparison import add_comparison
from gisheat.crs import parse_crs
from gisheat.epanet import read_inp
from gisheat.errors import InputError
from gisheat.explain import explain_device, explain_pipe, explain_source, explain_station
from gisheat.findings import Finding, has_errors
from gisheat.geopackage import check_output, whole_or_nothing, write_result, write_template
from gisheat.layers import file_hash, read_layers
from gisheat.project import Project, resolve
from gisheat.quantities import (
    Crs,
    ExplainOptions,
    ImportOptions,
    InpFile,
    InpOutput,
    InputFile,
    LoadOptions,
    OutputFile,
    ProjectOutput,
    RouteOptions,
    RunOptions,
    SolveOptions,
    SweepOptions,
    TopologyOptions,
    WaterOptions,
)
from gisheat.scenario_tables import add_sweep
from gisheat.schema import INPUT_LAYERS, SCHEMA_VERSION
from gisheat.signature import checked, defaults, parameters
from gisheat.starter import guess_layers, project_text
from gisheat.state import TABLE_OPTIONS, Progress, State, given_layers, open_project, report
from gisheat.summary import Rows, summary_rows


@dataclass(frozen=True)
class Report:
    """What an operation did: figures, findings, notes on what was assumed, files written, text to show."""

    figures: Rows
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    text: str = ""
    seconds: float = 0.0
    convergence: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 done, 1 done with findings of severity error."""
        return int(has_errors(self.findings))


def new(
    project: InputFile, output: ProjectOutput, *, crs: Crs | None = None, progress: Progress | None = None
) -> Report:
    """Start a project from your own layers.

    Looks at the layers of a file, guesses which is which and which column means what, writes a project
    file with these guesses, and shows them.
    """
    report(progress, 0.1, "looking at layers")
    guessed = guess_layers(Path(project))
    target = Path(output)
    check_output(target, [Path(project)])
    if target.exists():
        raise InputError(f"output {target} exists; name another file.")
    layers = read_layers(guessed, {}, crs)
    with whole_or_nothing(target) as beside:
        beside.write_text(project_text(Path(project).stem, guessed, layers, target.resolve().parent), encoding="utf-8")
    figures: Rows = {name: (source, "") for name, source in guessed.items()}
    return Report(figures, layers.findings, layers.notes, (target,))


def template(output: OutputFile, *, crs: Crs | None = None, progress: Progress | None = None) -> Report:
    """Make an empty GeoPackage with all layers and columns.

    The layers can be filled in QGIS and solved as they are.
    """
    path = Path(output)
    check_output(path, [])
    if path.exists():
        raise InputError(f"output {path} exists; name another file.")
    if not crs:
        raise InputError("template needs the CRS the layers will have: give it with --crs, as in --crs EPSG:4552.")
    reference = parse_crs(crs)
    empty = {name: tables.empty_layer(name, reference) for name in INPUT_LAYERS}
    report(progress, 0.5, "writing")
    write_template(path, empty)
    return Report({"layers": (len(empty), "")}, files=(path,))


def check(
    project: InputFile,
    output: OutputFile | None = None,
    *,
    progress: Progress | None = None,
    **options: Unpack[LoadOptions],
) -> Report:
    """Check layers: columns, types, ranges, identifiers, geometry, connections, loads.

    Lists findings and totals; with an output, writes them with the layers as drawn.
    """
    steps = (stages.add_repair, stages.try_routing, stages.add_topology, stages.add_loads_if_drawn)
    return _operation(check, project, output, options, progress, steps)


def topology(
    project: InputFile,
    output: OutputFile,
    *,
    progress: Progress | None = None,
    **options: Unpack[TopologyOptions],
) -> Report:
    """Make a network of drawn lines: repair streets and pipes, connect, number.

    Nothing is lost: the lineage table says what became of every feature.
    """
    return _operation(topology, project, output, options, progress, (stages.add_repair, stages.add_topology))


def route(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[RouteOptions]
) -> Report:
    """Choose trenches along the streets that join all stations with the sources.

    For the least cost; pipes that are there cost nothing. The new trenches are planned pipes without a size.
    """
    return _operation(route, project, output, options, progress, _TO_NETWORK)


def loads(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[LoadOptions]
) -> Report:
    """Give every station its heat load and flow.

    A flow wins over a load, a load over heated area x heat index.
    """
    return _operation(loads, project, output, options, progress, _TO_LOADS)


def size(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[SolveOptions]
) -> Report:
    """Choose a size for every pipe that has none.

    By the rules of its role, for the last phase; existing pipes are kept and judged.
    """
    return _operation(size, project, output, options, progress, _TO_SIZES)


def solve(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[SolveOptions]
) -> Report:
    """Solve flows, losses, heads and the pump head, supply and return.

    Pipes without a size are sized first.
    """
    path, opened = Path(project), open_project(Path(project))
    if one_pipe.is_one_pipe(path, opened, given_layers(options)):
        return _solve_one_pipe(path, opened, Path(output), dict(options), progress)
    return _operation(solve, project, output, options, progress, _ALL)


def run(
    project: InputFile,
    output: OutputFile | None = None,
    *,
    progress: Progress | None = None,
    **options: Unpack[RunOptions],
) -> Report:
    """Do everything: check, build, load, size, solve, write a styled result and a map picture.

    The output is the one of the project file when none is given. Scenarios of the project file are solved as well
    and compared in the table comparison.
    """
    return _operation(run, project, output, options, progress, (*_ALL, add_comparison))


def balance(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[SolveOptions]
) -> Report:
    """Set the valve of every station so that all get their design flow.

    Gives Kv and opening of each valve, and solves the network with the valves so set, and with all of them open.
    """
    return _operation(balance, project, output, options, progress, (*_TO_SIZES, stages.add_balance))


def sweep(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[SweepOptions]
) -> Report:
    """Solve many load cases or outages, and list what each needs and what it leaves without heat.

    The table scenarios of the result has a row for each; the layers show the network as it is.
    """
    return _operation(sweep, project, output, options, progress, (*_ALL, add_sweep))


def explain(project: InputFile, *, progress: Progress | None = None, **options: Unpack[ExplainOptions]) -> Report:
    """Explain why a pipe has its size, flow and loss, and what a station, source, valve or pump does.

    Nothing is written.
    """
    started = time.perf_counter()
    state = _state(explain, project, dict(options), progress, _ALL)
    wanted = {name: str(state.options[name] or "") for name in ("pipe", "station", "source", "valve", "pump")}
    if not any(wanted.values()):
        assert state.results is not None and state.results.critical is not None
        wanted["station"] = str(state.results.network.stations.id[state.results.critical.station])
    ways: dict[str, Callable[[State, str], str]] = {
        "pipe": explain_pipe,
        "station": explain_station,
        "source": explain_source,
        "valve": lambda state, name: explain_device(state, "valves", name),
        "pump": lambda state, name: explain_device(state, "pumps", name),
    }
    texts = [ways[kind](state, name) for kind, name in wanted.items() if name]
    text = "\n\n".join(texts)
    return Report({}, state.findings, state.notes, text=text, seconds=time.perf_counter() - started)


def import_inp(
    inp: InpFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[ImportOptions]
) -> Report:
    """Make a one-pipe network of an EPANET file, in its state at t = 0.

    Needs EPANET's toolkit (pip install gisheat[epanet]); `solve` then computes as EPANET does.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    path, target = Path(inp), Path(output)
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
    return Report(figures, findings, one_pipe.import_notes(findings), (target,), "", time.perf_counter() - clock)


def export_inp(
    project: InputFile, output: InpOutput, *, progress: Progress | None = None, **options: Unpack[WaterOptions]
) -> Report:
    """Write a one-pipe network as an EPANET file, with all digits.

    So that EPANET can be asked about the same network.
    """
    clock = time.perf_counter()
    path, target = Path(project), Path(output)
    opened = open_project(path)
    if not one_pipe.is_one_pipe(path, opened, {}):
        raise InputError(
            f"{path} holds no one-pipe network (nodes with fixed_head_m, pipes with from_node): EPANET has no other."
        )
    layers, opened = one_pipe.read(path, opened, {}, None)
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


_TO_NETWORK = (stages.add_repair, stages.add_routing, stages.add_topology)
_TO_LOADS = (*_TO_NETWORK, stages.add_loads)
_TO_SIZES = (*_TO_LOADS, stages.add_sizes)
_ALL = (*_TO_SIZES, stages.add_solution)
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
    import_inp,
    export_inp,
)


SETTLED: Mapping[str, Mapping[str, Any]] = {"route": {"routing": "always"}}
"""Options that a verb settles by what it is for."""


# how an operation runs ----------------------------------------------------------------------------------


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
    for other in (run, sweep, explain):
        known = {p.name for p in parameters(other)}
        checked(other, {k: v for k, v in rest.items() if k in known}, f"project file {project.path}, [options]")
        rest = {k: v for k, v in rest.items() if k not in known}
    checked(operation, rest, f"project file {project.path}, [options]")
    if project.path is not None and own.get("catalogue") not in (None, *PIPE_SERIES):
        own["catalogue"] = resolve(own["catalogue"], project.path.resolve().parent)
    if project.path is not None:
        own |= {n: resolve(own[n], project.path.resolve().parent) for n in TABLE_OPTIONS if n in own}
    return {**defaults(operation), **own, **checked(operation, given), **SETTLED.get(operation.__name__, {})}


def _state(
    operation: Callable[..., Report], source: str | Path, given: dict[str, Any], progress: Progress | None,
    steps: tuple[Callable[[State, Progress | None], State], ...],
) -> State:  # fmt: skip
    path = Path(source)
    project = open_project(path)
    options = resolve_options(operation, project, given)
    state = stages.read(path, project, options, progress)
    for step in steps:
        state = step(state, progress)
    return state


def _operation(
    operation: Callable[..., Report], source: str | Path, output: str | Path | None, given: Mapping[str, Any],
    progress: Progress | None, steps: tuple[Callable[[State, Progress | None], State], ...],
) -> Report:  # fmt: skip
    """Run stages and write what they found."""
    started, clock = datetime.now(UTC), time.perf_counter()
    path = Path(source)
    project = open_project(path)
    options = resolve_options(operation, project, dict(given))
    target = Path(output) if output is not None else (project.output if operation is run else None)
    if target is None and operation is not check:
        raise InputError("no output is named: give it with --output, or in the project file as [output] file.")
    picture = options.get("picture")
    if target is not None:
        outputs.check_outputs(path, project, options, target, picture)
    state = stages.read(path, project, options, progress)
    for step in steps:
        state = step(state, progress)
    figures = summary_rows(state)
    convergence = {} if state.results is None else state.results.residuals
    files: list[Path] = []
    if target is not None:
        report(progress, 0.75, "writing the result")
        written = stages.result_tables(state)
        written["summary"] = tables.key_values(figures)
        seconds = time.perf_counter() - clock
        written["run"] = tables.key_values(
            outputs.run_record(gisheat.__version__, operation.__name__, state, started, seconds), "run"
        )
        if picture is None:
            write_result(target, written, title=project.name, language=options["language"])
        else:  # both stand beside their places before either takes its name
            with whole_or_nothing(picture) as beside:
                report(progress, 0.8, "drawing the map")
                outputs.draw(written, beside, state, figures)
                write_result(target, written, title=project.name, language=options["language"])
        files += [target, *(options[name] for name in ("picture", "details") if options.get(name) is not None)]
    if progress is not None:
        progress(1.0, "done")  # too late to cancel
    return Report(figures, state.findings, state.notes, tuple(files), "", time.perf_counter() - clock, convergence)


def _solve_one_pipe(
    path: Path, project: Project, target: Path, given: dict[str, Any], progress: Progress | None
) -> Report:
    """Solve a network whose connections and lengths are stated, and write it with what was found."""
    started, clock = datetime.now(UTC), time.perf_counter()
    report(progress, 0.02, "reading layers")
    layers, project = one_pipe.read(path, project, given_layers(given), given.get("crs"))
    options = resolve_options(solve, project, given)
    outputs.check_outputs(path, project, options, target, None)
    state = State(project, options, layers, layers, pipe_series(options["catalogue"]), (), ())
    report(progress, 0.4, "solving")
    results = hydraulics.solve(one_pipe.network_of(layers), **stages.solve_options(state))
    state = replace(state, options={n: options[n] for n in one_pipe.OPTIONS}, results=results)
    findings = one_pipe.assess(layers, results)
    figures = one_pipe.solved_rows(project, results)
    written = one_pipe.solved_tables(layers, results, findings)
    written["summary"] = tables.key_values(figures)
    record = outputs.run_record(gisheat.__version__, "solve", state, started, time.perf_counter() - clock)
    written["run"] = tables.key_values(record | one_pipe.water_record(options), "run")
    report(progress, 0.75, "writing the result")
    write_result(target, written, title=project.name, language=options["language"])
    seconds = time.perf_counter() - clock
    return Report(figures, tuple(findings), layers.notes, (target,), "", seconds, results.residuals)
