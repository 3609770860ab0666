"""Where everything of a pressure diagram stands on its sheet; what draws it (picture, DXF) adds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gisheat.picture.diagram_sheet import Sheet, Text, round_step, size_of
from gisheat.picture.diagram_strip import lay_strip
from gisheat.picture.diagram_words import WORDS
from gisheat.picture.fonts import Typeface, font, shorten
from gisheat.picture.words import Language
from gisheat.pressure_lines import PressureLines, limit_of_users

if TYPE_CHECKING:
    import pandas as pd

WIDTH_MM, HEIGHT_MM = 420.0, 297.0
MARGIN_MM = 12.0
AXIS_MM, START_MM, END_MM = 50.0, 62.0, 362.0
"""Axis of the heads, beginning and end of the way across the sheet."""
TITLE_MM = 281.0
LEGEND_MM = 262.0
NAME_PT, SMALL_PT, LEGEND_PT = 9.0, 8.0, 9.0
AXIS_ROOM_MM = 9.0
"""Between the plot and the strip."""
KINDS = ("ground", "supply", "return", "static", "boiling", "least", "class", "user_limit", "users")
"""Lines in the order of the legend."""
ABOVE = 0.6
"""Share of the range of heads that the limit of the class may lie above all else and still be drawn."""


@dataclass(frozen=True)
class Scale:
    """How distances and heads [m] stand on the sheet."""

    distance: float
    """Millimetres for a metre of trench."""
    head: float
    """Millimetres for a metre of head."""
    low: float
    """Head at the foot of the plot [m]."""
    high: float
    foot: float
    """Foot of the plot [mm]."""

    def x(self, distance: np.ndarray | float) -> np.ndarray:
        """Place across the sheet [mm]."""
        return START_MM + np.asarray(distance, float) * self.distance

    def y(self, heads: np.ndarray | float) -> np.ndarray:
        """Place up the sheet [mm]."""
        return self.foot + (np.asarray(heads, float) - self.low) * self.head


def lay_out(
    lines: PressureLines, table: pd.DataFrame, face: Typeface, *, title: str = "", sizes: Sequence[str] = (),
    language: Language = "en", exaggeration: float | None = None, shows_all: bool = False,
) -> tuple[Sheet, Scale]:  # fmt: skip
    """Lay a pressure diagram out on an A3 sheet.

    Parameters
    ----------
    sizes : sequence of str
        Size of the pipe that leads to each node, as in DN300; the bore is shown when empty.
    exaggeration : float, optional
        How many times as long a metre of head is drawn as one of trench; as fills the sheet when not given.
    shows_all : bool
        Names are written whether a font of this machine shows them or not.
    """
    sheet, head_part, strip = (Sheet(face, WORDS[language], shows_all) for _ in range(3))
    sizes = list(sizes) or ["" if np.isnan(bore) else f"d {bore:.0f}" for bore in table["inner_diameter_mm"]]
    across = (END_MM - START_MM) / max(float(lines.distance[-1]), 1.0)
    low, high = heads_between(lines)
    _lay_title(head_part, lines, title)
    roof = _lay_legend(head_part, lines, high) - 4.0
    place = START_MM + lines.distance * across
    foot = MARGIN_MM - lay_strip(strip, table, place, sizes, 0.0, MARGIN_MM, END_MM + 8.0) + AXIS_ROOM_MM
    upward = (roof - foot) / (high - low) if exaggeration is None else exaggeration * across
    scale = Scale(across, upward, low, high, foot)
    sheet.add(strip, foot - AXIS_ROOM_MM)
    sheet.add(head_part, float(scale.y(high)) - roof)
    _lay_axes(sheet, lines, scale)
    _lay_lines(sheet, lines, scale)
    _lay_ends(sheet, lines, scale)
    _lay_users(sheet, lines, scale)
    return sheet, scale


def heads_between(lines: PressureLines) -> tuple[float, float]:
    """Heads at the foot and the top of the plot [m], at round steps."""
    tip = lines.back[0] + lines.pump_head
    tops = [value for user in lines.users for value in (user.top, user.limit)]
    drawn = np.concatenate(
        [lines.supply, lines.back, lines.ground, lines.lowest, lines.boiling, [lines.static, tip], tops]
    )
    low, high = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    least = float(lines.highest.min())
    if least <= high + ABOVE * (high - low):
        high = max(high, float(lines.highest[np.isfinite(lines.highest)].max()))
    step = round_step(max(high - low, 8.0), 10)
    foot = step * np.floor(low / step - 0.2)
    return float(foot), float(max(step * np.ceil(high / step + 0.2), foot + 2 * step))


def _lay_title(sheet: Sheet, lines: PressureLines, title: str) -> None:
    words, room = sheet.words, WIDTH_MM - 2 * MARGIN_MM
    name = sheet.shown(title)
    heading = f"{name} · {words['title']}" if name else words["title"]
    heading = shorten(heading, font(sheet.face, 20, bold=True), room)
    sheet.write(Text("title", MARGIN_MM, TITLE_MM, heading, 20, across="left", bold=True))
    ends = sheet.shown(lines.source or lines.names[0], "(1)"), sheet.shown(lines.names[-1], f"({len(lines.names)})")
    parts = [words["way"].format(*ends, f"{lines.distance[-1]:.1f}")]
    if not np.isnan(lines.pump_head):
        parts.append(words["facts_pump"].format(lines.pump_head))
    parts.append(words["facts_station"].format(lines.available))
    if abs(lines.circulation) >= 0.05:
        parts.append(words["circulation"].format(-lines.circulation))
    below = [words["separator"].join(parts)]
    if lines.return_pipes:
        few = ", ".join(sheet.shown(p, "?") for p in lines.return_pipes[:8])
        rest = len(lines.return_pipes) - 8
        below.append(words["return_way"].format(words["more"].format(few, rest) if rest > 0 else few))
    for k, text in enumerate(below):
        line = shorten(text, font(sheet.face, 10.0), room)
        sheet.write(Text("title", MARGIN_MM, TITLE_MM - 8.5 - 5.0 * k, line, 10.0, across="left"))


def _lay_legend(sheet: Sheet, lines: PressureLines, high: float) -> float:
    """Keys of the lines that are drawn, and the foot of them [mm]."""
    words = dict(sheet.words)
    words["static"] = words["static"].format(lines.static)
    drawn = drawn_kinds(lines, high)
    x, y = MARGIN_MM, LEGEND_MM - (4.0 if lines.return_pipes else 0.0)
    keys = [(kind, words[kind]) for kind in KINDS if kind in drawn]
    if np.isfinite(lines.highest).any() and "class" not in drawn:
        keys.append(("", words["class_above"].format(float(lines.highest.min()))))
    for kind, text in keys:
        width = size_of(Text("legend", 0, 0, text, LEGEND_PT), sheet.face)[0] + (13.0 if kind else 0.0)
        if x > MARGIN_MM and x + width > WIDTH_MM - MARGIN_MM:
            x, y = MARGIN_MM, y - 6.0
        if kind:
            sheet.line(kind, [(x, y), (x + 11.0, y)], "legend")
        sheet.write(Text("legend", x + (13.0 if kind else 0.0), y, text, LEGEND_PT, across="left"))
        x += width + 6.0
    return y - 3.0


def drawn_kinds(lines: PressureLines, high: float) -> list[str]:
    """Which lines there are, and lie in the plot."""
    there = {
        "boiling": not np.isnan(lines.boiling).any(),
        "class": bool((lines.highest < high).any()),
        "user_limit": any(not np.isnan(user.limit) for user in lines.users),
        "users": any(not np.isnan(user.top) for user in lines.users),
    }
    return [kind for kind in KINDS if there.get(kind, True)]


def _lay_axes(sheet: Sheet, lines: PressureLines, scale: Scale) -> None:
    """Heads at the left with light lines across, distances at the foot."""
    top = float(scale.y(scale.high))
    step = round_step(scale.high - scale.low, 12)
    for level in np.arange(np.ceil(scale.low / step) * step, scale.high + step * 1e-6, step):
        y = float(scale.y(level))
        sheet.line("grid", [(AXIS_MM, y), (END_MM, y)])
        sheet.write(Text("axis", AXIS_MM - 1.5, y, f"{level:g}", SMALL_PT, across="right"))
    sheet.line("axis", [(AXIS_MM, scale.foot), (AXIS_MM, top)])
    sheet.line("axis", [(AXIS_MM, scale.foot), (END_MM, scale.foot)])
    sheet.write(Text("axis", AXIS_MM - 15.0, (scale.foot + top) / 2, sheet.words["head"], NAME_PT, turned=True))
    reach = float(lines.distance[-1])
    step = round_step(max(reach, 1.0), 12)
    for metres in np.arange(0.0, reach + step * 1e-6, step):
        x = float(scale.x(metres))
        sheet.line("axis", [(x, scale.foot), (x, scale.foot - 1.2)])
        sheet.write(Text("axis", x, scale.foot - 3.8, f"{metres:g}", SMALL_PT))


def _lay_lines(sheet: Sheet, lines: PressureLines, scale: Scale) -> None:
    x = scale.x(lines.distance)
    drawn = drawn_kinds(lines, scale.high)
    for k in range(len(x)):
        top = np.nanmax([lines.supply[k], lines.back[k], lines.ground[k]])
        sheet.line("nodes", [(x[k], scale.foot), (x[k], float(scale.y(top)))])
    heads = {
        "ground": lines.ground, "least": lines.lowest, "boiling": lines.boiling, "class": lines.highest,
        "return": lines.back, "supply": lines.supply,
    }  # fmt: skip
    for kind, values in heads.items():
        if kind in drawn:
            sheet.line(kind, np.stack([x, scale.y(values)], 1))
    ends = np.array([START_MM, END_MM])
    sheet.line("static", np.stack([ends, scale.y(np.full(2, lines.static))], 1))


def _lay_ends(sheet: Sheet, lines: PressureLines, scale: Scale) -> None:
    """Pump and plant at the source, what is available at the station."""
    words = sheet.words
    if not np.isnan(lines.pump_head):
        foot, tip = float(scale.y(lines.back[0])), float(scale.y(lines.back[0] + lines.pump_head))
        first, at = float(scale.y(lines.supply[0])), START_MM - 5.0
        sheet.line("pump", [(START_MM, foot), (at, foot), (at, tip), (START_MM, tip)])
        sheet.write(
            Text("pump", at - 3.0, (foot + tip) / 2, words["pump"].format(lines.pump_head), NAME_PT, turned=True)
        )
        if abs(lines.plant) >= 0.05:
            sheet.line("plant", [(START_MM, tip), (START_MM, first)])
            room = abs(tip - first) >= 5.0
            y = (tip + first) / 2 if room else max(tip, first) + 3.0
            sheet.write(Text("plant", START_MM + 2.0, y, words["plant"].format(lines.plant), NAME_PT, across="left"))
    if np.isnan(lines.available):
        return
    low, high = sorted((float(scale.y(lines.back[-1])), float(scale.y(lines.supply[-1]))))
    at = END_MM + 4.0
    sheet.line("station", [(END_MM, low), (at, low), (at, high), (END_MM, high)])
    texts = [words["available"].format(lines.available)]
    texts += [] if np.isnan(lines.required) else [words["required"].format(lines.required)]
    for k, text in enumerate(texts):
        y = (low + high) / 2 + (2.2 if len(texts) > 1 else 0.0) - 4.4 * k
        sheet.write(Text("station", at + 2.0, y, text, NAME_PT, across="left"))


def _lay_users(sheet: Sheet, lines: PressureLines, scale: Scale) -> None:
    """Direct users as bars from their ground to their top, and the limit of each for the return."""
    limit = limit_of_users(lines)
    known = np.flatnonzero(~np.isnan(limit))
    x = scale.x(lines.distance)
    if len(known) > 1:
        sheet.line("user_limit", np.stack([x[known], scale.y(limit[known])], 1))
    for k in known:
        y = float(scale.y(limit[k]))
        sheet.line("user_limit", [(x[k] - 2.0, y), (x[k] + 2.0, y)])
    known_tops = [user for user in lines.users if not np.isnan(user.top)]
    for user in known_tops:
        at, foot, top = float(x[user.place]), float(scale.y(user.ground)), float(scale.y(user.top))
        sheet.line("users", [(at - 1.2, foot), (at - 1.2, top), (at + 1.2, top), (at + 1.2, foot)])
        sheet.boxes.append((at - 1.2, foot, at + 1.2, top))  # no name may lie on a bar
    for user in sorted(known_tops, key=lambda user: -user.top):
        name = sheet.shown(user.station, f"({user.place + 1})")
        at, top = float(x[user.place]), float(scale.y(user.top))
        sheet.write(Text("users", at, top + 2.8, f"{name} {user.top:.1f}", SMALL_PT), needed=False)
