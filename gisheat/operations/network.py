"""From layers to a solved network, and what can be asked of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import gisheat
from gisheat import hydraulics, one_pipe, outputs, stages, tables
from gisheat.catalogue import pipe_series
from gisheat.comparison import add_comparison
from gisheat.crs import parse_crs
from gisheat.errors import InputError
from gisheat.explain import explain_device, explain_pipe, explain_source, explain_station
from gisheat.geopackage import check_output, exists, whole_or_nothing, write_result, write_template
from gisheat.layers import AUTO, read_layers
from gisheat.operations.products import PRODUCT_FILES, write_products
from gisheat.operations.running import (
    TO_LOADS,
    TO_NETWORK,
    TO_SIZES,
    TO_SOLUTION,
    Report,
    resolve_options,
    result_of,
    state_of,
)
from gisheat.option_sets import (
    ExplainOptions,
    LoadOptions,
    RouteOptions,
    RunOptions,
    SolveOptions,
    SweepOptions,
    TopologyOptions,
)
from gisheat.places import Place, place
from gisheat.project import Project
from gisheat.quantities import Crs, Encoding, InputFile, OutputFile, ProjectOutput, ToCrs
from gisheat.scenario_tables import add_sweep
from gisheat.schema import INPUT_LAYERS
from gisheat.starter import guess_layers, project_text
from gisheat.state import Progress, State, given_layers, open_project, report
from gisheat.summary import Rows


def new(
    project: InputFile, output: ProjectOutput, *, crs: Crs | None = None, to_crs: ToCrs | None = None,
    encoding: Encoding | None = None, progress: Progress | None = None,
) -> Report:  # fmt: skip
    """Start a project from your own layers.

    Looks at the layers of a file, guesses which is which and which column means what, writes a project
    file with these guesses, and shows them.
    """
    report(progress, 0.1, "looking at layers")
    guessed = guess_layers(place(project))
    target = Path(output)
    check_output(target, [place(project)])
    if target.exists():
        raise InputError(f"output {target} exists; name another file.")
    layers = read_layers(guessed, {}, crs, to_crs=to_crs or AUTO, encoding=encoding)
    reading = {"crs": crs, "to_crs": to_crs or layers.chosen_crs, "encoding": encoding}
    text = project_text(place(project).stem, guessed, layers, target.resolve().parent, reading)
    with whole_or_nothing(target) as beside:
        beside.write_text(text, encoding="utf-8")
    figures: Rows = {name: (source, "") for name, source in guessed.items()}
    return Report(figures, layers.findings, layers.notes, (target,))


def template(output: OutputFile, *, crs: Crs | None = None, progress: Progress | None = None) -> Report:
    """Make an empty GeoPackage with all layers and columns.

    The layers can be filled in QGIS and solved as they are.
    """
    path = place(output)
    check_output(path, [])
    if exists(path):
        raise InputError(f"output {path} exists; name another one.")
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
    return result_of(check, project, output, options, progress, steps, needs_output=False)


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
    return result_of(topology, project, output, options, progress, (stages.add_repair, stages.add_topology))


def route(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[RouteOptions]
) -> Report:
    """Choose trenches along the streets that join all stations with the sources.

    For the least cost; pipes that are there cost nothing. The new trenches are planned pipes without a size.
    """
    return result_of(route, project, output, options, progress, TO_NETWORK)


def loads(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[LoadOptions]
) -> Report:
    """Give every station its heat load and flow.

    A flow wins over a load, a load over heated area x heat index.
    """
    return result_of(loads, project, output, options, progress, TO_LOADS)


def size(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[SolveOptions]
) -> Report:
    """Choose a size for every pipe that has none.

    By the rules of its role, for the last phase; existing pipes are kept and judged.
    """
    return result_of(size, project, output, options, progress, TO_SIZES)


def solve(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[SolveOptions]
) -> Report:
    """Solve flows, losses, heads and the pump head, supply and return.

    Pipes without a size are sized first.
    """
    path, opened = place(project), open_project(place(project))
    if one_pipe.is_one_pipe(path, opened, given_layers(options)):
        return _solve_one_pipe(path, opened, place(output), dict(options), progress)
    return result_of(solve, project, output, options, progress, TO_SOLUTION)


def run(
    project: InputFile,
    output: OutputFile | None = None,
    *,
    progress: Progress | None = None,
    **options: Unpack[RunOptions],
) -> Report:
    """Do everything: check, build, load, size, solve, write a styled result and a map picture.

    The output is the one of the project file when none is given. Scenarios of the project file are solved as well
    and compared in the table comparison. With products, everything for the planner's desk as well.
    """
    folder, opened = options.get("products"), open_project(place(project))
    output = output if output is not None else opened.output
    if folder is not None:
        chosen = resolve_options(run, opened, dict(options))
        others = [place(p) for p in (output, chosen["picture"], chosen["report"]) if p is not None]
        outputs.check_products(place(project), opened, chosen, Path(folder), PRODUCT_FILES, others)
    afterwards = None if folder is None else partial(write_products, Path(folder))
    return result_of(run, project, output, options, progress, (*TO_SOLUTION, add_comparison), afterwards=afterwards)


def balance(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[SolveOptions]
) -> Report:
    """Set the valve of every station so that all get their design flow.

    Gives Kv and opening of each valve, and solves the network with the valves so set, and with all of them open.
    """
    return result_of(balance, project, output, options, progress, (*TO_SIZES, stages.add_balance))


def sweep(
    project: InputFile, output: OutputFile, *, progress: Progress | None = None, **options: Unpack[SweepOptions]
) -> Report:
    """Solve many load cases or outages, and list what each needs and what it leaves without heat.

    The table scenarios of the result has a row for each; the layers show the network as it is.
    """
    return result_of(sweep, project, output, options, progress, (*TO_SOLUTION, add_sweep))


def explain(project: InputFile, *, progress: Progress | None = None, **options: Unpack[ExplainOptions]) -> Report:
    """Explain why a pipe has its size, flow and loss, and what a station, source, valve or pump does.

    Nothing is written.
    """
    started = time.perf_counter()
    state = state_of(explain, project, dict(options), progress, TO_SOLUTION)
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


def _solve_one_pipe(
    path: Place, project: Project, target: Place, given: dict[str, Any], progress: Progress | None
) -> Report:
    """Solve a network whose connections and lengths are stated, and write it with what was found."""
    started, clock = datetime.now(UTC), time.perf_counter()
    report(progress, 0.02, "reading layers")
    layers, project = one_pipe.read(path, project, given_layers(given), given)
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
    record = outputs.run_record(gisheat.__version__, "solve", state, started, time.perf_counter() - clock, target)
    written["run"] = tables.key_values(record | one_pipe.water_record(options), "run")
    report(progress, 0.75, "writing the result")
    write_result(target, written, title=project.name, language=options["language"])
    seconds = time.perf_counter() - clock
    return Report(
        figures, tuple(findings), layers.notes, (target,), "", seconds, results.residuals, options["language"]
    )
