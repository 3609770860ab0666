"""Pages that are tables of what the code knows: columns, options, catalogues."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gisheat.catalogue import PIPE_SERIES, RULE_SETS, TRENCH_PRICES, USE_WORDS, pipe_series, read_rows, trench_prices
from gisheat.network import ROLES
from gisheat.operations import OPERATIONS
from gisheat.schema import CHOICE_ALIASES, GEOMETRY, INPUT_LAYERS, WRITTEN_UNIT, Column, columns, unit_text
from gisheat.signature import Parameter, parameters

MADE = "<!-- Made by docs/make_docs.py from {}: change it there. -->"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Make a Markdown table; bars and line ends in cells are made harmless."""

    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    return "\n".join([line(heads), line("---" for _ in heads), *map(line, rows)]) + "\n"


def page(title: str, source: str, *parts: str) -> str:
    """Make a page of parts with a title and a word on what it is made from."""
    return "\n\n".join([f"# {title}", MADE.format(source), *(p.strip("\n") for p in parts)]) + "\n"


def code(text: object) -> str:
    """Write a name in code letters, nothing for nothing."""
    return f"`{text}`" if text not in ("", None) else ""


# columns -------------------------------------------------------------------------------------------------


def columns_page() -> str:
    """All layers and their columns, units in names, words for choices."""
    inputs = [name for name in GEOMETRY if name in INPUT_LAYERS]
    others = [name for name in GEOMETRY if name not in INPUT_LAYERS]
    both = sum(c.is_input for name in inputs for c in columns(name).values())
    return page(
        "Layers and columns",
        "gisheat/data/columns.csv",
        f"""
The columns that gisheat reads ({both} in {len(inputs)} layers) and writes. A name that ends in a unit carries that
unit. Empty means unknown. Ids are text. A file with other names is read as well: see [your own data](your-own-data.md)
for aliases, units in names and the mapping in the project file.

**Use**: *needed*: the layer can't be read without it; *in*: read when it is there; *out*: written; *in, out*: both,
so that a result can be read again; *one-pipe*: in one-pipe networks alone, such as those from
[EPANET files](epanet.md). Columns that are not listed here stay in the result with their own names.

**Range**: numbers outside it are findings (`out-of-range`) and count as unknown. Words outside the choices are findings
(`not-a-choice`).
""",
        "Input layers: " + ", ".join(f"[{n}](#{n})" for n in inputs) + ".",
        "In results, or in tables of their own: " + ", ".join(f"[{n}](#{n})" for n in others) + ".",
        *(_layer_section(name) for name in (*inputs, *others)),
        _units_section(),
        _choices_section(),
    )


def _layer_section(layer: str) -> str:
    geometry = GEOMETRY[layer]
    kind = "table without geometry" if geometry == "none" else f"{geometry}s"
    rows = [
        (code(c.name), _type(c), _use(c), _range(c), " ".join(code(a) for a in c.aliases), c.meaning)
        for c in columns(layer).values()
    ]
    heads = ("column", "type", "use", "range", "also recognised", "meaning")
    return f"## {layer}\n\n{kind.capitalize()}.\n\n{table(heads, rows)}"


def _type(column: Column) -> str:
    unit = unit_text(column.name) if column.kind == "float" else ""
    kind = {"float": "number", "int": "whole number", "bool": "true, false", "text": "text"}[column.kind]
    return f"{kind}, {unit}" if unit else kind


def _use(column: Column) -> str:
    if column.required:
        return "needed, out" if column.is_result else "needed"
    if column.one_pipe:
        return f"{column.one_pipe}, one-pipe"
    return ", ".join(word for word, is_so in (("in", column.is_input), ("out", column.is_result)) if is_so)


def _range(column: Column) -> str:
    if column.choices:
        return " ".join(code(c) for c in column.choices)
    if column.minimum is None or column.maximum is None or not (column.is_input or column.one_pipe == "in"):
        return ""
    return f"{column.minimum:.10g} to {column.maximum:.10g}"


def _units_section() -> str:
    by_unit: dict[str, list[str]] = {}
    for word, unit in WRITTEN_UNIT.items():
        by_unit.setdefault(unit.dimension, []).append(code(word))
    rows = [(dimension, " ".join(words)) for dimension, words in by_unit.items()]
    return f"""## Units in names

A unit in brackets after a column's name is converted, as in `供热面积(万m2)` or `load [MW]`; blanks and capitals
do not matter. A unit that does not fit the column is refused.

{table(("quantity", "units understood"), rows)}"""


def _choices_section() -> str:
    by_choice: dict[str, list[str]] = {}
    for word, choice in CHOICE_ALIASES.items():
        by_choice.setdefault(choice, []).append(code(word))
    rows = [(code(choice), " ".join(words)) for choice, words in by_choice.items()]
    return f"## Words for choices\n\n{table(('choice', 'also understood'), rows)}"


# options -------------------------------------------------------------------------------------------------


def options_page() -> str:
    """Every verb with its options."""
    verbs = {operation.__name__.replace("_", "-"): operation for operation in OPERATIONS}
    takers: dict[str, list[str]] = {}
    options: dict[str, Parameter] = {}
    for verb, operation in verbs.items():
        for parameter in _optional(operation):
            takers.setdefault(parameter.name, []).append(verb)
            options.setdefault(parameter.name, parameter)
    groups: dict[tuple[str, ...], list[Parameter]] = {}
    for name, parameter in options.items():
        groups.setdefault(tuple(takers[name]), []).append(parameter)
    return page(
        "Verbs and options",
        "the signatures in gisheat/operations/",
        """
`gisheat VERB PROJECT --output FILE [options]`. PROJECT is a project file (`*.toml`) or one file whose layers carry the
names of the [columns page](columns.md). A verb runs what it needs before it.

An option of the command line wins over the project file, the project file over the default. In the project file and in
Python options are written with underscores and without the leading dashes: `--snap-tolerance-m 1` is
`snap_tolerance_m = 1`.

Every verb also takes `--json` (a machine-readable summary), `--json-lines` (progress too, for programs), `--quiet`,
`--debug` (the traceback of an error) and `--help`. Exit codes: 0 done; 1 done, with findings of severity error; 2 wrong
usage, unreadable input or unusable output; 3 the data allow no result.
""",
        "## Verbs",
        table(("verb", "what it does", "needs"), [_verb_row(verb, operation) for verb, operation in verbs.items()]),
        *(_group_section(takers_, found, list(verbs)) for takers_, found in groups.items()),
    )


def _required(operation: Callable[..., Any]) -> list[Parameter]:
    return [p for p in parameters(operation) if p.required]


def _optional(operation: Callable[..., Any]) -> list[Parameter]:
    return [p for p in parameters(operation) if not p.required and p.name != "output"]


def _verb_row(verb: str, operation: Callable[..., Any]) -> tuple[str, str, str]:
    words = " ".join((inspect.getdoc(operation) or "").split())
    needs = [code(_flag(p) if p.argument.dataset != "input" else p.name.upper()) for p in _required(operation)]
    return code(verb), words, ", ".join(needs)


def _flag(parameter: Parameter) -> str:
    return f"--{parameter.name.replace('_', '-')}"


def _group_section(takers: tuple[str, ...], found: list[Parameter], verbs: list[str]) -> str:
    where = ", ".join(code(verb) for verb in takers)
    heading = f"Options of {', '.join(takers)}" if len(takers) < len(verbs) else "Options of all verbs"
    heads = ("option", "unit", "range", "default", "meaning")
    rows = [
        (
            code(_flag(p)),
            p.unit,
            _limits(p),
            _default(p),
            p.argument.help + (" *Advanced.*" if p.argument.advanced else ""),
        )
        for p in found
    ]
    return f"## {heading}\n\nTaken by {where}.\n\n{table(heads, rows)}"


def _limits(parameter: Parameter) -> str:
    if parameter.choices:
        return " ".join(code(c) for c in parameter.choices)
    low, high = parameter.argument.minimum, parameter.argument.maximum
    return f"{low:g} to {high:g}" if low is not None and high is not None else ""


def _default(parameter: Parameter) -> str:
    default = parameter.argument.default
    if default is None:
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return code(f"{default:g}" if isinstance(default, float) and parameter.name != "gravity_m_s2" else default)


# catalogues ----------------------------------------------------------------------------------------------


def catalogues_page() -> str:
    """Pipe series, sizing rules, heat indices, trench prices, each with its source."""
    return page(
        "Catalogues",
        "gisheat/data",
        """
The numbers that gisheat brings with it. They are starting points: give your own pipe series as a CSV file
(`--catalogue my.csv`, columns `dn_mm` and `outer_diameter_mm` with `wall_mm`, or `inner_diameter_mm`), your own limits
as options (`--max-velocity-m-s`, `--max-friction-pa-m`), your own heat index in the column `heat_index_w_m2`, your own
trench prices as a CSV file ([cost](cost.md)).
*Common practice* means: known in the field, no clause of a standard was checked.
""",
        *(_series_section(name) for name in PIPE_SERIES),
        *(_rules_section(name) for name in RULE_SETS),
        _indices_section(),
        _equipment_section(),
        *(_prices_section(name) for name in TRENCH_PRICES),
    )


def _series_section(name: str) -> str:
    series, rows = pipe_series(name), read_rows(f"pipes-{name}.csv")
    sources = sorted({row["source"] for row in rows})
    cells = zip(series.dn, series.outer_diameter * 1e3, series.wall * 1e3, series.inner_diameter * 1e3, strict=True)
    heads = ("DN", "outer diameter [mm]", "wall [mm]", "bore [mm]")
    body = table(heads, [[f"{value:g}" for value in row] for row in cells])
    return f"## Pipe series {name}\n\nSource: {'; '.join(sources)}.\n\n{body}"


def _rules_section(name: str) -> str:
    rows = [row for row in read_rows("sizing_rules.csv") if row["rule_set"] == name]
    assert {row["role"] for row in rows} <= set(ROLES)
    heads = ("role", "from DN", "specific friction [Pa/m]", "velocity [m/s]", "smallest DN", "source")
    cells = [
        (r["role"], r["from_dn_mm"] if r["from_dn_mm"] != "0" else "", _band(r), f"up to {r['max_velocity_m_s']}",
         r["smallest_dn_mm"], r["source"])
        for r in rows
    ]  # fmt: skip
    return f"## Sizing rules {name}\n\n{table(heads, cells)}"


def _band(row: dict[str, str]) -> str:
    low, high = row["min_friction_pa_m"], row["max_friction_pa_m"]
    return f"{low} to {high}" if low else f"up to {high}"


def _equipment_section() -> str:
    rows = read_rows("station_equipment.csv")
    heads = [name for name in rows[0] if name != "source"]
    body = table([code(head) for head in heads], [[row[head] for head in heads] for row in rows])
    return f"## Station equipment\n\n[How it is used](station-equipment.md). Source: {rows[0]['source']}.\n\n{body}"


def _prices_section(name: str) -> str:
    prices = trench_prices(name)
    heads = ("DN", f"{prices.currency} for each metre of trench")
    body = table(heads, [[f"{dn:g}", f"{price:g}"] for dn, price in zip(prices.dn, prices.price, strict=True)])
    sources = "; ".join(sorted(set(prices.sources)))
    return f"## Trench prices {name}\n\nYear {prices.year}. Source: {sources}.\n\n{body}"


def _indices_section() -> str:
    rows = read_rows("heat_indices.csv")
    uses = list(dict.fromkeys(r["building_use"] for r in rows))
    tiers = list(dict.fromkeys(r["energy_saving"] for r in rows))
    ranges = [f"{r['heat_index_min_w_m2']} to {r['heat_index_max_w_m2']}" for r in rows]
    found = {(r["building_use"], r["energy_saving"]): text for r, text in zip(rows, ranges, strict=True)}
    cells = [(code(use), *(found.get((use, tier), "") for tier in tiers)) for use in uses]
    sources = sorted({row["source"] for row in rows})
    understood = [(code(use), " ".join(code(word) for word in USE_WORDS[use])) for use in uses]
    return f"""## Heat indices

W for each m² of heated area, least to largest, by `building_use` (down) and `energy_saving` (across). The option
`heat_index_position` says where in the range (0 least, 1 largest; 0.5 is the default).
Source: {"; ".join(sources)}.

{table(("use", *(code(t) for t in tiers)), cells)}

Words that are understood for a use; any other is the finding [`use-unknown`](findings.md#values).

{table(("use", "words"), understood)}"""
