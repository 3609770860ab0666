"""Classes and colours of the named styles.

Colours run from blue (little) over amber to red and purple (much) with falling lightness on either side, so
that they stay apart for colour-blind readers and in a grey copy.
"""

from __future__ import annotations

from dataclasses import replace

from gisheat.styles.model import Band, Category, Text

GREY = "#9a9a9a"
BELOW, IN_BAND, NEAR, ABOVE, HIGH, EXTREME = "#8fbfe3", "#11776f", "#e2b422", "#ec7a1c", "#c0202f", "#4b0f33"
SURPLUS = ("#e3123f", "#ffffff", "#d9cdec", "#ac92d6", "#7648b0", "#3a1668")
SEQUENTIAL = ("#8fc7d8", "#4fa3c7", "#2a7ab0", "#22558f", "#3d3277", "#5e0f47", "#2c0a2b")
QUALITATIVE = (
    "#0b5c94",
    "#e5701e",
    "#2a9d8f",
    "#c01f2e",
    "#7b5ea7",
    "#f0b429",
    "#5e0f47",
    "#6b6b6b",
    "#4fa3c7",
)

NO_VALUE = Text("no value (not computed)", "无计算值")
OTHER = Text("other or unknown", "其他或未填")
CRITICAL_PATH = Text("Critical path", "最不利环路")
PLANNED = Text("Planned", "规划管线")
FLOW_DIRECTION = Text("Flow direction (supply)", "供水流向")
CLOSED_VALVE = Text("Closed", "关闭")
IN_USE = "coalesce(\"status\",'existing') <> 'abandoned'"


def bands(
    bounds: tuple[float, ...], colours: tuple[str, ...], notes: dict[int, Text] | None = None
) -> tuple[Band, ...]:
    """Return the classes between `bounds`, the first and the last one open."""
    edges = (None, *bounds, None)
    notes = notes or {}
    return tuple(Band(edges[i], edges[i + 1], colours[i], notes.get(i)) for i in range(len(bounds) + 1))


def friction() -> tuple[Band, ...]:
    """Return the classes of specific friction [Pa/m]: below, in and above the economic band of trunks."""
    notes = {
        0: Text("below the economic band", "低于经济比摩阻"),
        1: Text("economic band of trunks", "干线经济比摩阻"),
        4: Text("near the limit of branches", "接近支线上限"),
        5: Text("above the limit of branches", "超过支线上限"),
    }
    return bands((30, 70, 100, 200, 300), (BELOW, IN_BAND, NEAR, ABOVE, HIGH, EXTREME), notes)


def velocity() -> tuple[Band, ...]:
    """Return the classes of velocity [m/s]."""
    notes = {5: Text("above the limit", "超过限值")}
    return bands((0.5, 1, 2, 3, 3.5), ("#b5d5e6", BELOW, IN_BAND, NEAR, ABOVE, HIGH), notes)


def diameters() -> tuple[Band, ...]:
    """Return the classes of nominal diameter, cut between the sizes of the series."""
    names = ("≤ DN80", "DN100 – 150", "DN200 – 250", "DN300 – 400", "DN450 – 600", "DN700 – 900", "≥ DN1000")
    classes = bands((90, 175, 275, 425, 650, 950), SEQUENTIAL)
    return tuple(replace(band, name=name) for band, name in zip(classes, names, strict=True))


STATUS = (
    Category("existing", Text("existing", "现状"), "#1f1f1f"),
    Category("planned", Text("planned", "规划"), "#c01f2e", pattern="dash"),
    Category("closed", Text("closed", "停用（可恢复）"), "#0b5c94", pattern="dash dot"),
    Category("abandoned", Text("abandoned", "废弃"), GREY, pattern="dot"),
)
CHANGED = ("changed_points", "changed_lines", "changed_areas")
"""Layers of changed features."""
PROPOSED = ("proposed_points", "proposed_lines", "proposed_areas")
"""Layers of a change set."""
APPROVED = (
    Category("true", Text("approved", "已批准"), "#1a7f4b"),
    Category("false", Text("not approved", "未批准"), "#c01f2e", pattern="dash"),
)
CHANGES = (
    Category("added", Text("added", "新增"), "#1a7f4b"),
    Category("removed", Text("removed", "删除"), "#c01f2e", pattern="dash"),
    Category("moved", Text("moved", "位移"), "#7b3294"),
    Category("redimensioned", Text("another dimension", "管径变更"), "#d95f02"),
    Category("reattributed", Text("other values changed", "属性变更"), "#0b5c94"),
    Category("split", Text("split", "拆分"), "#a6761d", pattern="dash dot"),
    Category("merged", Text("merged", "合并"), "#66641f", pattern="dash dot"),
    Category("recut", Text("cut at other places", "重新分段"), "#7c7f86", pattern="dash dot"),
)
SERVED = (
    Category("true", Text("served", "满足"), "#2166ac"),
    Category("false", Text("not served", "不满足"), "#b2182b", marker="diamond"),
)
AREA_KINDS = (
    Category("forbidden", Text("forbidden", "禁止穿越"), "#c01f2e", pattern="b_diagonal"),
    Category("cost", Text("cost factor", "费用系数"), "#7c7f86", pattern="f_diagonal"),
)
SEVERITY = (
    Category("error", Text("error", "错误"), "#c01f2e", marker="diamond"),
    Category("warning", Text("warning", "警告"), "#f08a00", marker="triangle", max_scale=50000),
    Category("info", Text("info", "提示"), "#2a7ab0", marker="circle", max_scale=10000),
)
VALVE_KINDS = (
    Category("isolation", Text("isolation", "关断阀"), "#ffffff", marker="valve"),
    Category("control", Text("control", "调节阀"), "#f0b429", marker="valve"),
    Category("check", Text("check", "止回阀"), "#1f1f1f", marker="check"),
    Category("pressure_reducing", Text("pressure reducing", "减压阀"), "#c01f2e", marker="valve"),
    Category("pressure_sustaining", Text("pressure sustaining", "持压阀"), "#0b5c94", marker="valve"),
    Category("differential_pressure", Text("differential pressure", "压差控制阀"), "#7b5ea7", marker="valve"),
    Category("flow_limiter", Text("flow limiter", "限流阀"), "#2a9d8f", marker="valve"),
    Category("bypass", Text("bypass", "旁通阀"), "#9a9a9a", marker="valve"),
)
VALVE_STATES = (
    Category("open", Text("open", "开启"), "#2a9d8f", marker="valve"),
    Category("controlling", Text("controlling", "调节中"), "#f0b429", marker="valve"),
    Category("closed", Text("closed", "关闭"), "#c0202f", marker="valve"),
    Category("absent", Text("not there yet", "未建"), GREY, marker="valve"),
)
PUMP_STATES = (
    Category("running", Text("running", "运行"), "#2a9d8f", marker="pump"),
    Category("blocked", Text("running against more than it gives", "扬程不足（无流量）"), "#c0202f", marker="pump"),
    Category("stopped", Text("stopped", "停止"), GREY, marker="pump"),
)
PUMP_LINES = (
    Category("supply", Text("on the supply", "供水管"), "#c01f2e", marker="pump"),
    Category("return", Text("on the return", "回水管"), "#0b5c94", marker="pump"),
)
