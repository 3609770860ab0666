"""Labels: text, place, scale. QGIS itself keeps them from overlapping."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from gisheat.styles import symbols
from gisheat.styles.markup import column, data_defined, is_true, key, millimetres_on_map, node

if TYPE_CHECKING:
    from gisheat.styles.model import Context, Style

FONT = "Sans Serif"
_AROUND_POINT, _OVER, _LINE, _CURVED = "6", "1", "2", "3"


@dataclass(frozen=True)
class _Label:
    """A label rule: expression, filter, visible from `scale` on, size [pt] and weight."""

    text: str
    scale: int
    size: float
    needs: tuple[str, ...]
    filter: str = ""
    bold: bool = False
    italic: bool = False
    colour: str = symbols.INK
    along_line: str = ""
    side: str = "10"  # above the line, as the map lies
    gap: float = 0.6
    obstacle: bool = True
    drawn: bool = True  # if not, the feature only keeps other labels away
    priority: int = 5
    distance: dict[str, str] = field(default_factory=dict)


def labeling(style: Style, context: Context) -> ET.Element | None:
    """Return the element `labeling` of a style, None where the layer has no labels."""
    rules = [rule for rule in _rules(style.label, style, context) if set(rule.needs) <= set(context.info.fields)]
    if not rules:
        return None
    if style.layer not in _NO_OBSTACLE:
        rules.append(_OBSTACLE)
    element = ET.Element("labeling", type="rule-based")
    seed = (style.layer, style.name.en, "label")
    root = node(element, "rules", key=key(*seed))
    for index, rule in enumerate(rules):
        child = node(root, "rule", key=key(*seed, str(index)), description=style.label)
        if rule.filter:
            child.set("filter", rule.filter)
        _settings(child, rule)
    return element


def _number(name: str, digits: int, unit: str, before: str = "") -> str:
    """Text of a number with its unit, empty where there is no value (concatenating NULL gives NULL)."""
    return f"coalesce('{before}' || round({column(name)},{digits}) || '{unit}','')"


def _joined(*parts: str, separator: str) -> str:
    """Join the parts that are not empty."""
    return f"array_to_string(array_filter(array({','.join(parts)}), @element <> ''),{separator})"


def _text(name: str) -> str:
    return f"coalesce(to_string({column(name)}),'')"


def _rules(kind: str, style: Style, context: Context) -> tuple[_Label, ...]:
    if kind == "pipe":
        return _pipe_rules(context)
    if kind == "change":
        return _change_rules(style)
    if kind == "node":
        value = _number(style.column, 1, "")
        return (_Label(value, 2500, 6.5, (style.column,), priority=2),)
    return _POINT_RULES.get(kind, ())


def _pipe_rules(context: Context) -> tuple[_Label, ...]:
    fields = set(context.info.fields)
    parts = [_number("dn_mm", 0, "", "DN")] if "dn_mm" in fields else []
    parts += [_number("length_m", 0, " m")] if "length_m" in fields else []
    if not parts:
        return ()
    text = _joined(*parts, separator="' · '")
    # The line must have room for the text; text stands above the line, clear of its width.
    room = f"{millimetres_on_map()} > 15"
    halo = f" + if({is_true('on_critical_path')}, 0.9, 0)" if "on_critical_path" in fields else ""
    distance = {"LabelDistance": f"{symbols.width(context)} * 0.4 + 0.8{halo}"}
    trunk = 'coalesce("dn_mm",0) >= 250' if "dn_mm" in fields else "FALSE"
    branch = _Label(text, 6000, 6.5, (), f"NOT ({trunk}) AND {room}", along_line=_LINE, priority=4, distance=distance)
    return replace(branch, scale=15000, size=7, filter=f"{trunk} AND {room}", bold=True), branch


def _change_rules(style: Style) -> tuple[_Label, ...]:
    """Which feature was changed; nearer, and along lines that have room for it, what was: dn_mm: 600 -> 700."""
    name, detail = _text("feature_id"), _text("detail")
    if style.layer == "changed_points":
        return (_Label(name, 10000, 7, ("feature_id", "action"), priority=6),)
    if style.layer == "changed_areas":
        return (_Label(name, 10000, 7, ("feature_id", "action"), along_line=_OVER, priority=6),)
    room = f"{millimetres_on_map()} > 10"
    first = f"regexp_replace({detail},';.*','')"
    text = _joined(name, f"if(coalesce(@map_scale,0) < 6000,{first},'')", separator="'  '")
    other = _Label(
        text, 15000, 7, ("feature_id", "action", "detail"), f"\"action\" <> 'redimensioned' AND {room}",
        along_line=_LINE, priority=6, distance={"LabelDistance": "1.2"},
    )  # fmt: skip
    return replace(other, filter=f"\"action\" = 'redimensioned' AND {room}", priority=8), other


# Keeps the labels of others off a feature, also where it has no label itself.
_OBSTACLE = _Label("''", 0, 6.5, (), drawn=False)
_NO_OBSTACLE = ("streets",)
# The id is left out where the name begins with it.
_NAME = _joined(
    "if(strpos(coalesce(to_string(\"name\"),''),to_string(\"station_id\")) = 1,''," + _text("station_id") + ")",
    _text("name"),
    separator="' '",
)
_SOURCE = _joined(
    f"if({_text('name')} = '',{_text('source_id')},{_text('name')})",
    _number("load_mw", 1, " MW"),
    _number("pump_head_m", 1, " m", "ΔH "),
    separator="'\\n'",
)
# Infos are many: their names come late.
_FINDING = _Label(
    _text("title"), 1000, 6.5, ("title", "severity"), "\"severity\" = 'info'", italic=True, colour="#2a7ab0", priority=2
)
_POINT_RULES: dict[str, tuple[_Label, ...]] = {
    "station": (
        _Label(_NAME, 15000, 7.5, ("station_id", "name"), priority=8),
        _Label(_text("station_id"), 50000, 7, ("station_id",), "coalesce(@map_scale,0) > 15000", priority=7),
    ),
    "source": (_Label(_SOURCE, 0, 9, ("source_id", "name", "load_mw", "pump_head_m"), bold=True, priority=10),),
    "finding": (
        replace(_FINDING, scale=5000, size=7, filter="\"severity\" <> 'info'", colour="#8a1520", priority=3),
        _FINDING,
    ),
    "valve": (_Label(_text("valve_id"), 3000, 6.5, ("valve_id",), priority=3),),
    "pump": (_Label(_text("pump_id"), 8000, 7, ("pump_id",), priority=6),),
    "street": (
        _Label(
            _text("name"),
            8000,
            7,
            ("name",),
            italic=True,
            colour="#8d877b",
            along_line=_CURVED,
            side="12",
            gap=2.8,
            priority=1,
            obstacle=False,
        ),
    ),
}


def _settings(parent: ET.Element, label: _Label) -> None:
    settings = node(parent, "settings", calloutType="simple")
    text = node(settings, "text-style", **_text_style(label))
    node(text, "text-buffer", **_BUFFER)
    node(settings, "text-format", multilineAlign="0", wrapChar="", plussign="0", formatNumbers="0")
    node(settings, "placement", **_placement(label))
    node(settings, "rendering", **_rendering(label))
    data_defined(settings, "dd_properties", label.distance)


_BUFFER = {
    "bufferDraw": "1",
    "bufferSize": "0.7",
    "bufferSizeUnits": "MM",
    "bufferColor": "255,255,255,255",
    "bufferOpacity": "0.9",
    "bufferNoFill": "1",
    "bufferJoinStyle": "128",
}


def _text_style(label: _Label) -> dict[str, str]:
    return {
        "fieldName": label.text,
        "isExpression": "1",
        "fontFamily": FONT,
        "fontSize": f"{label.size:g}",
        "fontSizeUnit": "Point",
        "fontWeight": "75" if label.bold else "50",
        "fontItalic": "1" if label.italic else "0",
        "textColor": symbols.rgba(label.colour),
        "textOpacity": "1",
        "multilineHeight": "0.95",
    }


def _placement(label: _Label) -> dict[str, str]:
    return {
        "placement": label.along_line or _AROUND_POINT,
        "placementFlags": label.side,
        "predefinedPositionOrder": "TR,BR,R,TL,BL,L,TSR,BSR",
        "dist": f"{label.gap:g}",
        "distUnits": "MM",
        "offsetType": "1",  # from the edge of the symbol
        "priority": str(label.priority),
        "lineAnchorPercent": "0.5",
        "lineAnchorType": "0",
        "overrunDistance": "0",
        "repeatDistance": "0",
        "maxCurvedCharAngleIn": "20",
        "maxCurvedCharAngleOut": "-20",
    }


def _rendering(label: _Label) -> dict[str, str]:
    return {
        "drawLabels": "1" if label.drawn else "0",
        "obstacle": "1" if label.obstacle else "0",
        "obstacleFactor": "1",
        "obstacleType": "1",
        "scaleVisibility": "1" if label.scale else "0",
        "scaleMin": "0",
        "scaleMax": str(label.scale),
        "displayAll": "0",
        "mergeLines": "0",
        "labelPerPart": "0",
        "unplacedVisibility": "0",
    }
