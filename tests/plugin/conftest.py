"""The plugin's modules that need no QGIS, and the plugin as `make plugin` makes it."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "qgis_plugin"), str(ROOT / "benchmarks")]


@pytest.fixture(scope="session")
def plugin_zip(tmp_path_factory):
    """The zip of the plugin."""
    import make_plugin

    return make_plugin.build(tmp_path_factory.mktemp("dist") / "gisheat_qgis.zip")


@pytest.fixture(scope="session")
def plugin_folder(plugin_zip, tmp_path_factory):
    """A folder of plugins with ours in it."""
    import zipfile

    folder = tmp_path_factory.mktemp("plugins")
    with zipfile.ZipFile(plugin_zip) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def definitions(plugin_folder):
    from gisheat_qgis import definitions

    return definitions.read(plugin_folder / "gisheat_qgis" / "operations.json")


@pytest.fixture(scope="session")
def large_town(tmp_path_factory):
    """Layers of a town that is computed for some seconds, most of them in compiled loops and in libraries."""
    import synthetic

    return synthetic.write_layers(synthetic.town(4000), tmp_path_factory.mktemp("town") / "town.gpkg")
