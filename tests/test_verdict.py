"""The verdict of the report: does it work, what limits it, what to do. Numbers follow from the drawing by hand.

The town is that of `drawings`: S1 --P1-- + --P2-- H1, and P3 from the junction to H2; existing pipes of DN100 here, so
that nothing is sized and losses stay the same whatever head the source gives.
"""

from __future__ import annotations

import string

import numpy as np
import pandas as pd
import pytest
from drawings import layer, line, point, town, write

from gisheat import stages
from gisheat.operations import run
from gisheat.operations.running import TO_SOLUTION, as_far_as_possible, state_of
from gisheat.report.verdict import judge, saved_by_widening, worst_stations
from gisheat.report.words import ACTIONS, WORDS, Phrases

EN, ZH = Phrases("en"), Phrases("zh")


def drawing(*, dn=100.0, sources=None, stations=None, **replaced):
    """The town with existing pipes, and some columns of its source and stations replaced."""
    layers = town(**replaced)
    layers["pipes"] = layers["pipes"].assign(dn_mm=dn, status="existing", roughness_mm=0.5)
    layers["sources"] = layers["sources"].assign(**(sources or {}))
    layers["stations"] = layers["stations"].assign(**(stations or {}))
    return layers


@pytest.fixture
def solved(tmp_path):
    def solve(layers, **options):
        path = write(tmp_path / "town.gpkg", layers)
        return state_of(run, path, {"friction": "rough", **options}, None, as_far_as_possible(TO_SOLUTION))

    return solve


def verdict_of(state, phrases=EN):
    return judge(state, stages.result_tables(state), phrases)


def texts(remarks):
    return [remark.text for remark in remarks]


def given_head(metres):
    """A source that holds a difference of heads between supply and return."""
    return {"pump_control": "terminal_difference", "terminal_difference_m": metres}


def losses(state):
    """Head that the pipes of the critical path lose [m]."""
    head = state.results.pump_head()
    return head.supply_loss + head.return_loss


def test_a_network_whose_pump_follows_its_need_works(solved):
    found = verdict_of(solved(drawing()))
    assert found.grade == "works"
    assert found.headline == "The network works: all 2 stations get the flow and the head they need."
    assert found.limits[0].text.startswith("Station H1 limits the network: 0.20 km from ")
    assert (found.limits[0].layer, found.limits[0].feature) == ("stations", "H1")
    assert found.worst["station_id"].tolist() == ["H1", "H2"]


def test_a_given_head_that_leaves_a_metre_is_little_reserve(solved):
    need = 10.0 + losses(solved(drawing()))
    found = verdict_of(solved(drawing(sources=given_head(need + 1.0))))
    assert found.grade == "tight"
    assert "The head given leaves 1.0 m to spare at station H1." in texts(found.limits)


def test_a_given_head_with_five_metres_to_spare_works(solved):
    need = 10.0 + losses(solved(drawing()))
    assert verdict_of(solved(drawing(sources=given_head(need + 5.0)))).grade == "works"


def test_stations_without_head_are_counted_and_the_missing_head_is_named(solved):
    design = solved(drawing())
    surplus = design.results.station.surplus_head
    short = int((surplus - surplus.min() < 3.0).sum())
    found = verdict_of(solved(drawing(sources=given_head(10.0 + losses(design) - 3.0))))
    assert found.grade == "fails"
    assert found.headline == f"The network does not work: {short} of 2 stations do not get what they need."
    assert "it lacks 3.0 m of the head it needs" in found.limits[0].text
    assert found.limits[1].text.endswith(": 3.0 m are missing.")
    assert found.actions[0].text.startswith("Raise the pump head by 3.0 m to ")
    assert found.worst["station_id"].tolist()[0] == "H1"


def test_a_source_near_its_capacity_is_little_reserve(solved):
    found = verdict_of(solved(drawing(sources={"capacity_mw": 0.82})))
    assert found.grade == "tight"
    assert "Source S1 gives 0.80 MW of its 0.82 MW (98 %)." in texts(found.limits)


def test_overloaded_pipes_are_named_and_to_be_renewed(solved):
    found = verdict_of(solved(drawing(dn=[40.0, 100.0, 100.0])))
    assert any(t.startswith("1 pipe(s) carry more than their role allows") and t.endswith(" P1.")
               for t in texts(found.limits))  # fmt: skip
    assert any(
        t.startswith("Renew or double the overloaded pipes: pipe P1 is overloaded") for t in texts(found.actions)
    )


def test_a_station_that_nothing_reaches_makes_the_network_fail(solved):
    layers = drawing()
    far = layer([point(5000, 5000)], station_id=["H9"], load_kw=[100.0])
    layers["stations"] = pd.concat([layers["stations"], far], ignore_index=True)
    found = verdict_of(solved(layers))
    assert found.grade == "fails"
    assert found.headline == "The network does not work: 1 of 3 stations do not get what they need."
    assert found.worst["station_id"].tolist()[0] == "H9"
    assert any(t.startswith("Connect the stations or sources that stand apart") for t in texts(found.actions))


def test_an_error_in_the_data_makes_it_doubtful(solved):
    found = verdict_of(solved(drawing(dn=[100.0, 100.0, 333.0])))
    assert found.grade == "doubtful"
    assert "the data hold 1 error(s)" in found.headline


def test_what_cannot_be_solved_is_judged_by_its_findings(solved):
    layers = drawing()
    layers["sources"] = layer([point(9000, 0)], source_id=["S1"], supply_temp_c=[110.0], return_temp_c=[60.0])
    state = solved(layers)
    found = verdict_of(state)
    assert state.results is None
    assert found.grade == "unsolved"
    assert texts(found.limits)[0].startswith("There is no source in service that is connected")
    assert any("S1" in t for t in texts(found.actions))
    assert len(found.worst) == 0


def test_stations_whose_valves_hold_nothing_are_to_be_balanced(solved):
    """With 10 m more than the worst one needs and all valves open, both take more than 1.2 times their flow."""
    need = 10.0 + losses(solved(drawing()))
    found = verdict_of(solved(drawing(sources=given_head(need + 10.0)), station_control="none"))
    assert found.grade == "works"
    assert found.actions[0].text == "Balance the stations: 2 take more than 120 % of their flow, 0 get less than 90 %."


def test_the_sentences_are_in_chinese_too(solved):
    found = verdict_of(solved(drawing()), ZH)
    assert found.headline == "管网可行：全部 2 座热力站的流量和资用压头均满足要求。"
    assert found.limits[0].text.startswith("最不利热力站为 H1")


def test_every_sentence_has_both_languages_with_the_same_figures():
    def fields(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert WORDS["en"].keys() == WORDS["zh"].keys()
    differing = {k for k in WORDS["en"] if fields(WORDS["en"][k]) != fields(WORDS["zh"][k])}
    assert differing == {"and_more"}  # Chinese tells how many there are, English how many more
    assert all(len(words) == 2 for words in ACTIONS.values())


def test_a_wider_pipe_saves_what_the_exponent_of_the_rough_law_says(solved):
    """Shifrinson's law: specific friction at one flow goes with d^-5.25."""
    state = solved(drawing(), catalogue="cn-steel")
    results = state.results
    path = results.critical.pipes
    bore = results.network.pipes.inner_diameter[path]
    wider = np.array([state.series.inner_diameter[state.series.inner_diameter > b * 1.001][0] for b in bore])
    scale = results.conditions.mean.density * results.conditions.gravity
    loss = (np.abs(results.supply.loss[path]) + np.abs(results.back.loss[path])) / scale
    assert saved_by_widening(results, state.series) == pytest.approx(loss * (1.0 - (bore / wider) ** 5.25), rel=1e-9)


def test_the_worst_stations_come_first():
    stations = pd.DataFrame(
        {
            "station_id": ["spare", "later", "cut off", "short of flow", "short of head", "least"],
            "served": pd.array([True, None, False, False, False, True], dtype="boolean"),
            "imbalance": [1.0, np.nan, np.nan, 0.6, 1.0, 1.0],
            "surplus_head_m": [9.0, np.nan, np.nan, 2.0, -4.0, 0.5],
        }
    )
    assert worst_stations(stations, 4)["station_id"].tolist() == ["cut off", "short of flow", "short of head", "least"]


def test_names_are_listed_up_to_a_number():
    assert EN.listed(["A", "B"], 2) == "A, B"
    assert EN.listed(["A", "B", "C"], 2) == "A, B and 1 more"
    assert ZH.listed(["A", "B", "C"], 2) == "A、B 等共 3 条"


def test_a_braced_name_is_text(solved):
    layers = drawing(stations={"station_id": ["{count}", "H2"]})
    assert "Station {count} limits" in verdict_of(solved(layers)).limits[0].text


def test_an_island_with_a_station_makes_it_fail(solved):
    layers = drawing()
    apart = layer([line((400, 0), (500, 0))], pipe_id=["P9"], dn_mm=[100.0], status=["existing"])
    layers["pipes"] = pd.concat([layers["pipes"], apart], ignore_index=True)
    layers["stations"] = pd.concat(
        [layers["stations"], layer([point(500, 0)], station_id=["H9"], load_kw=[50.0])], ignore_index=True
    )
    found = verdict_of(solved(layers))
    assert found.grade == "fails"
    assert any(t.startswith("Join the islands to the network") for t in texts(found.actions))
