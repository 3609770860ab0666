"""The hydraulic table of a solved network: critical paths and all sections, with live formulas, as workbook or CSV."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.hydraulic_table import formulas, words
from gisheat.hydraulic_table.formulas import Live
from gisheat.hydraulic_table.ways import CriticalPath, Sections, critical_paths, whole_network
from gisheat.network import Array
from gisheat.physics.friction import limits_of
from gisheat.results import Results
from gisheat.schema import Language, columns, from_si
from gisheat.state import FILE_OPTIONS, State
from gisheat.tables import key_values, pipe_layer
from gisheat.workbooks import FIRST_ROW, Formula, Note, cell_column, check_suffix, write_tables

LAYER = "hydraulic_table"
SAME_FLOW = 1e-12
"""Supply and return flows that differ by no more than this, relative, are one flow."""
_HIDDEN = re.compile(r"(sup|ret)_(reynolds|scale|root_\d|law_factor|law_slope|friction_factor)")
_QUOTED = re.compile(r"\{(\w+)\}")


def write_table(state: State, target: Path) -> tuple[dict[str, tuple[Any, str]], tuple[Path, ...]]:
    """Write the hydraulic table of a solved network.

    A workbook has a sheet for the critical path of each source, one for the whole network, and notes. CSV has the
    critical paths, or with the option `rows` the whole network, as values.

    Parameters
    ----------
    state : State
        With results.
    target : Path
        *.xlsx or *.csv

    Returns
    -------
    figures, files
        Length and loss of each critical path; the file.

    Raises
    ------
    InputError
        If there is no critical path, as in one-pipe networks, or the file can't be written.
    """
    check_suffix(target)
    results = state.results
    if results is None or results.back is None or state.drawing is None:
        raise InputError(
            "the hydraulic table needs a solved network with supply and return; a one-pipe network has none."
        )
    language: Language = state.options["language"]
    word = words.WORDS[language]
    said = _said(state, results)
    paths = critical_paths(results)
    names = ["critical_path"] if len(paths) == 1 else [word["path"].format(source=path.source) for path in paths]
    made = [sections_table(results, path.sections, said, language) for path in paths]
    figures = _figures(paths, made)
    if target.suffix.lower() == ".csv":
        write_tables(target, {LAYER: _one_table(state, results, said, paths, made, language)})
        return figures, (target,)
    tables = dict(zip(names, made, strict=True))
    tables[word["network"]] = sections_table(results, whole_network(results), said, language)
    phase = word["phase"].format(phase=state.phase) if state.phase else ""
    write_tables(
        target, tables, layers=dict.fromkeys(tables, LAYER), language=language,
        title=word["title"].format(project=state.project.name, phase=phase),
        notes=_notes(state, results, dict(zip(names, paths, strict=True)), tables, language),
        hidden={name: [c for c in table.columns if _HIDDEN.fullmatch(c)] for name, table in tables.items()},
    )  # fmt: skip
    return figures, (target,)


def _one_table(
    state: State, results: Results, said: pd.DataFrame, paths: list[CriticalPath], made: list[pd.DataFrame],
    language: Language,
) -> pd.DataFrame:  # fmt: skip
    """What a CSV file holds: the paths one after the other, or the network; without the columns for formulas."""
    if state.options.get("rows") == "network":
        table = sections_table(results, whole_network(results), said, language)
    else:
        for path, part in zip(paths, made, strict=True):
            part.insert(0, "source_id", path.source)
        table = pd.concat(made, ignore_index=True)
    return table[[c for c in table.columns if not _HIDDEN.fullmatch(c)]]


def _said(state: State, results: Results) -> pd.DataFrame:
    """What is known of each pipe beside its numbers: size and what governed it."""
    assert state.drawing is not None
    layer = pipe_layer(state.drawing, state.sizing, state.series, None)
    names = ["dn_mm", "outer_diameter_mm", "wall_mm", "governed_by"]
    table = pd.DataFrame({name: layer.get(name) for name in names})
    return table.head(len(results.network.pipes)).reset_index(drop=True)


def sections_table(results: Results, sections: Sections, said: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Rows of one sheet, formulas with the values gisheat has for them.

    Parameters
    ----------
    said : DataFrame, shape (pipes, ...)
        dn_mm, outer_diameter_mm, wall_mm, governed_by of each pipe of the network.
    """
    network, at = results.network, results.conditions
    pipes = network.pipes
    supply, back = sections.supply, sections.back
    has, has_return = sections.row >= 0, sections.return_row >= 0
    pipe = np.where(has, _taken(supply.pipe, sections.row), _taken(back.pipe, sections.return_row))
    piped = pipe >= 0

    def own(links: Any, row: Any, name: str) -> Array:
        return np.where(row >= 0, sections.sign * _taken(getattr(links, name), row), np.nan)

    def of_pipe(values: Array) -> Array:
        return np.where(piped, _taken(values, pipe), np.nan)

    def of_link(name: str) -> Any:
        return np.where(
            has, _taken(getattr(supply, name), sections.row), _taken(getattr(back, name), sections.return_row)
        )

    flow, return_flow = own(supply, sections.row, "flow"), own(back, sections.return_row, "flow")
    start, end = of_link("start"), of_link("end")
    ends = np.where(sections.sign > 0.0, start, end), np.where(sections.sign > 0.0, end, start)
    length, equivalent = of_pipe(pipes.length), of_pipe(pipes.equivalent_length)
    shape = {"length": length + equivalent, "bore": of_pipe(pipes.inner_diameter),
             "roughness": of_pipe(pipes.roughness_for(at.law)), "zeta": of_pipe(pipes.zeta)}  # fmt: skip
    area, load = results.behind()
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = np.where(length > 0.0, equivalent / length, 0.0)
    live = formulas.lengths(length, equivalent)
    for prefix, water, q in (("sup", at.supply, flow), ("ret", at.back, return_flow)):
        live |= formulas.side(prefix, at.law, water, at.gravity, flow=np.where(piped, q, np.nan), **shape)
    table = pd.DataFrame(
        {
            "order": np.arange(1, len(pipe) + 1),
            "pipe_id": of_link("id"),
            "from_node": network.nodes.id[ends[0]],
            "to_node": network.nodes.id[ends[1]],
            "sup_flow_t_h": from_si(flow, "sup_flow_t_h"),
            "ret_flow_t_h": from_si(return_flow, "ret_flow_t_h"),
            "length_m": length,
            "local_loss_fraction": np.where(piped, fraction, np.nan),
            "pipe_spec": _specs(said, pipe, of_link("is_pump"), language),
            "dn_mm": of_pipe(said["dn_mm"].to_numpy(float)),
            "inner_diameter_mm": from_si(shape["bore"], "inner_diameter_mm"),
            "roughness_mm": from_si(of_pipe(pipes.roughness), "roughness_mm"),
            "zeta": shape["zeta"],
            "heated_area_m2": of_pipe(area),
            "load_kw": from_si(of_pipe(load), "load_kw"),
            "governed_by": [said["governed_by"].iloc[p] if p >= 0 else None for p in pipe.tolist()],
        }
    ).astype({"ret_flow_t_h": object})  # fmt: skip
    with np.errstate(invalid="ignore"):
        same = (np.abs(return_flow - flow) <= SAME_FLOW * np.abs(flow)) & has & has_return
    device_loss = {"sup": own(supply, sections.row, "loss") / 1e3, "ret": own(back, sections.return_row, "loss") / 1e3}
    return _with_formulas(table, live, device_loss, piped, same, {"sup": sections.after, "ret": sections.return_after})


def _taken(values: Any, at: Any) -> Any:
    """Values at rows, those of a last row where there is none (to be left out by the caller)."""
    return np.asarray(values)[at] if len(values) else np.full(len(at), -1 if values.dtype.kind == "i" else np.nan)


def _specs(said: pd.DataFrame, pipe: Any, is_pump: Any, language: Language) -> list[str | None]:
    """Outer diameter x wall, as tables print it; what stands in place of a pipe."""
    word = words.WORDS[language]
    outer, wall = said["outer_diameter_mm"].to_numpy(float), said["wall_mm"].to_numpy(float)
    texts = [f"D{o:g}x{w:g}" if o > 0.0 and w > 0.0 else None for o, w in zip(outer, wall, strict=True)]
    devices = [word["pump"] if pump else word["valve"] for pump in is_pump]
    return [texts[p] if p >= 0 else devices[row] for row, p in enumerate(pipe.tolist())]


def _with_formulas(
    table: pd.DataFrame, live: Mapping[str, Live], device_loss: Mapping[str, Array], piped: Any, same: Any,
    after: Mapping[str, Any],
) -> pd.DataFrame:  # fmt: skip
    """The table with its columns of formulas, in the order of `columns.csv`."""
    cumulated = {prefix: f"{prefix}_cumulated_loss_kpa" for prefix in after}
    wanted = {*table.columns, *live, *cumulated.values(), "cumulated_loss_kpa"}
    names = [name for name in columns(LAYER) if name in wanted]
    cell = {name: cell_column(number) for number, name in enumerate(names)}
    made: dict[str, list[Any]] = {name: _column(live[name], cell) for name in live}
    for prefix, name in cumulated.items():
        loss = f"{prefix}_loss_kpa"
        pairs = zip(made[loss], device_loss[prefix].tolist(), piped, strict=True)
        made[loss] = [value if real else device for value, device, real in pairs]
        against = table[f"{prefix}_flow_t_h"].to_numpy(float) < 0.0
        made[name] = _cumulated(made[loss], against, after[prefix], cell[loss], cell[name])
    both = zip(*(made[name] for name in cumulated.values()), strict=True)
    made["cumulated_loss_kpa"] = [
        _sum([f"{cell[name]}{row}" for name in cumulated.values()], parts) for row, parts in enumerate(both, FIRST_ROW)
    ]
    flows = enumerate(zip(table["ret_flow_t_h"].tolist(), same, strict=True), FIRST_ROW)
    made["ret_flow_t_h"] = [Formula(f"={cell['sup_flow_t_h']}{row}", q) if one else q for row, (q, one) in flows]
    return pd.DataFrame({name: pd.Series(made[name], dtype=object) if name in made else table[name] for name in names})


def _sum(cells: list[str], parts: tuple[Formula | None, ...]) -> Formula | None:
    """Sum of cells, none where one of them is empty."""
    known = [part.value for part in parts if part is not None]
    return Formula("=" + "+".join(cells), sum(known)) if len(known) == len(parts) else None


def _column(live: Live, cell: Mapping[str, str]) -> list[Formula | None]:
    """Formulas of a column; none where gisheat has no value."""
    template = _QUOTED.sub(lambda found: f"{cell[found[1]]}\0", live.template)
    values = live.result.tolist()
    rows = enumerate(values, FIRST_ROW)
    return [None if value != value else Formula(template.replace("\0", str(row)), value) for row, value in rows]  # noqa: PLR0124


def _cumulated(losses: list[Any], against: Any, after: Any, loss: str, cumulated: str) -> list[Formula | None]:
    """Loss of each row, in the sense of its flow (`against`: it runs against the row's), and of all before it."""
    found: list[Formula | None] = [None] * len(losses)
    own = [_own_loss(value, f"{loss}{row}", back) for row, (value, back) in
           enumerate(zip(losses, against.tolist(), strict=True), FIRST_ROW)]  # fmt: skip
    before = [int(b) if b >= 0 and own[int(b)] is not None else -1 for b in after]
    for first in range(len(losses)):
        chain = [first]
        while before[chain[-1]] >= 0 and found[chain[-1]] is None:
            chain.append(before[chain[-1]])
        for row in reversed(chain):
            alone, earlier = own[row], found[before[row]] if before[row] >= 0 else None
            if found[row] is not None or alone is None or earlier is None:
                found[row] = found[row] or alone
                continue
            place = f"{cumulated}{before[row] + FIRST_ROW}"
            found[row] = Formula(f"{alone.text}+{place}", alone.value + earlier.value)
    return found


def _own_loss(loss: Any, place: str, back: bool) -> Formula | None:
    """Loss of a row in the sense of its flow, as a formula that refers to it."""
    value = loss.value if isinstance(loss, Formula) else loss
    if value is None or value != value:  # noqa: PLR0124
        return None
    return Formula(f"=-{place}", -value) if back else Formula(f"={place}", value)


# figures and notes -----------------------------------------------------------------------------------------------


def _figures(paths: list[CriticalPath], made: list[pd.DataFrame]) -> dict[str, tuple[Any, str]]:
    figures: dict[str, tuple[Any, str]] = {}
    for path, table in zip(paths, made, strict=True):
        of = f"{path.source}: " if len(paths) > 1 else ""
        figures |= {
            f"{of}source": (path.source, ""),
            f"{of}station": (path.station, ""),
            f"{of}sections": (len(table), ""),
            f"{of}length": (float(np.nansum(table["length_m"].to_numpy(float))), "m"),
            f"{of}supply loss": (_last(table, "sup_cumulated_loss_kpa"), "kPa"),
            f"{of}return loss": (_last(table, "ret_cumulated_loss_kpa"), "kPa"),
        }
    return figures


def _last(table: pd.DataFrame, name: str) -> float:
    last = table[name].iloc[-1]
    return last.value if isinstance(last, Formula) else float("nan")


def _notes(
    state: State, results: Results, paths: Mapping[str, CriticalPath], tables: Mapping[str, pd.DataFrame],
    language: Language,
) -> list[Note | str]:  # fmt: skip
    """What the tables were made with and how they are read; sums of the paths, live."""
    from gisheat.workbooks import sheet_names

    word, at = words.WORDS[language], results.conditions
    shown = dict(zip(tables, sheet_names(tables, language), strict=True))
    notes: list[Note | str] = [
        Note(word["project"], state.project.name),
        Note(word["phase_name"], state.phase or word["all"]),
    ]
    for name, path in paths.items():
        notes += _sums(path, tables[name], shown[name], word)
    limits = limits_of(at.law)
    notes += [
        "", Note(word["water"], heading=True),
        Note(word["density_supply"], at.supply.density, "kg/m3", "density_supply"),
        Note(word["density_return"], at.back.density, "kg/m3", "density_return"),
        Note(word["viscosity_supply"], at.supply.viscosity, "Pa s", "viscosity_supply"),
        Note(word["viscosity_return"], at.back.viscosity, "Pa s", "viscosity_return"),
        Note(word["gravity"], at.gravity, "m/s2", "gravity"),
        Note(word["laminar_to"], limits[0], "", "laminar_to"),
        Note(word["turbulent_from"], limits[1], "", "turbulent_from"),
        Note(word["law"], at.law),
        "", Note(word["formulas"], heading=True), *words.FORMULAS, *words.law_notes(at.law, limits, language),
        "", Note(word["definitions"], heading=True), *words.DEFINITIONS[language],
        "", Note(word["options"], heading=True),
    ]  # fmt: skip
    options = key_values({key: (value, "") for key, value in state.options.items() if _says(key, value)})
    return [*notes, *(Note(key, value) for key, value in zip(options["key"], options["value"], strict=True))]


_OF_FILES = (*FILE_OPTIONS, "overwrite", "threads", "language", "rows")


def _says(key: str, value: Any) -> bool:
    return value is not None and key not in _OF_FILES and not isinstance(value, Path)


def _sums(path: CriticalPath, table: pd.DataFrame, sheet: str, word: Mapping[str, str]) -> list[Note | str]:
    """Lengths and losses of a path as formulas on its sheet."""
    place = {name: cell_column(number) for number, name in enumerate(table.columns)}
    quoted, last = sheet.replace("'", "''"), len(table) + FIRST_ROW - 1

    def of(name: str) -> str:
        return f"'{quoted}'!{place[name]}"

    def total(name: str) -> Formula:
        values = [v.value if isinstance(v, Formula) else v for v in table[name]]
        return Formula(f"=SUM({of(name)}{FIRST_ROW}:{place[name]}{last})", float(np.nansum(np.array(values, float))))

    def at_end(name: str) -> Formula:
        return Formula(f"={of(name)}{last}", _last(table, name))

    return [
        Note(word["sections"].format(source=path.source, station=path.station), total("length_m"), "m"),
        Note(word["calculation"], total("calculation_length_m"), "m"),
        Note(word["supply"], at_end("sup_cumulated_loss_kpa"), "kPa"),
        Note(word["return"], at_end("ret_cumulated_loss_kpa"), "kPa"),
        Note(word["both"], at_end("cumulated_loss_kpa"), "kPa"),
    ]
