"""Sources that utilities have: File Geodatabase, archives, GeoJSON, FlatGeobuf; none is changed by being read."""

from __future__ import annotations

import shutil
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from drawings import CRS, call, digest, tables, town, write

from gisheat.errors import InputError
from gisheat.layers import file_hash, layer_names, read_layers

ARCHIVE = Path(__file__).parent / "geodatabase" / "curves_and_domains.gdb.zip"


def geodatabase(folder, layers=None):
    """The town as a File Geodatabase."""
    for name, table in (town() if layers is None else layers).items():
        pyogrio.write_dataframe(table, folder, layer=name, driver="OpenFileGDB", append=folder.exists())
    return folder


def zipped(file, parts):
    """An archive with files in a folder."""
    with zipfile.ZipFile(file, "w") as archive:
        for part in parts:
            archive.writestr(zipfile.ZipInfo(f"data/{part.name}"), part.read_bytes())
    return file


def summary(file):
    return {row[1]: row[2] for row in tables(file)["summary"]}


def solved(tmp_path, *arguments):
    """Figures of a run of sources, which must be as they were afterwards; and of that of the plain GeoPackage."""
    out = tmp_path.parent / f"{tmp_path.name}-out"
    before = digest(tmp_path)
    assert call("run", *arguments, "-o", out / "r.gpkg").code == 0
    assert digest(tmp_path) == before
    call("run", write(out / "plain" / "town.gpkg"), "-o", out / "p.gpkg")
    return summary(out / "r.gpkg"), summary(out / "p.gpkg")


def agree(found, plain):
    return float(found["pump head"]) == pytest.approx(float(plain["pump head"]), rel=1e-6)


# File Geodatabase ------------------------------------------------------------------------------------------


def test_a_geodatabase_is_a_network_in_one_command(tmp_path):
    assert agree(*solved(tmp_path, geodatabase(tmp_path / "town.gdb")))


def test_a_packed_geodatabase_is_a_network_in_one_command(tmp_path):
    made = geodatabase(tmp_path / "town.gdb")
    shutil.make_archive(str(made), "zip", tmp_path, made.name)
    shutil.rmtree(made)
    assert agree(*solved(tmp_path, tmp_path / "town.gdb.zip"))


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_curves_measures_and_domains_of_a_geodatabase_are_read(tmp_path, form):
    """Made by GDAL's own bindings (geodatabase/make_geodatabase.py): half a circle of radius 50 m, two coded words."""
    file = shutil.copy(ARCHIVE, tmp_path)
    if form == "folder":
        shutil.unpack_archive(file, tmp_path)
        file = tmp_path / "curves_and_domains.gdb"
    before = digest(tmp_path)
    layers = read_layers({"pipes": str(file)})
    pipes = layers["pipes"]
    assert pipes["status"].tolist() == ["现状", "规划"]
    assert pipes.geometry.length.tolist() == pytest.approx([100.0, np.pi * 50.0], rel=1e-3)
    assert shapely.has_z(pipes.geometry.to_numpy()).all()
    assert shapely.get_coordinates(pipes.geometry.iloc[0], include_m=True)[:, 2].tolist() == [0.0, 100.0]
    assert "pipes: the codes of status read as the words of their domain" in layers.notes
    assert digest(tmp_path) == before


def test_a_geodatabase_has_a_hash_of_all_that_is_in_it(tmp_path):
    folder = geodatabase(tmp_path / "a.gdb")
    first = file_hash(folder)
    assert len(first) == 64
    part = next(p for p in folder.iterdir() if p.suffix == ".gdbtable")
    part.write_bytes(part.read_bytes() + b"x")
    assert file_hash(folder) != first


@pytest.mark.parametrize("kind", ["empty folder", "cut"])
def test_a_damaged_geodatabase_is_refused(tmp_path, kind):
    folder = tmp_path / "town.gdb"
    if kind == "cut":
        for part in geodatabase(folder).iterdir():
            part.write_bytes(part.read_bytes()[:20])
    else:
        folder.mkdir()
    ran = call("check", folder)
    assert ran.code == 2
    assert "cannot be read" in ran.sentence


# archives --------------------------------------------------------------------------------------------------


def shapefiles(folder, names=("pipes", "stations", "sources"), encoding="GBK"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in zip(names, town().values(), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names of columns are cut to ten characters
            pyogrio.write_dataframe(table, folder / f"{name}.shp", encoding=encoding)
        (folder / f"{name}.cpg").unlink()
    return sorted(folder.iterdir())


def test_a_zip_of_shapefiles_is_a_network_in_one_command(tmp_path):
    parts = shapefiles(tmp_path.parent / f"{tmp_path.name}-made")
    assert agree(*solved(tmp_path, zipped(tmp_path / "town.zip", parts)))


def test_names_in_an_archive_may_be_in_gbk(tmp_path):
    folder = tmp_path / "made"
    parts = shapefiles(folder, ("管道", "热力站", "热源"))
    with zipfile.ZipFile(tmp_path / "town.zip", "w") as archive:
        for i, part in enumerate(parts):
            archive.writestr(zipfile.ZipInfo(f"{i:02d}{'x' * (len(part.name.encode('gbk')) - 2)}"), part.read_bytes())
    raw = (tmp_path / "town.zip").read_bytes()
    for i, part in enumerate(parts):
        name = part.name.encode("gbk")
        raw = raw.replace(f"{i:02d}{'x' * (len(name) - 2)}".encode(), name)
    (tmp_path / "town.zip").write_bytes(raw)
    assert sorted(layer_names(tmp_path / "town.zip")) == sorted(["管道", "热力站", "热源"])
    assert call("check", tmp_path / "town.zip").code == 0


@pytest.mark.parametrize("name", ["../../evil.shp", "/tmp/evil.shp", "C:\\evil.shp"])
def test_an_archive_writes_nowhere_but_into_its_own_folder(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"no shapefile")
    before = digest(tmp_path.parent)
    with pytest.raises(InputError, match="cannot be read"):
        layer_names(tmp_path / "a.zip")
    assert digest(tmp_path.parent) == before
    assert not Path("/tmp/evil.shp").exists()


@pytest.mark.parametrize(
    ("content", "words"), [(b"PK\3\4 damaged", "the archive is damaged"), (None, "holds no vector file")]
)
def test_an_archive_that_holds_nothing_is_refused(tmp_path, content, words):
    file = tmp_path / "a.zip"
    if content is None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("readme.md", "nothing")
    else:
        file.write_bytes(content)
    with pytest.raises(InputError, match=words):
        layer_names(file)


# folders of Shapefiles --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_a_folder_of_shapefiles_is_a_network_in_one_command(tmp_path, encoding):
    """Names of layers in Chinese, texts of no stated code; what else lies in the folder is not looked at."""
    shapefiles(tmp_path, ("管道", "热力站", "热源"), encoding)
    (tmp_path / "notes.txt").write_text("no layer")
    (tmp_path / "project.qgz").write_bytes(b"no layer either")
    (tmp_path / "broken.gpkg").write_bytes(b"damaged")
    (tmp_path / "lost.dbf").write_bytes(b"")
    shapefiles(tmp_path / "last-year.shp")
    assert layer_names(tmp_path) == ["热力站", "热源", "管道"]
    assert agree(*solved(tmp_path, tmp_path))


@pytest.mark.parametrize("upper", [(".shp",), (".dbf", ".shx", ".prj"), (".shp", ".shx", ".dbf", ".prj")])
def test_endings_in_a_folder_may_be_in_capitals(tmp_path, upper):
    for part in shapefiles(tmp_path):
        if part.suffix in upper:
            part.rename(part.with_suffix(part.suffix.upper()))
    assert layer_names(tmp_path) == ["pipes", "sources", "stations"]
    assert agree(*solved(tmp_path, tmp_path))


def test_a_layer_of_a_folder_is_named_as_that_of_a_file_is(tmp_path):
    shapefiles(tmp_path / "maps", ("mains", "users", "plant"))
    named = {"pipes": "mains", "stations": "users", "sources": "plant"}
    listed = "".join(f'{layer} = "maps|{name}"\n' for layer, name in named.items())
    (tmp_path / "project.toml").write_text(f"[layers]\n{listed}")
    assert agree(*solved(tmp_path, tmp_path / "project.toml"))
    ran = call("check", tmp_path / "maps")
    assert (ran.code, "it holds 'mains', 'plant', 'users'" in ran.sentence) == (2, True)
    ran = call("check", tmp_path / "maps", *(f"--{layer}={tmp_path / 'maps'}|{name}" for layer, name in named.items()))
    assert ran.code == 0


def test_a_folder_has_a_hash_of_its_shapefiles_alone(tmp_path):
    parts = shapefiles(tmp_path)
    first = file_hash(tmp_path)
    (tmp_path / "pipes.gpkg").write_bytes(b"a result beside them")
    assert file_hash(tmp_path) == first
    parts[0].write_bytes(parts[0].read_bytes() + b"x")
    assert file_hash(tmp_path) != first


def test_a_folder_is_no_base_of_a_merge(tmp_path):
    shapefiles(tmp_path / "maps")
    for folder in (tmp_path / "maps", geodatabase(tmp_path / "town.gdb")):
        ran = call("merge", folder, write(tmp_path / "survey.gpkg"), "--in-place")
        assert (ran.code, f"{folder.name} is no GeoPackage, so nothing can be merged" in ran.sentence) == (2, True)


def test_what_is_damaged_in_a_folder_is_named(tmp_path):
    shapefiles(tmp_path)
    (tmp_path / "pipes.shp").write_bytes(b"damaged")
    ran = call("check", tmp_path)
    assert (ran.code, "pipes.shp cannot be read" in ran.sentence) == (2, True)


# GeoJSON, FlatGeobuf ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["crs member", "sequence", "fgb"])
def test_geojson_and_flatgeobuf_are_read(tmp_path, form):
    suffix, driver, crs, options = {
        "crs member": (".geojson", "GeoJSON", CRS, {}),
        "sequence": (".geojsonl", "GeoJSONSeq", "EPSG:4326", {"to_crs": CRS}),
        "fgb": (".fgb", "FlatGeobuf", CRS, {}),
    }[form]
    file = tmp_path / f"pipes{suffix}"
    pyogrio.write_dataframe(town()["pipes"].to_crs(crs), file, driver=driver)
    before = digest(tmp_path)
    layers = read_layers({"pipes": str(file)}, **options)
    assert layers.crs.to_epsg() == 4552
    by_id = layers["pipes"].set_index("pipe_id").geometry.length
    assert by_id[["P1", "P2", "P3"]].tolist() == pytest.approx([100, 100, 80], abs=0.02)
    assert digest(tmp_path) == before
