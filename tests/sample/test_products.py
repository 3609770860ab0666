"""Products for the planner's desk, all of one run: what one can't be made of is said, the others are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from effort import thorough

from gisheat import InputError, operations
from gisheat.operations import products

SAMPLE = Path(__file__).parents[2] / "sample_gis" / "mulan"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mulan")
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
    return folder / "project.toml"


@pytest.fixture(scope="module")
def made(project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    report = operations.run(project, folder / "mulan.gpkg", products=folder / "desk")
    return folder, report


def test_a_run_leaves_every_product_beside_the_result(made):
    folder, report = made
    names = {name for product in products.PRODUCTS for name in product.files}
    assert {path.name for path in (folder / "desk").iterdir()} == names
    assert {path.name for path in report.files} == {"mulan.gpkg"} | names
    assert report.exit_code == 0


def test_the_report_is_small_and_says_that_the_plan_works(made):
    folder, _ = made
    page = folder / "desk" / "report.html"
    assert page.stat().st_size < 3_000_000
    assert "The network works: all 39 stations get the flow and the head they need." in page.read_text("utf-8")


@thorough
def test_the_same_run_leaves_the_same_bytes(made, project, tmp_path):
    folder, _ = made
    operations.run(project, tmp_path / "mulan.gpkg", products=tmp_path / "desk")
    for path in (folder / "desk").iterdir():
        assert (tmp_path / "desk" / path.name).read_bytes() == path.read_bytes(), path.name


def test_what_can_not_be_made_is_a_finding_and_the_others_are_made(project, tmp_path, monkeypatch):
    def fail(state, target):
        raise InputError("the price of DN300 is missing.")

    last = products.PRODUCTS[-1]
    failing = products.Product(last.operation, fail, ("fails.xlsx", "fails.png"))
    monkeypatch.setattr(products, "PRODUCTS", (failing, last))
    report = operations.run(project, tmp_path / "mulan.gpkg", products=tmp_path / "desk")
    (missing,) = [finding for finding in report.findings if finding.rule == "product-missing"]
    assert missing.message == "fails.xlsx and fails.png were not made: the price of DN300 is missing."
    assert report.exit_code == 1
    assert (tmp_path / "mulan.gpkg").exists()
    assert [path.name for path in (tmp_path / "desk").iterdir()] == ["report.html"]
    assert "the price of DN300 is missing" in (tmp_path / "desk" / "report.html").read_text(encoding="utf-8")


def test_what_the_products_remark_is_said_by_the_run(made):
    _, report = made
    remarked = {finding.message.split()[1] for finding in report.findings if finding.rule == "circulation-pump-small"}
    # 46.79 W/m2 over 15 K in water of 45 degC is 2.7 l/h for each m2: the plan's pump of 200 m3/h does for 73 900 m2
    # of the 80 000 that its size serves; H10 has 77 000, R06 80 000, the next smaller station 67 000 m2
    assert remarked == {"H10", "R06"}


def test_a_folder_that_is_a_file_is_one_sentence(project, tmp_path):
    (tmp_path / "desk").write_text("")
    with pytest.raises(InputError, match=r"products .*desk: there is a file of this name"):
        operations.run(project, tmp_path / "mulan.gpkg", products=tmp_path / "desk")
    assert not (tmp_path / "mulan.gpkg").exists()
