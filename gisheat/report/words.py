"""The words of the report, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gisheat.findings import title
from gisheat.schema import Language

_EN = {
    # verdict
    "headline_works": "The network works: all {count} stations get the flow and the head they need.",
    "headline_tight": "The network works, but with little in reserve: all {count} stations get what they need.",
    "headline_doubtful": "The network works as far as it could be computed ({count} stations), but the data hold"
    " {errors} error(s).",
    "headline_fails": "The network does not work: {short} of {count} stations do not get what they need.",
    "headline_unsolved": "The network cannot be computed yet.",
    "worst_spare": "Station {station} limits the network: {length:.2f} km from {origin}, it has {head:.1f} m more than"
    " it needs, the least of all.",
    "worst_lacks": "Station {station} limits the network: {length:.2f} km from {origin}, it lacks {head:.1f} m of the"
    " head it needs.",
    "little_head": "The head given leaves {head:.1f} m to spare at station {station}.",
    "source_full": "Source {source} gives {load:.2f} MW of its {capacity:.2f} MW ({share:.0f} %).",
    "pump_head": "Of the pump head of {total:.1f} m the pipes of the critical path lose {spent:.1f} m; the station"
    " takes {station:.1f} m, the plant {plant:.1f} m; {rest:.1f} m are reserve.",
    "pump_head_lacks": "The pump head is {total:.1f} m; the pipes of the critical path lose {spent:.1f} m, the station"
    " needs {station:.1f} m, the plant {plant:.1f} m: {rest:.1f} m are missing.",
    "most_loss": "Three pipes lose {share:.0f} % of that on {part:.0f} % of its length: {pipes}.",
    "overloaded": "{count} pipe(s) carry more than their role allows, now or in a later phase: {pipes}.",
    "balance": "Balance the stations: {much} take more than {high:.0f} % of their flow, {little} get less than"
    " {low:.0f} %.",
    "raise_head": "Raise the pump head by {head:.1f} m to {total:.1f} m, or widen the way to station {station}.",
    "do": "{what} ({count}). First: {message}",
    "do_one": "{what}: {message}",
    "widen": "Widening pipe {pipe} (bore {bore:.0f} mm) to DN{dn:g} saves most: {head:.1f} m of head.",
    "widen_if_wanted": "If less pump head is wanted: widening pipe {pipe} (bore {bore:.0f} mm) to DN{dn:g} saves most,"
    " {head:.1f} m or {share:.0f} % of it.",
    "nothing_to_do": "Nothing has to be done.",
    "and_more": "{names} and {more} more",
    # page
    "report": "Hydraulic report", "phase": "Phase", "all_phases": "all phases", "verdict": "Verdict",
    "limits": "What limits it", "actions": "What to do", "worst": "The five worst stations",
    "worst_few": "The stations, the worst first", "show": "Show on the map",
    "map": "Map", "map_help": "Drag to move, pinch or use + and − to zoom; click the map to zoom with the wheel."
    " Point at a pipe or a station to read it, click or tap to keep it.",
    "map_print": "The network by {colour}; the worst stations and the sources are named.",
    "colour_by": "Colour pipes by", "layers": "Layers", "stations_legend": "Stations, size by load",
    "nothing_picked": "Point at a pipe or a station, or tap it.", "unpin": "Let go", "whole": "Whole network",
    "full_screen": "Full screen", "critical": "Critical path", "names": "Names", "hints": "Information",
    "problems": "Errors, warnings", "streets": "Streets", "head": "Available head, mean of both ends",
    "figures": "Figures", "tables": "Tables", "findings": "Findings",
    "none_found": "Nothing was found.", "inputs": "Inputs and options", "summary": "All figures of the run",
    "method": "Method and versions", "notes": "What was assumed", "filter": "Filter rows …",
    "rows": "{shown} of {count} rows", "more_rows": "Show all rows",
    "printed_rows": "{shown} of {count} rows; the result file has all.",
    "key": "Entry", "value": "Value", "unit": "Unit", "input_files": "Input files", "options": "Options",
    "quantities": "Pipes by size and status", "no_script": "The map that moves and the tables need JavaScript; the"
    " verdict, the figures and this picture do not.",
    "yes": "yes", "no": "no", "count": "Pipes", "source": "Heat source",
    "no_value": "no value", "volume_m3": "Water volume [m³]",
    "method_text": "Supply and return are solved with the friction law and the water given below; heads are metres of"
    " water of the reference density above the datum of the ground. Specific friction counts friction alone, loss"
    " counts fittings too. Surplus head is available less required head. The critical path leads to the station with"
    " the least surplus head. What the terms mean and where the formulas come from: docs/method.md of gisheat.",
    "figure_missing": "This figure could not be made: {why}",
    "diagram": "Pressure diagram of the critical path",
    "made_by": "Made by gisheat {version}. This file works offline and sends nothing.",
    "leaflet": "The map is moved by Leaflet {version} (BSD-2-Clause).",
    # figures at the top
    "heat load": "Heat load", "heated area": "Heated area", "stations": "Stations", "trench length": "Trench",
    "flow": "Flow", "pump head": "Pump head", "pump power": "Pump power", "least surplus head": "Least surplus head",
}  # fmt: skip
_ZH = {
    "headline_works": "管网可行：全部 {count} 座热力站的流量和资用压头均满足要求。",
    "headline_tight": "管网可行，但富裕量很小：全部 {count} 座热力站均满足要求。",
    "headline_doubtful": "在可计算的范围内管网可行（{count} 座热力站），但数据中有 {errors} 处错误。",
    "headline_fails": "管网不可行：{count} 座热力站中有 {short} 座不满足要求。",
    "headline_unsolved": "管网目前无法计算。",
    "worst_spare": "最不利热力站为 {station}：距 {origin} {length:.2f} km，资用压头比需要值高 {head:.1f} m，"
    "为全网最小。",
    "worst_lacks": "最不利热力站为 {station}：距 {origin} {length:.2f} km，资用压头比需要值低 {head:.1f} m。",
    "little_head": "给定的压头在热力站 {station} 处仅富裕 {head:.1f} m。",
    "source_full": "热源 {source} 供热 {load:.2f} MW，供热能力为 {capacity:.2f} MW（{share:.0f} %）。",
    "pump_head": "循环泵扬程 {total:.1f} m，其中最不利环路管道损失 {spent:.1f} m，热力站 {station:.1f} m，热源内部"
    " {plant:.1f} m，富裕量 {rest:.1f} m。",
    "pump_head_lacks": "循环泵扬程 {total:.1f} m；最不利环路管道损失 {spent:.1f} m，热力站需要 {station:.1f} m，"
    "热源内部 {plant:.1f} m：缺少 {rest:.1f} m。",
    "most_loss": "其中三条管段以 {part:.0f} % 的长度占损失的 {share:.0f} %：{pipes}。",
    "overloaded": "{count} 条管段超过其类别的限值（本期或后期）：{pipes}。",
    "balance": "对热力站进行水力平衡：{much} 座超过设计流量的 {high:.0f} %，{little} 座不足 {low:.0f} %。",
    "raise_head": "将循环泵扬程提高 {head:.1f} m 至 {total:.1f} m，或加大通往热力站 {station} 的管径。",
    "do": "{what}（{count} 处）。其一：{message}",
    "do_one": "{what}：{message}",
    "widen": "将管段 {pipe}（内径 {bore:.0f} mm）加大到 DN{dn:g} 效果最大：可减少 {head:.1f} m。",
    "widen_if_wanted": "如需降低扬程：将管段 {pipe}（内径 {bore:.0f} mm）加大到 DN{dn:g} 效果最大，可减少"
    " {head:.1f} m，即 {share:.0f} %。",
    "nothing_to_do": "无需采取措施。",
    "and_more": "{names} 等共 {total} 条",
    "report": "水力计算报告", "phase": "期别", "all_phases": "全部", "verdict": "结论", "limits": "制约因素",
    "actions": "建议措施", "worst": "最不利的五座热力站", "worst_few": "热力站（最不利者在前）", "show": "在图上显示",
    "map": "地图", "map_help": "拖动平移，双指或 + − 缩放；点击地图后可用滚轮缩放。指向管段或热力站可查看数据，"
    "点击可固定。",
    "map_print": "管网图（按{colour}着色），标注热源和最不利热力站。",
    "colour_by": "管道着色", "layers": "图层", "stations_legend": "热力站（大小表示热负荷）",
    "nothing_picked": "请指向管段或热力站。", "unpin": "取消固定", "whole": "全图", "full_screen": "全屏",
    "critical": "最不利环路", "names": "名称", "hints": "提示", "problems": "错误和警告",
    "streets": "道路", "head": "资用压头（两端平均）", "figures": "图", "tables": "表", "findings": "检查结果",
    "none_found": "未发现问题。", "inputs": "输入与选项", "summary": "全部计算指标", "method": "方法与版本",
    "notes": "所作假定", "filter": "筛选 …", "rows": "{count} 行中的 {shown} 行", "more_rows": "显示全部行",
    "printed_rows": "{count} 行中的 {shown} 行；完整表格见结果文件。",
    "key": "项目", "value": "数值", "unit": "单位", "input_files": "输入文件", "options": "选项",
    "quantities": "按管径和状态的管道量", "no_script": "可移动的地图和表格需要 JavaScript；结论、插图和本图不需要。",
    "yes": "是", "no": "否", "count": "管段数", "source": "热源",
    "no_value": "无计算值", "volume_m3": "水容量 [m³]",
    "method_text": "供水和回水按下列摩阻公式和水的物性求解；水头以参考密度的水柱高度计，从地面标高的基准面算起。"
    "比摩阻只计沿程摩阻，压降含局部阻力。富裕压头为资用压头减需要压头。最不利环路通往富裕压头最小的热力站。"
    "术语和公式来源见 gisheat 的 docs/method.md。",
    "figure_missing": "此图未能生成：{why}",
    "diagram": "最不利环路水压图",
    "made_by": "由 gisheat {version} 生成。本文件不需要网络，也不发送任何数据。",
    "leaflet": "地图由 Leaflet {version}（BSD-2-Clause）驱动。",
    "heat load": "热负荷", "heated area": "供热面积", "stations": "热力站", "trench length": "管网长度（沟长）",
    "flow": "循环流量", "pump head": "循环泵扬程", "pump power": "循环泵功率", "least surplus head": "最小富裕压头",
}  # fmt: skip
WORDS = MappingProxyType({"en": MappingProxyType(_EN), "zh": MappingProxyType(_ZH)})

FIGURES = MappingProxyType({
    "en": {"regulation": "Temperature regulation", "load-duration": "Load duration and dispatch",
           "map-loads": "Loads", "map-phases": "Network by phase", "map-sketch": "Hydraulic sketch",
           "map-result": "Result"},
    "zh": {"regulation": "供热调节曲线", "load-duration": "热负荷延续时间图", "map-loads": "热负荷分布图",
           "map-phases": "管网分期建设图", "map-sketch": "水力计算简图", "map-result": "计算结果图"},
})  # fmt: skip
"""Titles of the pictures of products by the names of their files."""

VALUES_ZH = MappingProxyType({
    "existing": "现状", "planned": "规划", "closed": "停用", "abandoned": "废弃", "trunk": "干线", "branch": "支线",
    "connection": "户线", "specific friction": "比摩阻", "allowable drop": "允许压降", "velocity": "流速",
    "smallest DN": "最小管径", "largest of the catalogue": "最大管径", "no flow": "无流量",
    "never narrower upstream": "上游不小于下游", "one bore in a ring": "环内同径", "given": "给定", "base": "基本",
    "peak": "调峰", "reserve": "备用", "error": "错误", "warning": "警告", "info": "提示",
})  # fmt: skip
"""Words of result columns in Chinese."""

ACTIONS = MappingProxyType({
    "overloaded": ("Renew or double the overloaded pipes", "更新或增设超载管段"),
    "narrow": ("Look at pipes that are narrower than what they feed", "核查比下游更细的管段"),
    "catalogue-too-small": ("Find a larger pipe series", "选用更大的管道系列"),
    "not-served": ("Bring more head or flow to the stations without enough", "增加不满足热力站的压头或流量"),
    "unbalanced": ("Bring more head to the stations that no valve setting helps", "增加无法平衡的热力站的压头"),
    "cut-off": ("Close a ring for the stations that the outage cuts off", "为停运时断供的热力站设置环路"),
    "island": ("Join the islands to the network", "将孤立部分接入管网"),
    "one-sided": ("Draw the missing supply or return pipe", "补画缺失的供水或回水管"),
    "not-connected": ("Connect the stations or sources that stand apart", "接入未连接的热力站或热源"),
    "unreachable": ("Make a way to the stations that no street reaches", "为道路不可达的热力站开辟通道"),
    "over-capacity": ("Add heat: sources give more than they can", "增加热源：供热量超过供热能力"),
    "pressure-negative": ("Raise the static line, or look at the heights", "提高静水压线或核查标高"),
    "near-miss": ("Look at ends that lie close to a pipe without meeting it", "核查接近而未相接的管端"),
    "load-unknown": ("State the load of stations", "补充热力站的负荷"),
    "flow-unknown": ("State the temperatures of stations", "补充热力站的供回水温度"),
    "ground-unknown": ("State the heights of the ground", "补充地面标高"),
    "dn-unknown": ("Correct diameters that the catalogue does not have", "更正管道系列中没有的管径"),
})  # fmt: skip
"""What to do about findings of a rule, English and Chinese; other rules are called by what they found."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words and sentences in one language; calling it fills the numbers in."""

    language: Language

    def __call__(self, key: str, **values: Any) -> str:
        """Sentence `key` with its values; a value is text, whatever it holds."""
        return WORDS[self.language][key].format(**values)

    def action(self, rule: str) -> str:
        """What to do about the findings of a rule; what the rule found where nothing is said of it."""
        return ACTIONS[rule][int(self.language == "zh")] if rule in ACTIONS else title(rule, self.language)

    def value(self, word: str) -> str:
        """A word of a result column as the reader has it."""
        return VALUES_ZH.get(word, word) if self.language == "zh" else word

    def listed(self, names: Sequence[str], most: int = 6) -> str:
        """Names in a row; of more than `most` the number is told."""
        shown = ("、" if self.language == "zh" else ", ").join(names[:most])
        if len(names) <= most:
            return shown
        return self("and_more", names=shown, more=len(names) - most, total=len(names))
