"""Aliases, attribute form and map tip: the words for a layer's columns."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from gisheat.schema import LAYER_LABEL
from gisheat.styles import classes
from gisheat.styles.markup import column, node, printable
from gisheat.styles.model import Context, Text

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

# Columns of the map tip, numbers with their digits after the colon; the first is its heading.
_TIPS: dict[str, str] = {
    "pipes": "pipe_id status dn_mm:0 length_m:1 sup_flow_t_h:1 sup_velocity_m_s:2 sup_friction_pa_m:1 "
    "sup_loss_kpa:2 ret_loss_kpa:2 governed_by",
    "nodes": "node_id ground_m:1 available_head_m:1 sup_head_m:1 ret_head_m:1 sup_pressure_kpa:0 ret_pressure_kpa:0",
    "stations": "station_id name heated_area_m2:0 load_kw:0 flow_t_h:1 available_head_m:1 required_head_m:1 "
    "surplus_head_m:1 imbalance:2",
    "sources": "source_id name load_mw:2 flow_t_h:1 pump_head_m:1 pump_power_kw:0 sup_head_m:1 ret_head_m:1",
    "valves": "valve_id kind line dn_mm:0 state state_found flow_t_h:1 loss_kpa:2",
    "pumps": "pump_id line control state_found flow_t_h:1 head_m:1 pump_power_kw:1",
    "findings": "title severity message advice layer source_fid distance_m:3 repair",
    "streets": "name class repaired",
    "buildings": "building_id building_use heated_area_m2:0 station_id",
    "areas": "area_id name kind cost_factor:2",
    **dict.fromkeys(classes.PROPOSED, "feature_id action layer detail approved conflict distance_m:2 confidence:2"),
    **dict.fromkeys(classes.CHANGED, "feature_id action layer detail distance_m:2 confidence:2 matched_by"),
}
_REPRESENTED = ("severity", "layer")
"""Columns whose values have words."""
_EDITED = {**dict.fromkeys(classes.PROPOSED, ("approved",)), "proposed_values": ("approved", "new_value")}
"""Columns of a change set that are there to be edited; the others are not."""
_TABS = (("sup_", Text("Supply", "供水")), ("ret_", Text("Return", "回水")))
_GENERAL = Text("General", "基本")


def alias(context: Context, name: str) -> str:
    """Return the words for a column, its own name where there are none."""
    return context.aliases.get(name) or name


def append_forms(parent: ET.Element, context: Context) -> None:
    """Append aliases, attribute form, display name and map tip to a style document."""
    fields = (context.info.key, *context.info.fields)
    element = node(parent, "aliases")
    for index, name in enumerate(fields):
        node(element, "alias", index=str(index), field=name, name=context.aliases.get(name, ""))
    _words(parent, context)
    _approval(parent, context, fields)
    _form(parent, context, fields)
    tip = [item for item in _TIPS.get(context.layer, "").split() if item.split(":")[0] in fields]
    if tip:
        node(parent, "previewExpression", f"coalesce(to_string({column(tip[0])}),'')")
        node(parent, "mapTip", map_tip(tip, context))


def _words(parent: ET.Element, context: Context) -> None:
    """Append the words that stand for the values of columns of findings."""
    if context.layer != "findings":
        return
    shown = {
        "severity": {c.value: c.label.get(context.language) for c in classes.SEVERITY},
        "layer": LAYER_LABEL[context.language],
    }
    configuration = node(parent, "fieldConfiguration")
    for name, words in shown.items():
        field = node(configuration, "field", name=name)
        values = node(node(node(field, "editWidget", type="ValueMap"), "config"), "Option", type="Map")
        listed = node(values, "Option", name="map", type="List")
        for value, word in words.items():
            node(node(listed, "Option", type="Map"), "Option", name=word, type="QString", value=value)


def _approval(parent: ET.Element, context: Context, fields: tuple[str, ...]) -> None:
    """Append a box to tick to the form of a change set, and keep the rest of it from being edited."""
    if context.layer not in _EDITED:
        return
    field = node(node(parent, "fieldConfiguration"), "field", name="approved")
    box = node(node(node(field, "editWidget", type="CheckBox"), "config"), "Option", type="Map")
    for name, value in (("CheckedState", ""), ("UncheckedState", ""), ("TextDisplayMethod", "0")):
        node(box, "Option", name=name, type="QString", value=value)
    editable = node(parent, "editable")
    for name in fields:
        node(editable, "field", name=name, editable=str(int(name in _EDITED[context.layer])))


def _form(parent: ET.Element, context: Context, fields: tuple[str, ...]) -> None:
    tabs: dict[str, list[str]] = {}
    for name in fields[1:]:
        words = next((words for prefix, words in _TABS if name.startswith(prefix)), _GENERAL)
        tabs.setdefault(words.get(context.language), []).append(name)
    if len(tabs) == 1:
        node(parent, "editorlayout", "generatedlayout")
        return
    node(parent, "editorlayout", "tablayout")
    form = node(parent, "attributeEditorForm")
    for title, names in tabs.items():
        tab = node(form, "attributeEditorContainer", name=title, groupBox="0", columnCount="1", showLabel="1",
                   visibilityExpressionEnabled="0", visibilityExpression="")  # fmt: skip
        for name in names:
            node(tab, "attributeEditorField", name=name, index=str(fields.index(name)), showLabel="1")


def map_tip(columns: list[str], context: Context) -> str:
    """Return the HTML of a map tip; QGIS fills in the expressions between `[%` and `%]`."""
    heading, *rows = columns
    lines = [f"<tr><th colspan='2' align='left'>[% {_shown(heading)} %]</th></tr>"]
    for item in rows:
        words = html.escape(alias(context, item.split(":")[0])).replace("[%", "[ %")
        lines.append(f"<tr><td>{words}</td><td align='right'>&nbsp;[% {_shown(item)} %]</td></tr>")
    return printable(f"<table cellpadding='1'>{''.join(lines)}</table>")


def _shown(item: str) -> str:
    """Return the expression for a value: numbers rounded, texts made harmless in HTML, NULL as a dash."""
    name, _, digits = item.partition(":")
    if digits:
        return f"coalesce(round({column(name)},{digits}),'–')"
    escapes = "map('&','&amp;','<','&lt;','>','&gt;')"
    value = f"represent_value({column(name)})" if name in _REPRESENTED else column(name)
    return f"coalesce(replace(to_string({value}),{escapes}),'–')"
