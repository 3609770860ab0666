"""Rule-based renderers: every class is a rule, so that features without a value are drawn as well."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

from gisheat.styles import symbols
from gisheat.styles.classes import CLOSED_VALVE, CRITICAL_PATH, FLOW_DIRECTION, PLANNED
from gisheat.styles.entries import entries, rest
from gisheat.styles.markup import column, is_true, key, millimetres_on_map, node, symbol
from gisheat.styles.model import Context, Entry, Style, SymbolLayer

_Builder = Callable[[Entry, Context], tuple[SymbolLayer, ...]]
_BUILDERS: dict[str, _Builder] = {
    "pipes": symbols.pipe,
    "stations": symbols.station,
    "nodes": symbols.dot,
    "sources": symbols.source,
    "findings": symbols.finding,
    "valves": symbols.valve,
    "pumps": symbols.pump,
    "streets": symbols.street,
    "buildings": symbols.building,
    "areas": symbols.area,
    "changed_lines": symbols.changed_line,
    "changed_points": symbols.changed_point,
    "changed_areas": symbols.area,
    "proposed_lines": symbols.changed_line,
    "proposed_points": symbols.changed_point,
    "proposed_areas": symbols.area,
}
_ARROW_SCALE = 20000
_PLANNED_SCALE = 6000  # farther out the dashes would bleach thin pipes
_ARROW_ROOM_MM = 7
# An overlay is a rule beside the classes: label, filter, largest scale denominator, symbol.
_Overlay = tuple[str, str, int, tuple[SymbolLayer, ...]]


class _Rules:
    """The rules of one renderer and the symbols they point to."""

    def __init__(self, style: Style, context: Context) -> None:
        self.shape = context.info.shape
        self.seed = (context.layer, style.name.en)
        self.root = ET.Element("rules", key=key(*self.seed))
        self.symbols = ET.Element("symbols")

    def group(self, label: str) -> ET.Element:
        return node(self.root, "rule", key=key(*self.seed, "group"), label=label)

    def add(self, parent: ET.Element, entry: Entry, layers: tuple[SymbolLayer, ...]) -> None:
        name = str(len(self.symbols))
        rule = node(parent, "rule", key=key(*self.seed, name), symbol=name, label=entry.label)
        if entry.filter:
            rule.set("filter", entry.filter)
        if entry.max_scale:
            rule.set("scalemaxdenom", str(entry.max_scale))
        symbol(self.symbols, name, self.shape, layers)


def renderer(style: Style, context: Context) -> ET.Element:
    """Return the element `renderer-v2` of a style."""
    rules = _Rules(style, context)
    build = _BUILDERS[style.layer]
    parent = rules.root if style.kind == "single" else rules.group(style.heading.get(context.language))
    for entry in entries(style, context):
        rules.add(parent, entry, build(entry, context))
    other = rest(style, context)
    if other:
        builder = symbols.unknown_pipe if style.layer == "pipes" else build
        rules.add(parent, other, builder(other, context))
    for label, condition, max_scale, layers in _overlays(style, context):
        rules.add(rules.root, Entry(label, condition, "", max_scale=max_scale), layers)
    levels = "1" if style.layer == "pipes" else "0"
    element = ET.Element("renderer-v2", type="RuleRenderer", symbollevels=levels, referencescale="-1")
    element.extend([rules.root, rules.symbols])
    return element


def _overlays(style: Style, context: Context) -> list[_Overlay]:
    fields, found = context.info.fields, list[_Overlay]()
    if context.layer == "pipes" and "status" in fields and style.column != "status":
        condition = f"{column('status')} = 'planned' AND {column(style.column)} IS NOT NULL"
        found.append((PLANNED.get(context.language), condition, _PLANNED_SCALE, symbols.planned(context)))
    if context.layer == "pipes" and "on_critical_path" in fields:
        label = CRITICAL_PATH.get(context.language)
        found.append((label, is_true("on_critical_path"), 0, symbols.halo(context)))
    if context.layer == "pipes" and "sup_flow_t_h" in fields:
        label, room = FLOW_DIRECTION.get(context.language), f"{millimetres_on_map()} > {_ARROW_ROOM_MM}"
        condition = f"abs({column('sup_flow_t_h')}) > 0 AND {room}"
        found.append((label, condition, _ARROW_SCALE, symbols.arrow(context)))
    if context.layer == "valves" and "state" in fields:
        label = CLOSED_VALVE.get(context.language)
        state = f"coalesce({column('state_found')},{column('state')})" if "state_found" in fields else column("state")
        found.append((label, f"{state} = 'closed'", 0, symbols.cross(context)))
    return found
