"""The sample, run once: every test of this folder looks at the same result."""

from __future__ import annotations

from pathlib import Path

import as_built_story
import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

import gisheat

SAMPLE = Path(__file__).parents[2] / "sample_gis" / "mulan"


class Result:
    """A result GeoPackage and the report of the run that wrote it."""

    def __init__(self, file: Path, report: gisheat.Report) -> None:
        self.file = file
        self.report = report
        self.figures = {name: value for name, (value, _) in report.figures.items()}

    def __getitem__(self, layer: str) -> gpd.GeoDataFrame | pd.DataFrame:
        return pyogrio.read_dataframe(self.file, layer=layer)


@pytest.fixture(scope="session")
def project() -> Path:
    return SAMPLE / "project.toml"


@pytest.fixture(scope="session")
def result(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """`gisheat.run` on the project as it is committed."""
    file = tmp_path_factory.mktemp("sample") / "mulan.gpkg"
    return Result(file, gisheat.run(project, output=file))


@pytest.fixture(scope="session")
def last_year(result):
    return as_built_story.last_year(result)


@pytest.fixture(scope="session")
def years(last_year, tmp_path_factory):
    return as_built_story.year_of_works(last_year, tmp_path_factory.mktemp("drawn"))
