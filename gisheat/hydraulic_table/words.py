"""What the notes of the table say, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gisheat.physics.friction import Law
from gisheat.schema import Language

_EN = {
    "network": "Whole network",
    "path": "Critical path {source}",
    "title": "{project}{phase}",
    "phase": ", phase {phase}",
    "valve": "valve",
    "pump": "pump",
    "project": "Project",
    "phase_name": "Phase",
    "all": "all",
    "sections": "Critical path from {source} to station {station}: length",
    "calculation": "   calculation length",
    "supply": "   loss of the supply",
    "return": "   loss of the return",
    "both": "   loss of both",
    "water": "Water and constants; change them here and the tables follow",
    "density_supply": "Density of the supply water",
    "density_return": "Density of the return water",
    "viscosity_supply": "Dynamic viscosity of the supply water",
    "viscosity_return": "Dynamic viscosity of the return water",
    "gravity": "Acceleration of gravity",
    "laminar_to": "Laminar flow up to Re",
    "turbulent_from": "The friction law from Re on",
    "law": "Friction law",
    "formulas": "Formulas (d bore, K roughness, G mass flow, w velocity, L length)",
    "definitions": "How to read the tables",
    "options": "Options of the run",
}
_ZH = {
    "network": "全部管段",
    "path": "最不利环路 {source}",
    "title": "{project}{phase}",
    "phase": "（{phase}）",
    "valve": "阀门",
    "pump": "水泵",
    "project": "项目",
    "phase_name": "期别",
    "all": "全部",
    "sections": "最不利环路，热源 {source} 至热力站 {station}：管长",
    "calculation": "   计算长度",
    "supply": "   供水压降",
    "return": "   回水压降",
    "both": "   供回水压降",
    "water": "水的物性与常数（在此修改，各表随之变化）",
    "density_supply": "供水密度",
    "density_return": "回水密度",
    "viscosity_supply": "供水动力粘度",
    "viscosity_return": "回水动力粘度",
    "gravity": "重力加速度",
    "laminar_to": "层流上限 Re",
    "turbulent_from": "紊流公式下限 Re",
    "law": "摩擦阻力公式",
    "formulas": "公式（d 内径，K 当量粗糙度，G 质量流量，w 流速，L 管长）",
    "definitions": "读表说明",
    "options": "计算选项",
}
WORDS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {"en": MappingProxyType(_EN), "zh": MappingProxyType(_ZH)}
)

LAW_FORMULA: Mapping[Law, str] = MappingProxyType({
    "colebrook": "1/√λ = -2 lg(K/(3.7 d) + 2.51/(Re √λ))  (Colebrook 1939)",
    "swamee-jain": "λ = 0.25 / lg²(K/(3.7 d) + 5.74/Re^0.9)  (Swamee, Jain 1976)",
    "altshul": "λ = 0.11 (K/d + 68/Re)^0.25  (Altshul 1970)",
    "rough": "λ = 0.11 (K/d)^0.25  (Shifrinson; with it R = 6.88e-3 K^0.25 G²/(ρ d^5.25), G in t/h)",
    "hazen-williams": "h = 10.667 L Q^1.852 / (C^1.852 d^4.871)  (Williams, Hazen 1905); column K holds C",
    "nikuradse": "λ = (2 lg(3.71 d/K))^-2 + 64/Re  (Nikuradse 1933)",
})  # fmt: skip

FORMULAS = (
    "w = G / (3.6 ρ π d²/4),  G in t/h;   Re = w d ρ / μ;   R = λ ρ w² / (2 d)",
    "Δp = R (L + Ld) + ζ ρ w²/2;   Ld = (Ld/L) L",
)
_CONTINUED: Mapping[Language, str] = {
    "en": "λ = 64/Re up to Re {first:g}, the law from Re {last:g} on, between them the cubic in Re that continues both"
          " with their slopes (Dunlop 1991, as in EPANET 2.2).",
    "zh": "Re ≤ {first:g} 时 λ = 64/Re，Re ≥ {last:g} 用上式，其间为三次曲线，数值与斜率均连续（Dunlop 1991）。",
}  # fmt: skip
_CONTINUED_HW: Mapping[Language, str] = {
    "en": "From Re {last:g} on; below Re {first:g} the loss is proportional to the flow (as in EPANET 2.2).",
    "zh": "Re ≥ {last:g} 用上式；Re ≤ {first:g} 时压降与流量成正比（同 EPANET 2.2）。",
}
_STEPS: Mapping[Language, str] = {
    "en": "The implicit law is solved in hidden columns: the start by Swamee-Jain and three steps of Newton's method.",
    "zh": "隐式公式在隐藏列中求解：以 Swamee-Jain 为初值，牛顿法三步。",
}
DEFINITIONS: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "A section is a trench with a supply and a return pipe. Losses are one way; 'Both cumulated' has the two.",
        "Flows are values, of the solved network: mass flow in t/h, not m3/h. All else follows by formulas.",
        "Change a flow, length, bore or roughness and the losses follow; flows and bores of other sections do not.",
        "Where supply and return carry the same flow, the return's cell refers to the supply's.",
        "Calculation length = length + equivalent length. Specific friction is without fittings.",
        "Cumulated losses add up from the source, row after row: filter the rows, but do not sort them.",
        "Losses are pressures in kPa; divided by ρ g they are metres of head. 1 m as 10 kPa would be another figure.",
        "Columns with Reynolds number, λ and its steps are hidden at the right: show them with the plus above.",
        "The identifiers are those of the layers pipes, valves and pumps of the result.",
    ),
    "zh": (
        "一个管段为一条管沟，含供水、回水两根管；压降为单程值，“供回水累计压降”为两者之和。",
        "流量为管网计算结果（数值），质量流量 t/h，不是 m3/h；其余各列由公式得出。",
        "修改流量、管长、内径或粗糙度，压降随之变化；其他管段的流量和管径不随之变化。",
        "供回水流量相同时，回水流量引用供水流量。",
        "计算长度 = 管长 + 局部阻力当量长度。比摩阻为直管沿程值，不含局部阻力。",
        "累计压降自热源起逐行相加：可筛选，请勿排序。",
        "压降单位 kPa；除以 ρ g 得水头（m）；按 10 kPa 折合 1 m 则数值不同。",
        "雷诺数、λ 及其迭代列隐藏在右侧：点表上方的加号展开。",
        "编号与结果文件中 pipes、valves、pumps 图层一致。",
    ),
}


def law_notes(law: Law, limits: tuple[float, float], language: Language) -> tuple[str, ...]:
    """The formula of a law, and how it goes on below its range."""
    continued = (_CONTINUED_HW if law == "hazen-williams" else _CONTINUED)[language]
    steps = (_STEPS[language],) if law == "colebrook" else ()
    return LAW_FORMULA[law], continued.format(first=limits[0], last=limits[1]), *steps
