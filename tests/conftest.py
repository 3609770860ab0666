"""Fixtures for drawings: run one, or check one, with what must hold whatever it is."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

import pytest
from drawings import call, digest, names_in, write
from effort import THOROUGH
from hypothesis import settings

from gisheat import kernels

# The same examples every time, so that what is green stays green; GISHEAT_HUNT=1 looks for new ones.
settings.register_profile("gisheat", deadline=None, derandomize=not os.environ.get("GISHEAT_HUNT"))
settings.load_profile("gisheat")

collect_ignore = ["in_qgis", "verify", "qgis", "geodatabase"]
"""in_qgis runs in the Python of QGIS, verify needs other programs (see the Makefile);
qgis and geodatabase hold scripts for other Pythons."""


def pytest_collection_modifyitems(config, items):
    """Leave out what `make verify` alone runs."""
    if not THOROUGH:
        long = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(autouse=True, scope="session")
def compiled():
    """Tests run thousands of small problems: with loops that are compiled once."""
    kernels.ALWAYS_COMPILED = True


@pytest.fixture
def run(tmp_path):
    """Run a drawing; the input must stay as it is, and nothing but a whole output may be left beside it."""

    def run_drawing(layers=None, *options, verb="run", path=None):
        source = write(tmp_path / "in" / "town.gpkg", layers) if path is None else path
        before = digest(source.parent)
        out = tmp_path / "out" / "result.gpkg"
        ran = call(verb, source, "-o", out, *options)
        assert digest(source.parent) == before
        if ran.code <= 1:
            assert ran.err == ""
            assert names_in(out.parent) == {"result.gpkg"}
        else:
            assert "an error inside gisheat" not in ran.sentence
            assert not out.parent.exists()
        return ran

    run_drawing.output = tmp_path / "out" / "result.gpkg"
    run_drawing.folder = tmp_path / "in"
    return run_drawing


class Checked(NamedTuple):
    """What `gisheat check` says: exit code, and rule, layer and feature of every finding by severity."""

    code: int
    errors: list
    warnings: list
    messages: list


@pytest.fixture
def check(tmp_path):
    """Check a drawing, which writes nothing."""

    def check_drawing(layers=None, path=None):
        source = write(tmp_path / "in" / "town.gpkg", layers) if path is None else path
        before = digest(tmp_path)
        ran = call("check", source, "--json")
        assert ran.err == ""
        assert digest(tmp_path) == before
        said = json.loads(ran.out)
        assert said["exit_code"] == ran.code
        by = {s: [f for f in said["findings"] if f["severity"] == s] for s in ("error", "warning")}
        listed = {s: sorted((f["rule"], f["layer"], f["source_fid"]) for f in found) for s, found in by.items()}
        return Checked(ran.code, listed["error"], listed["warning"], [f["message"] for f in said["findings"]])

    check_drawing.folder = tmp_path / "in"
    return check_drawing
