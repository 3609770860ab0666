"""The report as a file: one page that loads nothing else, says what it was given, and is the same each time."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from drawings import call, digest, layer, line, names_in, point, town, write
from PIL import Image

from gisheat.errors import InputError
from gisheat.operations import run
from gisheat.operations.running import TO_SOLUTION, as_far_as_possible, state_of
from gisheat.report import Figure, figures_of, write_report
from gisheat.report.content import DECIMALS, SHOWN, WORST_COLUMNS, decimals_of, quantities, table_of
from gisheat.report.coordinates import Frame, frame_of, lines_of, points_of
from gisheat.report.page import LEAFLET, json_text, picture_source
from gisheat.report.words import Phrases
from gisheat.schema import columns

EVIL = [
    "</script><script>alert(1)</script>",
    '=HYPERLINK("http://example.org","x")',
    "\"'><img src=x onerror=alert(1)>",
    "🔥 {{ 7 * 7 }} 热力站 &amp;",
]


class Page(HTMLParser):
    """What a browser would see of a page: elements, texts, and what stands between script and style tags."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.text = ""
        self._open: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in self.inside:
            self.inside[tag].append("")
        self._open.append(tag)

    def handle_data(self, data):
        if self._open and self._open[-1] in self.inside:
            self.inside[self._open[-1]][-1] += data
        else:
            self.text += data

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    @property
    def data(self):
        return json.loads(self.inside["script"][0])

    def values(self, name):
        return [attributes[name] for _, attributes in self.elements if attributes.get(name)]


def state(folder, layers=None, **options):
    path = write(folder / "town.gpkg", layers)
    return state_of(run, path, options, None, as_far_as_possible(TO_SOLUTION))


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """A town with streets and names that try to be more than text."""
    layers = town(streets=layer([line((0, -20), (200, -20))], street_id=["T1"], name=[EVIL[0]]))
    layers["stations"] = layers["stations"].assign(station_id=EVIL[:2], name=EVIL[2:])
    layers["pipes"] = layers["pipes"].assign(pipe_id=[EVIL[0], "P2", EVIL[2]])
    layers["sources"] = layers["sources"].assign(name=EVIL[3])
    return state(tmp_path_factory.mktemp("town"), layers, routing="never")


@pytest.fixture(scope="module")
def page(solved, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    figures, files = write_report(solved, path, version="1.2.3")
    assert files == (path,)
    assert figures["verdict"][0].startswith("The network works")
    return Page(path)


# nothing leaves the page ---------------------------------------------------------------------------------


def test_the_page_names_no_address_to_load_from(page):
    assert [u for u in page.values("src") if not u.startswith("data:image/")] == []
    assert [u for u in page.values("href") if not u.startswith("#")] == []
    assert not any(page.values(name) for name in ("srcset", "action", "background", "poster", "data"))
    assert {tag for tag, _ in page.elements} & {"link", "iframe", "object", "embed", "base", "form"} == set()
    assert re.findall(r"url\(|@import", page.inside["style"][0]) == []
    assert "sourceMappingURL" not in page.source


def test_the_policy_lets_run_what_the_page_carries_and_nothing_else(page):
    policy = next(a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules.pop("default-src") == "'none'"
    assert (rules.pop("img-src"), rules.pop("base-uri"), rules.pop("form-action")) == ("data:", "'none'", "'none'")
    for kind, text in (("script", page.inside["script"][1]), ("style", page.inside["style"][0])):
        found = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules.pop(f"{kind}-src") == f"'sha256-{found}'"
    assert rules == {}


def test_no_element_has_a_style_or_a_handler_of_its_own(page):
    """The policy would refuse them."""
    found = {name for _, attributes in page.elements for name in attributes if name == "style" or name.startswith("on")}
    assert found == set()


# names are text ------------------------------------------------------------------------------------------


def test_names_with_markup_appear_as_text(page):
    assert len(page.inside["script"]) == 2  # the data and the script
    assert [attributes for tag, attributes in page.elements if tag == "img" and "onerror" in attributes] == []
    stations = {c["name"]: c["values"] for c in page.data["tables"]["stations"]["columns"]}
    assert (stations["station_id"], stations["name"]) == (EVIL[:2], EVIL[2:])
    assert EVIL[0] in page.data["tables"]["pipes"]["columns"][0]["values"]
    assert page.data["map"]["sources"]["names"] == [EVIL[3]]
    assert EVIL[0] in page.text  # in the verdict
    assert EVIL[0] in page.values("data-feature")


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "\u2028", "a&amp;b", "]]>"])
def test_json_in_a_page_ends_where_it_should(text):
    written = str(json_text({"name": text}))
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {"name": text}


def test_numbers_that_are_none_are_refused_in_json():
    with pytest.raises(ValueError, match="JSON"):
        json_text(float("nan"))


# what is in it -------------------------------------------------------------------------------------------


def test_every_part_is_there(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {"verdict", "map-section", "figures", "tables", "findings", "inputs", "method", "data"} <= set(ids)
    assert set(page.data["tables"]) == {"stations", "critical_path", "pipes", "sources", "quantities", "findings"}
    assert {f"#{i}" for i in ids} >= set(page.values("href"))  # no link leads nowhere
    assert "gisheat 1.2.3" in page.text
    assert f"Leaflet {LEAFLET}" in page.text
    assert f"Leaflet {LEAFLET}" in page.inside["script"][1]
    assert "Redistributions in binary form" in page.inside["script"][1]


def test_inputs_stand_with_their_hashes(page, solved):
    file = solved.layers.files()[0]
    assert hashlib.sha256(file.read_bytes()).hexdigest() in page.text
    assert str(file.parent) not in page.source  # names alone: a report is handed on


def test_the_same_state_gives_the_same_bytes(solved, tmp_path):
    for name in ("a.html", "b.html"):
        write_report(solved, tmp_path / name, version="1")
    assert len(set(digest(tmp_path).values())) == 1


def test_the_map_has_every_pipe_with_its_class(page):
    pipes = page.data["map"]["pipes"]
    assert [len(parts) for parts in pipes["lines"]] == [1, 1, 1]
    assert [way["name"] for way in pipes["colourings"]] == ["Specific friction", "Velocity", "Diameter",
                                                           "Available head, mean of both ends"]  # fmt: skip
    friction = {c["name"]: c for c in page.data["tables"]["pipes"]["columns"]}["sup_friction_pa_m"]["values"]
    breaks = (30, 70, 100, 200, 300)  # the economic band and the limit of branches
    assert pipes["colourings"][0]["row"] == np.digitize(friction, breaks).tolist()


def test_the_still_picture_has_a_shape_for_every_station(page):
    assert sum(tag == "circle" and attributes.get("cy") != "6" for tag, attributes in page.elements) == 2


def test_chinese_is_chinese(solved, tmp_path):
    path = tmp_path / "zh.html"
    write_report(replace(solved, options={**solved.options, "language": "zh"}), path)
    found = Page(path)
    assert ("html", {"lang": "zh-Hans"}) in found.elements
    assert "管网可行" in found.text
    assert found.data["tables"]["pipes"]["title"] == "管道"
    assert "现状" in {c["name"]: c for c in found.data["tables"]["pipes"]["columns"]}["status"]["values"]


# figures and further tables ------------------------------------------------------------------------------


def test_figures_keep_to_themselves(solved, tmp_path):
    picture = tmp_path / "load-duration.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><g id="verdict"/></svg>')
    figures = [*figures_of([picture, tmp_path / "pressure-diagram.svg", picture.with_suffix(".png")], "en"),
               Figure("No curve", None, "there is no <curve>.")]  # fmt: skip
    write_report(solved, tmp_path / "r.html", figures)
    found = Page(tmp_path / "r.html")
    assert "Load duration and dispatch" in found.text
    assert "there is no <curve>." in found.text
    assert page_ids(found).count("verdict") == 1
    sources = [u for u in found.values("src") if u.startswith("data:image/svg+xml;base64,")]
    assert base64.b64decode(sources[-1].split(",")[1]) == picture.read_bytes()


def page_ids(found):
    return found.values("id")


def test_a_large_picture_is_reduced(tmp_path):
    """A map of 300 dots per inch need not make a report that no mail takes."""
    noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((3000, 2250)).save(tmp_path / "map-loads.png")
    (figure,) = figures_of([tmp_path / "map-loads.png"], "en")
    assert figure.title == "Loads"
    content = base64.b64decode(picture_source(figure.path).split(",")[1])
    assert len(content) < 0.5 * figure.path.stat().st_size
    with Image.open(io.BytesIO(content)) as reduced:
        assert reduced.size == (2200, 1650)
    assert picture_source(figure.path) == picture_source(figure.path)


def test_a_figure_of_another_form_is_refused(solved, tmp_path):
    picture = tmp_path / "curve.pdf"
    picture.write_bytes(b"%PDF")
    with pytest.raises(InputError, match=r"a report takes \.svg and \.png"):
        write_report(solved, tmp_path / "r.html", [Figure("Curve", picture)])
    assert names_in(tmp_path) == {"curve.pdf"}


def test_further_tables_are_listed(solved, tmp_path):
    table = pd.DataFrame({"what": ["pipes", "valves"], "cost": [1.5, np.nan]})
    write_report(solved, tmp_path / "r.html", more=[("Cost", "cost", table)])
    listed = Page(tmp_path / "r.html").data["tables"]["cost"]
    assert listed["title"] == "Cost"
    assert [c["values"] for c in listed["columns"]] == [["pipes", "valves"], [1.5, None]]


# parts ---------------------------------------------------------------------------------------------------


def test_shown_columns_are_those_of_the_contract():
    named = {(name, column) for name, shown in SHOWN.items() for column in shown}
    named |= {("stations", column) for column in WORST_COLUMNS}
    assert [pair for pair in named if pair[1] not in columns(pair[0])] == []


def test_decimals_follow_the_unit():
    assert [decimals_of(n) for n in ("sup_friction_pa_m", "load_mw", "load_kw", "length_m", "sup_head_m")] == [
        1,
        2,
        0,
        1,
        2,
    ]
    assert set(DECIMALS.values()) <= {0, 1, 2, 3}


def test_a_column_that_repeats_another_one_is_left_out():
    table = pd.DataFrame(
        {"station_id": ["A"], "flow_t_h": [3.0], "design_flow_t_h": [3.0], "load_kw": [1.0], "heat_kw": [9.0]}
    )
    shown = [c.name for c in table_of("stations", table, Phrases("en")).columns]
    assert shown == ["station_id", "load_kw", "heat_kw", "flow_t_h"]


def test_quantities_count_trench_once_and_water_twice():
    """100 m of trench of bore 0.2 m hold 2 x 3.14 m3; a pipe drawn for the supply alone holds half of that."""
    pipes = pd.DataFrame({"dn_mm": [200.0, 200.0, 300.0], "status": ["planned", "planned", None], "length_m": 100.0,
                          "inner_diameter_mm": [200.0, 200.0, 300.0], "line": ["pair", "supply", None]})  # fmt: skip
    found = {c["name"]: c["values"] for c in quantities(pipes, Phrases("en")).plain()["columns"]}
    assert found["dn_mm"] == [200, 300]
    assert found["status"] == ["planned", "existing"]
    assert (found["count"], found["length_m"]) == ([2, 1], [200, 100])
    assert found["volume_m3"] == [pytest.approx(3 * np.pi, abs=0.05), pytest.approx(2 * np.pi / 4 * 9, abs=0.05)]


def test_lines_are_steps_from_point_to_point():
    table = layer([line((0, 0), (100, 0), (100, 50)), shapely.MultiLineString([[(0, 0), (1, 1)]]), None], crs=None)
    frame = frame_of({"pipes": table.iloc[:1]}, ("pipes",))
    first, _, none = lines_of(table, frame)
    assert (first, none) == ([[0, 0, 1000, 0, 0, 500]], [])
    assert points_of(layer([point(30, 20), None], crs=None), frame) == [[300, 200], None]


def test_what_has_no_place_has_no_frame():
    assert frame_of({"pipes": layer([None], crs=None)}, ("pipes", "streets")) is None
    assert Frame(0.0, 0.0, 3.0, 4.0).size == 4.0


# the verb ------------------------------------------------------------------------------------------------


def test_the_verb_writes_a_report_and_says_where(tmp_path):
    source = write(tmp_path / "town.gpkg")
    before = digest(source)
    ran = call("report", source, "--output", tmp_path / "r.html")
    assert ran.code == 0
    assert "r.html" in ran.out
    assert digest(source) == before
    assert Page(tmp_path / "r.html").data["tables"]["pipes"]["columns"][0]["values"] == ["P1", "P2", "P3"]


def test_what_cannot_be_solved_gets_a_report_on_its_findings(tmp_path):
    far = layer([point(9000, 0)], source_id=["S1"], supply_temp_c=[110.0], return_temp_c=[60.0])
    source = write(tmp_path / "town.gpkg", town(sources=far))
    ran = call("report", source, "--output", tmp_path / "r.html")
    found = Page(tmp_path / "r.html")
    assert ran.code == 1
    assert "The network cannot be computed yet." in found.text
    assert "There is no source in service that is connected" in found.text
    assert len(found.data["map"]["pipes"]["lines"]) == 3
    listed = {c["name"]: c["values"] for c in found.data["tables"]["findings"]["columns"]}
    assert "not-solved" in listed["rule"]
    assert "Not solved" in listed["title"]
    assert "figures" not in found.values("id")


def test_run_writes_a_report_beside_its_result(tmp_path):
    source = write(tmp_path / "town.gpkg")
    ran = call("run", source, "--output", tmp_path / "o.gpkg", "--report", tmp_path / "o.html")
    assert ran.code == 0
    assert names_in(tmp_path) == {"town.gpkg", "o.gpkg", "o.html"}
    again = call("report", tmp_path / "o.gpkg", "--output", tmp_path / "again.html")
    assert again.code == 0
    tables = [Page(tmp_path / name).data["tables"]["stations"] for name in ("o.html", "again.html")]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("name", ["r.txt", "r.htm", "report"])
def test_a_report_ends_in_html(tmp_path, name):
    source = write(tmp_path / "town.gpkg")
    assert "html is needed" in call("report", source, "--output", tmp_path / name).sentence
    ran = call("run", source, "--output", tmp_path / "o.gpkg", "--report", tmp_path / name)
    assert "html is needed" in ran.sentence
    assert names_in(tmp_path) == {"town.gpkg"}
