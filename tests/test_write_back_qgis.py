"""What was written back opens in plain QGIS as layers with their style, as columns and as a view."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pyogrio
import pytest
from drawings import write
from matplotlib.image import imread
from utility_maps import utility_map

import gisheat
from gisheat import operations

OPENER = Path(__file__).parent / "qgis" / "open_layers.py"


def opened(path, picture, *layers):
    command = ["/usr/bin/python3", str(OPENER), str(path), str(picture), *layers]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("form", "end"), [("columns", ""), ("view", "_with_results")])
def test_layers_open_styled(tmp_path, form, end):
    base = write(tmp_path / "base.gpkg")
    gisheat.run(base, output=tmp_path / "result.gpkg")
    operations.write_back(base, tmp_path / "result.gpkg", tmp_path / "copy.gpkg", form=form)
    names = [f"{name}{end}" for name in ("pipes", "stations", "sources")]
    found = opened(tmp_path / "copy.gpkg", tmp_path / "map.png", *names)
    for name in names:
        assert found[name]["valid"]
        assert found[name]["renderer"] == "RuleRenderer"
        assert found[name]["broken"] == found[name]["undrawn"] == []
        assert found[name]["crs"] == "EPSG:4552"
    pipes, stations = found[names[0]], found[names[1]]
    assert pipes["legend"][0] == "Specific friction [Pa/m]"
    assert stations["legend"][0] == "Surplus head [m], size by load"
    assert pipes["aliases"]["ret_loss_kpa"] == "Return loss [kPa]"
    own = pyogrio.read_dataframe(base, layer="pipes", fid_as_index=True)
    assert pipes["ids"] == own.index.tolist()
    assert [name for name in pipes["fields"] if name in own.columns] == list(own.columns[:-1])
    assert imread(tmp_path / "map.png")[..., :3].min(axis=2).min() < 0.5  # something is drawn


def test_a_style_of_the_users_own_stays_the_one_that_is_shown(tmp_path):
    base = utility_map(tmp_path / "base.gpkg")
    gisheat.run(base, output=tmp_path / "result.gpkg")
    operations.write_back(base, tmp_path / "result.gpkg", in_place=True)
    found = opened(base, tmp_path / "map.png", "pipes", "stations")
    assert found["pipes"]["renderer"] != "RuleRenderer"
    assert {"ours", "gisheat: Specific friction"} <= set(found["pipes"]["styles"])
    assert found["stations"]["renderer"] == "RuleRenderer"
