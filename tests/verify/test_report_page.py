"""The report in headless Chromium, used as a reader would: on a desk (1280 pixels) and on a phone (400).

Screenshots and the printed page are left in out/verify/report.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from drawings import call, town, write

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-verify" / "bin" / "python"
FOLDER = ROOT / "out" / "verify" / "report"
WIDTHS = (1280, 400)
MOST_BYTES = 3_000_000
MOST_SECONDS = 3.0
EVIL = ["</script><script>alert(1)</script>", '=HYPERLINK("http://example.org")']


def report(source, name, *options):
    FOLDER.mkdir(parents=True, exist_ok=True)
    page = FOLDER / f"{name}.html"
    assert call("report", source, "--output", page, *options).code in (0, 1)
    return page


def data_of(page):
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def look(page, width, *, loads=1):
    """What the browser saw, and the name of the pipe that was pointed at: the longest one."""
    data = data_of(page)
    columns = {c["name"]: c["values"] for c in data["tables"]["pipes"]["columns"]}
    row = max(range(len(columns["length_m"])), key=lambda i: columns["length_m"][i] or 0.0)
    command = [PYTHON, Path(__file__).with_name("browser_runner.py"), page, FOLDER / page.stem, width, row, loads]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), columns["pipe_id"][row]


def assert_quiet(seen, page):
    """Nothing on the console, no request but for the page itself, no dialog."""
    assert seen["console"] == []
    assert [u for u in seen["requests"] if not u.startswith("data:") and u != page.resolve().as_uri()[:80]] == []
    assert seen["dialogs"] == []


@pytest.fixture(scope="module", params=["en", "zh"])
def mulan(request):
    return report(
        ROOT / "sample_gis" / "mulan" / "project.toml", f"mulan-{request.param}", f"--language={request.param}"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sample_is_read_on_a_desk_and_on_a_phone(mulan, width):
    assert mulan.stat().st_size < MOST_BYTES
    seen, pipe = look(mulan, width)
    assert_quiet(seen, mulan)
    assert seen["overflow"] == 0
    assert pipe not in seen["before"]
    assert pipe in seen["pointed"]
    friction = {"mulan-en": "Supply specific friction [Pa/m]", "mulan-zh": "供水比摩阻 [Pa/m]"}[mulan.stem]
    assert friction in seen["pointed"]
    if width == WIDTHS[0]:
        assert pipe in seen["tip"]
    assert ("pinned" in seen["pinned"], "pinned" in seen["let go"]) == (True, False)
    south, west = seen["moved"]  # dragged to the upper left: the view goes to the lower right
    assert south < 0.0 < west
    assert all(b > a for a, b in zip(seen["zooms"], seen["zooms"][1:], strict=False))
    assert len(set(seen["legends"])) == 4
    assert seen["switched"]
    surplus = [float(text.replace("\u2212", "-")) for text in seen["sorted"]]
    assert surplus == sorted(surplus)
    assert [float(t.replace("\u2212", "-")) for t in seen["reversed"]] == surplus[::-1]
    assert seen["filtered"] == [seen["stations"][-1]]
    assert seen["shown"].endswith(f"· {seen['filtered'][0]}")


def test_names_with_markup_stay_text(tmp_path):
    layers = town()
    layers["stations"] = layers["stations"].assign(station_id=EVIL)
    layers["pipes"] = layers["pipes"].assign(pipe_id=[EVIL[0], "P2", "P3"])
    page = report(write(tmp_path / "town.gpkg", layers), "names")
    seen, _ = look(page, 1280)
    assert_quiet(seen, page)
    assert set(seen["stations"]) == set(EVIL)
    assert EVIL[0] in seen["text"]


def test_ten_thousand_pipes_load_in_three_seconds(tmp_path):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from synthetic import town as synthetic_town
    from synthetic import write_layers

    page = report(write_layers(synthetic_town(10_000), tmp_path / "town.gpkg"), "town")
    seen, _ = look(page, 1280, loads=3)
    assert_quiet(seen, page)
    print(f"10 000 pipes: {min(seen['seconds']):.1f} s by the clock")
    assert min(seen["processor seconds"]) < MOST_SECONDS  # the clock's seconds on a machine that does nothing else
    assert seen["pointed"] != seen["before"]
