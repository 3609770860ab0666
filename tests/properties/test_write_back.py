"""Random maps drawn as a utility draws, cut by the topology, solved and written back: what brute force finds too."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import geopandas as gpd
import pyogrio
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

import gisheat
from gisheat import operations

RULES = {
    "sup_flow_t_h": "largest", "ret_velocity_m_s": "largest", "sup_friction_pa_m": "largest", "load_kw": "largest",
    "sup_loss_kpa": "sum", "ret_loss_kpa": "sum", "equivalent_length_m": "sum", "on_critical_path": "any",
}  # fmt: skip
"""As the page on as-built maps states them."""
ORIGIN = (425_000.0, 5_090_000.0)


@st.composite
def combs(draw):
    """Trunks along x that branches leave at random places, branches that twigs leave; with and without identifiers.

    Every line is drawn whole, either way round, and cut by the topology wherever another one starts.
    """
    lines, ends = [], []
    places = sorted(draw(st.sets(st.integers(1, 19), min_size=1, max_size=6)))
    lines.append([(0.0, 0.0), (20.0, 0.0)])
    for x in places:
        up = draw(st.integers(3, 9))
        lines.append([(x, 0.0), (x, float(up))])
        ends.append((x, float(up)))
        if draw(st.booleans()):
            y = draw(st.integers(1, up - 1))
            lines.append([(x, float(y)), (x + 0.4, float(y))])
            ends.append((x + 0.4, float(y)))
    ends.append((20.0, 0.0))
    turned = [line if draw(st.booleans()) else line[::-1] for line in lines]
    order = draw(st.permutations(range(len(turned))))
    named = [draw(st.sampled_from((True, True, True, False))) for _ in order]
    pipes = gpd.GeoDataFrame(
        {"pipe_id": [f"p{i}" if known else None for i, known in zip(order, named, strict=True)],
         "dn_mm": [300.0] * len(order)},
        geometry=[LineString([_at(*xy) for xy in turned[i]]) for i in order], crs="EPSG:4552",
    )  # fmt: skip
    stations = gpd.GeoDataFrame(
        {"station_id": [f"h{i}" for i in range(len(ends))],
         "load_kw": [float(draw(st.integers(100, 2000))) for _ in ends]},
        geometry=[Point(_at(*xy)) for xy in ends], crs="EPSG:4552",
    )  # fmt: skip
    sources = gpd.GeoDataFrame(
        {"source_id": ["s"], "supply_temp_c": [110.0], "return_temp_c": [60.0], "static_head_m": [40.0]},
        geometry=[Point(_at(0.0, 0.0))], crs="EPSG:4552",
    )  # fmt: skip
    return {"pipes": pipes, "stations": stations, "sources": sources}


def _at(x, y):
    return ORIGIN[0] + 10.0 * x, ORIGIN[1] + 10.0 * y


def brute_force(drawn, parts, column, rule):
    """Value of a drawn line from the parts that lie on it, looked for one by one; sides turned as they are drawn."""
    on = [p for p in parts.itertuples() if drawn.buffer(0.01).covers(p.geometry)]
    values = []
    for part in on:
        value = getattr(part, column)
        begin, end = (drawn.project(Point(part.geometry.coords[k])) for k in (0, -1))
        turned = -1.0 if end < begin and column in ("sup_flow_t_h", "ret_velocity_m_s", "sup_loss_kpa", "ret_loss_kpa"
                                                    ) else 1.0  # fmt: skip
        values.append(turned * float(value))
    if rule == "sum":
        return math.fsum(values)
    return max(values, key=abs)


@settings(max_examples=examples(12), deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(combs(), st.booleans())
def test_every_drawn_pipe_gets_what_brute_force_finds(drawn, changed):
    with tempfile.TemporaryDirectory() as folder:
        base, result, copy = (Path(folder) / f"{name}.gpkg" for name in ("base", "result", "copy"))
        for name, table in drawn.items():
            pyogrio.write_dataframe(table, base, layer=name)
        gisheat.run(base, output=result)
        if changed:  # joined by identifier
            pyogrio.write_dataframe(drawn["sources"].assign(name="new"), base, layer="sources")
        report = operations.write_back(base, result, copy)
        assert ("base-changed" in {f.rule for f in report.findings}) == changed
        written, parts = pyogrio.read_dataframe(copy, layer="pipes"), pyogrio.read_dataframe(result, layer="pipes")
        assert len(parts) > len(written)
        assert written.geometry.geom_equals_exact(drawn["pipes"].geometry, 0.0).all()
        for column, rule in RULES.items():
            for row in written.itertuples():
                expected = brute_force(row.geometry, parts, column, rule)
                assert math.isclose(getattr(row, column), expected, rel_tol=1e-9, abs_tol=1e-5), (column, row.pipe_id)
